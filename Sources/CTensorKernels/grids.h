// Template: interpolation in grids whose vertices are rows of a table.
//
// Points go in blocks: places, weights and indices of a whole block are found first, in loops that the
// compiler vectorizes, and rows are gathered then.
enum { NAME(grid_block) = 64, NAME(grid_cell_corners) = 8 };

// A block of points, as shares of the sides of the grids' box: from 0 to 1 within it.
struct NAME(grid_shares) {
  Real of[3][NAME(grid_block)];
};

TK_INLINE void NAME(grid_find_shares)(const Real *points, size_t count, const struct tk_grid *grid,
                                      struct NAME(grid_shares) * shares) {
  for (size_t axis = 0; axis < 3; axis++) {
    // A point on the upper side has the share 1 exactly.
    const Real lower = (Real)grid->lower[axis], side = (Real)grid->upper[axis] - lower;
    for (size_t i = 0; i < count; i++) shares->of[axis][i] = (points[3 * i + axis] - lower) / side;
  }
}

// A block of points in one level: along each axis and for its lower and upper vertices, the factor of the weight
// and the term of the index.
struct NAME(grid_places) {
  Real factors[3][2][NAME(grid_block)];
  uint32_t terms[3][2][NAME(grid_block)];
};

// The factors of the upper vertices at fractions of a cell: the interpolant's derivative of some order in units of
// the point's coordinate.
TK_INLINE void NAME(grid_upper_factors)(const Real *fractions, size_t count, bool smooth, int order,
                                        Real scale, Real *out) {
  if (order == 0 && smooth) {
    for (size_t i = 0; i < count; i++) {
      out[i] = fractions[i] * fractions[i] * (3 - 2 * fractions[i]);
    }
  } else if (order == 0) {
    for (size_t i = 0; i < count; i++) out[i] = fractions[i];
  } else if (order == 1 && smooth) {
    for (size_t i = 0; i < count; i++) out[i] = scale * (6 * fractions[i] * (1 - fractions[i]));
  } else if (order == 2 && smooth) {
    for (size_t i = 0; i < count; i++) out[i] = scale * scale * (6 - 12 * fractions[i]);
  } else {
    const Real constant =
      order == 1 ? scale : order == 3 && smooth ? -12 * scale * scale * scale : 0;
    for (size_t i = 0; i < count; i++) out[i] = constant;
  }
}

TK_INLINE void NAME(grid_place_axis)(const struct NAME(grid_shares) * shares, size_t count,
                                     const struct tk_grid *grid, const struct tk_grid_level *level,
                                     size_t axis, int order, struct NAME(grid_places) * places) {
  const Real scale = (Real)level->scale[axis], offset = (Real)level->offset[axis];
  const uint32_t extent = level->extents[axis], stride = level->strides[axis];
  const bool bounded = level->addressing == tk_grid_bounded;
  const Real farthest = 1 << 30;
  Real fractions[NAME(grid_block)];
  int32_t cells[NAME(grid_block)];
  for (size_t i = 0; i < count; i++) {
    const Real place = shares->of[axis][i] * scale + offset;
    // In the range of the integers; what is no number is at its start. The difference below is zero, or no number.
    const Real near = place > -farthest ? (place < farthest ? place : farthest) : -farthest;
    const Real low = __builtin_elementwise_floor(near);
    cells[i] = (int32_t)low;
    fractions[i] = (near - low) + (place - place);
  }
  Real *lower = places->factors[axis][0], *upper = places->factors[axis][1];
  const Real cells_per_length = scale / ((Real)grid->upper[axis] - (Real)grid->lower[axis]);
  NAME(grid_upper_factors)(fractions, count, grid->smooth, order, cells_per_length, upper);
  if (order == 0) {
    for (size_t i = 0; i < count; i++) lower[i] = 1 - upper[i];
  } else {
    for (size_t i = 0; i < count; i++) lower[i] = -upper[i];
  }
  uint32_t *below = places->terms[axis][0], *above = places->terms[axis][1];
  if (bounded) {
    for (size_t i = 0; i < count; i++) {
      const uint32_t cell = (uint32_t)cells[i];
      // As unsigned numbers, what is below zero is beyond the extent too.
      lower[i] = cell < extent ? lower[i] : lower[i] * 0;
      upper[i] = cell + 1 < extent ? upper[i] : upper[i] * 0;
      below[i] = cell < extent ? cell * stride : 0;
      above[i] = cell + 1 < extent ? (cell + 1) * stride : 0;
    }
  } else {
    for (size_t i = 0; i < count; i++) {
      below[i] = (uint32_t)cells[i] * stride;
      above[i] = below[i] + stride;
    }
  }
}

