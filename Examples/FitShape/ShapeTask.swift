import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit

/// What a network is trained on and measured by, whatever it learns of a shape.
struct ShapeTask<Scalar: TensorScalar> {
  /// Gives each step its batch.
  let source: any BatchSource<Scalar>
  /// The loss of the rows.
  let loss: any RowLoss<Scalar>
  /// How many steps make a pass over the shape.
  let stepsPerEpoch: Int
  /// The groups within groups of a batch.
  let nest: @Sendable (Batch<Scalar>) -> RowPartition
  /// Where the inside is known; nil if it is nowhere.
  let probe: ShapeProbe<Scalar>?
  /// Whether outputs of a half and more are inside, rather than negative ones.
  let isPositiveInside: Bool
  /// Whether the first two inputs are the second coordinate and the first.
  var swapsFirstTwo = false

  /// Whether a network's output is that of a point inside.
  func isInside(_ output: Scalar) -> Bool { isPositiveInside ? output >= 0.5 : output < 0 }
}

/// Points of which one knows whether they are inside.
struct ShapeProbe<Scalar: TensorScalar>: Sendable {
  /// The points, of shape [points, 3].
  let inputs: Rows<Scalar>
  /// Tells of some of them, by their rows, whether they are inside.
  let isInside: @Sendable (_ rows: [Int]) -> [Bool]
  /// How many points are evaluated at once, and how many for a quick look.
  static var chunk: Int { 1 << 16 }

  /// The intersection over the union, at all points.
  ///
  /// - Parameters:
  ///   - model: A model whose first output is the field.
  ///   - task: What it was trained on.
  ///   - workers: The threads that share the work.
  func overlap<Model: Module<Scalar>>(
    of model: Model, _ task: ShapeTask<Scalar>, workers: Workers
  ) throws -> Double {
    var overlap = SetOverlap()
    for first in stride(from: 0, to: inputs.count, by: Self.chunk) {
      let rows = first..<min(first + Self.chunk, inputs.count)
      overlap += try counts(of: model, Array(rows), inputs.slice(rows), task, workers)
    }
    return overlap.ratio
  }

  /// The same at some points that are spread over all.
  func quickOverlap<Model: Module<Scalar>>(
    of model: Model, _ task: ShapeTask<Scalar>, workers: Workers
  ) throws -> Double {
    let count = min(inputs.count, Self.chunk)
    // A step without a factor in common with the sides does not follow the grid's lines.
    let rows = (0..<count).map { ($0 * 2_654_435_761) % inputs.count }
    return try counts(of: model, rows, inputs.selecting(rows), task, workers).ratio
  }

  private func counts<Model: Module<Scalar>>(
    of model: Model, _ rows: [Int], _ points: Rows<Scalar>, _ task: ShapeTask<Scalar>,
    _ workers: Workers
  ) throws -> SetOverlap {
    let outputs = try TiledEvaluation(of: model, workers: workers).outputs(for: points)
    let columns = outputs.shape[1]
    var overlap = SetOverlap()
    outputs.withUnsafeElements { outputs in
      for (row, isTrue) in isInside(rows).enumerated() {
        overlap.count(task.isInside(outputs[row * columns]), isTrue)
      }
    }
    return overlap
  }
}

/// Observes the intersection over the union of predictions that each step makes before its update, over an epoch.
///
/// That is how the code released with K. Shi et al., ICML 2025, measures it. It changes nothing. Voxels of no group
/// are left out.
struct StaleOverlap<Scalar: TensorScalar>: GradientAdjuster {
  private let stepsPerEpoch: Int
  private var current = SetOverlap()
  /// That of the last whole epoch; before its end that of the steps so far.
  private(set) var ratio: Double?

  init(stepsPerEpoch: Int) { self.stepsPerEpoch = stepsPerEpoch }

  mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    step.keepCotangents()
    return .identity
  }

  mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) throws {
    if step.index.isMultiple(of: stepsPerEpoch) {
      ratio = current.either > 0 ? current.ratio : ratio
      current = SetOverlap()
    }
    guard let cotangents = step.keptCotangents else { return }
    // ∂loss/∂output of the mean squared error is 2 (output - target) / rows.
    let half = Scalar(step.batch.rowCount) / 2
    let targets = step.batch.targetRows.matrix
    targets.withUnsafeElements { targets in
      cotangents.withUnsafeElements { cotangents in
        for (target, cotangent) in zip(targets, cotangents) {
          current.count(target + cotangent * half >= 0.5, target > 0.5)
        }
      }
    }
  }

  /// That of the last whole epoch, or of the steps so far.
  var overlap: Double { ratio ?? current.ratio }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&current, named: "current")
    try visitor.visit(&ratio, named: "ratio")
  }
}
