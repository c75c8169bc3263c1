// The buffer pool: 64-byte-aligned storage with a bounded cache of released buffers per thread, and a
// shelf that all threads share.
//
// A training loop asks for the same sizes again and again; taking them from a list of the thread's
// own costs a few nanoseconds and leaves the pages mapped and warm. A buffer may be released by
// another thread than the one that allocated it: it then joins that thread's cache, but of a size no thread keeps
// more than it ever had to ask the system for, or a few. Else a thread that releases more than it allocates
// would hoard what others ask the system for, and a process grow for thousands of steps. What a thread's cache
// has no room for goes to the shelf: temporaries of kernels, and recordings that are kept from one phase of a step to
// the next, come back as often as steps do.
#if defined(__linux__)
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "CTensorKernels.h"

// Sizes are rounded up to classes: multiples of 64 bytes up to 256, then four to a power of two,
// so that at most a fifth of a buffer is slack. The last class is the largest that is cached.
enum {
  alignment = 64,
  smallest_shift = 8,   // classes 0...3 end at 64, 128, 192 and 256 = 2^8 bytes
  largest_shift = 24,   // 16 MiB, half of the whole cache
  class_count = 4 + 4 * (largest_shift - smallest_shift),
};
static const size_t largest_cached_bytes = (size_t)1 << largest_shift;
// What a thread may keep of small buffers, those of tiles, and of large ones, which are mapped by
// themselves. Every thread that ever worked on tiles keeps its own.
static const size_t cache_limit_small = (size_t)10 << 20;
static const size_t cache_limit_large = (size_t)16 << 20;

// A cached buffer holds the link to the next one of its class in its own first bytes.
struct cached_buffer {
  struct cached_buffer *next;
};

struct buffer_cache {
  struct cached_buffer *first[class_count];
  uint32_t kept[class_count];      // how many there are
  uint32_t obtained[class_count];  // how many the system was asked for
  size_t bytes[2];                 // of small buffers and of large ones
  bool is_registered;  // whether the thread's exit will free it
};

static _Thread_local struct buffer_cache thread_cache;
static pthread_key_t exit_key;
static bool exit_key_exists;
static pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;

static int size_class(size_t bytes) {
  if (bytes <= (size_t)1 << smallest_shift) {
    return bytes == 0 ? 0 : (int)((bytes - 1) / alignment);
  }
  // 2^shift < bytes <= 2^(shift + 1); the quarter of that interval picks the class.
  int shift = 63 - __builtin_clzll((unsigned long long)(bytes - 1));
  int quarter = (int)((bytes - 1) >> (shift - 2)) & 3;
  return 4 * (shift - smallest_shift + 1) + quarter;
}

static size_t class_bytes(int class) {
  if (class < 4) return (size_t)alignment * (size_t)(class + 1);
  int shift = smallest_shift + class / 4 - 1;
  return ((size_t)1 << shift) + ((size_t)(class % 4 + 1) << (shift - 2));
}

// Buffers of tiles and larger ones are mapped by themselves. On the system's heaps, one for each thread,
// buffers of changing sizes, released by other threads than allocated them, leave holes: kernels of 1024
// samples, one each step, grew a process from 70 to 800 MB, and plain steps on large pictures one from
// 130 to 310 MB, now and then.
static const size_t least_mapped_bytes = (size_t)1 << 17;
// Those that caches count by themselves.
static const size_t least_large_bytes = (size_t)1 << 20;

static bool is_mapped(size_t bytes) { return bytes >= least_mapped_bytes; }
static bool is_large(size_t bytes) { return bytes >= least_large_bytes; }

// The bytes that the system has given, in use or kept.
static _Atomic int64_t held_bytes;

static void *obtain(size_t bytes) {
  void *buffer = NULL;
  if (is_mapped(bytes)) {
    buffer = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED) return NULL;
  } else if (posix_memalign(&buffer, alignment, bytes) != 0) {
    return NULL;
  }
  atomic_fetch_add(&held_bytes, (int64_t)bytes);
  return buffer;
}

// Gives back what `obtain` gave for as many bytes.
static void give_back(void *buffer, size_t bytes) {
  atomic_fetch_sub(&held_bytes, (int64_t)bytes);
  if (!is_mapped(bytes)) {
    free(buffer);
  } else {
    munmap(buffer, bytes);
  }
}

// Frees cached buffers, small or large ones, the largest first, until at most `limit` bytes are left.
static void shrink_cache(struct buffer_cache *cache, bool large, size_t limit) {
  for (int class = class_count - 1; class >= 0 && cache->bytes[large] > limit; class--) {
    const size_t size = class_bytes(class);
    if (is_large(size) != large) continue;
    while (cache->first[class] != NULL && cache->bytes[large] > limit) {
      struct cached_buffer *buffer = cache->first[class];
      cache->first[class] = buffer->next;
      cache->kept[class]--;
      if (cache->obtained[class] > 0) cache->obtained[class]--;
      cache->bytes[large] -= size;
      give_back(buffer, size);
    }
  }
}

