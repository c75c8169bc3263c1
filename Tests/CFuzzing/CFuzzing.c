#include "CFuzzing.h"

#include <stdatomic.h>

typedef void (*allocation_hook)(const volatile void *, size_t);
typedef void (*release_hook)(const volatile void *);

__attribute__((weak)) int __sanitizer_install_malloc_and_free_hooks(allocation_hook, release_hook);
__attribute__((weak)) size_t __sanitizer_get_allocated_size(const volatile void *);
__attribute__((weak)) int LLVMFuzzerRunDriver(int *, char ***,
                                              int (*)(const uint8_t *, size_t));

static atomic_llong live;
static atomic_llong peak;
static bool is_installed;

static void on_allocation(const volatile void *memory, size_t size) {
  (void)memory;
  const long long now = atomic_fetch_add(&live, (long long)size) + (long long)size;
  long long former = atomic_load(&peak);
  while (now > former && !atomic_compare_exchange_weak(&peak, &former, now)) continue;
}

static void on_release(const volatile void *memory) {
  if (memory != NULL)
    atomic_fetch_sub(&live, (long long)__sanitizer_get_allocated_size(memory));
}

bool fuzzing_counts_allocations(void) {
  if (!is_installed && __sanitizer_install_malloc_and_free_hooks != NULL &&
      __sanitizer_get_allocated_size != NULL)
    is_installed = __sanitizer_install_malloc_and_free_hooks(on_allocation, on_release) != 0;
  return is_installed;
}

void fuzzing_start_counting(void) {
  atomic_store(&live, 0);
  atomic_store(&peak, 0);
}

size_t fuzzing_peak(void) {
  const long long most = atomic_load(&peak);
  return most > 0 ? (size_t)most : 0;
}

int fuzzing_run_libfuzzer(int *count, char ***arguments, int (*body)(const uint8_t *, size_t)) {
  return LLVMFuzzerRunDriver == NULL ? -1 : LLVMFuzzerRunDriver(count, arguments, body);
}
