// Template: unary and binary operations, fill and accumulate.

// `operation` is a constant wherever this is inlined.
TK_INLINE Vector NAME(apply_binary)(int operation, Vector a, Vector b) {
  switch (operation) {
    case tk_add: return a + b;
    case tk_subtract: return a - b;
    case tk_multiply: return a * b;
    case tk_divide: return a / b;
    // A NaN in b fails the first comparison, one in a the second.
    case tk_minimum: return NAME(select)((a < b) | (a != a), a, b);
    default: return NAME(select)((a > b) | (a != a), a, b);
  }
}

TK_INLINE void NAME(binary_loop)(int operation, int operands, const Real *a, const Real *b,
                                 Real *out, size_t count) {
  if (count == 0) return;
  Vector left = NAME(broadcast)(*a), right = NAME(broadcast)(*b);
  TK_FOR_EACH_VECTOR(count, {
    if (operands != tk_left_scalar) left = NAME(load)(a + index, width);
    if (operands != tk_right_scalar) right = NAME(load)(b + index, width);
    NAME(store)(NAME(apply_binary)(operation, left, right), out + index, width);
  });
}

TK_INLINE void NAME(binary_operands)(int operation, int operands, const Real *a, const Real *b,
                                     Real *out, size_t count) {
  switch (operands) {
    case tk_both_vectors: NAME(binary_loop)(operation, tk_both_vectors, a, b, out, count); break;
    case tk_right_scalar: NAME(binary_loop)(operation, tk_right_scalar, a, b, out, count); break;
    default: NAME(binary_loop)(operation, tk_left_scalar, a, b, out, count); break;
  }
}

static void NAME(binary)(int operation, int operands, const Real *a, const Real *b, Real *out,
                         size_t count) {
  switch (operation) {
    case tk_add: NAME(binary_operands)(tk_add, operands, a, b, out, count); break;
    case tk_subtract: NAME(binary_operands)(tk_subtract, operands, a, b, out, count); break;
    case tk_multiply: NAME(binary_operands)(tk_multiply, operands, a, b, out, count); break;
    case tk_divide: NAME(binary_operands)(tk_divide, operands, a, b, out, count); break;
    case tk_minimum: NAME(binary_operands)(tk_minimum, operands, a, b, out, count); break;
    default: NAME(binary_operands)(tk_maximum, operands, a, b, out, count); break;
  }
}

// The stretched operand is written out for some rows at a time, so that whole vectors are combined.
static void NAME(binary_rows)(int operation, int operands, const Real *a, const Real *b, Real *out,
                              size_t rows, size_t columns) {
  enum { scratch_size = tk_most_short_columns * 16 };
  Real scratch[scratch_size];
  const bool left = operands == tk_left_column || operands == tk_left_row;
  const bool column = operands == tk_left_column || operands == tk_right_column;
  const Real *stretched = left ? a : b, *whole = left ? b : a;
  const size_t block = scratch_size / columns;
  for (size_t start = 0; start < rows; start += block) {
    const size_t size = rows - start < block ? rows - start : block;
    if (column) {
      for (size_t i = 0; i < size; i++) {
        const Real value = stretched[start + i];
        for (size_t j = 0; j < columns; j++) scratch[i * columns + j] = value;
      }
    } else if (start == 0) {
      for (size_t i = 0; i < size; i++) {
        for (size_t j = 0; j < columns; j++) scratch[i * columns + j] = stretched[j];
      }
    }
    const Real *from = whole + start * columns;
    NAME(binary)
    (operation, tk_both_vectors, left ? scratch : from, left ? from : scratch,
     out + start * columns, size * columns);
  }
}

// The lanes of x where the mask is set, else +0.
TK_INLINE Vector NAME(keep)(Integers mask, Vector x) { return (Vector)(mask & (Integers)x); }

TK_INLINE Vector NAME(apply_unary)(int operation, Vector x) {
  Vector sine, cosine;
  switch (operation) {
    case tk_negate: return -x;
    case tk_absolute: return NAME(absolute)(x);
    case tk_square: return x * x;
    case tk_square_root: return NAME(square_root)(x);
    case tk_reciprocal: return (Real)1 / x;
    case tk_exponential: return NAME(exponential)(x);
    case tk_logarithm: return NAME(logarithm)(x);
    case tk_sine: NAME(sine_cosine)(x, &sine, &cosine); return sine;
    case tk_cosine: NAME(sine_cosine)(x, &sine, &cosine); return cosine;
    case tk_hyperbolic_tangent: return NAME(hyperbolic_tangent)(x);
    case tk_rectify: return NAME(keep)(~(x <= (Real)0), x);
    case tk_step: return NAME(keep)(x > (Real)0, NAME(broadcast)(1));
    default:
      return NAME(keep)(x > (Real)0, NAME(broadcast)(1)) -
             NAME(keep)(x < (Real)0, NAME(broadcast)(1));
  }
}

TK_INLINE void NAME(unary_loop)(int operation, const Real *x, Real *out, size_t count) {
  TK_FOR_EACH_VECTOR(count, {
    NAME(store)(NAME(apply_unary)(operation, NAME(load)(x + index, width)), out + index, width);
  });
}

static void NAME(unary)(int operation, const Real *x, Real *out, size_t count) {
  switch (operation) {
    case tk_negate: NAME(unary_loop)(tk_negate, x, out, count); break;
    case tk_absolute: NAME(unary_loop)(tk_absolute, x, out, count); break;
    case tk_square: NAME(unary_loop)(tk_square, x, out, count); break;
    case tk_square_root: NAME(unary_loop)(tk_square_root, x, out, count); break;
    case tk_reciprocal: NAME(unary_loop)(tk_reciprocal, x, out, count); break;
    case tk_exponential: NAME(unary_loop)(tk_exponential, x, out, count); break;
    case tk_logarithm: NAME(unary_loop)(tk_logarithm, x, out, count); break;
    case tk_sine: NAME(unary_loop)(tk_sine, x, out, count); break;
    case tk_cosine: NAME(unary_loop)(tk_cosine, x, out, count); break;
    case tk_hyperbolic_tangent: NAME(unary_loop)(tk_hyperbolic_tangent, x, out, count); break;
    case tk_rectify: NAME(unary_loop)(tk_rectify, x, out, count); break;
    case tk_step: NAME(unary_loop)(tk_step, x, out, count); break;
    default: NAME(unary_loop)(tk_sign, x, out, count); break;
  }
}

static void NAME(fill)(Real value, Real *out, size_t count) {
  Vector vector = NAME(broadcast)(value);
  TK_FOR_EACH_VECTOR(count, { NAME(store)(vector, out + index, width); });
}

static void NAME(accumulate)(Real scale, const Real *x, Real *out, size_t count) {
  Vector factor = NAME(broadcast)(scale);
  TK_FOR_EACH_VECTOR(count, {
    Vector sum = NAME(multiply_add)(factor, NAME(load)(x + index, width),
                                    NAME(load)(out + index, width));
    NAME(store)(sum, out + index, width);
  });
}

// out += a (b + shift)
static void NAME(accumulate_products)(const Real *a, const Real *b, Real shift, Real *out,
                                      size_t count) {
  Vector added = NAME(broadcast)(shift);
  TK_FOR_EACH_VECTOR(count, {
    Vector sum = NAME(multiply_add)(NAME(load)(a + index, width),
                                    NAME(load)(b + index, width) + added,
                                    NAME(load)(out + index, width));
    NAME(store)(sum, out + index, width);
  });
}
