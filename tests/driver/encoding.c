/* Configurations, contexts, buffers, and a picture's way through them into libx264. */
#include "device.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const VAProfile PROFILES[] = {VAProfileH264ConstrainedBaseline, VAProfileH264Main, VAProfileH264High};
#define NUMBER_OF_PROFILES ((int)(sizeof PROFILES / sizeof PROFILES[0]))

static bool knows(VAProfile profile)
{
    for (int i = 0; i < NUMBER_OF_PROFILES; i++)
        if (PROFILES[i] == profile)
            return true;
    return false;
}

static VAStatus query_profiles(VADriverContextP driver, VAProfile *profiles, int *number)
{
    UNLESS_GONE(driver);
    memcpy(profiles, PROFILES, sizeof PROFILES);
    *number = NUMBER_OF_PROFILES;
    return VA_STATUS_SUCCESS;
}

static VAStatus query_entrypoints(VADriverContextP driver, VAProfile profile, VAEntrypoint *entrypoints, int *number)
{
    UNLESS_GONE(driver);
    if (!knows(profile))
        return VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
    entrypoints[0] = VAEntrypointEncSlice;
    *number = 1;
    return VA_STATUS_SUCCESS;
}

static VAStatus get_config_attributes(VADriverContextP driver, VAProfile profile, VAEntrypoint entrypoint,
                                      VAConfigAttrib *attributes, int number)
{
    UNLESS_GONE(driver);
    if (!knows(profile))
        return VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
    if (entrypoint != VAEntrypointEncSlice)
        return VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT;
    for (VAConfigAttrib *attribute = attributes; attribute < attributes + number; attribute++)
        switch (attribute->type) {
        case VAConfigAttribRTFormat:
            attribute->value = VA_RT_FORMAT_YUV420;
            break;
        case VAConfigAttribRateControl:
            attribute->value = VA_RC_CQP | VA_RC_CBR | VA_RC_VBR | VA_RC_ICQ | VA_RC_QVBR;
            break;
        case VAConfigAttribEncMaxRefFrames:
            attribute->value = 1; /* one in front and none behind: no B frames */
            break;
        case VAConfigAttribEncPackedHeaders:
            attribute->value =
                VA_ENC_PACKED_HEADER_SEQUENCE | VA_ENC_PACKED_HEADER_SLICE | VA_ENC_PACKED_HEADER_MISC;
            break;
        case VAConfigAttribMaxPictureWidth:
        case VAConfigAttribMaxPictureHeight:
            attribute->value = 4096;
            break;
        default:
            attribute->value = VA_ATTRIB_NOT_SUPPORTED;
        }
    return VA_STATUS_SUCCESS;
}

static VAStatus create_config(VADriverContextP driver, VAProfile profile, VAEntrypoint entrypoint,
                              VAConfigAttrib *attributes, int number, VAConfigID *made)
{
    struct device *device = device_of(driver);

    UNLESS_GONE(driver);
    if (!knows(profile))
        return VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
    if (entrypoint != VAEntrypointEncSlice)
        return VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT;
    struct config *config = calloc(1, sizeof *config);
    if (!config)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    *config = (struct config){.profile = profile, .rate_control = VA_RC_CQP};
    for (int i = 0; i < number; i++)
        if (attributes[i].type == VAConfigAttribRateControl)
            config->rate_control = attributes[i].value;
    *made = keep(device, &device->configs, config);
    return *made == VA_INVALID_ID ? VA_STATUS_ERROR_ALLOCATION_FAILED : VA_STATUS_SUCCESS;
}

static VAStatus destroy_config(VADriverContextP driver, VAConfigID config)
{
    free(take(device_of(driver), &device_of(driver)->configs, config));
    return VA_STATUS_SUCCESS;
}

static VAStatus query_config_attributes(VADriverContextP driver, VAConfigID handle, VAProfile *profile,
                                        VAEntrypoint *entrypoint, VAConfigAttrib *attributes, int *number)
{
    struct config *config = find(&device_of(driver)->configs, handle);

    if (!config)
        return VA_STATUS_ERROR_INVALID_CONFIG;
    *profile = config->profile;
    *entrypoint = VAEntrypointEncSlice;
    attributes[0] = (VAConfigAttrib){.type = VAConfigAttribRTFormat, .value = VA_RT_FORMAT_YUV420};
    *number = 1;
    return VA_STATUS_SUCCESS;
}

