// The control groups that hold this process, for limits of theirs. Linux alone has them.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// Reads a small file as text; false where there is none.
bool tk_read_text(const char *path, char *text, size_t size);

// The least of `most` and the limits of the control groups that hold this process, by a function that reads one folder.
typedef double (*tk_group_limit)(double most, const char *folder);
double tk_limit_of_control_groups(double most, const char *controller, tk_group_limit version_1,
                                  tk_group_limit version_2);
