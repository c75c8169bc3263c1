// Template: the matrix product, in packed panels and register tiles (K. Goto, R. van de Geijn,
// "Anatomy of high-performance matrix multiplication", 2008).
//
// An element of the result is a sum in the order of the inner index, in runs of `product_depth`
// that are added up in order. So its bits depend on its row and its column alone: not on the
// other rows, nor on where it stands, nor on the size of the vectors.
enum {
  // A tile of the result, in rows and in vectors, that leaves registers for the operands.
  NAME(tile_rows) = TK_VECTOR_BYTES == 64 ? 8 : 6,
  NAME(tile_vectors) = TK_VECTOR_BYTES == 64 ? 3 : 2,
  NAME(tile_columns) = NAME(tile_vectors) * NAME(lanes),
  // A packed block of the left operand stays in the second-level cache, a panel of the right one in
  // the first.
  NAME(block_columns) = tk_product_block_columns / NAME(tile_columns) * NAME(tile_columns),
};

// Packs `count` rows (or columns) of an operand, `width` of them side by side, zeros beyond the last:
// out[panel][k][i] = x[(panel width + i) step + k inner_step].
TK_INLINE void NAME(pack)(const Real *x, size_t step, size_t inner_step, size_t count, size_t depth,
                          size_t width, Real *out) {
  for (size_t first = 0; first < count; first += width, out += width * depth) {
    const size_t some = count - first < width ? count - first : width;
    const Real *start = x + first * step;
    if (step == 1 && some == width) {
      for (size_t k = 0; k < depth; k++) {
        memcpy(out + k * width, start + k * inner_step, width * sizeof(Real));
      }
      continue;
    }
    if (some < width) memset(out, 0, width * depth * sizeof(Real));
    // Reads along whichever index is contiguous in memory.
    if (step == 1) {
      for (size_t k = 0; k < depth; k++) {
        for (size_t i = 0; i < some; i++) out[k * width + i] = start[i + k * inner_step];
      }
    } else {
      for (size_t i = 0; i < some; i++) {
        for (size_t k = 0; k < depth; k++) {
          out[k * width + i] = start[i * step + k * inner_step];
        }
      }
    }
  }
}

// The product of two packed panels, written to or added to some rows and columns of the result.
TK_INLINE void NAME(product_tile)(const Real *left, const Real *right, size_t depth, bool adds,
                                  Real *result, size_t stride, size_t rows, size_t columns) {
  enum { height = NAME(tile_rows), width = NAME(tile_vectors) };
  Vector sums[height][width];
  for (int i = 0; i < height; i++) {
    for (int j = 0; j < width; j++) sums[i][j] = (Vector){0};
  }
  for (size_t k = 0; k < depth; k++, left += height, right += NAME(tile_columns)) {
    Vector b[width];
    for (int j = 0; j < width; j++) b[j] = NAME(load)(right + j * NAME(lanes), NAME(lanes));
    for (int i = 0; i < height; i++) {
      Vector a = NAME(broadcast)(left[i]);
      for (int j = 0; j < width; j++) sums[i][j] = NAME(multiply_add)(a, b[j], sums[i][j]);
    }
  }
  if (rows == height && columns == NAME(tile_columns)) {
    for (int i = 0; i < height; i++, result += stride) {
      for (int j = 0; j < width; j++) {
        Real *place = result + j * NAME(lanes);
        Vector before = adds ? NAME(load)(place, NAME(lanes)) : (Vector){0};
        NAME(store)(adds ? before + sums[i][j] : sums[i][j], place, NAME(lanes));
      }
    }
    return;
  }
  Real tile[NAME(tile_rows) * NAME(tile_columns)];
  memcpy(tile, sums, sizeof tile);
  for (size_t i = 0; i < rows; i++, result += stride) {
    for (size_t j = 0; j < columns; j++) {
      Real sum = tile[i * NAME(tile_columns) + j];
      result[j] = adds ? result[j] + sum : sum;
    }
  }
}

static void NAME(matrix_product)(bool transposing_left, bool transposing_right, size_t rows,
                                 size_t columns, size_t inner, const Real *left,
                                 size_t left_stride, const Real *right, size_t right_stride,
                                 bool accumulating, Real *result, size_t result_stride,
                                 Real *scratch) {
  Real *const packed_left = scratch;
  Real *const packed_right = scratch + tk_product_block_rows * tk_product_depth;
  const size_t left_step = transposing_left ? 1 : left_stride;
  const size_t left_inner = transposing_left ? left_stride : 1;
  const size_t right_step = transposing_right ? right_stride : 1;
  const size_t right_inner = transposing_right ? 1 : right_stride;
  for (size_t j = 0; j < columns; j += NAME(block_columns)) {
    const size_t width = columns - j < NAME(block_columns) ? columns - j : NAME(block_columns);
    for (size_t k = 0; k < inner; k += tk_product_depth) {
      const size_t depth = inner - k < tk_product_depth ? inner - k : tk_product_depth;
      const bool adds = accumulating || k > 0;
      NAME(pack)(right + j * right_step + k * right_inner, right_step, right_inner, width, depth,
                 NAME(tile_columns), packed_right);
      for (size_t i = 0; i < rows; i += tk_product_block_rows) {
        const size_t height = rows - i < tk_product_block_rows ? rows - i : tk_product_block_rows;
        NAME(pack)(left + i * left_step + k * left_inner, left_step, left_inner, height, depth,
                   NAME(tile_rows), packed_left);
        for (size_t jj = 0; jj < width; jj += NAME(tile_columns)) {
          const size_t some_columns =
            width - jj < NAME(tile_columns) ? width - jj : NAME(tile_columns);
          for (size_t ii = 0; ii < height; ii += NAME(tile_rows)) {
            const size_t some_rows = height - ii < NAME(tile_rows) ? height - ii : NAME(tile_rows);
            NAME(product_tile)(packed_left + ii * depth, packed_right + jj * depth, depth, adds,
                               result + (i + ii) * result_stride + j + jj, result_stride,
                               some_rows, some_columns);
          }
        }
      }
    }
  }
}
