import AutoDiff
import TensorKit

/// Which sample stands for each group when a kernel across groups is computed.
public enum GroupSampling: String, Sendable, CaseIterable {
  /// The sample with the largest residual at the current parameters: the paper's choice.
  ///
  /// The residuals cost a forward sweep over the batch before the adjusted one.
  case largestResidual = "largest-residual"
  /// The sample whose residual was the largest in the previous step; no sweep of its own.
  case previousLargestResidual = "largest-residual-previous"
  /// The sample in the middle of the group's rows.
  case center
  /// A random sample, drawn anew each time.
  case random
  /// A random sample, drawn once.
  case randomOnce = "random-once"
  /// The sum over many samples, as the paper's released image script computes it.
  ///
  /// The script finds the place of the largest residual in each group, and then takes, in every group,
  /// the gradient of the sum over all the places found, with multiplicity.
  case aggregate
}

/// The rows that stand for each group of a batch, and how much each of them counts.
public struct GroupRepresentatives: Sendable, Equatable {
  /// The rows of the batch that stand for each group: one mostly, at least one.
  public let rows: [[Int]]
  /// How often the first, second and further row of each group counts.
  public let multiplicities: [Int]

  /// One row for each group.
  public init(rows: [Int]) {
    self.rows = rows.map { [$0] }
    multiplicities = [1]
  }

  /// Several rows for each group.
  ///
  /// - Precondition: No group has more rows than there are multiplicities.
  public init(rows: [[Int]], multiplicities: [Int]) {
    precondition(
      rows.allSatisfy { $0.count <= multiplicities.count },
      "\(multiplicities.count) multiplicities for up to \(rows.map(\.count).max() ?? 0) rows")
    self.rows = rows
    self.multiplicities = multiplicities
  }

  /// The row of each group, where it is one that counts once.
  var single: [Int]? {
    multiplicities == [1] && rows.allSatisfy { $0.count == 1 } ? rows.map { $0[0] } : nil
  }
}

extension GroupSampling {
  /// The rows that stand for the groups of a step's batch.
  ///
  /// ```swift
  /// let standing = try GroupSampling.center.representatives(in: step, using: &generator)
  /// let kernel = try step.empiricalKernel(of: standing)
  /// ```
  ///
  /// - Parameters:
  ///   - step: The step, which is asked for all cotangents where their sizes matter.
  ///   - previousSizes: For ``previousLargestResidual``, how large each row's residual was in the step before;
  ///     this step's are taken by default. Shape: [samples].
  ///   - generator: Draws random rows.
  public func representatives<Model: Module>(
    in step: TrainingStep<Model>, previousSizes: Tensor<Model.Scalar>? = nil,
    using generator: inout some RandomNumberGenerator
  ) throws -> GroupRepresentatives {
    let groups = step.batch.groups
    func rows(_ place: (_ group: Int) -> Int) -> GroupRepresentatives {
      GroupRepresentatives(rows: (0..<groups.count).map { groups.row(group: $0, place: place($0)) })
    }
    // A group's only sample stands for it, whatever the sampling.
    if groups.places == 1 { return rows { _ in 0 } }
    func places(ofLargest sizes: Tensor<Model.Scalar>? = nil) throws -> [Int] {
      groups.placesOfLargest(try sizes ?? step.cotangents().absoluteRowSums())
    }
    switch self {
    case .largestResidual:
      let places = try places()
      return rows { places[$0] }
    case .previousLargestResidual:
      let places = try places(ofLargest: previousSizes)
      return rows { places[$0] }
    case .center: return rows { groups.size(ofGroup: $0) / 2 }
    case .random, .randomOnce:
      return rows { Int.random(in: 0..<groups.size(ofGroup: $0), using: &generator) }
    case .aggregate:
      var multiplicity = [Int: Int]()
      for place in try places() { multiplicity[place, default: 0] += 1 }
      let distinct = multiplicity.keys.sorted()
      return GroupRepresentatives(
        rows: (0..<groups.count).map { group in
          distinct.prefix { $0 < groups.size(ofGroup: group) }
            .map { groups.row(group: group, place: $0) }
        }, multiplicities: distinct.map { multiplicity[$0] ?? 0 })
    }
  }
}

extension TrainingStep {
  /// The empirical neural tangent kernel of what stands for each group, of shape [groups, groups].
  ///
  /// Where several rows stand for a group, K_gh = Σ_jk ⟨∇ s(x_g,j), ∇ s(x_h,k)⟩ over them, with multiplicity.
  /// Otherwise this is ``empiricalKernel(atRows:)``.
  public func empiricalKernel(of groups: GroupRepresentatives) throws -> Tensor<Scalar> {
    if let rows = groups.single { return try empiricalKernel(atRows: rows) }
    func gram<Other: Module<Scalar>>(_ evaluation: TiledEvaluation<Other>) throws -> Tensor<Scalar>
    {
      try evaluation.gramOfJacobianRows(
        for: batch.inputs, groups: groups.rows,
        rowWeights: Tensor(groups.multiplicities.map { Scalar($0) }))
    }
    func gram(of module: some Module<Scalar>) throws -> Tensor<Scalar> {
      try gram(kernelEvaluation(of: module))
    }
    return try kernelModule.map { try gram(of: $0) } ?? gram(rowwiseEvaluation())
  }
}

extension RowPartition {
  /// For each group, the place of its row with the largest size; the first of equal ones.
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
