// Elementwise kernels, reductions and the buffer pool of TensorKit.
//
// Every kernel exists for float (suffix _f32) and double (_f64), each compiled for AVX-512, AVX2
// with FMA, and the baseline instruction set, and chosen at run time. Buffers need no particular
// alignment; an output may be the very same buffer as an input of the same extent, but must not
// otherwise overlap one. No kernel allocates, locks or keeps state.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ------------------------------------------------------------------------------- buffers
// Storage aligned to 64 bytes. Released buffers are kept in a bounded cache of the releasing
// thread, so a steady loop makes no system call for memory. Returns NULL if memory runs out.
void *tk_buffer_allocate(size_t bytes);
// `bytes` is what the buffer was asked for.
void tk_buffer_release(void *buffer, size_t bytes);
// Notes that about so many bytes of buffers wait for a later use, and that they are released or in use no
// longer. As many as ever waited at once are kept once they are released, for all threads.
void tk_buffer_shelf_lend(size_t bytes);
void tk_buffer_shelf_return(size_t bytes);
// Returns the calling thread's cached buffers, those that all threads share, and what the system's allocator
// holds free, to the system.
void tk_buffer_trim(void);

// The bytes of all buffers in use, and the most there were at once since the start or since that was restarted. Each
// other thread's may be wrong by 64 KiB.
int64_t tk_buffer_bytes_in_use(void);
int64_t tk_buffer_most_bytes_in_use(void);
void tk_buffer_restart_most_bytes(void);
// The bytes of all buffers in use and of those that are kept for a later use.
int64_t tk_buffer_bytes_held(void);

// How many bytes this process may still take, by its limits (RLIMIT_AS, RLIMIT_DATA), those of its control groups, and
// what the machine has available; infinite where nothing is known.
double tk_available_memory(void);

// The instruction set that this thread's kernels run with: "AVX-512", "AVX2" or "baseline". The best
// that the processor has, unless the environment variable TENSORKIT_INSTRUCTION_SET named another
// one as the first kernel ran.
const char *tk_instruction_set(void);

// For tests and measurement: runs this thread's kernels with the named instruction set from now on,
// or with the process's again where the name is NULL. Returns false, and changes nothing, where this
// processor lacks it.
bool tk_select_instruction_set(const char *name);

// The name of this processor, as it reports it itself; NULL where that is unknown.
const char *tk_processor_name(void);

// How many processor cores this process may keep busy: those that it may run on, and no more than
// its control group's share of processor time, rounded up. At least 1.
int tk_available_cores(void);

// Writes the numbers of the cores that the scheduler may place this process on, and returns how many these are; none
// where it does not say.
int tk_core_numbers(int *numbers, int most);

// The minimum and maximum with a NaN are NaN.
enum { tk_add = 0, tk_subtract, tk_multiply, tk_divide, tk_minimum, tk_maximum };
// Which operand of a binary operation is a single number.
enum { tk_both_vectors = 0, tk_right_scalar, tk_left_scalar };
// Which operand of a binary operation on matrices is a column that stretches over all others, or a row. Rows have at
// most so many columns.
enum { tk_right_column = 0, tk_left_column, tk_right_row, tk_left_row };
enum { tk_most_short_columns = 64 };
enum {
  tk_negate = 0,
  tk_absolute,
  tk_square,
  tk_square_root,
  tk_reciprocal,
  tk_exponential,
  tk_logarithm,
  tk_sine,
  tk_cosine,
  tk_hyperbolic_tangent,
  tk_rectify,  // max(x, 0); a NaN stays a NaN
  tk_step,     // 1 where x > 0, else 0, of a NaN too
  tk_sign,     // -1, 0 or 1; 0 of a NaN
};

// The matrix product works on blocks of so many rows of the left operand, columns of the right one
// and inner elements at a time, packed into scratch.
enum {
  tk_product_depth = 128,
  tk_product_block_rows = 120,  // a multiple of every tile's rows, and the columns likewise
  tk_product_block_columns = 384,
  tk_product_scratch = tk_product_depth * (tk_product_block_rows + tk_product_block_columns),
};

// How a grid's vertices are numbered from the products of their coordinates with strides. Those of a bounded grid are
// added, and vertices outside have weight zero; those of a wrapped grid are added, modulo its rows; those of a hashed
// grid are joined by exclusive or, modulo its rows.
enum { tk_grid_bounded = 0, tk_grid_wrapped, tk_grid_hashed };

