/* Surfaces, and images of them in memory: NV12 and nothing else. */
#include "device.h"

#include <stdlib.h>
#include <string.h>

static const VAImageFormat NV12 = {.fourcc = VA_FOURCC_NV12, .byte_order = VA_LSB_FIRST, .bits_per_pixel = 12};

int pitch_of(int width)
{
    return (width + 63) & ~63;
}

size_t chroma_offset(int pitch, int height)
{
    return (size_t)pitch * (size_t)((height + 31) & ~31);
}

size_t pixels_of(int pitch, int height)
{
    return chroma_offset(pitch, height) * 3 / 2;
}

static VAStatus destroy_surfaces(VADriverContextP driver, VASurfaceID *surfaces, int number)
{
    struct device *device = device_of(driver);

    for (int i = 0; i < number; i++) {
        struct surface *surface = take(device, &device->surfaces, surfaces[i]);
        if (surface)
            free(surface->pixels);
        free(surface);
    }
    return VA_STATUS_SUCCESS;
}

static VASurfaceID create_surface(struct device *device, int width, int height)
{
    struct surface *surface = calloc(1, sizeof *surface);
    if (!surface)
        return VA_INVALID_SURFACE;
    *surface = (struct surface){.width = width, .height = height, .pitch = pitch_of(width)};
    surface->pixels = calloc(1, pixels_of(surface->pitch, height));
    VASurfaceID made = surface->pixels ? keep(device, &device->surfaces, surface) : VA_INVALID_SURFACE;
    if (made == VA_INVALID_SURFACE) {
        free(surface->pixels);
        free(surface);
    }
    return made;
}

