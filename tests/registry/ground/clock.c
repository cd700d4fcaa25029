// Preloaded into a program: its calendar is three years ahead. Timers run as ever.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *at) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) {
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  }
  int done = real(clock, at);
  if (clock == CLOCK_REALTIME) {
    at->tv_sec += 3L * 365 * 24 * 60 * 60;
  }
  return done;
}
