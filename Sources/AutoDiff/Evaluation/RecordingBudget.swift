import Synchronization
import TensorKit

/// How many bytes of recordings a pass may keep between its phases.
///
/// Tiles take from it while they are recorded, by any thread. Which of them find room depends on chance, and no
/// number does: a recording that was not kept is made again, with the same bits.
final class RecordingBudget: Sendable {
  private let bytes: Int
  /// Nothing is kept unless recordings of so many rows find room: a few would cost much memory, and save
  /// little time.
  private let rowsToKeep: Int
  private let state: Mutex<(left: Int, largest: Int, isEnough: Bool)>

  init(bytes: Int, rowsToKeep: Int) {
    self.bytes = bytes
    self.rowsToKeep = rowsToKeep
    state = Mutex((left: bytes, largest: 0, isEnough: bytes > 0))
  }

  deinit { TensorMemory.takeBack(bytes - state.withLock { $0.left }) }

  /// Whether a recording as large as the largest so far would find room.
  var hasRoom: Bool { state.withLock { $0.isEnough && $0.left >= $0.largest } }

  /// Takes a recording's bytes, if there is room.
  func take(_ taken: Int, rows: Int) -> Bool {
    state.withLock { state in
      state.largest = max(state.largest, taken)
      if taken / max(rows, 1) * rowsToKeep > bytes { state.isEnough = false }
      guard state.isEnough && taken <= state.left else { return false }
      state.left -= taken
      TensorMemory.setAside(taken)
      return true
    }
  }

  /// Gives a recording's bytes back.
  func give(_ taken: Int) {
    guard taken > 0 else { return }
    state.withLock { $0.left += taken }
    TensorMemory.takeBack(taken)
  }
}

extension Variable {
  /// The bytes of all values between some variables and this one that only its recording holds.
  ///
  /// - Parameter nodes: Those that were counted already, which are added to.
  func recordedBytes(excluding counted: inout Set<ObjectIdentifier>) -> Int {
    var numbers = 0
    var stack = [node].compactMap { $0 }
    while let node = stack.popLast() {
      // What was lifted lives on without the recording.
      guard node.operation != nil, counted.insert(ObjectIdentifier(node)).inserted else { continue }
      numbers += node.evaluation.value.count + (node.evaluation.saved?.count ?? 0)
      for input in node.inputs { if let node = input.node { stack.append(node) } }
    }
    return numbers * MemoryLayout<Scalar>.stride
  }
}