static VAStatus create_surfaces2(VADriverContextP driver, unsigned format, unsigned width, unsigned height,
                                 VASurfaceID *surfaces, unsigned number, VASurfaceAttrib *attributes,
                                 unsigned number_of_attributes)
{
    (void)attributes, (void)number_of_attributes;
    UNLESS_GONE(driver);
    if (format != VA_RT_FORMAT_YUV420)
        return VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
    for (unsigned i = 0; i < number; i++) {
        surfaces[i] = create_surface(device_of(driver), (int)width, (int)height);
        if (surfaces[i] == VA_INVALID_SURFACE) {
            destroy_surfaces(driver, surfaces, (int)i);
            return VA_STATUS_ERROR_ALLOCATION_FAILED;
        }
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus create_surfaces(VADriverContextP driver, int width, int height, int format, int number,
                                VASurfaceID *surfaces)
{
    return create_surfaces2(driver, (unsigned)format, (unsigned)width, (unsigned)height, surfaces, (unsigned)number,
                            NULL, 0);
}

static VAStatus query_surface_attributes(VADriverContextP driver, VAConfigID config, VASurfaceAttrib *attributes,
                                         unsigned *number)
{
    static const struct {
        VASurfaceAttribType type;
        int value;
    } known[] = {
        {VASurfaceAttribPixelFormat, VA_FOURCC_NV12},
        {VASurfaceAttribMinWidth, 16},
        {VASurfaceAttribMinHeight, 16},
        {VASurfaceAttribMaxWidth, 4096},
        {VASurfaceAttribMaxHeight, 4096},
        {VASurfaceAttribMemoryType, VA_SURFACE_ATTRIB_MEM_TYPE_VA},
    };
    (void)driver, (void)config;
    *number = sizeof known / sizeof known[0];
    for (unsigned i = 0; attributes && i < *number; i++)
        attributes[i] = (VASurfaceAttrib){
            .type = known[i].type,
            .flags = VA_SURFACE_ATTRIB_GETTABLE | VA_SURFACE_ATTRIB_SETTABLE,
            .value = {.type = VAGenericValueTypeInteger, .value.i = known[i].value},
        };
    return VA_STATUS_SUCCESS;
}

/* A frame is encoded before vaEndPicture returns, so that no surface is ever busy. */
static VAStatus sync_surface(VADriverContextP driver, VASurfaceID surface)
{
    (void)surface;
    UNLESS_GONE(driver);
    return VA_STATUS_SUCCESS;
}

static VAStatus query_surface_status(VADriverContextP driver, VASurfaceID surface, VASurfaceStatus *status)
{
    (void)driver, (void)surface;
    *status = VASurfaceReady;
    return VA_STATUS_SUCCESS;
}

static VAStatus query_image_formats(VADriverContextP driver, VAImageFormat *formats, int *number)
{
    (void)driver;
    formats[0] = NV12;
    *number = 1;
    return VA_STATUS_SUCCESS;
}

/* An image over `bytes`, or over memory of its own where they are NULL. */
static VAStatus make_image(struct device *device, int width, int height, uint8_t *bytes, VAImage *image)
{
    int pitch = pitch_of(width);
    struct buffer *buffer = calloc(1, sizeof *buffer);
    if (!buffer)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    *buffer = (struct buffer){
        .type = VAImageBufferType,
        .size = (unsigned)pixels_of(pitch, height),
        .number = 1,
        .borrowed = bytes != NULL,
        .bytes = bytes ? bytes : calloc(1, pixels_of(pitch, height)),
    };
    VABufferID made = buffer->bytes ? keep(device, &device->buffers, buffer) : VA_INVALID_ID;
    if (made == VA_INVALID_ID) {
        if (!buffer->borrowed)
            free(buffer->bytes);
        free(buffer);
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    }
    *image = (VAImage){
        .image_id = made,
        .buf = made,
        .format = NV12,
        .width = (uint16_t)width,
        .height = (uint16_t)height,
        .data_size = buffer->size,
        .num_planes = 2,
        .pitches = {(uint32_t)pitch, (uint32_t)pitch},
        .offsets = {0, (uint32_t)chroma_offset(pitch, height)},
    };
    return VA_STATUS_SUCCESS;
}

static VAStatus create_image(VADriverContextP driver, VAImageFormat *format, int width, int height, VAImage *image)
{
    UNLESS_GONE(driver);
    if (format->fourcc != VA_FOURCC_NV12)
        return VA_STATUS_ERROR_INVALID_IMAGE_FORMAT;
    return make_image(device_of(driver), width, height, NULL, image);
}

static VAStatus derive_image(VADriverContextP driver, VASurfaceID handle, VAImage *image)
{
    struct surface *surface = find(&device_of(driver)->surfaces, handle);

    UNLESS_GONE(driver);
    if (!surface)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    return make_image(device_of(driver), surface->width, surface->height, surface->pixels, image);
}

static VAStatus destroy_image(VADriverContextP driver, VAImageID image)
{
    return driver->vtable->vaDestroyBuffer(driver, image);
}

/* Whole pictures only, as ffmpeg moves them: surface and image then have one and the same layout. */
static VAStatus copy(VADriverContextP driver, VASurfaceID surface_handle, VAImageID image_handle, bool to_surface)
{
    struct surface *surface = find(&device_of(driver)->surfaces, surface_handle);
    struct buffer *image = find(&device_of(driver)->buffers, image_handle);

    UNLESS_GONE(driver);
    if (!surface)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    if (!image || image->size != pixels_of(surface->pitch, surface->height))
        return VA_STATUS_ERROR_INVALID_IMAGE;
    if (to_surface)
        memcpy(surface->pixels, image->bytes, image->size);
    else
        memcpy(image->bytes, surface->pixels, image->size);
    return VA_STATUS_SUCCESS;
}

static VAStatus get_image(VADriverContextP driver, VASurfaceID surface, int x, int y, unsigned width, unsigned height,
                          VAImageID image)
{
    (void)x, (void)y, (void)width, (void)height;
    return copy(driver, surface, image, false);
}

static VAStatus put_image(VADriverContextP driver, VASurfaceID surface, VAImageID image, int from_x, int from_y,
                          unsigned from_width, unsigned from_height, int to_x, int to_y, unsigned to_width,
                          unsigned to_height)
{
    (void)from_x, (void)from_y, (void)from_width, (void)from_height;
    (void)to_x, (void)to_y, (void)to_width, (void)to_height;
    return copy(driver, surface, image, true);
}

void add_pictures(struct VADriverVTable *table)
{
    table->vaCreateSurfaces = create_surfaces;
    table->vaCreateSurfaces2 = create_surfaces2;
    table->vaDestroySurfaces = destroy_surfaces;
    table->vaQuerySurfaceAttributes = query_surface_attributes;
    table->vaSyncSurface = sync_surface;
    table->vaQuerySurfaceStatus = query_surface_status;
    table->vaQueryImageFormats = query_image_formats;
    table->vaCreateImage = create_image;
    table->vaDeriveImage = derive_image;
    table->vaDestroyImage = destroy_image;
    table->vaGetImage = get_image;
    table->vaPutImage = put_image;
}
