// What the package uses of oneDNN: a single-precision matrix product, whose kernels are
// generated for the processor that it runs on. Row-major, like this package.
#pragma once
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

// oneDNN's threads are OpenMP's. Their number is a setting of each thread.
void omp_set_num_threads(int);
int omp_get_max_threads(void);
