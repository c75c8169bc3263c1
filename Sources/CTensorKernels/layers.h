// Template: fused layers. The booleans are constants wherever the rows are inlined; without a bias
// the whole matrix is one row.

TK_INLINE Vector NAME(load_biased)(bool has_bias, const Real *x, const Real *bias, size_t index,
                                   size_t width) {
  Vector z = NAME(load)(x + index, width);
  return has_bias ? z + NAME(load)(bias + index, width) : z;
}

TK_INLINE void NAME(sine_rows)(bool has_bias, bool has_slope, const Real *x, const Real *bias,
                               Real frequency, Real *value, Real *slope, size_t rows,
                               size_t columns) {
  for (size_t row = 0; row < rows; row++) {
    TK_FOR_EACH_VECTOR(columns, {
      Vector z = NAME(load_biased)(has_bias, x, bias, index, width);
      Vector sine, cosine;
      NAME(sine_cosine)(frequency * z, &sine, &cosine);
      NAME(store)(sine, value + index, width);
      if (has_slope) NAME(store)(frequency * cosine, slope + index, width);
    });
    x += columns;
    value += columns;
    if (has_slope) slope += columns;
  }
}

static void NAME(bias_sine)(const Real *x, const Real *bias, Real frequency, Real *value,
                            Real *slope, size_t rows, size_t columns) {
  if (bias == NULL) {
    size_t count = rows * columns;
    if (slope == NULL) {
      NAME(sine_rows)(false, false, x, NULL, frequency, value, NULL, 1, count);
    } else {
      NAME(sine_rows)(false, true, x, NULL, frequency, value, slope, 1, count);
    }
  } else if (slope == NULL) {
    NAME(sine_rows)(true, false, x, bias, frequency, value, NULL, rows, columns);
  } else {
    NAME(sine_rows)(true, true, x, bias, frequency, value, slope, rows, columns);
  }
}

TK_INLINE void NAME(rectify_rows)(bool has_bias, const Real *x, const Real *bias, Real *value,
                                  size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; row++, x += columns, value += columns) {
    TK_FOR_EACH_VECTOR(columns, {
      Vector z = NAME(load_biased)(has_bias, x, bias, index, width);
      NAME(store)(NAME(apply_unary)(tk_rectify, z), value + index, width);
    });
  }
}

static void NAME(bias_rectify)(const Real *x, const Real *bias, Real *value, size_t rows,
                               size_t columns) {
  if (bias == NULL) {
    NAME(rectify_rows)(false, x, NULL, value, 1, rows * columns);
  } else {
    NAME(rectify_rows)(true, x, bias, value, rows, columns);
  }
}

TK_INLINE void NAME(gaussian_rows)(bool has_bias, bool has_slope, const Real *x, const Real *bias,
                                   Real scale, Real *value, Real *slope, size_t rows,
                                   size_t columns) {
  const Real slope_scale = -2 * scale;
  for (size_t row = 0; row < rows; row++) {
    TK_FOR_EACH_VECTOR(columns, {
      Vector scaled = scale * NAME(load_biased)(has_bias, x, bias, index, width);
      Vector bump = NAME(exponential)(-(scaled * scaled));
      NAME(store)(bump, value + index, width);
      if (has_slope) NAME(store)(slope_scale * scaled * bump, slope + index, width);
    });
    x += columns;
    value += columns;
    if (has_slope) slope += columns;
  }
}

static void NAME(bias_gaussian)(const Real *x, const Real *bias, Real scale, Real *value,
                                Real *slope, size_t rows, size_t columns) {
  if (bias == NULL) {
    size_t count = rows * columns;
    if (slope == NULL) {
      NAME(gaussian_rows)(false, false, x, NULL, scale, value, NULL, 1, count);
    } else {
      NAME(gaussian_rows)(false, true, x, NULL, scale, value, slope, 1, count);
    }
  } else if (slope == NULL) {
    NAME(gaussian_rows)(true, false, x, bias, scale, value, NULL, rows, columns);
  } else {
    NAME(gaussian_rows)(true, true, x, bias, scale, value, slope, rows, columns);
  }
}

static void NAME(rectify_pullback)(const Real *value, const Real *cotangent, Real *out,
                                   size_t count) {
  TK_FOR_EACH_VECTOR(count, {
    Integers is_positive = NAME(load)(value + index, width) > (Real)0;
    NAME(store)(NAME(keep)(is_positive, NAME(load)(cotangent + index, width)), out + index, width);
  });
}