TK_INLINE void NAME(grid_corner_weights)(const struct NAME(grid_places) * places, size_t corner,
                                         size_t count, Real *out) {
  const Real *x = places->factors[0][corner & 1], *y = places->factors[1][corner >> 1 & 1],
             *z = places->factors[2][corner >> 2];
  for (size_t i = 0; i < count; i++) out[i] = x[i] * y[i] * z[i];
}

// Within the level's vertices.
TK_INLINE void NAME(grid_corner_numbers)(const struct NAME(grid_places) * places,
                                         const struct tk_grid_level *level, size_t corner,
                                         size_t count, uint32_t *out) {
  const uint32_t *x = places->terms[0][corner & 1], *y = places->terms[1][corner >> 1 & 1],
                 *z = places->terms[2][corner >> 2];
  const uint32_t rows = (uint32_t)(level->rows_of_vertices != NULL ? level->vertices : level->rows);
  if (level->addressing == tk_grid_hashed) {
    if ((rows & (rows - 1)) == 0) {
      for (size_t i = 0; i < count; i++) out[i] = (x[i] ^ y[i] ^ z[i]) & (rows - 1);
    } else {
      for (size_t i = 0; i < count; i++) out[i] = (x[i] ^ y[i] ^ z[i]) % rows;
    }
  } else {
    uint32_t beyond = 0;
    for (size_t i = 0; i < count; i++) {
      out[i] = x[i] + y[i] + z[i];
      beyond |= out[i] >= rows;
    }
    if (beyond) {
      for (size_t i = 0; i < count; i++) out[i] %= rows;
    }
  }
}

// Within the level's rows, which some vertices alone may have.
TK_INLINE void NAME(grid_corner_indices)(const struct NAME(grid_places) * places,
                                         const struct tk_grid_level *level, size_t corner,
                                         size_t count, uint32_t *out) {
  NAME(grid_corner_numbers)(places, level, corner, count, out);
  if (level->rows_of_vertices == NULL) return;
  for (size_t i = 0; i < count; i++) out[i] = (uint32_t)level->rows_of_vertices[out[i]];
}

static void NAME(grid_corners)(const Real *points, size_t count, const struct tk_grid *grid,
                               const int *orders, ptrdiff_t *indices, Real *weights) {
  struct NAME(grid_shares) shares;
  struct NAME(grid_places) places;
  Real weight[NAME(grid_block)];
  uint32_t index[NAME(grid_block)];
  const size_t step = grid->level_count * NAME(grid_cell_corners);
  for (size_t start = 0; start < count; start += NAME(grid_block)) {
    const size_t size = count - start < NAME(grid_block) ? count - start : NAME(grid_block);
    NAME(grid_find_shares)(points + 3 * start, size, grid, &shares);
    for (size_t l = 0; l < grid->level_count; l++) {
      const struct tk_grid_level *level = grid->levels + l;
      for (size_t axis = 0; axis < 3; axis++) {
        NAME(grid_place_axis)(&shares, size, grid, level, axis, orders[axis], &places);
      }
      for (size_t corner = 0; corner < NAME(grid_cell_corners); corner++) {
        const size_t first = start * step + l * NAME(grid_cell_corners) + corner;
        if (weights != NULL) {
          NAME(grid_corner_weights)(&places, corner, size, weight);
          for (size_t i = 0; i < size; i++) weights[first + i * step] = weight[i];
        }
        if (indices != NULL) {
          NAME(grid_corner_indices)(&places, level, corner, size, index);
          for (size_t i = 0; i < size; i++) {
            indices[first + i * step] = (ptrdiff_t)(level->first_row + index[i]);
          }
        }
      }
    }
  }
}

// A level without cells along z has a point's upper corners along it at its lower ones, with weight zero.
TK_INLINE size_t NAME(grid_used_corners)(const struct tk_grid_level *level) {
  const bool flat = level->scale[2] == 0 && level->offset[2] == 0 && level->strides[2] == 0;
  return flat ? NAME(grid_cell_corners) / 2 : NAME(grid_cell_corners);
}

