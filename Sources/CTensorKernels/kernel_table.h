// The table of kernels of one instruction set, and the list that it is generated from.
#pragma once
#include "CTensorKernels.h"

// K(result, name, suffix, parameters, arguments) for every kernel of the scalar type T. The
// compiler checks the list against the public header where `dispatch.c` defines the functions.
#define TK_FOR_EACH_KERNEL(K, T, S)                                                               \
  K(void, binary, S, (int operation, int operands, const T *a, const T *b, T *out, size_t count), \
    (operation, operands, a, b, out, count))                                                      \
  K(void, binary_rows, S,                                                                         \
    (int operation, int operands, const T *a, const T *b, T *out, size_t rows, size_t columns),   \
    (operation, operands, a, b, out, rows, columns))                                              \
  K(void, unary, S, (int operation, const T *x, T *out, size_t count),                            \
    (operation, x, out, count))                                                                   \
  K(void, fill, S, (T value, T * out, size_t count), (value, out, count))                         \
  K(void, accumulate, S, (T scale, const T *x, T *out, size_t count), (scale, x, out, count))     \
  K(void, accumulate_products, S,                                                                 \
    (const T *a, const T *b, T shift, T *out, size_t count), (a, b, shift, out, count))           \
  K(double, sum, S, (const T *x, size_t count), (x, count))                                       \
  K(double, dot, S, (const T *x, const T *y, size_t count), (x, y, count))                        \
  K(double, absolute_sum, S, (const T *x, size_t count), (x, count))                              \
  K(T, largest, S, (const T *x, size_t count), (x, count))                                        \
  K(T, smallest, S, (const T *x, size_t count), (x, count))                                       \
  K(bool, all_finite, S, (const T *x, size_t count), (x, count))                                  \
  K(void, transpose, S, (const T *x, T *out, size_t rows, size_t columns),                        \
    (x, out, rows, columns))                                                                      \
  K(void, add_column_sums, S, (const T *x, T *out, size_t rows, size_t columns),                  \
    (x, out, rows, columns))                                                                      \
  K(void, add_bias, S, (const T *x, const T *bias, T *out, size_t rows, size_t columns),          \
    (x, bias, out, rows, columns))                                                                \
  K(void, gather_rows, S,                                                                         \
    (const T *table, const ptrdiff_t *indices, const T *weights, T *out, size_t rows,             \
     size_t corners, size_t columns),                                                             \
    (table, indices, weights, out, rows, corners, columns))                                       \
  K(void, scatter_rows, S,                                                                        \
    (const T *x, const ptrdiff_t *indices, const T *weights, T *table, size_t rows,               \
     size_t corners, size_t columns, size_t first, size_t count),                                 \
    (x, indices, weights, table, rows, corners, columns, first, count))                                         \
  K(void, repeat_rows, S,                                                                         \
    (const T *x, const ptrdiff_t *bounds, size_t runs, T *out, size_t columns),                   \
    (x, bounds, runs, out, columns))                                                              \
  K(void, contract_rows, S,                                                                       \
    (const T *a, const T *b, T *out, size_t rows, size_t inner, size_t columns),                  \
    (a, b, out, rows, inner, columns))                                                            \
  K(void, contract_outer, S,                                                                      \
    (const T *a, const T *u, T *out, size_t rows, size_t inner, size_t columns),                  \
    (a, u, out, rows, inner, columns))                                                            \
  K(void, contract_inner, S,                                                                      \
    (const T *b, const T *u, T *out, size_t rows, size_t inner, size_t columns),                  \
    (b, u, out, rows, inner, columns))                                                            \
  K(void, gather_products, S,                                                                     \
    (const T *table, const ptrdiff_t *indices, const T *x, T *out, size_t rows, size_t corners,   \
     size_t columns),                                                                             \
    (table, indices, x, out, rows, corners, columns))                                             \
  K(void, grid_corners, S,                                                                        \
    (const T *points, size_t count, const struct tk_grid *grid, const int *orders,                \
     ptrdiff_t *indices, T *weights),                                                             \
    (points, count, grid, orders, indices, weights))                                              \
  K(void, grid_gather, S,                                                                         \
    (const T *points, size_t count, const struct tk_grid *grid, const T *table, size_t columns,   \
     T *out),                                                                                     \
    (points, count, grid, table, columns, out))                                                   \
  K(void, grid_scatter, S,                                                                        \
    (const T *points, size_t count, const struct tk_grid *grid, const T *cotangents,              \
     size_t columns, size_t first, size_t row_count, T *table),                                   \
    (points, count, grid, cotangents, columns, first, row_count, table))                          \
  K(void, grid_slopes, S,                                                                         \
    (const T *points, size_t count, const struct tk_grid *grid, const T *table,                   \
     const T *cotangents, size_t columns, T *out),                                                \
    (points, count, grid, table, cotangents, columns, out))                                       \
  K(void, exclusive_sums, S,                                                                      \
    (bool from_end, const T *x, T *out, size_t rows, size_t columns),                             \
    (from_end, x, out, rows, columns))                                                            \
  K(void, matrix_product, S,                                                                      \
    (bool transposing_left, bool transposing_right, size_t rows, size_t columns, size_t inner,    \
     const T *left, size_t left_stride, const T *right, size_t right_stride, bool accumulating,   \
     T *result, size_t result_stride, T *scratch),                                                \
    (transposing_left, transposing_right, rows, columns, inner, left, left_stride, right,         \
     right_stride, accumulating, result, result_stride, scratch))                                 \
  K(void, symmetric_step, S,                                                                      \
    (T * a, size_t stride, size_t size, const T *v, const T *w, const T *x, T *y),                \
    (a, stride, size, v, w, x, y))                                                                \
  K(void, standardize, S,                                                                         \
    (const T *x, const T *mean, const T *scale, T *out, size_t rows, size_t columns),             \
    (x, mean, scale, out, rows, columns))                                                         \
  K(void, add_centered_moments, S,                                                                \
    (const T *x, const T *mean, double *sums, double *squares, size_t rows, size_t columns),      \
    (x, mean, sums, squares, rows, columns))                                                      \
  K(void, add_centered_products, S,                                                               \
    (const T *y, const T *x, const T *mean, double *sums, double *products, size_t rows,          \
     size_t columns),                                                                             \
    (y, x, mean, sums, products, rows, columns))                                                  \
  K(void, subtract_common, S,                                                                     \
    (const T *y, const T *x, const T *mean, const T *slope, const T *shift, T *out, size_t rows,  \
     size_t columns),                                                                             \
    (y, x, mean, slope, shift, out, rows, columns))                                               \
  K(void, bias_sine, S,                                                                           \
    (const T *x, const T *bias, T frequency, T *value, T *slope, size_t rows, size_t columns),    \
    (x, bias, frequency, value, slope, rows, columns))                                            \
  K(void, bias_rectify, S, (const T *x, const T *bias, T *value, size_t rows, size_t columns),    \
    (x, bias, value, rows, columns))                                                              \
  K(void, bias_gaussian, S,                                                                       \
    (const T *x, const T *bias, T scale, T *value, T *slope, size_t rows, size_t columns),        \
    (x, bias, scale, value, slope, rows, columns))                                                \
  K(void, bias_variable_sine, S,                                                                  \
    (const T *x, const T *bias, T frequency, bool through_scale, T *value, T *slope, size_t rows, \
     size_t columns),                                                                             \
    (x, bias, frequency, through_scale, value, slope, rows, columns))                             \
  K(void, bias_gabor, S,                                                                          \
    (const T *x, const T *bias, T frequency, T scale, T *value, T *slope, size_t rows,            \
     size_t columns),                                                                             \
    (x, bias, frequency, scale, value, slope, rows, columns))                                     \
  K(void, complex_gabor, S,                                                                       \
    (const T *x, T frequency, T scale, T *value, size_t rows, size_t columns),                    \
    (x, frequency, scale, value, rows, columns))                                                  \
  K(void, complex_gabor_pullback, S,                                                              \
    (const T *x, const T *value, const T *cotangent, T frequency, T scale, T *out, size_t rows,   \
     size_t columns),                                                                             \
    (x, value, cotangent, frequency, scale, out, rows, columns))                                  \
  K(void, rectify_pullback, S, (const T *value, const T *cotangent, T *out, size_t count),        \
    (value, cotangent, out, count))                                                               \
  K(double, residual, S, (const T *output, const T *target, T *residual, size_t count),           \
    (output, target, residual, count))                                                            \
  K(void, adam_touched, S,                                                                        \
    (T * p, const T *g, T *m, T *v, T *counts, size_t count, double rate, double decay1,          \
     double decay2, double epsilon, const T *corrections1, const T *corrections2,                 \
     double weight_decay, double decoupled_decay),                                                \
    (p, g, m, v, counts, count, rate, decay1, decay2, epsilon, corrections1, corrections2,        \
     weight_decay, decoupled_decay))                                                              \
  K(void, adam, S,                                                                                \
    (T * p, const T *g, T *m, T *v, T *largest, size_t count, double rate, double decay1,         \
     double decay2, double epsilon, double correction1, double correction2, double weight_decay,  \
     double decoupled_decay),                                                                     \
    (p, g, m, v, largest, count, rate, decay1, decay2, epsilon, correction1, correction2,         \
     weight_decay, decoupled_decay))                                                              \
  K(void, sgd, S,                                                                                 \
    (T * p, const T *g, T *velocity, size_t count, double rate, double momentum, bool nesterov,   \
     double weight_decay),                                                                        \
    (p, g, velocity, count, rate, momentum, nesterov, weight_decay))

#define TK_TABLE_MEMBER(result, name, S, parameters, arguments) result(*name) parameters;
#define TK_TABLE_ENTRY(result, name, S, parameters, arguments) .name = name##_##S,

struct kernel_table {
  const char *name;
  struct {
    TK_FOR_EACH_KERNEL(TK_TABLE_MEMBER, float, f32)
  } f32;
  struct {
    TK_FOR_EACH_KERNEL(TK_TABLE_MEMBER, double, f64)
  } f64;
};

extern const struct kernel_table tk_kernels_baseline __attribute__((visibility("hidden")));
#if defined(__x86_64__)
extern const struct kernel_table tk_kernels_avx2 __attribute__((visibility("hidden")));
extern const struct kernel_table tk_kernels_avx512 __attribute__((visibility("hidden")));
#endif
