// The kernels for AVX-512. They work on explicit vectors of 64 bytes, so the compiler's preferred
// vector width does not matter.
#if defined(__x86_64__)
#define TK_INSTRUCTION_SET "AVX-512"
#define TK_TABLE tk_kernels_avx512
#define TK_VECTOR_BYTES 64
#define TK_HAS_FUSED_MULTIPLY_ADD 1
#define TK_TARGET "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,bmi2"
#include "instruction_set.h"
#endif
