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
  uint8_t *row;      // one row as libpng decodes it
  uint8_t *pixels;   // the pixels so far, those of each pass side by side
  size_t pixels_length;
  size_t pixels_capacity;
  png_bytep *rows;   // the rows to encode
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

// Of the ancillary chunks only tRNS changes a sample, and libpng goes on without one that is wrong. A chunk
// that is damaged may have been a tRNS unless its name is of another one that is known.
static void on_warning(png_structp png, png_const_charp message) {
  static const char *const unread[] = {"bKGD", "cHRM", "eXIf", "gAMA", "hIST", "iCCP",
                                       "iTXt", "oFFs", "pCAL", "pHYs", "sBIT", "sCAL",
                                       "sPLT", "sRGB", "sTER", "tEXt", "tIME", "zTXt"};
  const bool is_transparency = strncmp(message, "tRNS:", 5) == 0;
  if (!is_transparency && strstr(message, "CRC error") == NULL) return;
  for (size_t index = 0; index < sizeof unread / sizeof *unread; index += 1)
    if (strncmp(message, unread[index], 4) == 0) return;
  png_error(png, message);
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

// Appends bytes of decoded pixels. Memory grows with them: a header's size is believed only as far as the
// data have come.
static void append_pixels(job *job, const uint8_t *bytes, size_t count, size_t most) {
  if (count > job->pixels_capacity - job->pixels_length) {
    size_t capacity = job->pixels_capacity * 2 + count + 65536;
    if (capacity > most) capacity = most;
    uint8_t *pixels = realloc(job->pixels, capacity);
    if (pixels == NULL) png_error(job->png, "there is not enough memory for its pixels");
    job->pixels = pixels;
    job->pixels_capacity = capacity;
  }
  memcpy(job->pixels + job->pixels_length, bytes, count);
  job->pixels_length += count;
}

// Reads the rows of one picture or, of an interlaced file, of seven smaller ones.
static void read_pixels(job *job, png_uint_32 width, png_uint_32 height, size_t pixel_bytes,
                        bool is_interlaced) {
  const size_t most = (size_t)width * height * pixel_bytes;
  for (int pass = 0; pass < (is_interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1); pass += 1) {
    const size_t columns = is_interlaced ? PNG_PASS_COLS(width, pass) : width;
    const size_t rows = is_interlaced ? PNG_PASS_ROWS(height, pass) : height;
    if (columns == 0) continue;
    for (size_t row = 0; row < rows; row += 1) {
      png_read_row(job->png, job->row, NULL);
      append_pixels(job, job->row, columns * pixel_bytes, most);
    }
  }
}

// Puts the pixels of the seven passes where they belong.
static void place_passes(const uint8_t *source, uint8_t *samples, size_t width, size_t height,
                         size_t pixel_bytes) {
  for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass += 1) {
    for (size_t row = PNG_PASS_START_ROW(pass); row < height;
         row += (size_t)1 << PNG_PASS_ROW_SHIFT(pass)) {
      for (size_t column = PNG_PASS_START_COL(pass); column < width;
           column += (size_t)1 << PNG_PASS_COL_SHIFT(pass)) {
        memcpy(samples + (row * width + column) * pixel_bytes, source, pixel_bytes);
        source += pixel_bytes;
      }
    }
  }
}

static bool decode(job *job, png_files_picture *picture) {
  png_structp png = job->png;
  png_infop info = job->info;
  if (setjmp(png_jmpbuf(png))) return false;

  png_set_read_fn(png, job, on_read);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_size says it better
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);  // see on_warning
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
  png_read_update_info(png, info);

  const uint32_t channels = png_get_channels(png, info);
  const uint32_t bits = png_get_bit_depth(png, info);
  const size_t row_bytes = png_get_rowbytes(png, info);
  if (channels < 1 || channels > 4 || (bits != 8 && bits != 16) ||
      row_bytes != (size_t)width * channels * (bits / 8)) {
    report(job, "its kind of pixels is not supported");
    return false;
  }
  const size_t pixel_bytes = row_bytes / width;
  const bool is_interlaced = png_get_interlace_type(png, info) == PNG_INTERLACE_ADAM7;
  job->row = malloc(row_bytes);
  if (job->row == NULL) {
    report(job, "there is not enough memory for its pixels");
    return false;
  }
  read_pixels(job, width, height, pixel_bytes, is_interlaced);
  png_read_end(png, NULL);

  uint8_t *samples = job->pixels;
  if (is_interlaced) {
    samples = malloc(row_bytes * height);
    if (samples == NULL) {
      report(job, "there is not enough memory for its pixels");
      return false;
    }
    place_passes(job->pixels, samples, width, height, pixel_bytes);
  } else {
    job->pixels = NULL;
  }
  *picture = (png_files_picture){width, height, channels, bits, samples};
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
  free(job.row);
  free(job.pixels);
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
