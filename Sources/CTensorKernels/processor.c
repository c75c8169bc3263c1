// The name of the processor, from the brand string that x86 processors carry.
#include <pthread.h>
#include <string.h>

#include "CTensorKernels.h"

#if defined(__x86_64__)
#include <cpuid.h>

static char brand[49];  // 48 characters and the end mark; empty where there is none
static char *name;      // the brand without the blanks around it
static pthread_once_t name_once = PTHREAD_ONCE_INIT;

static void read_brand(void) {
  const unsigned int first_leaf = 0x80000002, leaf_count = 3;
  if (__get_cpuid_max(0x80000000, NULL) < first_leaf + leaf_count - 1) return;
  for (unsigned int leaf = 0; leaf < leaf_count; leaf++) {
    unsigned int words[4];
    __cpuid(first_leaf + leaf, words[0], words[1], words[2], words[3]);
    memcpy(brand + sizeof words * leaf, words, sizeof words);
  }
  size_t length = strlen(brand);
  while (length > 0 && brand[length - 1] == ' ') brand[--length] = '\0';
  size_t blanks = strspn(brand, " ");
  if (blanks < length) name = brand + blanks;
}

const char *tk_processor_name(void) {
  pthread_once(&name_once, read_brand);
  return name;
}
#else
const char *tk_processor_name(void) { return NULL; }
#endif
