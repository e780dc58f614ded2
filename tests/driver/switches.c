#include "switches.h"

#include <ctype.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const struct {
    const char *name;
    size_t place;
    long otherwise;
} KNOWN[] = {
    {"fail_open", offsetof(struct switches, fail_open), 0},
    {"fail_after", offsetof(struct switches, fail_after), -1},
    {"hang_after", offsetof(struct switches, hang_after), -1},
    {"sessions", offsetof(struct switches, sessions), -1},
    {"slow_ms", offsetof(struct switches, slow_ms), 0},
};
#define NUMBER_OF_SWITCHES (sizeof KNOWN / sizeof KNOWN[0])

static long *value_of(struct switches *switches, size_t number)
{
    return (long *)((char *)switches + KNOWN[number].place);
}

/* The path of a file that belongs to the node; an empty one, which never exists, where it would be too long. */
static void beside(char path[PATH_MAX], const struct switches *switches, const char *ending)
{
    if (snprintf(path, PATH_MAX, "%s.%s", switches->node, ending) >= PATH_MAX)
        path[0] = '\0';
}

static void read_environment(struct switches *switches)
{
    for (size_t number = 0; number < NUMBER_OF_SWITCHES; number++) {
        char name[64] = "TESTDRIVER_";
        char *end = name + strlen(name);
        for (const char *letter = KNOWN[number].name; *letter; letter++)
            *end++ = (char)toupper(*letter);
        const char *given = getenv(name);
        *value_of(switches, number) = given ? atol(given) : KNOWN[number].otherwise;
    }
}

static void read_file(struct switches *switches)
{
    char path[PATH_MAX], line[128], name[64];
    long value;

    beside(path, switches, "switches");
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%63[a-z_]=%ld", name, &value) != 2)
            continue;
        for (size_t number = 0; number < NUMBER_OF_SWITCHES; number++)
            if (strcmp(name, KNOWN[number].name) == 0)
                *value_of(switches, number) = value;
    }
    fclose(file);
}

bool read_switches(struct switches *switches, int fd)
{
    char link[64];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, switches->node, sizeof switches->node - 1);
    if (length <= 0)
        return false;
    switches->node[length] = '\0';
    read_environment(switches);
    read_file(switches);
    return true;
}

bool is_gone(const struct switches *switches)
{
    char path[PATH_MAX];

    beside(path, switches, "gone");
    return access(path, F_OK) == 0;
}

int take_session(const struct switches *switches)
{
    if (switches->sessions < 0)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (long number = 0; number < switches->sessions; number++) {
        char ending[32], path[PATH_MAX];
        snprintf(ending, sizeof ending, "session-%ld", number);
        beside(path, switches, ending);
        int held = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (held >= 0 && flock(held, LOCK_EX | LOCK_NB) == 0)
            return held;
        if (held >= 0)
            close(held);
    }
    return -1;
}
