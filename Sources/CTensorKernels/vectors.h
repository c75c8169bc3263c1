// Template: vectors of the scalar type and the operations that C has no operator for.
typedef Real Vector __attribute__((vector_size(TK_VECTOR_BYTES)));
typedef Integer Integers __attribute__((vector_size(TK_VECTOR_BYTES)));
typedef Natural Naturals __attribute__((vector_size(TK_VECTOR_BYTES)));

enum { NAME(lanes) = TK_VECTOR_BYTES / sizeof(Real) };

// Runs its last arguments with `index` = 0, lanes, 2 lanes... and `width` = the number of elements
// there: a constant, all lanes, but for the last part of the buffer.
#undef TK_FOR_EACH_VECTOR
#define TK_FOR_EACH_VECTOR(count, ...)                                    \
  do {                                                                    \
    size_t index = 0;                                                     \
    for (; index + NAME(lanes) <= (count); index += NAME(lanes)) {        \
      const size_t width = NAME(lanes);                                   \
      __VA_ARGS__                                                         \
    }                                                                     \
    if (index < (count)) {                                                \
      const size_t width = (count) - index;                               \
      __builtin_assume(width < NAME(lanes));                              \
      __VA_ARGS__                                                         \
    }                                                                     \
  } while (0)

// (Subtracting zero, unlike adding it, keeps the sign of -0.)
TK_INLINE Vector NAME(broadcast)(Real value) { return value - (Vector){0}; }

TK_INLINE Vector NAME(load)(const Real *x, size_t width) {
  Vector vector;
  if (width == NAME(lanes)) {
    memcpy(&vector, x, sizeof vector);
  } else {
    NAME(load_partial)(&vector, x, width);
  }
  return vector;
}

TK_INLINE void NAME(store)(Vector vector, Real *out, size_t width) {
  if (width == NAME(lanes)) {
    memcpy(out, &vector, sizeof vector);
  } else {
    NAME(store_partial)(&vector, out, width);
  }
}

// The lanes of `yes` where the mask is set (as comparisons of vectors set it), else those of `no`.
TK_INLINE Vector NAME(select)(Integers mask, Vector yes, Vector no) {
  return (Vector)((mask & (Integers)yes) | (~mask & (Integers)no));
}

// Whether the mask is set in any lane.
TK_INLINE bool NAME(any)(Integers mask) { return __builtin_reduce_or(mask) != 0; }

TK_INLINE Vector NAME(absolute)(Vector x) { return (Vector)((Integers)x & ~TK_SIGN_BIT); }

TK_INLINE Vector NAME(square_root)(Vector x) { return __builtin_elementwise_sqrt(x); }

// a b + c, fused where that is an instruction.
TK_INLINE Vector NAME(multiply_add)(Vector a, Vector b, Vector c) {
#if TK_HAS_FUSED_MULTIPLY_ADD
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// Adding 1.5 2^mantissa-bits rounds to an integer, which then stands in the low bits of the sum.
#undef TK_ROUNDING_SHIFT
#define TK_ROUNDING_SHIFT ((Real)1.5 * (Real)((Natural)1 << TK_MANTISSA_BITS))

// 2^n, for n an integer with 2^n a normal number.
TK_INLINE Vector NAME(power_of_two)(Vector n) {
  Integers one = (Integers)NAME(broadcast)(1);
  return (Vector)(((Integers)(n + TK_ROUNDING_SHIFT) << TK_MANTISSA_BITS) + one);
}
