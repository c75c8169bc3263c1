// Template: what batch normalization does to the columns of matrices.

static void NAME(standardize)(const Real *x, const Real *mean, const Real *scale, Real *out,
                              size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; row++, x += columns, out += columns) {
    TK_FOR_EACH_VECTOR(columns, {
      Vector centered = NAME(load)(x + index, width) - NAME(load)(mean + index, width);
      NAME(store)(centered * NAME(load)(scale + index, width), out + index, width);
    });
  }
}

static void NAME(subtract_common)(const Real *y, const Real *x, const Real *mean,
                                  const Real *slope, const Real *shift, Real *out, size_t rows,
                                  size_t columns) {
  for (size_t row = 0; row < rows; row++, y += columns, x += columns, out += columns) {
    TK_FOR_EACH_VECTOR(columns, {
      Vector centered = NAME(load)(x + index, width) - NAME(load)(mean + index, width);
      Vector shifted = NAME(load)(y + index, width) - NAME(load)(shift + index, width);
      NAME(store)(shifted - NAME(load)(slope + index, width) * centered, out + index, width);
    });
  }
}

// Adds the rows of `vectors` neighbouring vectors of columns, few of them, to sums in double precision: of y, or
// of the centered x where y is NULL; and of its products with the centered x. The few are summed in the type of
// the numbers, in registers: for so few that rounds about as much as the numbers are rounded already.
TK_INLINE void NAME(add_centered_rows)(int vectors, bool has_y, const Real *y, const Real *x,
                                       const Real *mean, size_t stride, size_t rows, double *sums,
                                       double *products) {
  Vector means[4], plain[4], weighted[4];
  for (int k = 0; k < vectors; k++) {
    means[k] = NAME(load)(mean + k * NAME(lanes), NAME(lanes));
    plain[k] = weighted[k] = (Vector){0};
  }
  for (size_t i = 0; i < rows; i++, x += stride) {
    for (int k = 0; k < vectors; k++) {
      Vector centered = NAME(load)(x + k * NAME(lanes), NAME(lanes)) - means[k];
      Vector term = has_y ? NAME(load)(y + k * NAME(lanes), NAME(lanes)) : centered;
      plain[k] += term;
      weighted[k] = NAME(multiply_add)(term, centered, weighted[k]);
    }
    if (has_y) y += stride;
  }
  for (int k = 0; k < vectors; k++) {
    for (int lane = 0; lane < NAME(lanes); lane++) {
      sums[k * NAME(lanes) + lane] += (double)plain[k][lane];
      products[k * NAME(lanes) + lane] += (double)weighted[k][lane];
    }
  }
}

TK_INLINE void NAME(add_centered)(bool has_y, const Real *y, const Real *x, const Real *mean,
                                  double *sums, double *products, size_t rows, size_t columns) {
  // Panels of rows, so that memory is read nearly in order and few rows are summed at once.
  enum { panel = 32, vectors = 4 };
  for (size_t row = 0; row < rows; row += panel) {
    const size_t height = rows - row < panel ? rows - row : panel;
    const Real *top = x + row * columns, *top_y = has_y ? y + row * columns : NULL;
    size_t j = 0;
    for (; j + vectors * NAME(lanes) <= columns; j += vectors * NAME(lanes)) {
      NAME(add_centered_rows)(vectors, has_y, has_y ? top_y + j : NULL, top + j, mean + j, columns,
                              height, sums + j, products + j);
    }
    for (; j + NAME(lanes) <= columns; j += NAME(lanes)) {
      NAME(add_centered_rows)(1, has_y, has_y ? top_y + j : NULL, top + j, mean + j, columns,
                              height, sums + j, products + j);
    }
    for (; j < columns; j++) {
      Real plain = 0, weighted = 0;
      for (size_t i = 0; i < height; i++) {
        const Real centered = top[i * columns + j] - mean[j];
        const Real term = has_y ? top_y[i * columns + j] : centered;
        plain += term;
        weighted += term * centered;
      }
      sums[j] += (double)plain;
      products[j] += (double)weighted;
    }
  }
}

static void NAME(add_centered_moments)(const Real *x, const Real *mean, double *sums,
                                       double *squares, size_t rows, size_t columns) {
  NAME(add_centered)(false, NULL, x, mean, sums, squares, rows, columns);
}

static void NAME(add_centered_products)(const Real *y, const Real *x, const Real *mean,
                                        double *sums, double *products, size_t rows,
                                        size_t columns) {
  NAME(add_centered)(true, y, x, mean, sums, products, rows, columns);
}
