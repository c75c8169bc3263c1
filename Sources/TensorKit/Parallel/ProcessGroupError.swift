/// Why processes cannot work as one, or go on so.
public enum ProcessGroupError: Error, Equatable, CustomStringConvertible {
  /// A launcher started this process, but there is no MPI library.
  case noLibrary(reason: String)
  /// There is an MPI library that cannot be used.
  case unusableLibrary(reason: String)
  /// Another process failed at its part of the work.
  case failed(rank: Int, reason: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .noLibrary(let reason):
      """
      This process was started by mpirun, but there is no MPI library: \(reason); install Open MPI or MPICH, \
      or name the library's file in MPI_LIBRARY.
      """
    case .unusableLibrary(let reason):
      """
      The MPI library cannot be used: \(reason); name another one in MPI_LIBRARY, or run without mpirun.
      """
    case .failed(let rank, let reason):
      "Process \(rank) failed: \(reason.hasSuffix(".") ? String(reason.dropLast()) : reason)."
    }
  }
}
