/*
 * A libva driver for tests: stock ffmpeg's h264_vaapi runs on it as on a graphics card, without one. Any file serves
 * as its render node. It encodes P frames of NV12 in 8 bits, knows no other codec, and misbehaves as switches.h says.
 */
#include "device.h"

#include <stdlib.h>
#include <va/va_drmcommon.h>

VAGenericID keep(struct device *device, struct things *things, void *thing)
{
    VAGenericID handle = VA_INVALID_ID;

    pthread_mutex_lock(&device->lock);
    for (VAGenericID free_one = 0; handle == VA_INVALID_ID && free_one < MOST_THINGS; free_one++)
        if (!things->of[free_one]) {
            things->of[free_one] = thing;
            handle = free_one;
        }
    pthread_mutex_unlock(&device->lock);
    return handle;
}

void *find(const struct things *things, VAGenericID handle)
{
    return handle < MOST_THINGS ? things->of[handle] : NULL;
}

void *take(struct device *device, struct things *things, VAGenericID handle)
{
    pthread_mutex_lock(&device->lock);
    void *thing = find(things, handle);
    if (thing)
        things->of[handle] = NULL;
    pthread_mutex_unlock(&device->lock);
    return thing;
}

static VAStatus terminate(VADriverContextP driver)
{
    pthread_mutex_destroy(&device_of(driver)->lock);
    free(driver->pDriverData);
    driver->pDriverData = NULL;
    return VA_STATUS_SUCCESS;
}

static VAStatus query_display_attributes(VADriverContextP driver, VADisplayAttribute *attributes, int *number)
{
    (void)driver, (void)attributes;
    *number = 0;
    return VA_STATUS_SUCCESS;
}

static VAStatus query_subpicture_formats(VADriverContextP driver, VAImageFormat *formats, unsigned *flags,
                                         unsigned *number)
{
    (void)driver, (void)formats, (void)flags;
    *number = 0;
    return VA_STATUS_SUCCESS;
}

static VAStatus unimplemented(void)
{
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

/* libva refuses a driver that lacks one of these, though an encoder needs none of them. */
static void add_what_nobody_calls(struct VADriverVTable *table)
{
    void *no = (void *)unimplemented;

    table->vaPutSurface = no;
    table->vaSetImagePalette = no;
    table->vaCreateSubpicture = no;
    table->vaDestroySubpicture = no;
    table->vaSetSubpictureImage = no;
    table->vaSetSubpictureChromakey = no;
    table->vaSetSubpictureGlobalAlpha = no;
    table->vaAssociateSubpicture = no;
    table->vaDeassociateSubpicture = no;
    table->vaGetDisplayAttributes = no;
    table->vaSetDisplayAttributes = no;
}

/* libva looks for the name of its own version first, and for older ones of the same kind after it. */
VAStatus __vaDriverInit_1_0(VADriverContextP driver)
{
    struct drm_state *node = driver->drm_state;
    struct device *device = calloc(1, sizeof *device);

    if (!device)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    if (!node || !read_switches(&device->switches, node->fd) || device->switches.fail_open ||
        is_gone(&device->switches)) {
        free(device);
        return VA_STATUS_ERROR_OPERATION_FAILED;
    }
    pthread_mutex_init(&device->lock, NULL);
    driver->pDriverData = device;
    driver->version_major = VA_MAJOR_VERSION;
    driver->version_minor = VA_MINOR_VERSION;
    driver->max_profiles = 8;
    driver->max_entrypoints = 4;
    driver->max_attributes = 32;
    driver->max_image_formats = 4;
    driver->max_subpic_formats = 1;
    driver->max_display_attributes = 1;
    driver->str_vendor = "mkv2castd test driver (libx264)";
    driver->vtable->vaTerminate = terminate;
    driver->vtable->vaQueryDisplayAttributes = query_display_attributes;
    driver->vtable->vaQuerySubpictureFormats = query_subpicture_formats;
    add_pictures(driver->vtable);
    add_encoding(driver->vtable);
    add_what_nobody_calls(driver->vtable);
    return VA_STATUS_SUCCESS;
}
