import AutoDiff
import TensorKit

/// Adjustment by a kernel over the whole batch, computed once: evens out the kernel's leading spectrum.
///
/// With S built from the kernel K of the batch's samples, the residuals r become S r, alike for every
/// output. The kernel is the caller's: a matrix, or a function of the inputs such as the closed-form
/// neural tangent kernel of an infinitely wide network, which wide networks follow while they train.
///
/// ```swift
/// let adjuster = NTKAdjuster<Double>(end: 10) { TwoLayerRectifierNetwork.infiniteWidthKernel(at: $0) }
/// ```
///
/// S couples all samples, so a step costs a forward sweep before the adjusted one. Groups are not
/// looked at.
///
/// Source: K. Shi, H. Chen, L. Zhang and S. Gu, "Inductive gradient adjustment for spectral bias in
/// implicit neural representations", ICML 2025, section 3.1 and experiment 1.
public struct NTKAdjuster<Scalar: TensorScalar>: GradientAdjuster {
  /// A kernel as a function of a batch's inputs, of shape [samples, inputs].
  ///
  /// Returns a symmetric positive semidefinite matrix of shape [samples, samples].
  public typealias Kernel = @Sendable (_ inputs: Tensor<Scalar>) throws -> Tensor<Scalar>

  /// How many leading eigenvalues are equalized.
  public let end: Int
  /// Where the eigenvalues are sent.
  public let target: EqualizationTarget

  private let kernel: Kernel
  private var known: KnownTransform<Scalar>?
  /// Whether the last step had a new transform.
  private var isFresh = false

  /// Adjustment by a kernel function, called at the first step and whenever the batch is another.
  ///
  /// - Parameters:
  ///   - end: How many leading eigenvalues are equalized; must be below the number of samples.
  ///   - target: Where they are sent; the rule for Adam by default.
  ///   - kernel: The kernel of some inputs.
  /// - Precondition: `end` is not negative.
  public init(end: Int, target: EqualizationTarget = .next, kernel: @escaping Kernel) {
    precondition(end >= 0, "\(end) eigenvalues to equalize")
    self.end = end
    self.target = target
    self.kernel = kernel
  }

  /// Adjustment by a given kernel matrix; row i belongs to sample i of every batch.
  ///
  /// - Parameters:
  ///   - end: How many leading eigenvalues are equalized; must be below the number of samples.
  ///   - target: Where they are sent; the rule for Adam by default.
  ///   - matrix: Symmetric and positive semidefinite. Shape: [samples, samples].
  /// - Precondition: `end` is not negative and the matrix is square.
  public init(end: Int, target: EqualizationTarget = .next, matrix: Tensor<Scalar>) {
    precondition(
      matrix.rank == 2 && matrix.shape[0] == matrix.shape[1],
      "a kernel matrix of shape \(matrix.shape)")
    self.init(end: end, target: target) { _ in matrix }
  }

  /// The transform across the batch.
  ///
  /// - Throws: ``AdjusterError`` if `end` is not below the number of samples, or the kernel has another
  ///   shape than the batch needs, is not symmetric or is not finite; and what the kernel function throws.
  public mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    let batch = step.batch.identity
    let size = step.batch.rowCount
    isFresh = false
    if let known, known.fits(batch, size: size) { return .acrossBatch(known.transform) }
    let inputs = step.batch.inputs
    guard end < size else { throw AdjusterError.endNotBelowSamples(end: end, samples: size) }
    let matrix = try kernel(inputs)
    guard matrix.shape == [size, size] else {
      throw AdjusterError.kernelShape(expected: [size, size], found: matrix.shape)
    }
    let transform = try SpectralTransform(
      equalizing: end, of: try symmetrized(matrix), to: target, workers: step.evaluation.workers)
    known = KnownTransform(batch: batch, transform: transform)
    isFresh = true
    return .acrossBatch(transform)
  }

  /// The kernel's leading eigenvalues before and after, if the last step had a new transform.
  public var diagnostics: [AdjusterDiagnostic] {
    isFresh ? known?.transform.diagnostics(named: "ntk-eigenvalues") ?? [] : []
  }

  /// Shows which batch was seen last, and the transform that was computed for it.
  ///
  /// The kernel is configuration; it is not called again for a batch that it was called for.
  ///
  /// - Throws: `StateError` if they do not fit, or more eigenvalues were equalized.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&known, equalizing: end)
    if visitor.isReading { isFresh = false }
  }

  /// A matrix that is symmetric up to rounding, made exactly so.
  private func symmetrized(_ matrix: Tensor<Scalar>) throws -> Tensor<Scalar> {
    guard matrix.isFinite else { throw AdjusterError.nonFinite("kernel") }
    let transposed = matrix.transposed()
    let asymmetry = (matrix - transposed).absoluteValue().largest()
    let bound = Scalar.ulpOfOne.squareRoot() * matrix.absoluteValue().largest()
    guard asymmetry <= bound else { throw AdjusterError.kernelNotSymmetric }
    return (matrix + transposed) * 0.5
  }
}

