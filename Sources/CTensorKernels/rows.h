// Template: rows of a table that are gathered and added to by index, and running sums of rows.

// The loops over columns are short: each is compiled for the numbers of columns that tables have.
#undef TK_FOR_TABLE_COLUMNS
#define TK_FOR_TABLE_COLUMNS(function, ...)           \
  do {                                                \
    switch (columns) {                                \
      case 1: function(__VA_ARGS__, 1); break;        \
      case 2: function(__VA_ARGS__, 2); break;        \
      case 3: function(__VA_ARGS__, 3); break;        \
      case 4: function(__VA_ARGS__, 4); break;        \
      case 8: function(__VA_ARGS__, 8); break;        \
      case 12: function(__VA_ARGS__, 12); break;      \
      case 27: function(__VA_ARGS__, 27); break;      \
      default: function(__VA_ARGS__, columns); break; \
    }                                                 \
  } while (0)

TK_INLINE void NAME(gather)(const Real *table, const ptrdiff_t *indices, const Real *weights,
                            Real *restrict out, size_t rows, size_t corners, size_t columns) {
  for (size_t row = 0; row < rows; row++, out += columns) {
    for (size_t j = 0; j < columns; j++) out[j] = 0;
    for (size_t corner = 0; corner < corners; corner++) {
      const Real *from = table + (size_t)*indices++ * columns;
      const Real weight = *weights++;
      for (size_t j = 0; j < columns; j++) out[j] += weight * from[j];
    }
  }
}

static void NAME(gather_rows)(const Real *table, const ptrdiff_t *indices, const Real *weights,
                              Real *out, size_t rows, size_t corners, size_t columns) {
  TK_FOR_TABLE_COLUMNS(NAME(gather), table, indices, weights, out, rows, corners);
}

TK_INLINE void NAME(scatter)(const Real *x, const ptrdiff_t *indices, const Real *weights,
                             Real *restrict table, size_t rows, size_t corners, size_t first,
                             size_t count, size_t columns) {
  for (size_t row = 0; row < rows; row++, x += columns) {
    for (size_t corner = 0; corner < corners; corner++) {
      const size_t index = (size_t)*indices++;
      const Real weight = weights == NULL ? 1 : *weights++;
      // As unsigned numbers, those below the first are beyond the count too.
      if (index - first >= count) continue;
      Real *to = table + index * columns;
      for (size_t j = 0; j < columns; j++) to[j] += weight * x[j];
    }
  }
}

static void NAME(scatter_rows)(const Real *x, const ptrdiff_t *indices, const Real *weights,
                               Real *table, size_t rows, size_t corners, size_t columns,
                               size_t first, size_t count) {
  TK_FOR_TABLE_COLUMNS(NAME(scatter), x, indices, weights, table, rows, corners, first, count);
}

TK_INLINE void NAME(gather_dots)(const Real *table, const ptrdiff_t *indices, const Real *x,
                                 Real *restrict out, size_t rows, size_t corners,
                                 size_t columns) {
  for (size_t row = 0; row < rows; row++, x += columns) {
    for (size_t corner = 0; corner < corners; corner++) {
      const Real *from = table + (size_t)*indices++ * columns;
      Real sum = 0;
      for (size_t j = 0; j < columns; j++) sum += from[j] * x[j];
      *out++ = sum;
    }
  }
}

static void NAME(gather_products)(const Real *table, const ptrdiff_t *indices, const Real *x,
                                  Real *out, size_t rows, size_t corners, size_t columns) {
  TK_FOR_TABLE_COLUMNS(NAME(gather_dots), table, indices, x, out, rows, corners);
}

static void NAME(exclusive_sums)(bool from_end, const Real *x, Real *out, size_t rows,
                                 size_t columns) {
  for (size_t j = 0; j < columns; j++) {
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
      const size_t at = (from_end ? rows - 1 - i : i) * columns + j;
      const double next = (double)x[at];
      out[at] = (Real)sum;
      sum += next;
    }
  }
}

TK_INLINE void NAME(repeat)(const Real *x, const ptrdiff_t *bounds, size_t runs,
                            Real *restrict out, size_t columns) {
  for (size_t run = 0; run < runs; run++, x += columns) {
    for (ptrdiff_t row = bounds[run]; row < bounds[run + 1]; row++, out += columns) {
      for (size_t j = 0; j < columns; j++) out[j] = x[j];
    }
  }
}

static void NAME(repeat_rows)(const Real *x, const ptrdiff_t *bounds, size_t runs, Real *out,
                              size_t columns) {
  TK_FOR_TABLE_COLUMNS(NAME(repeat), x, bounds, runs, out);
}

TK_INLINE void NAME(contract)(const Real *a, const Real *b, Real *restrict out, size_t rows,
                              size_t inner, size_t columns) {
  for (size_t row = 0; row < rows; row++, a += inner, out += columns) {
    for (size_t j = 0; j < columns; j++) out[j] = 0;
    for (size_t k = 0; k < inner; k++, b += columns) {
      for (size_t j = 0; j < columns; j++) out[j] += a[k] * b[j];
    }
  }
}

static void NAME(contract_rows)(const Real *a, const Real *b, Real *out, size_t rows, size_t inner,
                                size_t columns) {
  TK_FOR_TABLE_COLUMNS(NAME(contract), a, b, out, rows, inner);
}

TK_INLINE void NAME(outer)(const Real *a, const Real *u, Real *restrict out, size_t rows,
                           size_t inner, size_t columns) {
  for (size_t row = 0; row < rows; row++, a += inner, u += columns) {
    for (size_t k = 0; k < inner; k++, out += columns) {
      for (size_t j = 0; j < columns; j++) out[j] = a[k] * u[j];
    }
  }
}

static void NAME(contract_outer)(const Real *a, const Real *u, Real *out, size_t rows,
                                 size_t inner, size_t columns) {
  TK_FOR_TABLE_COLUMNS(NAME(outer), a, u, out, rows, inner);
}

TK_INLINE void NAME(inner)(const Real *b, const Real *u, Real *restrict out, size_t rows,
                           size_t inner, size_t columns) {
  for (size_t row = 0; row < rows; row++, u += columns) {
    for (size_t k = 0; k < inner; k++, b += columns, out++) {
      Real sum = 0;
      for (size_t j = 0; j < columns; j++) sum += b[j] * u[j];
      *out = sum;
    }
  }
}

static void NAME(contract_inner)(const Real *b, const Real *u, Real *out, size_t rows,
                                 size_t inner, size_t columns) {
  TK_FOR_TABLE_COLUMNS(NAME(inner), b, u, out, rows, inner);
}
