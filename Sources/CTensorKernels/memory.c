// How much memory this process may still take.
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "CTensorKernels.h"
#include "control_groups.h"

#if defined(__linux__)
// The number after a word at the start of a line; `otherwise` where there is no such line.
static double number_after(const char *word, const char *text, double otherwise) {
  const size_t length = strlen(word);
  for (const char *line = text; line != NULL && *line != '\0';) {
    if (strncmp(line, word, length) == 0) return strtod(line + length, NULL);
    line = strchr(line, '\n');
    if (line != NULL) line++;
  }
  return otherwise;
}

// What a group may still take: its limit less what it uses, but for files' pages that can be dropped.
static double group_limit(double most, const char *folder, const char *limit_file,
                          const char *usage_file, const char *droppable) {
  char path[4640], text[8192];
  snprintf(path, sizeof path, "%s/%s", folder, limit_file);
  if (!tk_read_text(path, text, sizeof text) || strncmp(text, "max", 3) == 0) return most;
  const double limit = strtod(text, NULL);
  snprintf(path, sizeof path, "%s/%s", folder, usage_file);
  if (!(limit > 0) || !tk_read_text(path, text, sizeof text)) return most;
  double used = strtod(text, NULL);
  snprintf(path, sizeof path, "%s/memory.stat", folder);
  if (tk_read_text(path, text, sizeof text)) used -= number_after(droppable, text, 0);
  const double left = fmax(limit - fmax(used, 0), 0);
  return left < most ? left : most;
}

static double limit_version_1(double most, const char *folder) {
  return group_limit(most, folder, "memory.limit_in_bytes", "memory.usage_in_bytes",
                     "total_inactive_file ");
}

static double limit_version_2(double most, const char *folder) {
  return group_limit(most, folder, "memory.max", "memory.current", "inactive_file ");
}

// What a limit of the process leaves.
static double process_limit(double most, int resource, double used) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return most;
  }
  const double left = fmax((double)limit.rlim_cur - used, 0);
  return left < most ? left : most;
}

double tk_available_memory(void) {
  double most = INFINITY;
  char text[8192];
  if (tk_read_text("/proc/meminfo", text, sizeof text)) {
    most = number_after("MemAvailable:", text, INFINITY) * 1024;
  }
  most = tk_limit_of_control_groups(most, "memory", limit_version_1, limit_version_2);
  double pages[6] = {0};
  if (tk_read_text("/proc/self/statm", text, sizeof text)) {
    sscanf(text, "%lf %lf %lf %lf %lf %lf", &pages[0], &pages[1], &pages[2], &pages[3], &pages[4],
           &pages[5]);
  }
  const double page = (double)sysconf(_SC_PAGESIZE);
  most = process_limit(most, RLIMIT_AS, pages[0] * page);
  return process_limit(most, RLIMIT_DATA, pages[5] * page);
}
#else
double tk_available_memory(void) { return INFINITY; }
#endif
