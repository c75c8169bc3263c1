// Chooses the instruction set at run time and forwards every public kernel to it.
#include <stdatomic.h>
#include <string.h>

#include "kernel_table.h"

// Relaxed order is enough: the tables are constants of the program.
static _Atomic(const struct kernel_table *) active_table;

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

static const struct kernel_table *choose_table(void) {
  // Another thread may have chosen (or selected) meanwhile; its choice stands.
  const struct kernel_table *expected = NULL;
  const struct kernel_table *best = supported_table(0);
  bool is_first = atomic_compare_exchange_strong(&active_table, &expected, best);
  return is_first ? best : expected;
}

static inline const struct kernel_table *kernels(void) {
  const struct kernel_table *table = atomic_load_explicit(&active_table, memory_order_relaxed);
  return __builtin_expect(table != NULL, 1) ? table : choose_table();
}

const char *tk_instruction_set(void) { return kernels()->name; }

bool tk_select_instruction_set(const char *name) {
  const struct kernel_table *table;
  for (int index = 0; (table = supported_table(index)) != NULL; index++) {
    if (strcmp(table->name, name) == 0) {
      atomic_store(&active_table, table);
      return true;
    }
  }
  return false;
}

#define TK_FORWARD(result, name, S, parameters, arguments) \
  result tk_##name##_##S parameters { return kernels()->S.name arguments; }

TK_FOR_EACH_KERNEL(TK_FORWARD, float, f32)
TK_FOR_EACH_KERNEL(TK_FORWARD, double, f64)
