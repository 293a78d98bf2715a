/* A wall clock that is wrong by WRONG_CLOCK_SECONDS, for a process that is started with this in LD_PRELOAD. Clocks that measure how long
   something takes stay right, as they do on a machine whose time was set wrong. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t offset(void) {
    static time_t seconds;
    static int known;
    if (!known) {
        const char *setting = getenv("WRONG_CLOCK_SECONDS");
        seconds = setting ? atol(setting) : 0;
        known = 1;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*right)(clockid_t, struct timespec *);
    if (!right) right = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = right(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    static int (*right)(struct timeval *, void *);
    if (!right) right = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
    int result = right(now, zone);
    if (result == 0) now->tv_sec += offset();
    return result;
}

time_t time(time_t *now) {
    struct timespec exactly;
    clock_gettime(CLOCK_REALTIME, &exactly);
    if (now) *now = exactly.tv_sec;
    return exactly.tv_sec;
}
