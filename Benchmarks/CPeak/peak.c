#include "CPeak.h"

// Twelve chains cover the latency of an instruction (4 cycles) on two units, with some to spare.
// The barrier keeps the compiler from folding the loop, and every chain in a register.
#define CHAINS(BODY) BODY(0) BODY(1) BODY(2) BODY(3) BODY(4) BODY(5) BODY(6) BODY(7) BODY(8) \
  BODY(9) BODY(10) BODY(11)

#if defined(__x86_64__)
#include <immintrin.h>

static volatile float sink;

__attribute__((target("avx512f"))) static double peak_avx512(long iterations) {
  __m512 factor = _mm512_set1_ps(0.999f), addend = _mm512_set1_ps(0.001f);
#define DECLARE(I) __m512 a##I = _mm512_set1_ps((float)I);
  CHAINS(DECLARE)
  for (long i = 0; i < iterations; i++) {
#define STEP(I) a##I = _mm512_fmadd_ps(a##I, factor, addend); __asm__ volatile("" : "+v"(a##I));
    CHAINS(STEP)
  }
  __m512 sum = _mm512_setzero_ps();
#define ADD(I) sum = _mm512_add_ps(sum, a##I);
  CHAINS(ADD)
  sink = _mm512_reduce_add_ps(sum);
#undef DECLARE
#undef STEP
#undef ADD
  return (double)iterations * 12 * 16 * 2;
}

__attribute__((target("avx2,fma"))) static double peak_avx2(long iterations) {
  __m256 factor = _mm256_set1_ps(0.999f), addend = _mm256_set1_ps(0.001f);
#define DECLARE(I) __m256 a##I = _mm256_set1_ps((float)I);
  CHAINS(DECLARE)
  for (long i = 0; i < iterations; i++) {
#define STEP(I) a##I = _mm256_fmadd_ps(a##I, factor, addend); __asm__ volatile("" : "+x"(a##I));
    CHAINS(STEP)
  }
  float parts[8];
  __m256 sum = _mm256_setzero_ps();
#define ADD(I) sum = _mm256_add_ps(sum, a##I);
  CHAINS(ADD)
  _mm256_storeu_ps(parts, sum);
  sink = parts[0] + parts[7];
#undef DECLARE
#undef STEP
#undef ADD
  return (double)iterations * 12 * 8 * 2;
}
#endif

static volatile float baseline_sink;

static double peak_baseline(long iterations) {
#define DECLARE(I) float a##I = (float)I;
  CHAINS(DECLARE)
  for (long i = 0; i < iterations; i++) {
#define STEP(I) a##I = a##I * 0.999f + 0.001f;
    CHAINS(STEP)
    __asm__ volatile("" ::: "memory");
  }
  float sum = 0;
#define ADD(I) sum += a##I;
  CHAINS(ADD)
  baseline_sink = sum;
  return (double)iterations * 12 * 2;
}

double peak_multiply_adds(long iterations) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return peak_avx512(iterations);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return peak_avx2(iterations);
#endif
  return peak_baseline(iterations);
}
