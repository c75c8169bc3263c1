#include "CPNGFiles.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Deflate makes at most 1032 bytes of one; a file shorter than its rows need breaks off for sure.
#define LARGEST_EXPANSION 1040

// Everything a job needs lives here, in the frame of the function that the caller called, and is
// reached through a pointer: longjmp leaves nothing of it indeterminate.
typedef struct {
  png_structp png;
  png_infop info;
  const uint8_t *input;
  size_t input_length;
  size_t input_position;
  uint8_t *output;
  size_t output_length;
  size_t output_capacity;
  uint8_t *samples;
  png_bytep *rows;
  char *message;
  size_t message_capacity;
} job;

static void report(job *job, const char *message) {
  if (job->message != NULL && job->message_capacity > 0)
    snprintf(job->message, job->message_capacity, "%s", message);
}

// Does not return, as libpng demands of it.
static void on_error(png_structp png, png_const_charp message) {
  report(png_get_error_ptr(png), message);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void on_read(png_structp png, png_bytep destination, size_t count) {
  job *job = png_get_io_ptr(png);
  if (count > job->input_length - job->input_position)
    png_error(png, "it breaks off before its end");
  memcpy(destination, job->input + job->input_position, count);
  job->input_position += count;
}

static void on_write(png_structp png, png_bytep source, size_t count) {
  job *job = png_get_io_ptr(png);
  if (count > job->output_capacity - job->output_length) {
    size_t capacity = job->output_capacity;
    if (count > SIZE_MAX / 4 || capacity > SIZE_MAX / 4)
      png_error(png, "the file would be too large for memory");
    capacity = capacity * 2 + count + 4096;
    uint8_t *output = realloc(job->output, capacity);
    if (output == NULL) png_error(png, "there is not enough memory for the file");
    job->output = output;
    job->output_capacity = capacity;
  }
  memcpy(job->output + job->output_length, source, count);
  job->output_length += count;
}

static void on_flush(png_structp png) { (void)png; }

static bool is_little_endian(void) {
  const uint16_t one = 1;
  uint8_t first;
  memcpy(&first, &one, 1);
  return first == 1;
}

static bool check_size(job *job, uint64_t width, uint64_t height, uint64_t channels) {
  char message[PNG_FILES_MESSAGE_CAPACITY];
  if (width == 0 || height == 0) {
    report(job, "it has no pixels");
    return false;
  }
  if (width > PNG_FILES_MAXIMUM_SIDE || height > PNG_FILES_MAXIMUM_SIDE ||
      width * height > PNG_FILES_MAXIMUM_SAMPLES / channels) {
    snprintf(message, sizeof message,
             "%llu x %llu pixels of %llu channels are more than the %llu samples, or the %u pixels "
             "of a side, that are supported",
             (unsigned long long)width, (unsigned long long)height, (unsigned long long)channels,
             (unsigned long long)PNG_FILES_MAXIMUM_SAMPLES, (unsigned)PNG_FILES_MAXIMUM_SIDE);
    report(job, message);
    return false;
  }
  return true;
}

// The rows of `samples`, or NULL without memory for them.
static png_bytep *rows_of(uint8_t *samples, size_t row_bytes, size_t height) {
  png_bytep *rows = malloc(height * sizeof *rows);
  if (rows == NULL) return NULL;
  for (size_t row = 0; row < height; row += 1) rows[row] = samples + row * row_bytes;
  return rows;
}

static bool decode(job *job, png_files_picture *picture) {
  png_structp png = job->png;
  png_infop info = job->info;
  if (setjmp(png_jmpbuf(png))) return false;

  png_set_read_fn(png, job, on_read);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_size says it better
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  // Of the ancillary chunks only tRNS changes a sample.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(png, info);

  const png_uint_32 width = png_get_image_width(png, info);
  const png_uint_32 height = png_get_image_height(png, info);
  const int color_type = png_get_color_type(png, info);
  const bool has_alpha =
      (color_type & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png, info, PNG_INFO_tRNS) != 0;
  if (!check_size(job, width, height,
                  ((color_type & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1) + (has_alpha ? 1 : 0)))
    return false;
  if ((uint64_t)png_get_rowbytes(png, info) * height / LARGEST_EXPANSION > job->input_length) {
    report(job, "it breaks off before its end, or its size is not the one it states");
    return false;
  }

  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  if (png_get_valid(png, info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
  if (is_little_endian()) png_set_swap(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);

  const uint32_t channels = png_get_channels(png, info);
  const uint32_t bits = png_get_bit_depth(png, info);
  const size_t row_bytes = png_get_rowbytes(png, info);
  if (channels < 1 || channels > 4 || (bits != 8 && bits != 16) ||
      row_bytes != (size_t)width * channels * (bits / 8)) {
    report(job, "its kind of pixels is not supported");
    return false;
  }
  job->samples = malloc(row_bytes * height);
  job->rows = job->samples == NULL ? NULL : rows_of(job->samples, row_bytes, height);
  if (job->rows == NULL) {
    report(job, "there is not enough memory for its pixels");
    return false;
  }
  png_read_image(png, job->rows);
  png_read_end(png, NULL);

  *picture = (png_files_picture){width, height, channels, bits, job->samples};
  job->samples = NULL;
  return true;
}

bool png_files_decode(const uint8_t *bytes, size_t length, png_files_picture *picture,
                      char *message, size_t capacity) {
  job job = {.input = bytes,
             .input_length = length,
             .message = message,
             .message_capacity = capacity};
  memset(picture, 0, sizeof *picture);
  report(&job, "");
  const size_t signature = length < 8 ? length : 8;
  if (signature == 0) {
    report(&job, "it is empty");
    return false;
  }
  if (png_sig_cmp((png_const_bytep)bytes, 0, signature) != 0) {
    report(&job, "it is not a PNG file; convert it to one");
    return false;
  }
  bool done = false;
  job.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning);
  if (job.png != NULL) job.info = png_create_info_struct(job.png);
  if (job.info != NULL)
    done = decode(&job, picture);
  else
    report(&job, "there is not enough memory to read it");
  png_destroy_read_struct(&job.png, &job.info, NULL);
  free(job.rows);
  free(job.samples);
  return done;
}

static bool encode(job *job, const png_files_picture *picture) {
  static const int color_types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                    PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  png_structp png = job->png;
  if (setjmp(png_jmpbuf(png))) return false;

  png_set_write_fn(png, job, on_write, on_flush);
  png_set_IHDR(png, job->info, picture->width, picture->height, (int)picture->bits,
               color_types[picture->channels - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
               PNG_FILTER_TYPE_BASE);
  png_write_info(png, job->info);
  if (picture->bits == 16 && is_little_endian()) png_set_swap(png);
  png_write_image(png, job->rows);
  png_write_end(png, NULL);
  return true;
}

bool png_files_encode(const png_files_picture *picture, uint8_t **bytes, size_t *length,
                      char *message, size_t capacity) {
  job job = {.message = message, .message_capacity = capacity};
  *bytes = NULL;
  *length = 0;
  report(&job, "");
  if (picture->channels < 1 || picture->channels > 4 ||
      (picture->bits != 8 && picture->bits != 16)) {
    report(&job, "a picture has 1 to 4 channels of 8 or 16 bits");
    return false;
  }
  if (!check_size(&job, picture->width, picture->height, picture->channels)) return false;

  const size_t row_bytes = (size_t)picture->width * picture->channels * (picture->bits / 8);
  bool done = false;
  job.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning);
  if (job.png != NULL) job.info = png_create_info_struct(job.png);
  if (job.info != NULL) job.rows = rows_of(picture->samples, row_bytes, picture->height);
  if (job.rows != NULL)
    done = encode(&job, picture);
  else
    report(&job, "there is not enough memory to write it");
  png_destroy_write_struct(&job.png, &job.info);
  free(job.rows);
  if (!done) {
    free(job.output);
    return false;
  }
  *bytes = job.output;
  *length = job.output_length;
  return true;
}

void png_files_release(void *memory) { free(memory); }
