import AutoDiff
import TensorKit

/// Inductive gradient adjustment (IGA): evens out the leading spectrum of the empirical kernel of one
/// sample from each group, and applies that to the samples at every place of the groups.
///
/// With S built from the kernel of one sample in each of n groups, the residuals r become (S ⊗ I) r:
/// S mixes groups, alike for every place within them and every output. With groups of one row this is
/// the adjustment by the full empirical kernel.
///
/// Source: K. Shi, H. Chen, L. Zhang and S. Gu, "Inductive gradient adjustment for spectral bias in
/// implicit neural representations", ICML 2025, section 3.2 and equations 4 to 6.
public struct InductiveGradientAdjuster<Scalar: TensorScalar>: GradientAdjuster {
  /// How many leading eigenvalues are equalized.
  public let end: Int
  /// Which sample stands for each group.
  public let sampling: GroupSampling
  /// Where the eigenvalues are sent.
  public let target: EqualizationTarget
  /// A new transform is computed every so many steps, and for every other batch; one is the published method.
  public let refreshInterval: Int

  private var generator: SeededGenerator
  /// Which batch the rest was seen of.
  private var batch: UInt64?
  /// The row that was drawn for each group, if it is to be once.
  private var rows: [Int]?
  private var rowSizes: Tensor<Scalar>?
  private var transform: SpectralTransform<Scalar>?
  private var stepsSinceRefresh = 0

  /// Inductive gradient adjustment.
  ///
  /// - Parameters:
  ///   - end: How many leading eigenvalues are equalized; must be below the number of groups.
  ///   - sampling: Which sample stands for each group; the paper's largest residual by default.
  ///   - target: Where the eigenvalues are sent; the rule for Adam by default.
  ///   - refreshInterval: A new transform is computed every so many steps.
  ///   - seed: Seeds random sampling.
  /// - Precondition: `end` is not negative and the interval is positive.
  public init(
    end: Int, sampling: GroupSampling = .largestResidual, target: EqualizationTarget = .next,
    refreshInterval: Int = 1, seed: UInt64 = 0
  ) {
    precondition(end >= 0, "\(end) eigenvalues to equalize")
    precondition(refreshInterval > 0, "a refresh every \(refreshInterval) steps")
    self.end = end
    self.sampling = sampling
    self.target = target
    self.refreshInterval = refreshInterval
    self.generator = SeededGenerator(seed: seed)
  }

  /// The transform across groups for a step.
  ///
  /// - Throws: ``AdjusterError`` if `end` is not below the number of groups, or the kernel is not
  ///   finite.
  public mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    let groups = step.batch.groups
    guard end < groups.count else {
      throw AdjusterError.endNotBelowGroups(end: end, groups: groups.count)
    }
    if sampling == .previousLargestResidual { step.keepCotangents() }
    if batch != step.batch.identity || !rememberedFits(groups) {
      // What is remembered of one batch means nothing for another.
      (batch, rows, rowSizes, transform) = (step.batch.identity, nil, nil, nil)
    }
    if let transform, stepsSinceRefresh < refreshInterval {
      stepsSinceRefresh += 1
      return .acrossGroups(transform)
    }
    let fresh = try SpectralTransform(
      equalizing: end, of: try sampledKernel(step), to: target, near: transform,
      workers: step.evaluation.workers)
    transform = fresh
    stepsSinceRefresh = 1
    return .acrossGroups(fresh)
  }

  /// Remembers the residuals' sizes for the next step's sampling.
  public mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) throws {
    if sampling == .previousLargestResidual {
      rowSizes = step.keptCotangents?.absoluteRowSums()
    }
  }

  /// The kernel's leading eigenvalues before and after, if the last step had a new transform.
  public var diagnostics: [AdjusterDiagnostic] {
    stepsSinceRefresh == 1 ? transform?.diagnostics(named: "eigenvalues") ?? [] : []
  }

  /// Shows the generator, which batch was seen, the rows that were drawn, what is remembered of residuals, and the
  /// transform with the steps since it was computed.
  ///
  /// - Throws: `StateError` if they do not fit, or more eigenvalues were equalized.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
    try visitor.visit(&batch, named: "batch")
    try visitor.visit(&rows, named: "rows")
    try visitor.require(rows?.allSatisfy { $0 >= 0 } ?? true, of: "rows", "a row is negative")
    try visitor.visit(&rowSizes, named: "rowSizes")
    try visitor.visit(&transform, named: "transform", startingFrom: .empty)
    try visitor.require(
      (transform?.vectors.shape[0] ?? 0) <= end, of: "transform.vectors",
      "there are more than \(end) eigenvectors")
    try visitor.visit(&stepsSinceRefresh, named: "stepsSinceRefresh")
  }

  /// Whether what is remembered can be that of a batch in these groups; a state that was read may hold anything.
  private func rememberedFits(_ groups: RowPartition) -> Bool {
    (transform?.vectors.shape[1] ?? groups.count) == groups.count
      && (rowSizes?.shape ?? [groups.rowCount]) == [groups.rowCount]
      && (rows?.count ?? groups.count) == groups.count
      && (rows ?? []).allSatisfy { $0 < groups.rowCount }
  }

  private mutating func sampledKernel<Model: Module<Scalar>>(
    _ step: TrainingStep<Model>
  ) throws -> Tensor<Scalar> {
    if sampling == .randomOnce, let rows {
      return try step.empiricalKernel(of: GroupRepresentatives(rows: rows))
    }
    let representatives = try sampling.representatives(
      in: step, previousSizes: rowSizes, using: &generator)
    if sampling == .randomOnce { rows = representatives.single }
    return try step.empiricalKernel(of: representatives)
  }
}
