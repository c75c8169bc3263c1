// What the fuzzing of readers needs from sanitizers and from libFuzzer, where a build has them.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Whether every allocation is counted, as with the address and the thread sanitizer.
bool fuzzing_counts_allocations(void);

// Begins to count anew.
void fuzzing_start_counting(void);

// The most bytes beyond those at the start that were allocated at any moment since.
size_t fuzzing_peak(void);

// Lets libFuzzer call a function with its inputs; returns -1 at once where it is not linked.
int fuzzing_run_libfuzzer(int *count, char ***arguments, int (*body)(const uint8_t *, size_t));

#ifdef __cplusplus
}
#endif