// A grid of points in space whose vertices are rows of a table.
struct tk_grid_level {
  // The place of a point with the share u of the box's side behind it is scale u + offset in units of cells.
  double scale[3], offset[3];
  // The number of vertices along each axis, less than 2^31, and what their coordinates are multiplied with.
  uint32_t extents[3], strides[3];
  int32_t addressing;
  // Where the grid's rows start in the table, and how many there are, more than 0 and less than 2^32.
  size_t first_row, rows;
  // For each of so many vertices its row within the grid's; NULL where each vertex has the row of its number.
  const int32_t *rows_of_vertices;
  size_t vertices;
};

// Levels over the box from lower to upper, whose rows are in one table.
struct tk_grid {
  double lower[3], upper[3];
  const struct tk_grid_level *levels;
  size_t level_count;
  // Whether factors of weights are 3 f^2 - 2 f^3 of the fraction f of the cell rather than f.
  bool smooth;
};

#define TK_DECLARE_KERNELS(T, S)                                                                  \
  /* out[i] = a[i] op b[i]; a scalar operand is read from its first element. */                   \
  void tk_binary_##S(int operation, int operands, const T *a, const T *b, T *out, size_t count);  \
  /* out[i, j] = a[i, j] op b[i, j], where one operand has one column, or one row. */                \
  void tk_binary_rows_##S(int operation, int operands, const T *a, const T *b, T *out,            \
                          size_t rows, size_t columns);                                           \
  /* out[i] = f(x[i]). At most 2 ulp for sine and cosine with |x| <= 1000, exponential and        \
     logarithm everywhere; infinities and NaN as in C. */                                         \
  void tk_unary_##S(int operation, const T *x, T *out, size_t count);                             \
  void tk_fill_##S(T value, T *out, size_t count);                                                \
  /* out[i] += scale * x[i] */                                                                    \
  void tk_accumulate_##S(T scale, const T *x, T *out, size_t count);                              \
  /* out += a (b + shift) */                                                                       \
  void tk_accumulate_products_##S(const T *a, const T *b, T shift, T *out, size_t count);         \
                                                                                                  \
  /* Reductions, accumulated in double in a fixed order: the same bits on every call. */          \
  double tk_sum_##S(const T *x, size_t count);                                                    \
  double tk_dot_##S(const T *x, const T *y, size_t count);                                        \
  double tk_absolute_sum_##S(const T *x, size_t count);                                           \
  /* The largest and smallest element; NaN if there is one. count > 0. */                         \
  T tk_largest_##S(const T *x, size_t count);                                                     \
  T tk_smallest_##S(const T *x, size_t count);                                                    \
  /* Whether no element is an infinity or NaN. */                                                 \
  bool tk_all_finite_##S(const T *x, size_t count);                                               \
                                                                                                  \
  /* Matrices, row-major, rows x columns. */                                                      \
  void tk_transpose_##S(const T *x, T *out, size_t rows, size_t columns);                         \
  /* out[j] += sum_i x[i, j], rows in order. */                                                   \
  void tk_add_column_sums_##S(const T *x, T *out, size_t rows, size_t columns);                   \
  /* x[i, j] + bias[j] */                                                                         \
  void tk_add_bias_##S(const T *x, const T *bias, T *out, size_t rows, size_t columns);           \
                                                                                                  \
  /* Rows of a table, so many corners for each of some rows: k = indices[i * corners + c]. */     \
  /* out[i, j] = sum_c weights[i, c] table[k, j] */                                               \
  void tk_gather_rows_##S(const T *table, const ptrdiff_t *indices, const T *weights, T *out,     \
                          size_t rows, size_t corners, size_t columns);                           \
  /* out[r, j] = x[i, j] for the rows r of run i, bounds[i] to bounds[i + 1]. */                     \
  void tk_repeat_rows_##S(const T *x, const ptrdiff_t *bounds, size_t runs, T *out,               \
                          size_t columns);                                                        \
  /* The form sum a[i, k] b[i, k columns + c] u[i, c], differentiated by u, b and a. */             \
  void tk_contract_rows_##S(const T *a, const T *b, T *out, size_t rows, size_t inner,            \
                            size_t columns);                                                      \
  void tk_contract_outer_##S(const T *a, const T *u, T *out, size_t rows, size_t inner,           \
                             size_t columns);                                                     \
  void tk_contract_inner_##S(const T *b, const T *u, T *out, size_t rows, size_t inner,           \
                             size_t columns);                                                     \
  /* table[k, j] += weights[i, c] x[i, j], in order of i and c; NULL weights are ones. */         \
  void tk_scatter_rows_##S(const T *x, const ptrdiff_t *indices, const T *weights, T *table,      \
                           size_t rows, size_t corners, size_t columns, size_t first,             \
                           size_t count);                          \
  /* out[i, c] = sum_j table[k, j] x[i, j] */                                                     \
  void tk_gather_products_##S(const T *table, const ptrdiff_t *indices, const T *x, T *out,       \
                              size_t rows, size_t corners, size_t columns);                       \
  /* Interpolation in grids of points [count, 3]: corner c of 8 is the vertex of the cell that is the upper one      \
     on axis k where bit k of c is set; a corner's weight is the product of a factor of each axis. Places            \
     that are no numbers have weights that are none. */ \
  /* indices and weights [count, level_count, 8], each where it is not NULL; the weights' factors are                \
     differentiated by the coordinates to the orders given. */                                                       \
  void tk_grid_corners_##S(const T *points, size_t count, const struct tk_grid *grid,             \
                           const int *orders, ptrdiff_t *indices, T *weights);                                       \
  /* out[i, l, j] = sum_c weights[i, l, c] table[indices[i, l, c], j] */                          \
  void tk_grid_gather_##S(const T *points, size_t count, const struct tk_grid *grid,              \
                          const T *table, size_t columns, T *out);                                                                \
  /* table[indices[i, l, c], j] += weights[i, l, c] cotangents[i, l, j] in order of i and c, for the rows alone      \
     from the first one on that are so many. */                                                   \
  void tk_grid_scatter_##S(const T *points, size_t count, const struct tk_grid *grid,             \
                           const T *cotangents, size_t columns, size_t first,                     \
                           size_t row_count, T *table);                                           \
  /* out[i, k] = sum_l sum_c d weights[i, l, c] / d points[i, k]                                  \
     sum_j table[indices[i, l, c], j] cotangents[i, l, j] */                                      \
  void tk_grid_slopes_##S(const T *points, size_t count, const struct tk_grid *grid,              \
                          const T *table, const T *cotangents, size_t columns, T *out);                                                \
  /* out[i, j] = the sum of x[k, j] over k < i, or over k > i; accumulated in double. */          \
  void tk_exclusive_sums_##S(bool from_end, const T *x, T *out, size_t rows, size_t columns);     \
                                                                                                  \
  /* result = A B, or result += A B; A is rows x inner and B inner x columns, each stored           \
     transposed if so said, with as many elements from a stored row to the next as its stride.     \
     Needs tk_product_scratch elements of scratch. The bits of an element depend on its row of A   \
     and its column of B alone, and are the same with AVX-512 and AVX2. */                         \
  void tk_matrix_product_##S(bool transposing_left, bool transposing_right, size_t rows,          \
                             size_t columns, size_t inner, const T *left, size_t left_stride,     \
                             const T *right, size_t right_stride, bool accumulating, T *result,   \
                             size_t result_stride, T *scratch);                                   \
  /* a -= v w' + w v', then y = a x, for a symmetric matrix of which the lower triangle is read    \
     and written. */                                                                               \
  void tk_symmetric_step_##S(T *a, size_t stride, size_t size, const T *v, const T *w,            \
                             const T *x, T *y);                                                   \
                                                                                                  \
  /* Batch normalization: the columns of matrices and numbers for each column. Rows are summed in   \
     order, 32 at a time in T, which are then added in double. */                                  \
  /* out[i, j] = (x[i, j] - mean[j]) scale[j] */                                                  \
  void tk_standardize_##S(const T *x, const T *mean, const T *scale, T *out, size_t rows,         \
                          size_t columns);                                                        \
  /* sums[j] += sum_i (x[i, j] - mean[j]), squares[j] += sum_i (x[i, j] - mean[j])^2 */           \
  void tk_add_centered_moments_##S(const T *x, const T *mean, double *sums, double *squares,      \
                                   size_t rows, size_t columns);                                  \
  /* sums[j] += sum_i y[i, j], products[j] += sum_i y[i, j] (x[i, j] - mean[j]) */                \
  void tk_add_centered_products_##S(const T *y, const T *x, const T *mean, double *sums,          \
                                    double *products, size_t rows, size_t columns);               \
  /* out[i, j] = y[i, j] - shift[j] - slope[j] (x[i, j] - mean[j]) */                             \
  void tk_subtract_common_##S(const T *y, const T *x, const T *mean, const T *slope,              \
                              const T *shift, T *out, size_t rows, size_t columns);               \
                                                                                                  \
  /* Fused layers on pre-activations z = x + bias (bias may be NULL), rows x columns.             \
     value and slope may each be the buffer x. A NULL slope is not computed. */                   \
  /* value = sin(frequency z), slope = frequency cos(frequency z) */                              \
  void tk_bias_sine_##S(const T *x, const T *bias, T frequency, T *value, T *slope, size_t rows,  \
                        size_t columns);                                                          \
  /* value = max(z, 0) */                                                                         \
  void tk_bias_rectify_##S(const T *x, const T *bias, T *value, size_t rows, size_t columns);     \
  /* value = exp(-(scale z)^2), slope = -2 scale^2 z value */                                     \
  void tk_bias_gaussian_##S(const T *x, const T *bias, T scale, T *value, T *slope, size_t rows,  \
                            size_t columns);                                                      \
  /* value = sin(frequency (|z| + 1) z), slope = frequency (|z| + 1) cos(frequency (|z| + 1) z),  \
     or, through the scale |z| + 1 too, with the factor 2|z| + 1 in the place of |z| + 1 */       \
  void tk_bias_variable_sine_##S(const T *x, const T *bias, T frequency, bool through_scale,      \
                                 T *value, T *slope, size_t rows, size_t columns);                \
  /* value = cos(frequency z) exp(-(scale z)^2), and its derivative */                            \
  void tk_bias_gabor_##S(const T *x, const T *bias, T frequency, T scale, T *value, T *slope,     \
                         size_t rows, size_t columns);                                            \
  /* value = exp(i frequency z - |scale z|^2). Rows are `columns` real parts, then as many        \
     imaginary parts. `value` may not be the buffer x where the pullback is to follow. */         \
  void tk_complex_gabor_##S(const T *x, T frequency, T scale, T *value, size_t rows,              \
                            size_t columns);                                                      \
  /* The transposed real derivative of complex_gabor at x, with its value there, times a          \
     cotangent. `out` may be the buffer of the cotangent. */                                      \
  void tk_complex_gabor_pullback_##S(const T *x, const T *value, const T *cotangent, T frequency, \
                                     T scale, T *out, size_t rows, size_t columns);               \
  /* out[i] = value[i] > 0 ? cotangent[i] : 0 */                                                  \
  void tk_rectify_pullback_##S(const T *value, const T *cotangent, T *out, size_t count);         \
                                                                                                  \
  /* residual = output - target; returns the sum of squares, in double. */                        \
  double tk_residual_##S(const T *output, const T *target, T *residual, size_t count);            \
                                                                                                  \
  /* Optimizer updates in place, for `count` parameters p with gradients g. */                    \
  /* Adam (Kingma & Ba 2015): m, v moments; largest (AMSGrad) may be NULL.                        \
     p -= rate * (m / correction1) / (sqrt(v / correction2) + epsilon), where                     \
     correction_k = 1 - decay_k^t is given by the caller. `weight_decay` adds                     \
     weight_decay * p to g first; `decoupled_decay` multiplies p by 1 - rate * decoupled_decay    \
     first. With AMSGrad, v is replaced by its largest value so far. */                           \
  void tk_adam_touched_##S(T *p, const T *g, T *m, T *v, T *counts, size_t count, double rate,    \
                           double decay1, double decay2, double epsilon, const T *corrections1,   \
                           const T *corrections2, double weight_decay, double decoupled_decay);   \
  void tk_adam_##S(T *p, const T *g, T *m, T *v, T *largest, size_t count, double rate,           \
                   double decay1, double decay2, double epsilon, double correction1,              \
                   double correction2, double weight_decay, double decoupled_decay);              \
  /* SGD as in Sutskever et al. 2013 in the form of common libraries: g += weight_decay * p;      \
     velocity = momentum * velocity + g; p -= rate * (nesterov ? g + momentum * velocity          \
     : velocity). velocity may be NULL (plain). */                                                \
  void tk_sgd_##S(T *p, const T *g, T *velocity, size_t count, double rate, double momentum,      \
                  bool nesterov, double weight_decay);

TK_DECLARE_KERNELS(float, f32)
TK_DECLARE_KERNELS(double, f64)
#undef TK_DECLARE_KERNELS

#ifdef __cplusplus
}
#endif
