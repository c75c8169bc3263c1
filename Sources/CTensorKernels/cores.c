// How many processor cores this process may use.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "CTensorKernels.h"

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

// Reads a small file as text; false where there is none.
static bool read_text(const char *path, char *text, size_t size) {
  FILE *file = fopen(path, "r");
  if (file == NULL) return false;
  size_t length = fread(text, 1, size - 1, file);
  fclose(file);
  text[length] = '\0';
  return true;
}

// The quota over the period, rounded up, of `most` at most; `most` where there is no quota.
static int limited(int most, double quota, double period) {
  if (!(quota > 0) || !(period > 0) || quota / period >= most) return most;
  int whole = (int)(quota / period);
  return (double)whole < quota / period ? whole + 1 : whole;
}

// The least limit of a control group and of those that hold it, by the file that `read` understands.
static int limit_upwards(int most, const char *root, char *group,
                         int (*read)(int most, const char *folder)) {
  char folder[4608];
  for (;;) {
    snprintf(folder, sizeof folder, "%s%s", root, strcmp(group, "/") == 0 ? "" : group);
    most = read(most, folder);
    char *last = strrchr(group, '/');
    if (last == NULL || *group == '\0') return most;
    *last = '\0';
  }
}

// Control groups, version 2: "max 100000" or "150000 100000", microseconds.
static int limit_version_2(int most, const char *folder) {
  char path[4640], text[128], quota[64];
  double period = 0;
  snprintf(path, sizeof path, "%s/cpu.max", folder);
  if (!read_text(path, text, sizeof text)) return most;
  if (sscanf(text, "%63s %lf", quota, &period) != 2 || strcmp(quota, "max") == 0) return most;
  return limited(most, strtod(quota, NULL), period);
}

// Version 1: two files; a quota of -1 is none.
static int limit_version_1(int most, const char *folder) {
  char path[4640], quota[64], period[64];
  snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
  if (!read_text(path, quota, sizeof quota)) return most;
  snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
  if (!read_text(path, period, sizeof period)) return most;
  return limited(most, strtod(quota, NULL), strtod(period, NULL));
}

// Lines of /proc/self/cgroup are "0::/group" (version 2) or "4:cpu,cpuacct:/group" (version 1).
static int limit_of_control_group(int most) {
  FILE *file = fopen("/proc/self/cgroup", "r");
  if (file == NULL) return most;
  char line[4352];
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (group == NULL) continue;
    char *rest;
    *controllers++ = '\0';
    *group++ = '\0';
    if (*controllers == '\0') {
      most = limit_upwards(most, "/sys/fs/cgroup", group, limit_version_2);
    }
    for (char *name = strtok_r(controllers, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
      if (strcmp(name, "cpu") == 0) {
        most = limit_upwards(most, "/sys/fs/cgroup/cpu", group, limit_version_1);
      }
    }
  }
  fclose(file);
  return most;
}
#else
static int cores_of_affinity(void) { return 0; }

static int limit_of_control_group(int most) { return most; }
#endif

int tk_available_cores(void) {
  int cores = cores_of_affinity();
  if (cores < 1) cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
  cores = limit_of_control_group(cores < 1 ? 1 : cores);
  return cores < 1 ? 1 : cores;
}
