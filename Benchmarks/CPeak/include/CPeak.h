// The rate at which this processor can do fused multiply-adds: what a matrix product is measured by.
#pragma once

// Runs independent chains of single-precision fused multiply-adds, all in registers, with the widest
// vectors that the processor has, and returns how many floating-point operations were done (a
// multiply-add counts as two). The caller takes the time.
double peak_multiply_adds(long iterations);
