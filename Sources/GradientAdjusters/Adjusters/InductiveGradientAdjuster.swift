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
  private var places: [Int]?
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
      (batch, places, rowSizes, transform) = (step.batch.identity, nil, nil, nil)
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

  /// Shows the generator, which batch was seen, the sampled places, what is remembered of residuals, and the
  /// transform with the steps since it was computed.
  ///
  /// - Throws: `StateError` if they do not fit, or more eigenvalues were equalized.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
    try visitor.visit(&batch, named: "batch")
    try visitor.visit(&places, named: "places")
    try visitor.require(
      places?.allSatisfy { $0 >= 0 } ?? true, of: "places", "a place is negative")
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
      && (places?.count ?? groups.count) == groups.count
      && (places ?? []).enumerated().allSatisfy { $1 < groups.size(ofGroup: $0) }
  }

  private mutating func sampledKernel<Model: Module<Scalar>>(
    _ step: TrainingStep<Model>
  ) throws -> Tensor<Scalar> {
    let groups = step.batch.groups
    // A group's only sample stands for it, whatever the sampling.
    if groups.places == 1 { return try kernel(at: Array(repeating: 0, count: groups.count), step) }
    switch sampling {
    case .largestResidual:
      let sizes = try step.cotangents().absoluteRowSums()
      return try kernel(at: groups.placesOfLargest(sizes), step)
    case .previousLargestResidual:
      // The first step of a batch has no predecessor.
      let sizes = try rowSizes ?? step.cotangents().absoluteRowSums()
      return try kernel(at: groups.placesOfLargest(sizes), step)
    case .center:
      return try kernel(at: (0..<groups.count).map { groups.size(ofGroup: $0) / 2 }, step)
    case .random, .randomOnce:
      if sampling == .random || places == nil {
        places = (0..<groups.count).map {
          Int.random(in: 0..<groups.size(ofGroup: $0), using: &generator)
        }
      }
      return try kernel(at: places ?? [], step)
    case .aggregate:
      return try aggregatedKernel(step)
    }
  }

  private func kernel<Model: Module<Scalar>>(
    at places: [Int], _ step: TrainingStep<Model>
  ) throws -> Tensor<Scalar> {
    let groups = step.batch.groups
    return try step.empiricalKernel(
      atRows: places.enumerated().map { groups.row(group: $0, place: $1) })
  }

  /// The kernel of sums over places: K_gh = Σ_jk ⟨∇ s(x_g,mⱼ), ∇ s(x_h,mₖ)⟩; places that a group lacks
  /// count as zero.
  private func aggregatedKernel<Model: Module<Scalar>>(
    _ step: TrainingStep<Model>
  ) throws -> Tensor<Scalar> {
    let groups = step.batch.groups
    var multiplicity = [Int: Int]()
    for place in groups.placesOfLargest(try step.cotangents().absoluteRowSums()) {
      multiplicity[place, default: 0] += 1
    }
    let distinct = multiplicity.keys.sorted()
    return try step.rowwiseEvaluation().gramOfJacobianRows(
      for: step.batch.inputs,
      groups: (0..<groups.count).map { group in
        distinct.prefix { $0 < groups.size(ofGroup: group) }
          .map { groups.row(group: group, place: $0) }
      },
      rowWeights: Tensor(distinct.map { Scalar(multiplicity[$0] ?? 0) }))
  }
}

extension RowPartition {
  /// For each coupled group, the place of its row with the largest size; the first of equal ones.
  func placesOfLargest<Scalar>(_ sizes: Tensor<Scalar>) -> [Int] {
    sizes.withUnsafeElements { sizes in
      (0..<count).map { group in
        var best = 0
        for place in 0..<size(ofGroup: group)
        where sizes[row(group: group, place: place)] > sizes[row(group: group, place: best)] {
          best = place
        }
        return best
      }
    }
  }
}
