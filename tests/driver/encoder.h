/* The chip: one session of an H.264 encoder, which is libx264. */
#ifndef ENCODER_H
#define ENCODER_H

#include <stddef.h>
#include <stdint.h>
#include <va/va.h>
#include <x264.h>

/* What the application has told so far by its parameter buffers. Sizes in pixels, rates in bits and bits a second. */
struct wishes {
    VAProfile profile;
    uint32_t rate_control; /* one of VA_RC_… */
    int width, height;     /* of the picture that is shown */
    int level;             /* 41 is 4.1 */
    uint32_t frames, seconds; /* frames in so many seconds */
    int qp;
    uint32_t bit_rate, buffer_size;
    int quality;           /* as a qp, where the quality is constant and the bitrate is not */
};

/* The NV12 frame that is encoded next. */
struct frame {
    uint8_t *luma, *chroma;
    int pitch;
    int key;               /* it begins anew */
    int64_t number;
};

struct wishes default_wishes(VAProfile profile, uint32_t rate_control, int width, int height);

/* Opens the encoder; NULL where libx264 refuses the wishes. */
x264_t *open_encoder(const struct wishes *wishes);

/* Encodes one frame; `bytes` stay valid until the next one. Returns their number, below 0 on failure. */
int encode_frame(x264_t *encoder, const struct frame *frame, uint8_t **bytes);

#endif
