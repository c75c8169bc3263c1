// Loads and stores of the first `count` elements of a vector, 0 < count < its lanes. Lanes that are
// not loaded are zero; memory that does not belong to the operand is not touched.
#if TK_VECTOR_BYTES == 64 && defined(__x86_64__)
TK_INLINE void load_partial_f32(void *vector, const float *x, size_t count) {
  __m512 loaded = _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), x);
  memcpy(vector, &loaded, sizeof loaded);
}

TK_INLINE void store_partial_f32(const void *vector, float *out, size_t count) {
  __m512 value;
  memcpy(&value, vector, sizeof value);
  _mm512_mask_storeu_ps(out, (__mmask16)((1u << count) - 1), value);
}

TK_INLINE void load_partial_f64(void *vector, const double *x, size_t count) {
  __m512d loaded = _mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1), x);
  memcpy(vector, &loaded, sizeof loaded);
}

TK_INLINE void store_partial_f64(const void *vector, double *out, size_t count) {
  __m512d value;
  memcpy(&value, vector, sizeof value);
  _mm512_mask_storeu_pd(out, (__mmask8)((1u << count) - 1), value);
}
#elif TK_VECTOR_BYTES == 32 && defined(__x86_64__)
TK_INLINE __m256i first_lanes_f32(size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

TK_INLINE __m256i first_lanes_f64(size_t count) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)count),
                            _mm256_setr_epi64x(0, 1, 2, 3));
}

TK_INLINE void load_partial_f32(void *vector, const float *x, size_t count) {
  __m256 loaded = _mm256_maskload_ps(x, first_lanes_f32(count));
  memcpy(vector, &loaded, sizeof loaded);
}

TK_INLINE void store_partial_f32(const void *vector, float *out, size_t count) {
  __m256 value;
  memcpy(&value, vector, sizeof value);
  _mm256_maskstore_ps(out, first_lanes_f32(count), value);
}

TK_INLINE void load_partial_f64(void *vector, const double *x, size_t count) {
  __m256d loaded = _mm256_maskload_pd(x, first_lanes_f64(count));
  memcpy(vector, &loaded, sizeof loaded);
}

TK_INLINE void store_partial_f64(const void *vector, double *out, size_t count) {
  __m256d value;
  memcpy(&value, vector, sizeof value);
  _mm256_maskstore_pd(out, first_lanes_f64(count), value);
}
#else
// At most three elements: plain copies, for a call of memcpy would cost more.
TK_INLINE void load_partial_f32(void *vector, const float *x, size_t count) {
  float lanes[TK_VECTOR_BYTES / sizeof(float)] = {0};
  for (size_t lane = 0; lane < sizeof lanes / sizeof *lanes - 1; lane++) {
    if (lane < count) lanes[lane] = x[lane];
  }
  memcpy(vector, lanes, sizeof lanes);
}

TK_INLINE void store_partial_f32(const void *vector, float *out, size_t count) {
  float lanes[TK_VECTOR_BYTES / sizeof(float)];
  memcpy(lanes, vector, sizeof lanes);
  for (size_t lane = 0; lane < sizeof lanes / sizeof *lanes - 1; lane++) {
    if (lane < count) out[lane] = lanes[lane];
  }
}

TK_INLINE void load_partial_f64(void *vector, const double *x, size_t count) {
  double lanes[TK_VECTOR_BYTES / sizeof(double)] = {0};
  for (size_t lane = 0; lane < sizeof lanes / sizeof *lanes - 1; lane++) {
    if (lane < count) lanes[lane] = x[lane];
  }
  memcpy(vector, lanes, sizeof lanes);
}

TK_INLINE void store_partial_f64(const void *vector, double *out, size_t count) {
  double lanes[TK_VECTOR_BYTES / sizeof(double)];
  memcpy(lanes, vector, sizeof lanes);
  for (size_t lane = 0; lane < sizeof lanes / sizeof *lanes - 1; lane++) {
    if (lane < count) out[lane] = lanes[lane];
  }
}
#endif
