/* A wall clock that can be set for some processes alone: preloaded into them, it adds what stands in a file that they
 * share. The monotonic clock stays what it is. Waiting until a moment of the wall clock ends when that clock gets there, as
 * the kernel has it: who sets the clock back lets such waits last longer, and librdkafka has many of them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define SLICE (SECOND / 20)

static const volatile int64_t no_offset = 0;
static const volatile int64_t *offset = &no_offset;

__attribute__((constructor)) static void open_offset(void) {
    const char *path = getenv("CHAOS_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED)
        offset = page;
}

static int real_clock_gettime(clockid_t id, struct timespec *result) {
    static int (*next)(clockid_t, struct timespec *);
    if (!next)
        next = dlsym(RTLD_NEXT, "clock_gettime");
    return next(id, result);
}

static int64_t nanoseconds(const struct timespec *time) { return time->tv_sec * SECOND + time->tv_nsec; }

static struct timespec to_timespec(int64_t time) {
    return (struct timespec){.tv_sec = time / SECOND, .tv_nsec = time % SECOND};
}

static int64_t real_now(void) {
    struct timespec now;
    real_clock_gettime(CLOCK_REALTIME, &now);
    return nanoseconds(&now);
}

int clock_gettime(clockid_t id, struct timespec *result) {
    int status = real_clock_gettime(id, result);
    if (status == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        *result = to_timespec(nanoseconds(result) + *offset);
    return status;
}

int timespec_get(struct timespec *result, int base) {
    if (base != TIME_UTC)
        return 0;
    *result = to_timespec(real_now() + *offset);
    return base;
}

int gettimeofday(struct timeval *restrict result, void *restrict zone) {
    (void)zone;
    int64_t now = real_now() + *offset;
    result->tv_sec = now / SECOND;
    result->tv_usec = now % SECOND / 1000;
    return 0;
}

time_t time(time_t *result) {
    time_t now = (real_now() + *offset) / SECOND;
    if (result)
        *result = now;
    return now;
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until) {
    static int (*next)(cnd_t *, mtx_t *, const struct timespec *);
    if (!next)
        next = dlsym(RTLD_NEXT, "cnd_timedwait");
    for (;;) {
        int64_t now = real_now();
        int64_t left = nanoseconds(until) - *offset - now;
        struct timespec slice = to_timespec(now + (left < SLICE ? left : SLICE));
        int status = next(condition, mutex, &slice);
        if (status != thrd_timedout || left <= SLICE)
            return status;
    }
}
