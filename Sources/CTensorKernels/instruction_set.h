// Defines all kernels for one instruction set, for float and for double, and their table.
//
// The including file gives
//   TK_INSTRUCTION_SET         its name
//   TK_TABLE                   the name of its table
//   TK_VECTOR_BYTES            the size of a vector register
//   TK_HAS_FUSED_MULTIPLY_ADD  whether a fused multiply-add is an instruction
//   TK_TARGET                  the features for the target attribute, if any
//
// Kernels are written with the compiler's vector types rather than left to its loop vectorizer:
// operands may be the same buffer, which would send vectorized loops to their scalar versions.
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernel_table.h"

#if defined(TK_TARGET)
#pragma clang attribute push(__attribute__((target(TK_TARGET))), apply_to = function)
#endif

#define TK_INLINE static inline __attribute__((always_inline))
#define TK_RARE static __attribute__((noinline, cold))

// One vector of doubles, whatever the scalar type: reductions are accumulated in double.
typedef double Doubles __attribute__((vector_size(TK_VECTOR_BYTES)));
enum { double_lanes = TK_VECTOR_BYTES / sizeof(double) };

#include "partial_vectors.h"

#define Real float
#define Vector Vector_f32
#define Integers Integers_f32
#define Naturals Naturals_f32
#define Integer int32_t
#define Natural uint32_t
#define TK_SIGN_BIT INT32_MIN
#define TK_MANTISSA_BITS 23
#define TK_IS_FLOAT 1
#define NAME(name) name##_f32
#include "kernel_templates.h"
#undef Real
#undef Vector
#undef Integers
#undef Naturals
#undef Integer
#undef Natural
#undef TK_SIGN_BIT
#undef TK_MANTISSA_BITS
#undef TK_IS_FLOAT
#undef NAME

#define Real double
#define Vector Vector_f64
#define Integers Integers_f64
#define Naturals Naturals_f64
#define Integer int64_t
#define Natural uint64_t
#define TK_SIGN_BIT INT64_MIN
#define TK_MANTISSA_BITS 52
#define TK_IS_FLOAT 0
#define NAME(name) name##_f64
#include "kernel_templates.h"

#if defined(TK_TARGET)
#pragma clang attribute pop
#endif

const struct kernel_table TK_TABLE = {
  .name = TK_INSTRUCTION_SET,
  .f32 = {TK_FOR_EACH_KERNEL(TK_TABLE_ENTRY, float, f32)},
  .f64 = {TK_FOR_EACH_KERNEL(TK_TABLE_ENTRY, double, f64)},
};
