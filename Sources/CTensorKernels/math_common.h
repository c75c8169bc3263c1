// Template: sine and cosine, exponential and logarithm of a vector.

// What the fast path cannot do, lane by lane through libm.
TK_RARE void NAME(repair_sine_cosine)(const Vector *t, Vector *sine, Vector *cosine) {
  for (int lane = 0; lane < NAME(lanes); lane++) {
    Real value = (*t)[lane];
    if (value >= -NAME(sine_limit) && value <= NAME(sine_limit)) continue;
    (*sine)[lane] = NAME(libm_sine)(value);
    (*cosine)[lane] = NAME(libm_cosine)(value);
  }
}

TK_INLINE void NAME(sine_cosine)(Vector t, Vector *sine, Vector *cosine) {
  Vector r;
  Integers quarters = NAME(reduce_quarter_turns)(t, &r);
  Vector square = r * r;
  Vector sine_r = NAME(sine_polynomial)(r, square);
  // sin r has the sign of r; this changes nothing but +0 to -0, which rounding lost.
  sine_r = (Vector)((Integers)sine_r | ((Integers)r & TK_SIGN_BIT));
  Vector cosine_r = NAME(cosine_polynomial)(square);

  // Odd quarter turns swap the two; bit 1 of n, and of n + 1, is the sign.
  const int sign_distance = 8 * (int)sizeof(Real) - 2;
  Integers is_even = (quarters & 1) == 0;
  Integers sine_sign = (quarters << sign_distance) & TK_SIGN_BIT;
  Integers cosine_sign = ((quarters + 1) << sign_distance) & TK_SIGN_BIT;
  Vector s = (Vector)((Integers)NAME(select)(is_even, sine_r, cosine_r) ^ sine_sign);
  Vector c = (Vector)((Integers)NAME(select)(is_even, cosine_r, sine_r) ^ cosine_sign);

  Integers is_beyond = ~(NAME(absolute)(t) <= NAME(sine_limit));
  if (__builtin_expect(NAME(any)(is_beyond), 0)) {
    // Copies, so that the variables of the fast path need no address and stay in registers.
    Vector t_copy = t, s_copy = s, c_copy = c;
    NAME(repair_sine_cosine)(&t_copy, &s_copy, &c_copy);
    s = s_copy;
    c = c_copy;
  }
  *sine = s;
  *cosine = c;
}

TK_INLINE Vector NAME(exponential)(Vector x) {
  // A NaN fails both comparisons and passes on.
  x = NAME(select)(x > NAME(exponential_highest), NAME(broadcast)(NAME(exponential_highest)), x);
  x = NAME(select)(x < NAME(exponential_lowest), NAME(broadcast)(NAME(exponential_lowest)), x);
  const Real shift = TK_ROUNDING_SHIFT;
  Vector n = NAME(multiply_add)(x, NAME(broadcast)(NAME(binary_logarithm_of_e)),
                                NAME(broadcast)(shift)) - shift;
  Vector r = NAME(multiply_add)(n, NAME(broadcast)(-NAME(logarithm_of_2_high)), x);
  r = NAME(multiply_add)(n, NAME(broadcast)(-NAME(logarithm_of_2_low)), r);
  Vector p = NAME(exponential_polynomial)(r);
  // 2^n in two factors: n may lie outside the exponents of normal numbers at either end. Only the
  // last product can round.
  Vector half = (n * (Real)0.5 + shift) - shift;
  return p * NAME(power_of_two)(half) * NAME(power_of_two)(n - half);
}

TK_RARE void NAME(repair_logarithm)(const Vector *x, Vector *result) {
  for (int lane = 0; lane < NAME(lanes); lane++) {
    Real value = (*x)[lane];
    if (value >= NAME(smallest_normal) && value <= NAME(largest_finite)) continue;
    (*result)[lane] = NAME(libm_logarithm)(value);
  }
}

TK_INLINE Vector NAME(logarithm)(Vector x) {
  // x = 2^n (1 + f) with 1 + f from sqrt(1/2) to sqrt(2).
  Integers one = (Integers)NAME(broadcast)(1);
  Integers root = (Integers)NAME(broadcast)((Real)0x1.6a09e667f3bcdp-1);
  Integers shifted = (Integers)x + (one - root);
  Integers mantissa = (shifted & (((Integer)1 << TK_MANTISSA_BITS) - 1)) + root;
  Vector f = (Vector)mantissa - (Real)1;
  // The biased exponent as a number: put in the low bits of 2^mantissa-bits, which is subtracted.
  Vector unit = NAME(broadcast)((Real)((Natural)1 << TK_MANTISSA_BITS));
  Naturals biased = (Naturals)shifted >> TK_MANTISSA_BITS;
  const Real bias = TK_IS_FLOAT ? 127 : 1023;
  Vector n = (Vector)((Integers)biased | (Integers)unit) - (unit + bias);
  // log(1 + f) = 2 atanh(s) = f - f^2 / 2 + s (f^2 / 2 + R(s^2)), of which f is exact.
  Vector s = f / (f + (Real)2);
  Vector tail = NAME(logarithm_polynomial)(s * s);
  Vector half_square = (Real)0.5 * f * f;
  Vector low = s * (half_square + tail) + n * NAME(logarithm_of_2_low);
  Vector result = n * NAME(logarithm_of_2_high) - ((half_square - low) - f);

  Integers is_ordinary = (x >= NAME(smallest_normal)) & (x <= NAME(largest_finite));
  if (__builtin_expect(NAME(any)(~is_ordinary), 0)) {
    Vector x_copy = x, result_copy = result;
    NAME(repair_logarithm)(&x_copy, &result_copy);
    result = result_copy;
  }
  return result;
}
