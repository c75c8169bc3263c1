#include "CMPI.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Handles are pointers in Open MPI and integers in MPICH, so each function has two types. The order of arguments is
// the standard's.
typedef int init_function(int *, char ***, int, int *);
typedef int finalize_function(void);
typedef int version_function(char *, int *);

typedef int open_rank_function(void *, int *);
typedef int open_send_function(const void *, int, void *, int, int, void *);
typedef int open_receive_function(void *, int, void *, int, int, void *, void *);
typedef int open_broadcast_function(void *, int, void *, int, void *);
typedef int open_abort_function(void *, int);

typedef int mpich_rank_function(int, int *);
typedef int mpich_send_function(const void *, int, int, int, int, int);
typedef int mpich_receive_function(void *, int, int, int, int, int, void *);
typedef int mpich_broadcast_function(void *, int, int, int, int);
typedef int mpich_abort_function(int, int);

// MPICH's binary interface: MPI_COMM_WORLD and MPI_BYTE.
enum { mpich_world = 0x44000000, mpich_byte = 0x4c00010d };
// The value of MPI_THREAD_FUNNELED in both: one thread calls MPI, others may compute.
enum { thread_funneled = 1 };
// Counts are ints; a message of more bytes is sent in pieces.
static const size_t most_bytes = (size_t)1 << 30;
enum { tag = 1 };

static struct {
  int is_open;
  void *world, *byte;
  void *send, *receive, *broadcast, *abort, *finalize;
  int rank, size;
  char message[512], library[256];
} mpi;

const char *mpi_message(void) { return mpi.message; }
const char *mpi_library(void) { return mpi.library; }
int mpi_rank(void) { return mpi.rank; }
int mpi_size(void) { return mpi.size; }

static void *load(const char *library, int prefers_mpich) {
  static const char *const open_names[] = {"libmpi.so.40", "libmpi.so", "libmpi.dylib"};
  static const char *const mpich_names[] = {"libmpich.so.12", "libmpi.so.12", "libmpi.dylib"};
  if (library != NULL) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    if (handle == NULL) snprintf(mpi.message, sizeof mpi.message, "%s", dlerror());
    return handle;
  }
  const char *const *names[2] = {open_names, mpich_names};
  for (int round = 0; round < 2; round++) {
    for (int index = 0; index < 3; index++) {
      // Its own parts look for its symbols, so they are for all to see.
      void *handle = dlopen(names[round ^ prefers_mpich][index], RTLD_NOW | RTLD_GLOBAL);
      if (handle != NULL) return handle;
    }
  }
  snprintf(
      mpi.message, sizeof mpi.message, "none of libmpi.so.40, libmpi.so, libmpich.so.12 and libmpi.so.12 is there");
  return NULL;
}

static void *find(void *handle, const char *name) {
  void *symbol = dlsym(handle, name);
  if (symbol == NULL) snprintf(mpi.message, sizeof mpi.message, "the MPI library has no %s", name);
  return symbol;
}

static int rank_or_size(void *function) {
  int result = 0;
  if (mpi.is_open) {
    ((open_rank_function *)function)(mpi.world, &result);
  } else {
    ((mpich_rank_function *)function)(mpich_world, &result);
  }
  return result;
}

int mpi_join(const char *library, int prefers_mpich) {
  void *handle = load(library, prefers_mpich != 0);
  if (handle == NULL) return mpi_no_library;
  mpi.world = dlsym(handle, "ompi_mpi_comm_world");
  mpi.byte = dlsym(handle, "ompi_mpi_byte");
  mpi.is_open = mpi.world != NULL && mpi.byte != NULL;

  void *init = find(handle, "MPI_Init_thread");
  void *rank = find(handle, "MPI_Comm_rank");
  void *size = find(handle, "MPI_Comm_size");
  mpi.send = find(handle, "MPI_Send");
  mpi.receive = find(handle, "MPI_Recv");
  mpi.broadcast = find(handle, "MPI_Bcast");
  mpi.abort = find(handle, "MPI_Abort");
  mpi.finalize = find(handle, "MPI_Finalize");
  if (!init || !rank || !size || !mpi.send || !mpi.receive || !mpi.broadcast || !mpi.abort || !mpi.finalize) {
    return mpi_unusable;
  }
  int provided = 0;
  if (((init_function *)init)(NULL, NULL, thread_funneled, &provided) != 0 || provided < thread_funneled) {
    snprintf(mpi.message, sizeof mpi.message, "MPI does not start beside threads");
    return mpi_unusable;
  }
  mpi.rank = rank_or_size(rank);
  mpi.size = rank_or_size(size);

  void *version = dlsym(handle, "MPI_Get_library_version");
  if (version != NULL) {
    // The standard's MPI_MAX_LIBRARY_VERSION_STRING is 256 in Open MPI, and 8192 in MPICH.
    static char text[8192];
    int length = 0;
    ((version_function *)version)(text, &length);
    snprintf(mpi.library, sizeof mpi.library, "%s", text);
    mpi.library[strcspn(mpi.library, ",\n")] = '\0';
  }
  return mpi_joined;
}

void mpi_send(const void *bytes, size_t count, int rank) {
  for (size_t start = 0; start < count; start += most_bytes) {
    int part = (int)(count - start < most_bytes ? count - start : most_bytes);
    const char *from = (const char *)bytes + start;
    if (mpi.is_open) {
      ((open_send_function *)mpi.send)(from, part, mpi.byte, rank, tag, mpi.world);
    } else {
      ((mpich_send_function *)mpi.send)(from, part, mpich_byte, rank, tag, mpich_world);
    }
  }
}

void mpi_receive(void *bytes, size_t count, int rank) {
  // An MPI_Status takes 20 or 24 bytes.
  int64_t status[16];
  for (size_t start = 0; start < count; start += most_bytes) {
    int part = (int)(count - start < most_bytes ? count - start : most_bytes);
    char *to = (char *)bytes + start;
    if (mpi.is_open) {
      ((open_receive_function *)mpi.receive)(to, part, mpi.byte, rank, tag, mpi.world, status);
    } else {
      ((mpich_receive_function *)mpi.receive)(to, part, mpich_byte, rank, tag, mpich_world, status);
    }
  }
}

void mpi_broadcast(void *bytes, size_t count) {
  for (size_t start = 0; start < count; start += most_bytes) {
    int part = (int)(count - start < most_bytes ? count - start : most_bytes);
    char *to = (char *)bytes + start;
    if (mpi.is_open) {
      ((open_broadcast_function *)mpi.broadcast)(to, part, mpi.byte, 0, mpi.world);
    } else {
      ((mpich_broadcast_function *)mpi.broadcast)(to, part, mpich_byte, 0, mpich_world);
    }
  }
}

void mpi_abort(int code) {
  if (mpi.is_open) {
    ((open_abort_function *)mpi.abort)(mpi.world, code);
  } else {
    ((mpich_abort_function *)mpi.abort)(mpich_world, code);
  }
}

void mpi_leave(void) { ((finalize_function *)mpi.finalize)(); }
