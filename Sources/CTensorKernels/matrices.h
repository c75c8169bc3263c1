// Template: transposition, column sums and the addition of a bias to every row.

// Transposition of 8 x 8 elements in registers, by exchanging single elements, pairs and quadruples.
TK_INLINE void NAME(transpose_block)(const Real *x, size_t x_stride, Real *out,
                                     size_t out_stride) {
  typedef Real Row __attribute__((vector_size(8 * sizeof(Real))));
  Row r[8], s[8];
  for (size_t i = 0; i < 8; i++) memcpy(&r[i], x + i * x_stride, sizeof(Row));
  for (int i = 0; i < 8; i += 2) {
    s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = __builtin_shufflevector(s[i], s[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    r[i + 1] = __builtin_shufflevector(s[i], s[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    r[i + 2] = __builtin_shufflevector(s[i + 1], s[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
    r[i + 3] = __builtin_shufflevector(s[i + 1], s[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (int i = 0; i < 4; i++) {
    s[i] = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    s[i + 4] = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
  for (size_t i = 0; i < 8; i++) memcpy(out + i * out_stride, &s[i], sizeof(Row));
}

// One tile reads and writes whole cache lines: 16 x 16 floats or 8 x 8 doubles.
TK_INLINE void NAME(transpose_tile)(const Real *x, Real *out, size_t rows, size_t columns) {
  for (size_t i = 0; i < 64 / sizeof(Real); i += 8) {
    for (size_t j = 0; j < 64 / sizeof(Real); j += 8) {
      NAME(transpose_block)(x + i * columns + j, columns, out + j * rows + i, rows);
    }
  }
}

static void NAME(transpose)(const Real *x, Real *out, size_t rows, size_t columns) {
  // Vectors are their own transposes.
  if (rows == 1 || columns == 1) {
    memmove(out, x, rows * columns * sizeof(Real));
    return;
  }
  const size_t tile = 64 / sizeof(Real), panel = 64;
  const size_t tiled_rows = rows - rows % tile, tiled_columns = columns - columns % tile;
  // In panels of rows, so that a page of x is met again before the processor forgets its address.
  for (size_t first = 0; first < tiled_rows; first += panel) {
    size_t end = tiled_rows - first < panel ? tiled_rows : first + panel;
    for (size_t j = 0; j < tiled_columns; j += tile) {
      for (size_t i = first; i < end; i += tile) {
        NAME(transpose_tile)(x + i * columns + j, out + j * rows + i, rows, columns);
      }
    }
  }
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = i < tiled_rows ? tiled_columns : 0; j < columns; j++) {
      out[j * rows + i] = x[i * columns + j];
    }
  }
}

// Adds some rows of `vectors` neighbouring vectors of columns to sums that stay in registers.
TK_INLINE void NAME(add_rows)(int vectors, const Real *x, size_t stride, size_t rows,
                              double *sums) {
  Doubles parts[8];
  for (int k = 0; k < vectors; k++) memcpy(&parts[k], sums + k * double_lanes, sizeof(Doubles));
  for (size_t i = 0; i < rows; i++, x += stride) {
    for (int k = 0; k < vectors; k++) parts[k] += NAME(load_doubles)(x + k * double_lanes);
  }
  for (int k = 0; k < vectors; k++) memcpy(sums + k * double_lanes, &parts[k], sizeof(Doubles));
}

static void NAME(add_column_sums)(const Real *x, Real *out, size_t rows, size_t columns) {
  // Some columns at a time, whose sums (in double) fit the first-level cache; panels of rows, so
  // that memory is read nearly in order.
  enum { most_columns = 1024, panel = 32 };
  double sums[most_columns];
  for (size_t first = 0; first < columns; first += most_columns) {
    const size_t some = columns - first < most_columns ? columns - first : most_columns;
    memset(sums, 0, some * sizeof(double));
    for (size_t row = 0; row < rows; row += panel) {
      const size_t height = rows - row < panel ? rows - row : panel;
      const Real *start = x + row * columns + first;
      size_t j = 0;
      for (; j + 8 * double_lanes <= some; j += 8 * double_lanes) {
        NAME(add_rows)(8, start + j, columns, height, sums + j);
      }
      for (; j + double_lanes <= some; j += double_lanes) {
        NAME(add_rows)(1, start + j, columns, height, sums + j);
      }
      for (; j < some; j++) {
        double sum = sums[j];
        for (size_t i = 0; i < height; i++) sum += (double)start[i * columns + j];
        sums[j] = sum;
      }
    }
    for (size_t j = 0; j < some; j++) out[first + j] = (Real)((double)out[first + j] + sums[j]);
  }
}

static void NAME(add_bias)(const Real *x, const Real *bias, Real *out, size_t rows,
                           size_t columns) {
  for (size_t row = 0; row < rows; row++, x += columns, out += columns) {
    TK_FOR_EACH_VECTOR(columns, {
      Vector sum = NAME(load)(x + index, width) + NAME(load)(bias + index, width);
      NAME(store)(sum, out + index, width);
    });
  }
}
