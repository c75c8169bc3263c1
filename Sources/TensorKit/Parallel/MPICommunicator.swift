import CMPI
import Foundation

/// The processes that `mpirun` started, joined by MPI.
///
/// MPI is loaded as it is needed: a package that is built with this one depends on no MPI, and a process that was
/// started by itself looks for none. Open MPI and MPICH are served, and what keeps to the binary interface of
/// either.
public struct MPICommunicator: Communicator {
  /// Which of the processes this is, from zero.
  public let rank: Int
  /// How many processes there are.
  public let count: Int

  /// What the library calls itself, such as `Open MPI v4.1.4`.
  public var library: String { String(cString: mpi_library()) }

  private init() {
    rank = Int(mpi_rank())
    count = Int(mpi_size())
  }

  /// What joining came to, once in the life of a process.
  private static let joined = Result<MPICommunicator?, ProcessGroupError> {
    () throws(ProcessGroupError) in
    let variables = ProcessInfo.processInfo.environment
    // Open MPI; MPICH, Intel MPI and Slurm's interface of the same kind.
    let isOpen = variables["OMPI_COMM_WORLD_SIZE"] != nil
    guard isOpen || variables["PMI_SIZE"] != nil || variables["PMIX_RANK"] != nil else {
      return nil
    }
    let library = variables["MPI_LIBRARY"]
    switch mpi_outcome(UInt32(mpi_join(library, isOpen || variables["PMI_SIZE"] == nil ? 0 : 1))) {
    case mpi_joined: return MPICommunicator()
    case mpi_no_library: throw .noLibrary(reason: String(cString: mpi_message()))
    default: throw .unusableLibrary(reason: String(cString: mpi_message()))
    }
  }

  /// Joins the other processes of the launcher that started this one.
  ///
  /// The environment variable `MPI_LIBRARY` names the library's file, where it has an unusual name. The thread that
  /// calls this is the one that may use the communicator.
  ///
  /// - Returns: The communicator; nil if no launcher started this process.
  /// - Throws: ``ProcessGroupError`` if there is a launcher, but no library that can be used.
  public static func ofLauncher() throws(ProcessGroupError) -> MPICommunicator? {
    try joined.get()
  }

  /// Sends bytes to another process.
  public func send(_ bytes: [UInt8], to rank: Int) {
    var size = Int64(bytes.count)
    mpi_send(&size, MemoryLayout<Int64>.size, Int32(rank))
    bytes.withUnsafeBytes { mpi_send($0.baseAddress, $0.count, Int32(rank)) }
  }

  /// Receives what another process sends.
  public func receive(from rank: Int) -> [UInt8] {
    var size = Int64(0)
    mpi_receive(&size, MemoryLayout<Int64>.size, Int32(rank))
    return [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
      mpi_receive(buffer.baseAddress, Int(size), Int32(rank))
      count = Int(size)
    }
  }

  /// Returns the bytes of the first process, in all of them.
  public func broadcast(_ bytes: [UInt8]) -> [UInt8] {
    var size = Int64(bytes.count)
    mpi_broadcast(&size, MemoryLayout<Int64>.size)
    if rank == 0 {
      // MPI takes a pointer through which the others write, and reads alone from the first.
      bytes.withUnsafeBytes {
        mpi_broadcast(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
      }
      return bytes
    }
    return [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
      mpi_broadcast(buffer.baseAddress, Int(size))
      count = Int(size)
    }
  }

  /// Ends all processes with an exit code.
  public func abort(exitCode: Int32) -> Never {
    mpi_abort(exitCode)
    exit(exitCode)
  }

  /// Leaves the others, once all have come to this; nothing may be sent any more.
  public func leave() { mpi_leave() }
}