// How many buffers of a size a thread keeps at least; of tiny ones more, so that their lists are its own.
static uint32_t least_kept(size_t bytes) { return bytes <= 4096 ? 64 : 4; }

// Whether a thread keeps one more buffer of a class than it has.
static bool is_wanted(const struct buffer_cache *cache, int class) {
  const uint32_t kept = cache->kept[class];
  return kept < cache->obtained[class] || kept < least_kept(class_bytes(class));
}

// What the shelf holds beside what is lent: temporaries of kernels, which come back at every step.
#define shelf_base ((size_t)32 << 20)

// The shelf. Its lock is taken only where a thread's own cache is of no help.
static struct {
  pthread_mutex_t lock;
  struct cached_buffer *first[class_count];
  size_t bytes;  // of what lies on it
  size_t lent;   // of what is in use and will come back
  size_t limit;  // of both: the most that was ever lent, and something for all
} shelf = {.lock = PTHREAD_MUTEX_INITIALIZER, .limit = shelf_base};

// Gives buffers back, the largest first, until at most `limit` bytes lie on the shelf.
static void shrink_shelf(size_t limit) {
  for (int class = class_count - 1; class >= 0 && shelf.bytes > limit; class--) {
    while (shelf.first[class] != NULL && shelf.bytes > limit) {
      struct cached_buffer *buffer = shelf.first[class];
      shelf.first[class] = buffer->next;
      shelf.bytes -= class_bytes(class);
      give_back(buffer, class_bytes(class));
    }
  }
}

void tk_buffer_shelf_lend(size_t bytes) {
  pthread_mutex_lock(&shelf.lock);
  shelf.lent += bytes;
  if (shelf.limit < shelf.lent + shelf_base) shelf.limit = shelf.lent + shelf_base;
  shrink_shelf(shelf.limit - shelf.lent);
  pthread_mutex_unlock(&shelf.lock);
}

void tk_buffer_shelf_return(size_t bytes) {
  pthread_mutex_lock(&shelf.lock);
  shelf.lent -= bytes;
  pthread_mutex_unlock(&shelf.lock);
}

static void *take_from_shelf(int class) {
  pthread_mutex_lock(&shelf.lock);
  struct cached_buffer *buffer = shelf.first[class];
  if (buffer != NULL) {
    shelf.first[class] = buffer->next;
    shelf.bytes -= class_bytes(class);
  }
  pthread_mutex_unlock(&shelf.lock);
  return buffer;
}

static bool put_on_shelf(struct cached_buffer *buffer, int class) {
  pthread_mutex_lock(&shelf.lock);
  const bool fits = shelf.bytes + shelf.lent + class_bytes(class) <= shelf.limit;
  if (fits) {
    buffer->next = shelf.first[class];
    shelf.first[class] = buffer;
    shelf.bytes += class_bytes(class);
  }
  pthread_mutex_unlock(&shelf.lock);
  return fits;
}

static void clear_shelf(void) {
  pthread_mutex_lock(&shelf.lock);
  shrink_shelf(0);
  shelf.limit = shelf.lent + shelf_base;
  pthread_mutex_unlock(&shelf.lock);
}

// Buffers beyond the classes: the vectors of all parameters of models with large tables, of which each step makes the
// same few. Fresh ones cost more time than what is written to them, as the system clears their pages. They are kept
// by their exact sizes; with those in use they are never more than were once in use together, so that a process does
// not grow by them.
struct huge_buffer {
  struct huge_buffer *next;
  size_t bytes;
};

static struct {
  pthread_mutex_t lock;
  struct huge_buffer *first;
  size_t kept;  // bytes that wait
  size_t used;  // bytes in use
  size_t most;  // the most that were in use at once
} huge = {.lock = PTHREAD_MUTEX_INITIALIZER};

// Gives kept buffers back until at most so many bytes wait.
static void shrink_huge(size_t limit) {
  while (huge.first != NULL && huge.kept > limit) {
    struct huge_buffer *buffer = huge.first;
    huge.first = buffer->next;
    huge.kept -= buffer->bytes;
    give_back(buffer, buffer->bytes);
  }
}

static void *allocate_huge(size_t bytes) {
  pthread_mutex_lock(&huge.lock);
  struct huge_buffer **link = &huge.first;
  while (*link != NULL && (*link)->bytes != bytes) link = &(*link)->next;
  void *buffer = *link;
  if (buffer != NULL) {
    *link = (*link)->next;
    huge.kept -= bytes;
  } else {
    const size_t most = huge.most > huge.used + bytes ? huge.most : huge.used + bytes;
    shrink_huge(most - huge.used - bytes);
    buffer = obtain(bytes);
  }
  if (buffer != NULL) huge.used += bytes;
  if (huge.used > huge.most) huge.most = huge.used;
  pthread_mutex_unlock(&huge.lock);
  return buffer;
}

