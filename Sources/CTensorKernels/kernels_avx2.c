// The kernels for AVX2 with FMA. The attribute stands on every function, for SwiftPM packages that
// others depend on may not pass the compiler -m flags.
#if defined(__x86_64__)
#define TK_INSTRUCTION_SET "AVX2"
#define TK_TABLE tk_kernels_avx2
#define TK_VECTOR_BYTES 32
#define TK_HAS_FUSED_MULTIPLY_ADD 1
#define TK_TARGET "avx2,fma,bmi2"
#include "instruction_set.h"
#endif
