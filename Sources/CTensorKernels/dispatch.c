// Chooses the instruction set at run time, once for the process, and forwards every public kernel to it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_table.h"

// The choice of the process, made once; relaxed order is enough, for the tables are constants.
static _Atomic(const struct kernel_table *) process_table;
static pthread_once_t process_table_once = PTHREAD_ONCE_INIT;
// The choice of this thread, in the place of the process's; NULL if it made none.
static _Thread_local const struct kernel_table *thread_table;

// The tables that this processor (and its operating system) can run, the best first.
static const struct kernel_table *supported_table(int index) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi2");
  if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
    if (index-- == 0) return &tk_kernels_avx512;
  }
  if (has_avx2 && index-- == 0) return &tk_kernels_avx2;
#endif
  return index == 0 ? &tk_kernels_baseline : NULL;
}

// The table of the named instruction set; NULL where this processor lacks it.
static const struct kernel_table *table_named(const char *name) {
  const struct kernel_table *table;
  for (int index = 0; (table = supported_table(index)) != NULL; index++) {
    if (strcmp(table->name, name) == 0) return table;
  }
  return NULL;
}

static void choose_table(void) {
  const char *asked = getenv("TENSORKIT_INSTRUCTION_SET");
  const struct kernel_table *best = supported_table(0);
  const struct kernel_table *table = asked != NULL && *asked != '\0' ? table_named(asked) : best;
  if (table == NULL) {
    fprintf(stderr,
            "TENSORKIT_INSTRUCTION_SET: this processor has no instruction set \"%s\" (known are "
            "AVX-512, AVX2 and baseline); %s is used.\n",
            asked, best->name);
    table = best;
  }
  atomic_store_explicit(&process_table, table, memory_order_release);
}

static const struct kernel_table *first_choice(void) {
  pthread_once(&process_table_once, choose_table);
  return atomic_load_explicit(&process_table, memory_order_relaxed);
}

static inline const struct kernel_table *kernels(void) {
  const struct kernel_table *table = thread_table;
  if (__builtin_expect(table != NULL, 0)) return table;
  table = atomic_load_explicit(&process_table, memory_order_relaxed);
  return __builtin_expect(table != NULL, 1) ? table : first_choice();
}

const char *tk_instruction_set(void) { return kernels()->name; }

bool tk_select_instruction_set(const char *name) {
  const struct kernel_table *table = name == NULL ? NULL : table_named(name);
  if (table == NULL && name != NULL) return false;
  thread_table = table;
  return true;
}

#define TK_FORWARD(result, name, S, parameters, arguments) \
  result tk_##name##_##S parameters { return kernels()->S.name arguments; }

TK_FOR_EACH_KERNEL(TK_FORWARD, float, f32)
TK_FOR_EACH_KERNEL(TK_FORWARD, double, f64)