static VAStatus create_context(VADriverContextP driver, VAConfigID handle, int width, int height, int flag,
                               VASurfaceID *surfaces, int number, VAContextID *made)
{
    struct device *device = device_of(driver);
    struct config *config = find(&device->configs, handle);

    (void)flag, (void)surfaces, (void)number;
    UNLESS_GONE(driver);
    if (!config)
        return VA_STATUS_ERROR_INVALID_CONFIG;
    int session = take_session(&device->switches);
    if (session < 0)
        return VA_STATUS_ERROR_HW_BUSY;
    struct context *context = calloc(1, sizeof *context);
    if (context)
        *context = (struct context){
            .wishes = default_wishes(config->profile, config->rate_control, width, height),
            .session = session,
        };
    *made = context ? keep(device, &device->contexts, context) : VA_INVALID_ID;
    if (*made != VA_INVALID_ID)
        return VA_STATUS_SUCCESS;
    free(context);
    close(session);
    return VA_STATUS_ERROR_ALLOCATION_FAILED;
}

static VAStatus destroy_context(VADriverContextP driver, VAContextID handle)
{
    struct context *context = take(device_of(driver), &device_of(driver)->contexts, handle);

    if (!context)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    if (context->encoder)
        x264_encoder_close(context->encoder);
    close(context->session);
    free(context);
    return VA_STATUS_SUCCESS;
}

static VAStatus create_buffer(VADriverContextP driver, VAContextID context, VABufferType type, unsigned size,
                              unsigned number, void *data, VABufferID *made)
{
    struct device *device = device_of(driver);

    (void)context;
    UNLESS_GONE(driver);
    struct buffer *buffer = calloc(1, sizeof *buffer);
    if (!buffer)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    *buffer = (struct buffer){.type = type, .size = size, .number = number, .bytes = calloc(number, size)};
    *made = buffer->bytes ? keep(device, &device->buffers, buffer) : VA_INVALID_ID;
    if (*made == VA_INVALID_ID) {
        free(buffer->bytes);
        free(buffer);
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    }
    if (data)
        memcpy(buffer->bytes, data, (size_t)size * number);
    return VA_STATUS_SUCCESS;
}

static VAStatus destroy_buffer(VADriverContextP driver, VABufferID handle)
{
    struct buffer *buffer = take(device_of(driver), &device_of(driver)->buffers, handle);

    if (buffer && !buffer->borrowed)
        free(buffer->bytes);
    free(buffer);
    return VA_STATUS_SUCCESS;
}

static VAStatus set_number_of_elements(VADriverContextP driver, VABufferID handle, unsigned number)
{
    struct buffer *buffer = find(&device_of(driver)->buffers, handle);

    if (!buffer || number > buffer->number)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    buffer->number = number;
    return VA_STATUS_SUCCESS;
}

static VAStatus map_buffer(VADriverContextP driver, VABufferID handle, void **data)
{
    struct buffer *buffer = find(&device_of(driver)->buffers, handle);

    UNLESS_GONE(driver);
    if (!buffer)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    *data = buffer->type == VAEncCodedBufferType ? (void *)&buffer->segment : buffer->bytes;
    return VA_STATUS_SUCCESS;
}

static VAStatus unmap_buffer(VADriverContextP driver, VABufferID handle)
{
    (void)driver, (void)handle;
    return VA_STATUS_SUCCESS;
}

static VAStatus begin_picture(VADriverContextP driver, VAContextID handle, VASurfaceID surface)
{
    struct context *context = find(&device_of(driver)->contexts, handle);

    UNLESS_GONE(driver);
    if (!context)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    context->surface = surface;
    return VA_STATUS_SUCCESS;
}

static void read_sequence(struct wishes *wishes, const VAEncSequenceParameterBufferH264 *told)
{
    wishes->level = told->level_idc;
    if (told->bits_per_second)
        wishes->bit_rate = told->bits_per_second;
    if (told->time_scale && told->num_units_in_tick) { /* H.264 counts fields */
        wishes->frames = told->time_scale;
        wishes->seconds = told->num_units_in_tick * 2;
    }
    if (told->frame_cropping_flag) { /* in chroma samples; the context has whole macroblocks */
        wishes->width = told->picture_width_in_mbs * 16 -
                        2 * (int)(told->frame_crop_left_offset + told->frame_crop_right_offset);
        wishes->height = told->picture_height_in_mbs * 16 -
                         2 * (int)(told->frame_crop_top_offset + told->frame_crop_bottom_offset);
    }
}

