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

TK_INLINE void NAME(variable_sine_rows)(bool has_bias, bool has_slope, const Real *x,
                                        const Real *bias, Real frequency, Real scale_share,
                                        Real *value, Real *slope, size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; row++) {
    TK_FOR_EACH_VECTOR(columns, {
      Vector z = NAME(load_biased)(has_bias, x, bias, index, width);
      Vector magnitude = NAME(absolute)(z);
      Vector scale = magnitude + (Real)1;
      Vector sine, cosine;
      NAME(sine_cosine)(frequency * scale * z, &sine, &cosine);
      NAME(store)(sine, value + index, width);
      if (has_slope) {
        Vector rate = frequency * NAME(multiply_add)(NAME(broadcast)(scale_share), magnitude, scale);
        NAME(store)(rate * cosine, slope + index, width);
      }
    });
    x += columns;
    value += columns;
    if (has_slope) slope += columns;
  }
}

static void NAME(bias_variable_sine)(const Real *x, const Real *bias, Real frequency,
                                     bool through_scale, Real *value, Real *slope, size_t rows,
                                     size_t columns) {
  // d(|z| + 1) z = (|z| + 1) dz + share |z| dz
  const Real share = through_scale;
  if (bias == NULL) {
    columns *= rows;
    if (slope == NULL) {
      NAME(variable_sine_rows)(false, false, x, NULL, frequency, share, value, NULL, 1, columns);
    } else {
      NAME(variable_sine_rows)(false, true, x, NULL, frequency, share, value, slope, 1, columns);
    }
  } else if (slope == NULL) {
    NAME(variable_sine_rows)(true, false, x, bias, frequency, share, value, NULL, rows, columns);
  } else {
    NAME(variable_sine_rows)(true, true, x, bias, frequency, share, value, slope, rows, columns);
  }
}

TK_INLINE void NAME(gabor_rows)(bool has_bias, bool has_slope, const Real *x, const Real *bias,
                                Real frequency, Real scale, Real *value, Real *slope, size_t rows,
                                size_t columns) {
  const Real slope_scale = 2 * scale;
  for (size_t row = 0; row < rows; row++) {
    TK_FOR_EACH_VECTOR(columns, {
      Vector z = NAME(load_biased)(has_bias, x, bias, index, width);
      Vector scaled = scale * z;
      Vector bump = NAME(exponential)(-(scaled * scaled));
      Vector sine, cosine;
      NAME(sine_cosine)(frequency * z, &sine, &cosine);
      NAME(store)(bump * cosine, value + index, width);
      if (has_slope) {
        NAME(store)(-bump * (frequency * sine + slope_scale * scaled * cosine), slope + index, width);
      }
    });
    x += columns;
    value += columns;
    if (has_slope) slope += columns;
  }
}

static void NAME(bias_gabor)(const Real *x, const Real *bias, Real frequency, Real scale,
                             Real *value, Real *slope, size_t rows, size_t columns) {
  if (bias == NULL) {
    columns *= rows;
    if (slope == NULL) {
      NAME(gabor_rows)(false, false, x, NULL, frequency, scale, value, NULL, 1, columns);
    } else {
      NAME(gabor_rows)(false, true, x, NULL, frequency, scale, value, slope, 1, columns);
    }
  } else if (slope == NULL) {
    NAME(gabor_rows)(true, false, x, bias, frequency, scale, value, NULL, rows, columns);
  } else {
    NAME(gabor_rows)(true, true, x, bias, frequency, scale, value, slope, rows, columns);
  }
}

// Complex rows hold `columns` real parts, then as many imaginary parts.
static void NAME(complex_gabor)(const Real *x, Real frequency, Real scale, Real *value, size_t rows,
                                size_t columns) {
  for (size_t row = 0; row < rows; row++, x += 2 * columns, value += 2 * columns) {
    TK_FOR_EACH_VECTOR(columns, {
      Vector re = NAME(load)(x + index, width);
      Vector im = NAME(load)(x + columns + index, width);
      Vector scaled_re = scale * re;
      Vector scaled_im = scale * im;
      Vector square = scaled_re * scaled_re + scaled_im * scaled_im;
      Vector modulus = NAME(exponential)(-(frequency * im + square));
      Vector sine, cosine;
      NAME(sine_cosine)(frequency * re, &sine, &cosine);
      NAME(store)(modulus * cosine, value + index, width);
      NAME(store)(modulus * sine, value + columns + index, width);
    });
  }
}

static void NAME(complex_gabor_pullback)(const Real *x, const Real *value, const Real *cotangent,
                                         Real frequency, Real scale, Real *out, size_t rows,
                                         size_t columns) {
  const Real twice_square = 2 * scale * scale;
  for (size_t row = 0; row < rows; row++) {
    TK_FOR_EACH_VECTOR(columns, {
      Vector re = NAME(load)(value + index, width);
      Vector im = NAME(load)(value + columns + index, width);
      Vector to_re = NAME(load)(cotangent + index, width);
      Vector to_im = NAME(load)(cotangent + columns + index, width);
      Vector along = to_re * re + to_im * im;
      Vector across = to_im * re - to_re * im;
      Vector z_re = NAME(load)(x + index, width);
      Vector z_im = NAME(load)(x + columns + index, width);
      NAME(store)(frequency * across - twice_square * z_re * along, out + index, width);
      NAME(store)(-(frequency + twice_square * z_im) * along, out + columns + index, width);
    });
    x += 2 * columns;
    value += 2 * columns;
    cotangent += 2 * columns;
    out += 2 * columns;
  }
}

static void NAME(rectify_pullback)(const Real *value, const Real *cotangent, Real *out,
                                   size_t count) {
  TK_FOR_EACH_VECTOR(count, {
    Integers is_positive = NAME(load)(value + index, width) > (Real)0;
    NAME(store)(NAME(keep)(is_positive, NAME(load)(cotangent + index, width)), out + index, width);
  });
}
