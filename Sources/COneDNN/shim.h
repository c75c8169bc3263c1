// The one oneDNN function the package uses: a single-precision matrix product whose kernels are
// generated for the processor that it runs on. Row-major, like this package.
#pragma once
#include <oneapi/dnnl/dnnl.h>

// oneDNN's threads are OpenMP's. Each worker of the package sets its own number to one.
void omp_set_num_threads(int);
