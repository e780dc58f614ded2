#include "encoder.h"

struct wishes default_wishes(VAProfile profile, uint32_t rate_control, int width, int height)
{
    return (struct wishes){
        .profile = profile,
        .rate_control = rate_control,
        .width = width,
        .height = height,
        .frames = 25,
        .seconds = 1,
        .qp = 26,
        .quality = 26,
    };
}

static void set_rate_control(x264_param_t *parameters, const struct wishes *wishes)
{
    int kilobits = (int)(wishes->bit_rate / 1000);

    switch (wishes->rate_control) {
    case VA_RC_CBR:
    case VA_RC_VBR:
        parameters->rc.i_rc_method = X264_RC_ABR;
        parameters->rc.i_bitrate = kilobits;
        break;
    case VA_RC_ICQ:
    case VA_RC_QVBR:
        parameters->rc.i_rc_method = X264_RC_CRF;
        parameters->rc.f_rf_constant = (float)wishes->quality;
        break;
    default:
        parameters->rc.i_rc_method = X264_RC_CQP;
        parameters->rc.i_qp_constant = wishes->qp;
        return; /* which knows no limits */
    }
    if (kilobits > 0 && wishes->buffer_size > 0) {
        parameters->rc.i_vbv_max_bitrate = kilobits;
        parameters->rc.i_vbv_buffer_size = (int)(wishes->buffer_size / 1000);
    }
}

x264_t *open_encoder(const struct wishes *wishes)
{
    x264_param_t parameters;

    x264_param_default_preset(&parameters, "ultrafast", "zerolatency");
    parameters.i_width = wishes->width;
    parameters.i_height = wishes->height;
    parameters.i_csp = X264_CSP_NV12;
    parameters.i_fps_num = wishes->frames;
    parameters.i_fps_den = wishes->seconds;
    parameters.i_threads = 1;
    parameters.i_log_level = X264_LOG_WARNING;
    if (wishes->level > 0)
        parameters.i_level_idc = wishes->level;
    /* the application tells which frames begin anew */
    parameters.i_keyint_max = X264_KEYINT_MAX_INFINITE;
    parameters.b_cabac = wishes->profile != VAProfileH264ConstrainedBaseline;
    parameters.analyse.b_transform_8x8 = wishes->profile == VAProfileH264High;
    /*
     * ffmpeg writes parameter sets of its own into the file's header, numbered 0, which need not fit libx264's slices:
     * ours have another number and stand in front of every key frame.
     */
    parameters.b_annexb = 1;
    parameters.b_repeat_headers = 1;
    parameters.i_sps_id = 1;
    set_rate_control(&parameters, wishes);
    return x264_encoder_open(&parameters);
}

int encode_frame(x264_t *encoder, const struct frame *frame, uint8_t **bytes)
{
    x264_picture_t in, out;
    x264_nal_t *units;
    int number;

    x264_picture_init(&in);
    in.img.i_csp = X264_CSP_NV12;
    in.img.i_plane = 2;
    in.img.plane[0] = frame->luma;
    in.img.plane[1] = frame->chroma;
    in.img.i_stride[0] = in.img.i_stride[1] = frame->pitch;
    in.i_pts = frame->number;
    in.i_type = frame->key ? X264_TYPE_IDR : X264_TYPE_P;
    int size = x264_encoder_encode(encoder, &units, &number, &in, &out);
    if (size > 0)
        *bytes = units[0].p_payload; /* libx264 lays all units of a frame one behind the other */
    return size;
}