/// Adjustment by the empirical neural tangent kernel of the whole batch.
///
/// The same as ``InductiveGradientAdjuster`` with groups of one sample, whatever the batch's groups: what
/// the inductive method approximates. The kernel of N samples holds N² numbers and its leading eigenpairs
/// take the order of N² operations each, so this is for batches of up to some thousands of samples.
///
/// Source: K. Shi, H. Chen, L. Zhang and S. Gu, "Inductive gradient adjustment for spectral bias in
/// implicit neural representations", ICML 2025, section 3.2.
public struct EmpiricalNTKAdjuster<Scalar: TensorScalar>: GradientAdjuster {
  /// How many leading eigenvalues are equalized.
  public let end: Int
  /// Where the eigenvalues are sent.
  public let target: EqualizationTarget
  /// A new transform is computed every so many steps.
  public let refreshInterval: Int

  private var known: KnownTransform<Scalar>?
  private var stepsSinceRefresh = 0

  /// Adjustment by the empirical kernel.
  ///
  /// - Parameters:
  ///   - end: How many leading eigenvalues are equalized; must be below the number of samples.
  ///   - target: Where they are sent; the rule for Adam by default.
  ///   - refreshInterval: A new transform is computed every so many steps, and whenever the batch is
  ///     another; one is the published method.
  /// - Precondition: `end` is not negative and the interval is positive.
  public init(end: Int, target: EqualizationTarget = .next, refreshInterval: Int = 1) {
    precondition(end >= 0, "\(end) eigenvalues to equalize")
    precondition(refreshInterval > 0, "a refresh every \(refreshInterval) steps")
    self.end = end
    self.target = target
    self.refreshInterval = refreshInterval
  }

  /// The transform across the batch.
  ///
  /// - Throws: ``AdjusterError`` if `end` is not below the number of samples, or the kernel is not finite.
  public mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    let (batch, size) = (step.batch.identity, step.batch.rowCount)
    guard end < size else { throw AdjusterError.endNotBelowSamples(end: end, samples: size) }
    if stepsSinceRefresh < refreshInterval, let known, known.fits(batch, size: size) {
      stepsSinceRefresh += 1
      return .acrossBatch(known.transform)
    }
    let transform = try SpectralTransform(
      equalizing: end, of: try step.empiricalKernel(atRows: Array(0..<size)), to: target,
      near: known.flatMap { $0.fits(batch, size: size) ? $0.transform : nil },
      workers: step.evaluation.workers)
    known = KnownTransform(batch: batch, transform: transform)
    stepsSinceRefresh = 1
    return .acrossBatch(transform)
  }

  /// The kernel's leading eigenvalues before and after, if the last step had a new transform.
  public var diagnostics: [AdjusterDiagnostic] {
    stepsSinceRefresh == 1 ? known?.transform.diagnostics(named: "kernel-eigenvalues") ?? [] : []
  }

  /// Shows which batch was seen last, the transform that was computed for it, and the steps since then.
  ///
  /// - Throws: `StateError` if they do not fit, or more eigenvalues were equalized.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&known, equalizing: end)
    try visitor.visit(&stepsSinceRefresh, named: "stepsSinceRefresh")
  }
}

/// A transform, and the batch that it was computed for.
private struct KnownTransform<Scalar: TensorScalar>: Checkpointable {
  var batch: UInt64
  var transform: SpectralTransform<Scalar>

  /// Whether it is for a batch; a state that was read may hold a transform of any size.
  func fits(_ batch: UInt64, size: Int) -> Bool {
    self.batch == batch && transform.vectors.shape[1] == size
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&batch, named: "batch")
    try visitor.visit(&transform, named: "transform")
  }
}

extension StateVisitor {
  fileprivate mutating func visit<Scalar>(
    _ known: inout KnownTransform<Scalar>?, equalizing end: Int
  ) throws {
    try visit(
      &known, named: "known",
      startingFrom: KnownTransform(batch: 0, transform: .empty))
    try require(
      (known?.transform.vectors.shape[0] ?? 0) <= end, of: "known.transform.vectors",
      "there are more than \(end) eigenvectors")
  }
}
