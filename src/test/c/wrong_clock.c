/* A wall clock that is wrong by as many microseconds as the file named by WRONG_CLOCK_FILE holds (8 bytes, as this machine writes them), for
   a process that is started with this in LD_PRELOAD, and for its children: whoever writes the file sets the clock while they run. Clocks
   that measure how long something takes stay right, as they do on a machine whose time is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000

static volatile const int64_t right_time = 0;

static int64_t offset(void) {
    static volatile const int64_t *micros;
    if (!micros) {
        const char *name = getenv("WRONG_CLOCK_FILE");
        int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
        void *mapped = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *micros, PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0) close(file);
        micros = mapped == MAP_FAILED ? &right_time : mapped;
    }
    return *micros;
}

/* Of a time of day, so that the fraction of a second stays one. */
static int64_t moved(int64_t seconds, int64_t micros) {
    return seconds * SECOND + micros + offset();
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*right)(clockid_t, struct timespec *);
    if (!right) right = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = right(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t micros = moved(now->tv_sec, now->tv_nsec / 1000);
        now->tv_sec = micros / SECOND;
        now->tv_nsec = micros % SECOND * 1000 + now->tv_nsec % 1000;
    }
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    static int (*right)(struct timeval *, void *);
    if (!right) right = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
    int result = right(now, zone);
    if (result == 0) {
        int64_t micros = moved(now->tv_sec, now->tv_usec);
        now->tv_sec = micros / SECOND;
        now->tv_usec = micros % SECOND;
    }
    return result;
}

time_t time(time_t *now) {
    struct timespec exactly;
    clock_gettime(CLOCK_REALTIME, &exactly);
    if (now) *now = exactly.tv_sec;
    return exactly.tv_sec;
}
