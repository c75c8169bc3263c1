// PNG files to samples and back, over libpng.
//
// libpng reports errors by longjmp; here they come back as a message, and no jump crosses a caller.
// Samples are what the file stores: no gamma, background or colour management is applied, and
// ancillary chunks other than tRNS are not read.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// No picture has more samples (height x width x channels) than this.
#define PNG_FILES_MAXIMUM_SAMPLES ((uint64_t)1000000000)
// No side of a picture is longer than this.
#define PNG_FILES_MAXIMUM_SIDE ((uint32_t)1000000)
// Large enough for every message.
#define PNG_FILES_MESSAGE_CAPACITY 256

typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;  // 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA
  uint32_t bits;      // 8 (samples are uint8_t) or 16 (samples are uint16_t of this machine)
  void *samples;      // row by row from the top, the channels of a pixel side by side
} png_files_picture;

// Decodes a whole PNG file. Grey of 1, 2 and 4 bits is scaled to 8; a palette becomes RGB, or RGBA
// where it has transparent entries; a transparent colour becomes an alpha channel. A file that
// breaks off, or has a damaged chunk, is an error; damage within ancillary chunks that are known and
// not read, such as texts, is not. Memory grows with the pixels that were decoded, not with the size
// that the file states.
//
// On success, returns true and gives `picture` samples to be released with png_files_release.
// On failure, returns false, leaves `picture` zero, and writes a message without a final full stop
// to `message`, always terminated, at most `capacity` bytes.
bool png_files_decode(const uint8_t *bytes, size_t length, png_files_picture *picture,
                      char *message, size_t capacity);

// Encodes a picture; `picture->samples` is only read. The same samples give the same bytes with
// the same libraries.
//
// On success, returns true and sets `bytes`, to be released with png_files_release, and `length`.
// On failure, returns false, sets them to zero, and writes a message as png_files_decode does.
bool png_files_encode(const png_files_picture *picture, uint8_t **bytes, size_t *length,
                      char *message, size_t capacity);

// Releases what the functions above gave. NULL is fine.
void png_files_release(void *memory);

#ifdef __cplusplus
}
#endif
