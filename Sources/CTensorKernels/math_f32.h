// The parts of sine, cosine, exponential, logarithm and hyperbolic tangent that are particular to
// float. All polynomials are weighted least-squares fits on Chebyshev nodes, their coefficients
// rounded one after the other; the largest relative error (before rounding) stands with each.

// Below this |t| the fast reduction is used; beyond it, and for NaN, libm.
static const float sine_limit_f32 = 8192;

// t = n pi/2 + r with |r| <= pi/4 (and a little more); the low bits of the result hold n.
TK_INLINE Integers_f32 reduce_quarter_turns_f32(Vector_f32 t, Vector_f32 *r) {
  const float shift = 0x1.8p23f;
#if TK_HAS_FUSED_MULTIPLY_ADD
  // pi/2 in three floats. The first fused step is exact, the second rounds once, relative to its
  // result, and the third matters only where t is within a hair of a multiple of pi/2. All parts
  // are positive: were one not, -0 would become +0.
  Vector_f32 shifted = multiply_add_f32(t, broadcast_f32(0x1.45f306p-1f), broadcast_f32(shift));
  Vector_f32 n = shifted - shift;
  Vector_f32 rest = multiply_add_f32(n, broadcast_f32(-0x1.921fb4p0f), t);
  rest = multiply_add_f32(n, broadcast_f32(-0x1.4442dp-24f), rest);
  *r = multiply_add_f32(n, broadcast_f32(-0x1.846988p-48f), rest);
  return (Integers_f32)shifted;
#else
  // In double: n times the first part of pi/2 (33 bits) is exact, and so is its difference to t.
  typedef double Wide __attribute__((vector_size(2 * TK_VECTOR_BYTES)));
  const double wide_shift = 0x1.8p52;
  Wide wide = __builtin_convertvector(t, Wide);
  Wide n = (wide * 0x1.45f306dc9c883p-1 + wide_shift) - wide_shift;
  Wide rest = (wide - n * 0x1.921fb544p0) - n * 0x1.0b4611a626331p-34;
  *r = __builtin_convertvector(rest, Vector_f32);
  return (Integers_f32)(__builtin_convertvector(n, Vector_f32) + shift);
#endif
}

// sin r for |r| <= pi/4: 2^-27.8
TK_INLINE Vector_f32 sine_polynomial_f32(Vector_f32 r, Vector_f32 square) {
  Vector_f32 p = broadcast_f32(-0x1.992860p-13f);
  p = multiply_add_f32(p, square, broadcast_f32(0x1.1106dep-7f));
  p = multiply_add_f32(p, square, broadcast_f32(-0x1.555544p-3f));
  return multiply_add_f32(r * square, p, r);
}

// cos r for |r| <= pi/4: 2^-32.8
TK_INLINE Vector_f32 cosine_polynomial_f32(Vector_f32 square) {
  Vector_f32 p = broadcast_f32(0x1.99e6dcp-16f);
  p = multiply_add_f32(p, square, broadcast_f32(-0x1.6c0c26p-10f));
  p = multiply_add_f32(p, square, broadcast_f32(0x1.55554ap-5f));
  p = multiply_add_f32(p, square, broadcast_f32(-0.5f));
  return multiply_add_f32(p, square, broadcast_f32(1));
}

// Results below and above these arguments are 0 and infinity.
static const float exponential_lowest_f32 = -110, exponential_highest_f32 = 89;
static const float binary_logarithm_of_e_f32 = 0x1.715476p0f;
// log 2 in two parts, the first short enough for its product with any exponent to be exact.
static const float logarithm_of_2_high_f32 = 0x1.62e4p-1f;
static const float logarithm_of_2_low_f32 = 0x1.7f7d1cp-20f;

// exp r for |r| <= log(2)/2: 2^-27.9
TK_INLINE Vector_f32 exponential_polynomial_f32(Vector_f32 r) {
  Vector_f32 p = broadcast_f32(0x1.6d5150p-10f);
  p = multiply_add_f32(p, r, broadcast_f32(0x1.123e32p-7f));
  p = multiply_add_f32(p, r, broadcast_f32(0x1.5554e4p-5f));
  p = multiply_add_f32(p, r, broadcast_f32(0x1.55548ap-3f));
  p = multiply_add_f32(p, r, broadcast_f32(0.5f));
  return multiply_add_f32(p, r * r, r) + 1.0f;
}

// (2 atanh(s) / s - 2), given s^2, for |s| <= 3 - 2 sqrt 2: 2^-30.2
TK_INLINE Vector_f32 logarithm_polynomial_f32(Vector_f32 square) {
  Vector_f32 p = broadcast_f32(0x1.31e03cp-2f);
  p = multiply_add_f32(p, square, broadcast_f32(0x1.995ed8p-2f));
  p = multiply_add_f32(p, square, broadcast_f32(0x1.55557ap-1f));
  return p * square;
}

TK_INLINE Vector_f32 exponential_f32(Vector_f32 x);

TK_INLINE Vector_f32 hyperbolic_tangent_f32(Vector_f32 x) {
  Vector_f32 magnitude = absolute_f32(x);
  // Large arguments: 1 - 2 / (exp(2x) + 1), small ones, where that cancels: a polynomial, 2^-27.7.
  Vector_f32 large = 1.0f - 2.0f / (exponential_f32(2.0f * magnitude) + 1.0f);
  Vector_f32 square = x * x;
  Vector_f32 p = broadcast_f32(-0x1.75a990p-8f);
  p = multiply_add_f32(p, square, broadcast_f32(0x1.521744p-6f));
  p = multiply_add_f32(p, square, broadcast_f32(-0x1.b8395ep-5f));
  p = multiply_add_f32(p, square, broadcast_f32(0x1.110708p-3f));
  p = multiply_add_f32(p, square, broadcast_f32(-0x1.555532p-2f));
  Vector_f32 small = multiply_add_f32(magnitude * square, p, magnitude);
  Vector_f32 result = select_f32(magnitude < 0.625f, small, large);
  Integers_f32 sign = (Integers_f32)x & INT32_MIN;
  return (Vector_f32)((Integers_f32)result | sign);
}

TK_INLINE float libm_sine_f32(float x) { return sinf(x); }
TK_INLINE float libm_cosine_f32(float x) { return cosf(x); }
TK_INLINE float libm_logarithm_f32(float x) { return logf(x); }
static const float smallest_normal_f32 = FLT_MIN, largest_finite_f32 = FLT_MAX;
