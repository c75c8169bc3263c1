// The few calls of MPI that the package needs, found at run time: nothing here needs MPI to be built, or to run
// in one process. Open MPI and MPICH (and what keeps to its binary interface) differ in what a handle is.
#ifndef CMPI_H
#define CMPI_H

#include <stddef.h>

// How joining went.
enum mpi_outcome {
  mpi_joined = 0,
  // No library was found; `mpi_message` tells which were looked for.
  mpi_no_library = 1,
  // A library lacks a function, or does not start; `mpi_message` tells.
  mpi_unusable = 2,
};

// Loads a library and joins the processes of its launcher; once in a process.
//
// `library` is the path of the library, or NULL for the usual names; `prefers_mpich` tells whose names come first.
// Only the thread that calls this may call the others.
int mpi_join(const char *library, int prefers_mpich);

// Why joining failed, as a sentence without a full stop.
const char *mpi_message(void);

// What the library calls itself, on one line; empty before joining.
const char *mpi_library(void);

int mpi_rank(void);
int mpi_size(void);

// Sends bytes to a rank; waits until they may be overwritten. Errors end all processes, as is MPI's default.
void mpi_send(const void *bytes, size_t count, int rank);

// Receives as many bytes as that rank sends.
void mpi_receive(void *bytes, size_t count, int rank);

// Copies bytes of the first rank to all others.
void mpi_broadcast(void *bytes, size_t count);

// Ends all processes with an exit code.
void mpi_abort(int code);

// Leaves, once all processes have come to this.
void mpi_leave(void);

#endif