// The corners of a block of points in one level, those that are used.
struct NAME(grid_corners_found) {
  Real weights[NAME(grid_cell_corners)][NAME(grid_block)];
  uint32_t indices[NAME(grid_cell_corners)][NAME(grid_block)];
  size_t count;
};

TK_INLINE void NAME(grid_find_corners)(const struct NAME(grid_shares) * shares, size_t count,
                                       const struct tk_grid *grid,
                                       const struct tk_grid_level *level,
                                       struct NAME(grid_corners_found) * found) {
  struct NAME(grid_places) places;
  for (size_t axis = 0; axis < 3; axis++) {
    NAME(grid_place_axis)(shares, count, grid, level, axis, 0, &places);
  }
  found->count = NAME(grid_used_corners)(level);
  for (size_t corner = 0; corner < found->count; corner++) {
    NAME(grid_corner_weights)(&places, corner, count, found->weights[corner]);
    NAME(grid_corner_indices)(&places, level, corner, count, found->indices[corner]);
  }
}

// Asks for the rows of a point some points before its turn. They may lie anywhere, and where the table is larger
// than a core's own caches each would be waited for. Two megabytes are more than most cores have to themselves.
enum { NAME(grid_points_ahead) = 8, NAME(grid_near_bytes) = 1 << 21 };

TK_INLINE void NAME(grid_prefetch)(const struct NAME(grid_corners_found) * corners, size_t point,
                                   size_t count, const Real *rows, size_t columns) {
  point += NAME(grid_points_ahead);
  if (point >= count) return;
  const size_t bytes = columns * sizeof(Real), line = 64;
  for (size_t corner = 0; corner < corners->count; corner++) {
    const char *row = (const char *)(rows + (size_t)corners->indices[corner][point] * columns);
    for (size_t offset = 0; offset < bytes; offset += line) __builtin_prefetch(row + offset);
    if (bytes > line) __builtin_prefetch(row + bytes - 1);
  }
}

// Whether a level's rows are worth asking for ahead.
TK_INLINE bool NAME(grid_is_far)(const struct tk_grid_level *level, size_t columns) {
  return level->rows > NAME(grid_near_bytes) / sizeof(Real) / columns;
}

TK_INLINE void NAME(grid_gather_columns)(const Real *points, size_t count,
                                         const struct tk_grid *grid, const Real *table,
                                         Real *restrict out, size_t columns) {
  struct NAME(grid_shares) shares;
  struct NAME(grid_corners_found) corners;
  for (size_t start = 0; start < count; start += NAME(grid_block)) {
    const size_t size = count - start < NAME(grid_block) ? count - start : NAME(grid_block);
    NAME(grid_find_shares)(points + 3 * start, size, grid, &shares);
    for (size_t l = 0; l < grid->level_count; l++) {
      const struct tk_grid_level *level = grid->levels + l;
      NAME(grid_find_corners)(&shares, size, grid, level, &corners);
      const Real *rows = table + level->first_row * columns;
      Real *to = out + (start * grid->level_count + l) * columns;
      const bool is_far = NAME(grid_is_far)(level, columns);
      for (size_t i = 0; i < size; i++, to += grid->level_count * columns) {
        if (is_far) NAME(grid_prefetch)(&corners, i, size, rows, columns);
        for (size_t j = 0; j < columns; j++) to[j] = 0;
        for (size_t corner = 0; corner < corners.count; corner++) {
          const Real *from = rows + (size_t)corners.indices[corner][i] * columns;
          const Real weight = corners.weights[corner][i];
          for (size_t j = 0; j < columns; j++) to[j] += weight * from[j];
        }
      }
    }
  }
}

static void NAME(grid_gather)(const Real *points, size_t count, const struct tk_grid *grid,
                              const Real *table, size_t columns, Real *out) {
  TK_FOR_TABLE_COLUMNS(NAME(grid_gather_columns), points, count, grid, table, out);
}

