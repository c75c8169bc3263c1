// Template: the step of the reduction of a symmetric matrix to tridiagonal form.

TK_INLINE Real NAME(lane_sum)(Vector x) {
  Real sum = 0;
  for (int lane = 0; lane < NAME(lanes); lane++) sum += x[lane];
  return sum;
}

// Updates `height` neighbouring rows and multiplies them, as below; what they share is read once.
TK_INLINE void NAME(symmetric_rows)(int height, Real *a, size_t stride, size_t row, const Real *v,
                                    const Real *w, const Real *x, Real *y) {
  Vector sums[4], row_v[4], row_w[4], row_x[4];
  for (int k = 0; k < height; k++) {
    sums[k] = (Vector){0};
    row_v[k] = NAME(broadcast)(-v[row + (size_t)k]);
    row_w[k] = NAME(broadcast)(-w[row + (size_t)k]);
    row_x[k] = NAME(broadcast)(x[row + (size_t)k]);
  }
  TK_FOR_EACH_VECTOR(row, {
    Vector column_v = NAME(load)(v + index, width), column_w = NAME(load)(w + index, width);
    Vector column_x = NAME(load)(x + index, width), product = NAME(load)(y + index, width);
    for (int k = 0; k < height; k++) {
      Real *place = a + (size_t)k * stride + index;
      Vector element = NAME(load)(place, width);
      element = NAME(multiply_add)(row_v[k], column_w, element);
      element = NAME(multiply_add)(row_w[k], column_v, element);
      NAME(store)(element, place, width);
      sums[k] = NAME(multiply_add)(element, column_x, sums[k]);
      product = NAME(multiply_add)(element, row_x[k], product);
    }
    NAME(store)(product, y + index, width);
  });
  // The triangle on the diagonal.
  for (size_t k = 0; k < (size_t)height; k++) {
    Real sum = NAME(lane_sum)(sums[k]);
    for (size_t j = row; j <= row + k; j++) {
      Real *place = a + k * stride + j;
      *place -= v[row + k] * w[j] + w[row + k] * v[j];
      sum += *place * x[j];
      if (j < row + k) y[j] += *place * x[row + k];
    }
    y[row + k] = sum;
  }
}

static void NAME(symmetric_step)(Real *a, size_t stride, size_t size, const Real *v, const Real *w,
                                 const Real *x, Real *y) {
  size_t row = 0;
  for (; row + 4 <= size; row += 4) {
    NAME(symmetric_rows)(4, a + row * stride, stride, row, v, w, x, y);
  }
  for (; row < size; row++) NAME(symmetric_rows)(1, a + row * stride, stride, row, v, w, x, y);
}