static void read_rate_control(struct wishes *wishes, const VAEncMiscParameterRateControl *told)
{
    wishes->bit_rate = told->bits_per_second;
    if (told->ICQ_quality_factor)
        wishes->quality = (int)told->ICQ_quality_factor;
    if (told->quality_factor)
        wishes->quality = (int)told->quality_factor;
}

static void read_miscellaneous(struct wishes *wishes, const VAEncMiscParameterBuffer *told)
{
    if (told->type == VAEncMiscParameterTypeRateControl)
        read_rate_control(wishes, (const VAEncMiscParameterRateControl *)told->data);
    if (told->type == VAEncMiscParameterTypeHRD)
        wishes->buffer_size = ((const VAEncMiscParameterHRD *)told->data)->buffer_size;
}

static void read_picture(struct context *context, const VAEncPictureParameterBufferH264 *told)
{
    context->coded = told->coded_buf;
    context->key = told->pic_fields.bits.idr_pic_flag;
    if (told->pic_init_qp)
        context->wishes.qp = told->pic_init_qp;
}

static VAStatus render_picture(VADriverContextP driver, VAContextID handle, VABufferID *buffers, int number)
{
    struct device *device = device_of(driver);
    struct context *context = find(&device->contexts, handle);

    UNLESS_GONE(driver);
    if (!context)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    for (int i = 0; i < number; i++) {
        struct buffer *buffer = find(&device->buffers, buffers[i]);
        if (!buffer)
            return VA_STATUS_ERROR_INVALID_BUFFER;
        if (buffer->type == VAEncSequenceParameterBufferType)
            read_sequence(&context->wishes, (void *)buffer->bytes);
        if (buffer->type == VAEncPictureParameterBufferType)
            read_picture(context, (void *)buffer->bytes);
        if (buffer->type == VAEncMiscParameterBufferType)
            read_miscellaneous(&context->wishes, (void *)buffer->bytes);
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus encode(struct context *context, struct surface *surface, struct buffer *coded)
{
    uint8_t *bytes = NULL;

    if (!context->encoder)
        context->encoder = open_encoder(&context->wishes);
    if (!context->encoder)
        return VA_STATUS_ERROR_OPERATION_FAILED;
    struct frame frame = {
        .luma = surface->pixels,
        .chroma = surface->pixels + chroma_offset(surface->pitch, surface->height),
        .pitch = surface->pitch,
        .key = context->key,
        .number = context->encoded,
    };
    int size = encode_frame(context->encoder, &frame, &bytes);
    if (size < 0)
        return VA_STATUS_ERROR_ENCODING_ERROR;
    if ((unsigned)size > coded->size * coded->number)
        return VA_STATUS_ERROR_NOT_ENOUGH_BUFFER;
    if (size > 0)
        memcpy(coded->bytes, bytes, (size_t)size);
    coded->segment = (VACodedBufferSegment){.size = (unsigned)size, .buf = coded->bytes};
    context->encoded++;
    return VA_STATUS_SUCCESS;
}

static VAStatus end_picture(VADriverContextP driver, VAContextID handle)
{
    struct device *device = device_of(driver);
    const struct switches *switches = &device->switches;
    struct context *context = find(&device->contexts, handle);

    UNLESS_GONE(driver);
    if (!context)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    struct surface *surface = find(&device->surfaces, context->surface);
    struct buffer *coded = find(&device->buffers, context->coded);
    if (!surface)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    if (!coded)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    while (switches->hang_after >= 0 && context->encoded >= switches->hang_after)
        pause();
    if (switches->fail_after >= 0 && context->encoded >= switches->fail_after)
        return VA_STATUS_ERROR_ENCODING_ERROR;
    usleep((useconds_t)(switches->slow_ms * 1000));
    return encode(context, surface, coded);
}

void add_encoding(struct VADriverVTable *table)
{
    table->vaQueryConfigProfiles = query_profiles;
    table->vaQueryConfigEntrypoints = query_entrypoints;
    table->vaGetConfigAttributes = get_config_attributes;
    table->vaCreateConfig = create_config;
    table->vaDestroyConfig = destroy_config;
    table->vaQueryConfigAttributes = query_config_attributes;
    table->vaCreateContext = create_context;
    table->vaDestroyContext = destroy_context;
    table->vaCreateBuffer = create_buffer;
    table->vaDestroyBuffer = destroy_buffer;
    table->vaBufferSetNumElements = set_number_of_elements;
    table->vaMapBuffer = map_buffer;
    table->vaUnmapBuffer = unmap_buffer;
    table->vaBeginPicture = begin_picture;
    table->vaRenderPicture = render_picture;
    table->vaEndPicture = end_picture;
}
