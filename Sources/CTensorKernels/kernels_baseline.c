// The kernels for the instruction set that every processor of the architecture has.
#define TK_INSTRUCTION_SET "baseline"
#define TK_TABLE tk_kernels_baseline
#define TK_VECTOR_BYTES 16
#if defined(__aarch64__)
#define TK_HAS_FUSED_MULTIPLY_ADD 1
#else
// On SSE2 a fused multiply-add would be a slow call into libm.
#define TK_HAS_FUSED_MULTIPLY_ADD 0
#endif
#include "instruction_set.h"
