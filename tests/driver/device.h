/* One opened device: its switches and everything that has been made on it, each thing known by a handle. */
#ifndef DEVICE_H
#define DEVICE_H

#include "encoder.h"
#include "switches.h"

#include <pthread.h>
#include <va/va_backend.h>

#define MOST_THINGS 4096

struct surface {
    int width, height, pitch;
    uint8_t *pixels; /* NV12: luma, then chroma from chroma_offset() on */
};

struct buffer {
    VABufferType type;
    unsigned size, number;
    uint8_t *bytes;
    bool borrowed;             /* the bytes belong to a surface */
    VACodedBufferSegment segment;
};

struct config {
    VAProfile profile;
    uint32_t rate_control;
};

struct context {
    struct wishes wishes;
    x264_t *encoder; /* opened with the first frame, when all wishes are known */
    int session;
    VASurfaceID surface;
    VABufferID coded;
    int key;
    int64_t encoded;
};

struct things {
    void *of[MOST_THINGS];
};

struct device {
    struct switches switches;
    pthread_mutex_t lock; /* over the tables; a thing itself belongs to one thread at a time */
    struct things surfaces, buffers, configs, contexts;
};

/* Surfaces and buffers are made and filled by several threads of ffmpeg at once. */
VAGenericID keep(struct device *device, struct things *things, void *thing);
/* NULL where there is no such thing. */
void *find(const struct things *things, VAGenericID handle);
/* Takes the thing out of its table: the caller's to free. */
void *take(struct device *device, struct things *things, VAGenericID handle);

int pitch_of(int width);
size_t chroma_offset(int pitch, int height);
size_t pixels_of(int pitch, int height);

/* The entry points for surfaces and images. */
void add_pictures(struct VADriverVTable *table);
/* Those for configurations, contexts, buffers and encoding. */
void add_encoding(struct VADriverVTable *table);

static inline struct device *device_of(VADriverContextP driver)
{
    return driver->pDriverData;
}

/* A device that was taken away refuses whatever it is asked: as i915 does, with no word on why. */
#define UNLESS_GONE(driver)                                                                                            \
    do {                                                                                                               \
        if (is_gone(&device_of(driver)->switches))                                                                     \
            return VA_STATUS_ERROR_OPERATION_FAILED;                                                                   \
    } while (0)

#endif
