// The parts of sine, cosine, exponential, logarithm and hyperbolic tangent that are particular to
// double. All polynomials are weighted least-squares fits on Chebyshev nodes, their coefficients
// rounded one after the other; the largest relative error (before rounding) stands with each.

// Below this |t| the fast reduction is used; beyond it, and for NaN, libm.
static const double sine_limit_f64 = 8192;

// t = n pi/2 + r with |r| <= pi/4 (and a little more); the low bits of the result hold n.
TK_INLINE Integers_f64 reduce_quarter_turns_f64(Vector_f64 t, Vector_f64 *r) {
  const double shift = 0x1.8p52;
  Vector_f64 shifted =
    multiply_add_f64(t, broadcast_f64(0x1.45f306dc9c883p-1), broadcast_f64(shift));
  Vector_f64 n = shifted - shift;
#if TK_HAS_FUSED_MULTIPLY_ADD
  // pi/2 in three doubles. The first fused step is exact, the second rounds once, relative to its
  // result, and the third matters only where t is within a hair of a multiple of pi/2. All parts
  // are positive: were one not, -0 would become +0.
  Vector_f64 rest = multiply_add_f64(n, broadcast_f64(-0x1.921fb54442d18p0), t);
  rest = multiply_add_f64(n, broadcast_f64(-0x1.1a62633145c06p-54), rest);
  *r = multiply_add_f64(n, broadcast_f64(-0x1.c1cd129024e09p-107), rest);
#else
  // pi/2 in parts of 33 bits: their products with n (below 2^20) are exact, and so is every
  // difference that cancels.
  Vector_f64 rest = t - n * 0x1.921fb544p0;
  rest = rest - n * 0x1.0b4611a6p-34;
  rest = rest - n * 0x1.3198a2ep-69;
  *r = rest - n * 0x1.b839a252049c1p-104;
#endif
  return (Integers_f64)shifted;
}

// sin r for |r| <= pi/4: 2^-57.8
TK_INLINE Vector_f64 sine_polynomial_f64(Vector_f64 r, Vector_f64 square) {
  Vector_f64 p = broadcast_f64(0x1.5d8aaf1ace280p-33);
  p = multiply_add_f64(p, square, broadcast_f64(-0x1.ae5e49e6173e7p-26));
  p = multiply_add_f64(p, square, broadcast_f64(0x1.71de3553ec288p-19));
  p = multiply_add_f64(p, square, broadcast_f64(-0x1.a01a019be896cp-13));
  p = multiply_add_f64(p, square, broadcast_f64(0x1.111111110f731p-7));
  p = multiply_add_f64(p, square, broadcast_f64(-0x1.5555555555548p-3));
  return multiply_add_f64(r * square, p, r);
}

// cos r for |r| <= pi/4: 2^-63.6
TK_INLINE Vector_f64 cosine_polynomial_f64(Vector_f64 square) {
  Vector_f64 p = broadcast_f64(-0x1.8fa5362c1eba9p-37);
  p = multiply_add_f64(p, square, broadcast_f64(0x1.1ee9da05ce8dep-29));
  p = multiply_add_f64(p, square, broadcast_f64(-0x1.27e4f7effcc3cp-22));
  p = multiply_add_f64(p, square, broadcast_f64(0x1.a01a019c8e3f2p-16));
  p = multiply_add_f64(p, square, broadcast_f64(-0x1.6c16c16c15015p-10));
  p = multiply_add_f64(p, square, broadcast_f64(0x1.555555555554bp-5));
  p = multiply_add_f64(p, square, broadcast_f64(-0.5));
  return multiply_add_f64(p, square, broadcast_f64(1));
}

// Results below and above these arguments are 0 and infinity.
static const double exponential_lowest_f64 = -750, exponential_highest_f64 = 710;
static const double binary_logarithm_of_e_f64 = 0x1.71547652b82fep0;
// log 2 in two parts, the first short enough for its product with any exponent to be exact.
static const double logarithm_of_2_high_f64 = 0x1.62e42fefa4p-1;
static const double logarithm_of_2_low_f64 = -0x1.8432a1b0e2634p-43;

// exp r for |r| <= log(2)/2: 2^-56.9
TK_INLINE Vector_f64 exponential_polynomial_f64(Vector_f64 r) {
  Vector_f64 p = broadcast_f64(0x1.af6eabe1dfb87p-26);
  p = multiply_add_f64(p, r, broadcast_f64(0x1.28a14307573bfp-22));
  p = multiply_add_f64(p, r, broadcast_f64(0x1.71ddee5b35ebap-19));
  p = multiply_add_f64(p, r, broadcast_f64(0x1.a019a95ba2c40p-16));
  p = multiply_add_f64(p, r, broadcast_f64(0x1.a01a01b44cf21p-13));
  p = multiply_add_f64(p, r, broadcast_f64(0x1.6c16c17d60686p-10));
  p = multiply_add_f64(p, r, broadcast_f64(0x1.111111110e9ecp-7));
  p = multiply_add_f64(p, r, broadcast_f64(0x1.5555555552ff0p-5));
  p = multiply_add_f64(p, r, broadcast_f64(0x1.555555555555cp-3));
  p = multiply_add_f64(p, r, broadcast_f64(0.5));
  return multiply_add_f64(p, r * r, r) + 1.0;
}

// (2 atanh(s) / s - 2), given s^2, for |s| <= 3 - 2 sqrt 2: 2^-59.4
TK_INLINE Vector_f64 logarithm_polynomial_f64(Vector_f64 square) {
  Vector_f64 p = broadcast_f64(0x1.2f0d5e2c92795p-3);
  p = multiply_add_f64(p, square, broadcast_f64(0x1.39a0ddfa994c2p-3));
  p = multiply_add_f64(p, square, broadcast_f64(0x1.7466486178ecdp-3));
  p = multiply_add_f64(p, square, broadcast_f64(0x1.c71c51d50fa2ap-3));
  p = multiply_add_f64(p, square, broadcast_f64(0x1.249249423c734p-2));
  p = multiply_add_f64(p, square, broadcast_f64(0x1.999999997f72dp-2));
  p = multiply_add_f64(p, square, broadcast_f64(0x1.5555555555594p-1));
  return p * square;
}

// No layer of the package needs this one fast.
TK_INLINE Vector_f64 hyperbolic_tangent_f64(Vector_f64 x) {
  for (int lane = 0; lane < lanes_f64; lane++) x[lane] = tanh(x[lane]);
  return x;
}

TK_INLINE double libm_sine_f64(double x) { return sin(x); }
TK_INLINE double libm_cosine_f64(double x) { return cos(x); }
TK_INLINE double libm_logarithm_f64(double x) { return log(x); }
static const double smallest_normal_f64 = DBL_MIN, largest_finite_f64 = DBL_MAX;
