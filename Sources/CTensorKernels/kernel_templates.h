// All templates for one scalar type, in order of dependence. Included once for each type by
// instruction_set.h, which names the type: no include guards here and in what follows.
#include "vectors.h"
#if TK_IS_FLOAT
#include "math_f32.h"
#else
#include "math_f64.h"
#endif
#include "math_common.h"
#include "elementwise.h"
#include "reductions.h"
#include "matrices.h"
#include "rows.h"
#include "grids.h"
#include "product.h"
#include "symmetric.h"
#include "layers.h"
#include "normalization.h"
#include "optimizers.h"
