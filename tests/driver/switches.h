/* How a device of the test driver is to behave, and what of that several processes share. */
#ifndef SWITCHES_H
#define SWITCHES_H

#include <limits.h>
#include <stdbool.h>

/*
 * Each switch is an environment variable TESTDRIVER_NAME (fail_open is TESTDRIVER_FAIL_OPEN), and a line "name=number"
 * in the file NODE.switches beside the render node, which wins: so two devices can differ in one process.
 */
struct switches {
    char node[PATH_MAX]; /* the file that was opened as the render node */
    long fail_open;      /* other than 0: the device cannot be opened */
    long fail_after;     /* every frame after so many fails; below 0: none does */
    long hang_after;     /* the frame after so many never ends; below 0: none hangs */
    long sessions;       /* how many encodes the device takes at once, from all processes; below 0: any number */
    long slow_ms;        /* how long a frame takes at least, in milliseconds */
};

/* The switches of the device whose render node is open as `fd`; false where the node has no name. */
bool read_switches(struct switches *switches, int fd);

/* Whether the device has been taken away: the file NODE.gone says so from the moment it exists. */
bool is_gone(const struct switches *switches);

/*
 * Takes one of the device's sessions. Returns a descriptor that holds it until it is closed, by us or by the end of
 * the process, or -1 when all are taken. Where there is no limit a descriptor comes back as well.
 */
int take_session(const struct switches *switches);

#endif
