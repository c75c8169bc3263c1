// How many processor cores this process may use.
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "CTensorKernels.h"
#include "control_groups.h"

#if defined(__linux__)
#include <sched.h>

// The cores that the scheduler may place this process on; 0 where it does not say.
static int cores_of_affinity(void) {
  // Machines with more cores than a set of the usual size need a larger one.
  for (int size = CPU_SETSIZE; size <= 1 << 20; size *= 2) {
    cpu_set_t *set = CPU_ALLOC((size_t)size);
    if (set == NULL) return 0;
    size_t bytes = CPU_ALLOC_SIZE((size_t)size);
    int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return 0;
}

int tk_core_numbers(int *numbers, int most) {
  int size = most > CPU_SETSIZE ? most : CPU_SETSIZE, count = 0;
  cpu_set_t *set = CPU_ALLOC((size_t)size);
  if (set == NULL) return 0;
  size_t bytes = CPU_ALLOC_SIZE((size_t)size);
  if (sched_getaffinity(0, bytes, set) == 0) {
    for (int core = 0; core < size && count < most; core++) {
      if (CPU_ISSET_S((size_t)core, bytes, set)) numbers[count++] = core;
    }
  }
  CPU_FREE(set);
  return count;
}

// The quota over the period, rounded up, of `most` at most; `most` where there is no quota.
static double limited(double most, double quota, double period) {
  if (!(quota > 0) || !(period > 0) || quota / period >= most) return most;
  return ceil(quota / period);
}

// Control groups, version 2: "max 100000" or "150000 100000", microseconds.
static double limit_version_2(double most, const char *folder) {
  char path[4640], text[128], quota[64];
  double period = 0;
  snprintf(path, sizeof path, "%s/cpu.max", folder);
  if (!tk_read_text(path, text, sizeof text)) return most;
  if (sscanf(text, "%63s %lf", quota, &period) != 2 || strcmp(quota, "max") == 0) return most;
  return limited(most, strtod(quota, NULL), period);
}

// Version 1: two files; a quota of -1 is none.
static double limit_version_1(double most, const char *folder) {
  char path[4640], quota[64], period[64];
  snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
  if (!tk_read_text(path, quota, sizeof quota)) return most;
  snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
  if (!tk_read_text(path, period, sizeof period)) return most;
  return limited(most, strtod(quota, NULL), strtod(period, NULL));
}

static int limit_of_control_group(int most) {
  return (int)tk_limit_of_control_groups(most, "cpu", limit_version_1, limit_version_2);
}
#else
static int cores_of_affinity(void) { return 0; }

int tk_core_numbers(int *numbers, int most) {
  (void)numbers;
  (void)most;
  return 0;
}

static int limit_of_control_group(int most) { return most; }
#endif

int tk_available_cores(void) {
  int cores = cores_of_affinity();
  if (cores < 1) cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
  cores = limit_of_control_group(cores < 1 ? 1 : cores);
  return cores < 1 ? 1 : cores;
}
