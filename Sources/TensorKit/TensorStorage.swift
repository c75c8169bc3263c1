import CTensorKernels

/// Memory that freed tensors leave behind.
public enum TensorMemory {
  /// Returns what this thread and all together keep of freed tensors, for the next ones, to the system.
  ///
  /// Loops that make the same tensors again and again need nothing of the kind. Worth a call after a
  /// phase that needed much more memory than what follows.
  public static func returnUnused() { tk_buffer_trim() }

  /// Notes that tensors of about so many bytes wait for a later phase of some work.
  ///
  /// Work of this kind recurs. As many bytes as ever waited at once are kept when they are freed, until
  /// ``returnUnused()``.
  package static func setAside(_ bytes: Int) { tk_buffer_shelf_lend(bytes) }

  /// Notes that tensors that were set aside are about to be freed.
  package static func takeBack(_ bytes: Int) { tk_buffer_shelf_return(bytes) }
}

/// The elements of a tensor: one 64-byte-aligned buffer, returned to its thread's pool when released.
///
/// Unchecked, because the compiler cannot see that a buffer is written only while a tensor holds the
/// single reference to it (``Tensor/withUnsafeMutableElements(_:)`` makes sure of that).
final class TensorStorage<Scalar: TensorScalar>: @unchecked Sendable {
  let elements: UnsafeMutablePointer<Scalar>
  let count: Int

  /// Storage whose elements are not initialized yet; the scalars are trivial, so writing is enough.
  init(count: Int) {
    let bytes = count * MemoryLayout<Scalar>.stride
    guard let buffer = tk_buffer_allocate(bytes) else {
      preconditionFailure("out of memory: a tensor of \(count) elements needs \(bytes) bytes")
    }
    self.elements = buffer.bindMemory(to: Scalar.self, capacity: count)
    self.count = count
  }

  deinit {
    tk_buffer_release(elements, count * MemoryLayout<Scalar>.stride)
  }
}