static void release_huge(void *pointer, size_t bytes) {
  struct huge_buffer *buffer = pointer;
  pthread_mutex_lock(&huge.lock);
  huge.used -= bytes;
  huge.kept += bytes;
  buffer->bytes = bytes;
  buffer->next = huge.first;
  huge.first = buffer;
  pthread_mutex_unlock(&huge.lock);
}

static void clear_huge(void) {
  pthread_mutex_lock(&huge.lock);
  shrink_huge(0);
  huge.most = huge.used;
  pthread_mutex_unlock(&huge.lock);
}

static void empty_cache(struct buffer_cache *cache) {
  shrink_cache(cache, false, 0);
  shrink_cache(cache, true, 0);
}

// The bytes in use by all threads, and the most there were since that was last restarted. A thread tells what it
// allocated and released once that comes to so much, so that small buffers cost no shared memory.
static _Atomic int64_t used_bytes, most_used_bytes;
static _Thread_local int64_t untold_bytes;
static const int64_t least_told_bytes = (int64_t)1 << 16;

static void tell_use(void) {
  const int64_t used = atomic_fetch_add(&used_bytes, untold_bytes) + untold_bytes;
  untold_bytes = 0;
  int64_t most = atomic_load(&most_used_bytes);
  while (used > most && !atomic_compare_exchange_weak(&most_used_bytes, &most, used)) {
  }
}

static void note_use(int64_t bytes) {
  untold_bytes += bytes;
  if (untold_bytes >= least_told_bytes || untold_bytes <= -least_told_bytes) tell_use();
}

// Runs when a thread exits. Should another destructor release buffers after this one, the cache
// registers anew, and the system calls this again.
static void free_cache_at_thread_exit(void *pointer) {
  struct buffer_cache *cache = pointer;
  cache->is_registered = false;
  empty_cache(cache);
  tell_use();
}

static void create_exit_key(void) {
  exit_key_exists = pthread_key_create(&exit_key, free_cache_at_thread_exit) == 0;
}

// False where the thread's exit cannot be observed: nothing may be cached then.
static bool register_cache(struct buffer_cache *cache) {
  pthread_once(&exit_key_once, create_exit_key);
  cache->is_registered = exit_key_exists && pthread_setspecific(exit_key, cache) == 0;
  return cache->is_registered;
}

int64_t tk_buffer_bytes_in_use(void) {
  tell_use();
  return atomic_load(&used_bytes);
}

int64_t tk_buffer_bytes_held(void) { return atomic_load(&held_bytes); }

int64_t tk_buffer_most_bytes_in_use(void) {
  tell_use();
  return atomic_load(&most_used_bytes);
}

void tk_buffer_restart_most_bytes(void) {
  tell_use();
  atomic_store(&most_used_bytes, atomic_load(&used_bytes));
}

void tk_buffer_trim(void) {
  empty_cache(&thread_cache);
  memset(thread_cache.obtained, 0, sizeof thread_cache.obtained);
  clear_shelf();
  clear_huge();
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

static void *allocate(size_t bytes) {
  if (bytes > largest_cached_bytes) return allocate_huge(bytes);
  int class = size_class(bytes);
  struct buffer_cache *cache = &thread_cache;
  struct cached_buffer *buffer = cache->first[class];
  if (buffer == NULL) {
    void *shelved = take_from_shelf(class);
    if (shelved != NULL) return shelved;
    cache->obtained[class]++;
    return obtain(class_bytes(class));
  }
  cache->first[class] = buffer->next;
  cache->kept[class]--;
  cache->bytes[is_large(class_bytes(class))] -= class_bytes(class);
  return buffer;
}

// What a buffer takes, of which a class may be a little more than was asked for.
static int64_t bytes_taken(size_t bytes) {
  return (int64_t)(bytes > largest_cached_bytes ? bytes : class_bytes(size_class(bytes)));
}

void *tk_buffer_allocate(size_t bytes) {
  void *buffer = allocate(bytes);
  if (buffer == NULL) {
    // Once more, without what is kept for later.
    tk_buffer_trim();
    buffer = allocate(bytes);
  }
  if (buffer != NULL) note_use(bytes_taken(bytes));
  return buffer;
}

void tk_buffer_release(void *buffer, size_t bytes) {
  if (buffer == NULL) return;
  note_use(-bytes_taken(bytes));
  if (bytes > largest_cached_bytes) {
    release_huge(buffer, bytes);
    return;
  }
  int class = size_class(bytes);
  size_t size = class_bytes(class);
  struct buffer_cache *cache = &thread_cache;
  if (!cache->is_registered && !register_cache(cache)) {
    give_back(buffer, size);
    return;
  }
  const bool large = is_large(size);
  const size_t limit = large ? cache_limit_large : cache_limit_small;
  if (!is_wanted(cache, class) || cache->bytes[large] + size > limit) {
    if (put_on_shelf(buffer, class)) return;
    shrink_cache(cache, large, limit - size);
  }
  struct cached_buffer *entry = buffer;
  entry->next = cache->first[class];
  cache->first[class] = entry;
  cache->kept[class]++;
  cache->bytes[large] += size;
}