// Adds to rows of a range of the table alone; others are passed over.
TK_INLINE void NAME(grid_scatter_columns)(const Real *points, size_t count,
                                          const struct tk_grid *grid, const Real *cotangents,
                                          Real *restrict table, size_t first, size_t row_count,
                                          size_t columns) {
  struct NAME(grid_shares) shares;
  struct NAME(grid_corners_found) corners;
  for (size_t start = 0; start < count; start += NAME(grid_block)) {
    const size_t size = count - start < NAME(grid_block) ? count - start : NAME(grid_block);
    NAME(grid_find_shares)(points + 3 * start, size, grid, &shares);
    for (size_t l = 0; l < grid->level_count; l++) {
      const struct tk_grid_level *level = grid->levels + l;
      if (level->first_row >= first + row_count || level->first_row + level->rows <= first) continue;
      NAME(grid_find_corners)(&shares, size, grid, level, &corners);
      const Real *from = cotangents + (start * grid->level_count + l) * columns;
      const Real *rows = table + level->first_row * columns;
      const bool is_far = NAME(grid_is_far)(level, columns);
      for (size_t i = 0; i < size; i++, from += grid->level_count * columns) {
        if (is_far) NAME(grid_prefetch)(&corners, i, size, rows, columns);
        for (size_t corner = 0; corner < corners.count; corner++) {
          const size_t row = level->first_row + corners.indices[corner][i];
          // As unsigned numbers, those below the first are beyond the count too.
          if (row - first >= row_count) continue;
          Real *to = table + row * columns;
          const Real weight = corners.weights[corner][i];
          for (size_t j = 0; j < columns; j++) to[j] += weight * from[j];
        }
      }
    }
  }
}

static void NAME(grid_scatter)(const Real *points, size_t count, const struct tk_grid *grid,
                               const Real *cotangents, size_t columns, size_t first,
                               size_t row_count, Real *table) {
  TK_FOR_TABLE_COLUMNS(NAME(grid_scatter_columns), points, count, grid, cotangents, table, first,
                       row_count);
}

TK_INLINE void NAME(grid_slope_columns)(const Real *points, size_t count,
                                        const struct tk_grid *grid, const Real *table,
                                        const Real *cotangents, Real *restrict out,
                                        size_t columns) {
  struct NAME(grid_shares) shares;
  struct NAME(grid_places) places, slopes;
  uint32_t indices[NAME(grid_cell_corners)][NAME(grid_block)];
  for (size_t i = 0; i < 3 * count; i++) out[i] = 0;
  for (size_t start = 0; start < count; start += NAME(grid_block)) {
    const size_t size = count - start < NAME(grid_block) ? count - start : NAME(grid_block);
    NAME(grid_find_shares)(points + 3 * start, size, grid, &shares);
    for (size_t l = 0; l < grid->level_count; l++) {
      const struct tk_grid_level *level = grid->levels + l;
      for (size_t axis = 0; axis < 3; axis++) {
        NAME(grid_place_axis)(&shares, size, grid, level, axis, 0, &places);
        NAME(grid_place_axis)(&shares, size, grid, level, axis, 1, &slopes);
      }
      for (size_t corner = 0; corner < NAME(grid_cell_corners); corner++) {
        NAME(grid_corner_indices)(&places, level, corner, size, indices[corner]);
      }
      const Real *rows = table + level->first_row * columns;
      const Real *from = cotangents + (start * grid->level_count + l) * columns;
      for (size_t i = 0; i < size; i++, from += grid->level_count * columns) {
        Real sums[3] = {0, 0, 0};
        for (size_t corner = 0; corner < NAME(grid_cell_corners); corner++) {
          const Real *row = rows + (size_t)indices[corner][i] * columns;
          const size_t ends[3] = {corner & 1, corner >> 1 & 1, corner >> 2};
          Real product = 0;
          for (size_t j = 0; j < columns; j++) product += row[j] * from[j];
          const Real x = places.factors[0][ends[0]][i], y = places.factors[1][ends[1]][i],
                     z = places.factors[2][ends[2]][i];
          sums[0] += product * slopes.factors[0][ends[0]][i] * y * z;
          sums[1] += product * x * slopes.factors[1][ends[1]][i] * z;
          sums[2] += product * x * y * slopes.factors[2][ends[2]][i];
        }
        for (size_t axis = 0; axis < 3; axis++) out[3 * (start + i) + axis] += sums[axis];
      }
    }
  }
}

static void NAME(grid_slopes)(const Real *points, size_t count, const struct tk_grid *grid,
                              const Real *table, const Real *cotangents, size_t columns,
                              Real *out) {
  TK_FOR_TABLE_COLUMNS(NAME(grid_slope_columns), points, count, grid, table, cotangents, out);
}
