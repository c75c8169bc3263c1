/// Carries bytes between processes that work as one.
///
/// Every process calls the same functions in the same order, each from one thread. ``MPICommunicator`` is the one
/// for clusters; a test may join threads of one process.
public protocol Communicator: Sendable {
  /// Which of the processes this is, from zero.
  var rank: Int { get }

  /// How many processes there are.
  var count: Int { get }

  /// Sends bytes to another process, which must be about to receive them.
  func send(_ bytes: [UInt8], to rank: Int) throws

  /// Receives what another process sends.
  func receive(from rank: Int) throws -> [UInt8]

  /// Returns the bytes of the first process, in all of them.
  func broadcast(_ bytes: [UInt8]) throws -> [UInt8]
}

extension Communicator {
  /// Returns the bytes of the first process, which sends them to one after the other.
  public func broadcast(_ bytes: [UInt8]) throws -> [UInt8] {
    guard rank == 0 else { return try receive(from: 0) }
    for other in 1..<max(count, 1) { try send(bytes, to: other) }
    return bytes
  }

  /// Returns the bytes of each process, in all of them.
  func gather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    var state = SavedState()
    if rank > 0 {
      try send(bytes, to: 0)
    } else {
      for other in 0..<count {
        let part = other == 0 ? bytes : try receive(from: other)
        state["\(other)"] = .array(StoredArray(.uint8, shape: [part.count], bytes: part))
      }
    }
    let all = try SavedState(SafeTensorsFile(bytes: try broadcast(state.file.bytes())))
    return (0..<count).map { other in
      if case .array(let array) = all["\(other)"] { array.bytes } else { [] }
    }
  }
}
