import CTensorKernels

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
      TensorMemory.endForLack(ofBytes: bytes)
    }
    self.elements = buffer.bindMemory(to: Scalar.self, capacity: count)
    self.count = count
  }

  deinit {
    tk_buffer_release(elements, count * MemoryLayout<Scalar>.stride)
  }
}
