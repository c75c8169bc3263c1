// The control groups that hold this process.
#define _GNU_SOURCE
#include "control_groups.h"

#include <stdio.h>
#include <string.h>

bool tk_read_text(const char *path, char *text, size_t size) {
  FILE *file = fopen(path, "r");
  if (file == NULL) return false;
  size_t length = fread(text, 1, size - 1, file);
  fclose(file);
  text[length] = '\0';
  return true;
}

#if defined(__linux__)
// The least limit of a control group and of those that hold it.
static double limit_upwards(double most, const char *root, char *group, tk_group_limit limit) {
  char folder[4608];
  for (;;) {
    snprintf(folder, sizeof folder, "%s%s", root, strcmp(group, "/") == 0 ? "" : group);
    most = limit(most, folder);
    char *last = strrchr(group, '/');
    if (last == NULL || *group == '\0') return most;
    *last = '\0';
  }
}

// Lines of /proc/self/cgroup are "0::/group" (version 2) or "4:cpu,cpuacct:/group" (version 1).
double tk_limit_of_control_groups(double most, const char *controller, tk_group_limit version_1,
                                  tk_group_limit version_2) {
  FILE *file = fopen("/proc/self/cgroup", "r");
  if (file == NULL) return most;
  char line[4352], root[128];
  snprintf(root, sizeof root, "/sys/fs/cgroup/%s", controller);
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (group == NULL) continue;
    char *rest;
    *controllers++ = '\0';
    *group++ = '\0';
    if (*controllers == '\0') most = limit_upwards(most, "/sys/fs/cgroup", group, version_2);
    for (char *name = strtok_r(controllers, ",", &rest); name != NULL;
         name = strtok_r(NULL, ",", &rest)) {
      if (strcmp(name, controller) == 0) most = limit_upwards(most, root, group, version_1);
    }
  }
  fclose(file);
  return most;
}
#endif
