// Template: reductions.
//
// Sums run in 32 lanes of double that are added up pairwise at the end: the order depends on the
// count alone, not even on the instruction set, and several registers hide the latency of addition.
#undef TK_SUM_LANES
#define TK_SUM_LANES 32

typedef struct {
  Doubles parts[TK_SUM_LANES / double_lanes];
} NAME(LaneSums);

TK_INLINE Doubles NAME(load_doubles)(const Real *x) {
  typedef Real Loaded __attribute__((vector_size(sizeof(Real) * double_lanes)));
  Loaded loaded;
  memcpy(&loaded, x, sizeof loaded);
  return __builtin_convertvector(loaded, Doubles);
}

TK_INLINE double NAME(total)(const NAME(LaneSums) *sums) {
  double lanes[TK_SUM_LANES];
  memcpy(lanes, sums, sizeof lanes);
  for (int half = TK_SUM_LANES / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

enum { NAME(plain_terms), NAME(absolute_terms), NAME(product_terms) };

// Adds the terms of TK_SUM_LANES elements. The products are rounded before they are added, on every
// instruction set (the compiler fuses operations within one expression only).
TK_INLINE void NAME(add_terms)(int kind, const Real *x, const Real *y, NAME(LaneSums) *sums) {
  for (int part = 0; part < TK_SUM_LANES / double_lanes; part++) {
    Doubles term = NAME(load_doubles)(x + part * double_lanes);
    if (kind == NAME(absolute_terms)) term = __builtin_elementwise_abs(term);
    if (kind == NAME(product_terms)) term *= NAME(load_doubles)(y + part * double_lanes);
    sums->parts[part] += term;
  }
}

TK_INLINE double NAME(sum_terms)(int kind, const Real *x, const Real *y, size_t count) {
  NAME(LaneSums) sums = {0};
  size_t index = 0;
  for (; index + TK_SUM_LANES <= count; index += TK_SUM_LANES) {
    NAME(add_terms)(kind, x + index, y + index, &sums);
  }
  if (index < count) {
    Real last_x[TK_SUM_LANES] = {0}, last_y[TK_SUM_LANES] = {0};
    memcpy(last_x, x + index, (count - index) * sizeof(Real));
    if (kind == NAME(product_terms)) memcpy(last_y, y + index, (count - index) * sizeof(Real));
    NAME(add_terms)(kind, last_x, last_y, &sums);
  }
  return NAME(total)(&sums);
}

static double NAME(sum)(const Real *x, size_t count) {
  return NAME(sum_terms)(NAME(plain_terms), x, x, count);
}

static double NAME(absolute_sum)(const Real *x, size_t count) {
  return NAME(sum_terms)(NAME(absolute_terms), x, x, count);
}

static double NAME(dot)(const Real *x, const Real *y, size_t count) {
  return NAME(sum_terms)(NAME(product_terms), x, y, count);
}

TK_INLINE void NAME(residual_terms)(const Real *output, const Real *target, Real *residual,
                                    NAME(LaneSums) *sums) {
  for (int k = 0; k < TK_SUM_LANES; k += NAME(lanes)) {
    Vector difference = NAME(load)(output + k, NAME(lanes)) - NAME(load)(target + k, NAME(lanes));
    NAME(store)(difference, residual + k, NAME(lanes));
  }
  NAME(add_terms)(NAME(product_terms), residual, residual, sums);
}

static double NAME(residual)(const Real *output, const Real *target, Real *residual,
                             size_t count) {
  NAME(LaneSums) sums = {0};
  size_t index = 0;
  for (; index + TK_SUM_LANES <= count; index += TK_SUM_LANES) {
    NAME(residual_terms)(output + index, target + index, residual + index, &sums);
  }
  if (index < count) {
    Real last_output[TK_SUM_LANES] = {0}, last_target[TK_SUM_LANES] = {0};
    Real last_residual[TK_SUM_LANES];
    size_t bytes = (count - index) * sizeof(Real);
    memcpy(last_output, output + index, bytes);
    memcpy(last_target, target + index, bytes);
    NAME(residual_terms)(last_output, last_target, last_residual, &sums);
    memcpy(residual + index, last_residual, bytes);
  }
  return NAME(total)(&sums);
}

// The larger (or smaller) of two, for numbers; NaN is looked for apart.
TK_INLINE Vector NAME(more_extreme)(bool is_largest, Vector a, Vector b) {
  return NAME(select)(is_largest ? a > b : a < b, a, b);
}

TK_INLINE Real NAME(extreme)(bool is_largest, const Real *x, size_t count) {
  enum { unrolled = 4 };
  Vector found[unrolled];
  Integers is_nan = {0};
  for (int k = 0; k < unrolled; k++) found[k] = NAME(broadcast)(x[0]);
  size_t index = 0;
  for (; index + unrolled * NAME(lanes) <= count; index += unrolled * NAME(lanes)) {
    for (int k = 0; k < unrolled; k++) {
      Vector loaded = NAME(load)(x + index + (size_t)k * NAME(lanes), NAME(lanes));
      is_nan |= loaded != loaded;
      found[k] = NAME(more_extreme)(is_largest, loaded, found[k]);
    }
  }
  Real result = x[0];
  bool has_nan = NAME(any)(is_nan);
  for (; index < count; index++) {
    has_nan |= x[index] != x[index];
    result = (is_largest ? x[index] > result : x[index] < result) ? x[index] : result;
  }
  for (int k = 0; k < unrolled; k++) {
    for (int lane = 0; lane < NAME(lanes); lane++) {
      Real value = found[k][lane];
      result = (is_largest ? value > result : value < result) ? value : result;
    }
  }
  return has_nan ? (Real)NAN : result;
}

static Real NAME(largest)(const Real *x, size_t count) { return NAME(extreme)(true, x, count); }

static Real NAME(smallest)(const Real *x, size_t count) { return NAME(extreme)(false, x, count); }

static bool NAME(all_finite)(const Real *x, size_t count) {
  // Infinities and NaN are what has all bits of the exponent set. Looks at a block, then decides.
  const size_t block = 1024;
  const Integers exponent = (Integers)NAME(broadcast)((Real)INFINITY);
  for (size_t start = 0; start < count; start += block) {
    size_t end = count - start < block ? count - start : block;
    Integers is_not_finite = {0};
    TK_FOR_EACH_VECTOR(end, {
      Integers bits = (Integers)NAME(load)(x + start + index, width);
      is_not_finite |= (bits & exponent) == exponent;
    });
    if (NAME(any)(is_not_finite)) return false;
  }
  return true;
}
