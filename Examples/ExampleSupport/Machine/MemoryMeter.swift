import TensorKit

/// Measures the memory of runs that come one after the other, each by itself.
///
/// The number is the most bytes that tensors took at once during a run: its weights, optimizer, gradients, tiles,
/// recordings, kernels and batch. What the process keeps of runs before is taken off. So it does not
/// depend on which runs came before, nor on how the system maps memory; what the program itself takes, about 40 MB,
/// and freed tensors that are kept for the next ones are not part of it.
package struct MemoryMeter {
  /// What runs have in common.
  private let shared: Int

  /// Takes what there is now for what runs have in common.
  package init() {
    TensorMemory.returnUnused()
    shared = TensorMemory.bytesInUse
  }

  /// Starts a run.
  ///
  /// - Returns: What tells, once or at any time later, the run's most memory so far in megabytes of 1024² bytes.
  package func start() -> () -> Double {
    TensorMemory.returnUnused()
    let earlier = TensorMemory.bytesInUse - shared
    TensorMemory.restartPeak()
    return { Double(TensorMemory.peakBytesInUse - earlier) / (1024 * 1024) }
  }
}
