// Times a double product and leading eigenpairs of symmetric matrices by a BLAS and a LAPACK that are
// loaded by name: `blas_peer SIZE BLAS [LAPACK]`, one line of JSON a piece of work.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report(const char *name, double *times, int count, double operations) {
  qsort(times, (size_t)count, sizeof *times, ascending);
  double median = times[count / 2];
  printf("{\"name\": \"%s\", \"median_s\": %.6g, \"fastest_s\": %.6g, \"slowest_s\": %.6g", name,
         median, times[0], times[count - 1]);
  if (operations > 0) printf(", \"gflops\": %.1f", operations / median / 1e9);
  puts("}");
}

static void *symbol(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return found;
}

typedef void (*Product)(int, int, int, int, int, int, double, const double *, int, const double *,
                        int, double, double *, int);
typedef void (*Eigen)(const char *, const char *, const char *, const int *, void *, const int *,
                      const void *, const void *, const int *, const int *, const void *, int *,
                      void *, void *, const int *, int *, void *, const int *, int *, const int *,
                      int *);

int main(int count, char **arguments) {
  if (count < 3) return 64;
  const int size = atoi(arguments[1]), pairs = 21, repetitions = 21;
  void *blas = dlopen(arguments[2], RTLD_NOW | RTLD_GLOBAL);
  void *lapack = count > 3 ? dlopen(arguments[3], RTLD_NOW | RTLD_GLOBAL) : blas;
  if (blas == NULL || lapack == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  void (*set_threads)(int) = (void (*)(int))dlsym(blas, "openblas_set_num_threads");
  if (set_threads != NULL) set_threads(1);
  const size_t elements = (size_t)size * (size_t)size;
  double *a = malloc(8 * elements), *kernel = malloc(8 * elements), *copy = malloc(8 * elements);
  double *values = malloc(8 * (size_t)size), *vectors = malloc(8 * elements);
  double *work = malloc(8 * 100 * (size_t)size), times[21];
  int *integers = malloc(4 * 20 * (size_t)size), *support = malloc(8 * (size_t)size);
  for (size_t i = 0; i < elements; i++) a[i] = drand48() - 0.5;
  Product product = (Product)symbol(blas, "cblas_dgemm");
  for (int run = -1; run < repetitions; run++) {
    double start = seconds();
    product(101, 111, 112, size, size, size, 1, a, size, a, size, 0, kernel, size);
    if (run >= 0) times[run] = seconds() - start;
  }
  report("double product", times, repetitions, 2.0 * (double)elements * size);
  for (int is_single = 0; is_single < 2; is_single++) {
    Eigen eigen = (Eigen)symbol(lapack, is_single ? "ssyevr_" : "dsyevr_");
    for (int run = -1; run < repetitions; run++) {
      for (size_t i = 0; i < elements; i++) {
        if (is_single) ((float *)copy)[i] = (float)kernel[i];
        else copy[i] = kernel[i];
      }
      const double zero = 0;
      const int low = size - pairs + 1, work_size = 100 * size, integer_size = 20 * size;
      int found, code;
      double start = seconds();
      eigen("V", "I", "U", &size, copy, &size, &zero, &zero, &low, &size, &zero, &found, values,
            vectors, &size, support, work, &work_size, integers, &integer_size, &code);
      if (run >= 0) times[run] = seconds() - start;
    }
    report(is_single ? "21 eigenpairs, single" : "21 eigenpairs, double", times, repetitions, 0);
  }
  return 0;
}
