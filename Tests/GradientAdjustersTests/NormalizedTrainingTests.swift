import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Steps of training a model with batch normalization, by itself and with other adjusters, against
/// the same step written out over the whole batch.
@Suite struct NormalizedTrainingTests {
  typealias Placement = Normalization<Double>.Placement
  static let placements = Placement.allCases

  private let problem = SmallProblem<Double>()

  private func model(_ placement: Placement) throws -> CoordinateNetwork<Double> {
    var adjuster = BatchNormalization(
      placement: placement, preservingFunctionOver: problem.batch.inputs)
    var model = problem.model
    var generator = SeededGenerator(seed: 7)
    try adjuster.prepare(&model, using: &generator)
    return model
  }

  private func step(
    _ model: CoordinateNetwork<Double>, threads: Int = 2, rowsPerTile: Int? = 7
  ) -> TrainingStep<CoordinateNetwork<Double>> {
    TrainingStep(
      model: model, batch: problem.batch, workers: Workers(threads: threads),
      rowsPerTile: rowsPerTile)
  }

  /// The network with the statistics of its normalizations over the whole batch as constants, written
  /// out as ordinary operations.
  private struct Held: Module {
    var network: CoordinateNetwork<Double>
    var statistics: [(mean: Tensor<Double>, variance: Tensor<Double>)] = []

    init(_ network: CoordinateNetwork<Double>, over inputs: Tensor<Double>) {
      self.network = network
      for index in 0..<network.layers.count - 1 {
        let values = values(ofLayer: index, Variable(inputs)).normalized.value
        let mean = values.mean(alongAxis: 0)
        statistics.append((mean, (values - mean).squared().mean(alongAxis: 0)))
      }
    }

    /// What a layer's normalization receives, and what the layer gives.
    private func values(
      ofLayer layer: Int, _ input: Variable<Double>
    ) -> (normalized: Variable<Double>, output: Variable<Double>) {
      let input = layer == 0 ? input : values(ofLayer: layer - 1, input).output
      let linear = network.layers[layer]
      var z = Variable.matrixProduct(input, linear.weight, transposingRight: true)
      if let bias = linear.bias { z = z + bias }
      guard let normalization = linear.normalization else { return (z, z) }
      let isAfter = normalization.placement == .afterActivation
      if isAfter { z = network.activation(z) }
      guard layer < statistics.count else { return (z, z) }
      let (mean, variance) = statistics[layer]
      let scale = (variance + 1e-5).squareRoot()
      let y =
        (z - Variable(mean)) / Variable(scale) * normalization.weight + normalization.bias
      return (z, isAfter ? y : network.activation(y))
    }

    func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
      values(ofLayer: network.layers.count - 1, input).output
    }

    mutating func visit(_ visitor: inout ModuleVisitor<Double>) { network.visit(&visitor) }
  }

  private func explicitKernel(
    _ model: CoordinateNetwork<Double>, atRows rows: [Int]
  ) -> Tensor<Double> {
    let held = Held(model, over: problem.batch.inputs)
    let gradients = rows.map { row in
      let (_, gradient) = valueWithGradient(at: held) { held in
        held(Variable(problem.batch.inputs.rows(at: [row]))).sum() / 3.0.squareRoot()
      }
      return gradient.values.reshaped(to: [1, -1])
    }
    let matrix = Tensor.concatenated(gradients)
    return .matrixProduct(matrix, matrix, transposingRight: true)
  }

  @Test(arguments: placements)
  func kernelsHoldTheStatisticsOfTheWholeBatch(_ placement: Placement) throws {
    let model = try model(placement)
    let rows = [3, 10, 11, 29, 57]
    let expected = explicitKernel(model, atRows: rows)
    let scale = expected.absoluteValue().largest()
    for threads in [1, 2] {
      let found = try step(model, threads: threads).empiricalKernel(atRows: rows)
      #expect(found.largestDifference(from: expected) <= 1e-10 * scale)
    }
    // Those of the sampled rows alone are others.
    let alone = try TiledEvaluation(of: model).empiricalKernel(
      at: problem.batch.inputs.rows(at: rows))
    #expect(alone.largestDifference(from: expected) > 1e-3 * scale)
  }

  @Test(arguments: placements, GroupSampling.allCases)
  func inductiveAdjustmentOfANormalizedModelIsItsPartsByHand(
    _ placement: Placement, _ sampling: GroupSampling
  ) throws {
    let model = try model(placement)
    let (batch, groups, end) = (problem.batch, problem.batch.groups, 3)
    var adjuster = ComposedAdjuster<Double>([
      BatchNormalization(placement: placement),
      InductiveGradientAdjuster(end: end, sampling: sampling, seed: 5),
    ])
    let (loss, gradient) = try adjuster.lossWithGradient(for: step(model))

    let residual = model(Variable(batch.inputs)).value - batch.targets
    let cotangents = residual * (2 / Double(residual.count))
    #expect(abs(loss - residual.squared().mean()) <= 1e-12 * loss)

    let sizes = residual.absoluteRowSums()
    func largest(_ group: Int) -> Int {
      (0..<groups.places).max { left, right in
        sizes[groups.row(group: group, place: left)]
          < sizes[groups.row(group: group, place: right)]
      } ?? 0
    }
    let kernel: Tensor<Double>
    switch sampling {
    case .largestResidual, .previousLargestResidual:
      kernel = explicitKernel(
        model, atRows: (0..<groups.count).map { groups.row(group: $0, place: largest($0)) })
    case .center:
      kernel = explicitKernel(
        model, atRows: (0..<groups.count).map { groups.row(group: $0, place: groups.places / 2) })
    case .random, .randomOnce:
      var generator = SeededGenerator(seed: 5)
      kernel = explicitKernel(
        model,
        atRows: (0..<groups.count).map {
          groups.row(group: $0, place: Int.random(in: 0..<groups.places, using: &generator))
        })
    case .aggregate:
      let all = explicitKernel(model, atRows: Array(0..<batch.rowCount))
      let places = (0..<groups.count).map(largest)
      kernel = Tensor(shape: [groups.count, groups.count]) { elements in
        for first in 0..<groups.count {
          for second in 0..<groups.count {
            var sum = 0.0
            for p in places {
              for q in places {
                sum +=
                  all[groups.row(group: first, place: p), groups.row(group: second, place: q)]
              }
            }
            elements[first * groups.count + second] = sum
          }
        }
      }
    }
    let transform = try denseTransform(kernel, end: end, target: .next)
    let adjusted = Tensor.matrixProduct(
      transform, cotangents.reshaped(to: [groups.count, -1])
    ).reshaped(to: cotangents.shape)
    let (_, expected) = valueWithGradient(at: model) { model in
      (model(Variable(batch.inputs)) * Variable(adjusted)).sum()
    }
    #expect(gradient.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-8))
    let (_, plain) = valueWithGradient(at: model) { model in
      (model(Variable(batch.inputs)) * Variable(cotangents)).sum()
    }
    #expect(!gradient.values.isApproximatelyEqual(to: plain.values, relativeTolerance: 1e-2))
  }

  @Test(arguments: placements)
  func everyWayThroughAStepGivesTheWholeBatchsGradient(_ placement: Placement) throws {
    let model = try model(placement)
    let batch = problem.batch
    let (value, expected) = valueWithGradient(at: model) { model in
      (model(Variable(batch.inputs)) - Variable(batch.targets)).squared().mean()
    }
    /// Asks for something before, so that the step goes another way.
    struct Asking: GradientAdjuster {
      typealias Scalar = Double
      var what: Int
      func cotangentTransform<Model: Module<Double>>(
        for step: TrainingStep<Model>
      ) throws -> CotangentTransform<Double> {
        switch what {
        case 1: _ = try step.cotangents()
        case 2: _ = try step.rowwiseEvaluation()
        case 3: return .acrossBatch { $0 }
        case 4: return .acrossGroups { $0 }
        case 5: step.keepCotangents()
        default: break
        }
        return .identity
      }
    }
    for what in 0...5 {
      var gradients: [ParameterVector<Double>] = []
      for threads in [1, 2, 3] {
        var adjuster = Asking(what: what)
        let step = step(model, threads: threads)
        let (loss, gradient) = try adjuster.lossWithGradient(for: step)
        #expect(abs(loss - value) <= 1e-12 * value)
        #expect(
          gradient.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-10))
        #expect(try abs(step.lossValue() - value) <= 1e-12 * value)
        let pulled = try step.pullback(of: step.cotangents())
        #expect(pulled.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-10))
        let pushed = try step.pushforward(of: expected)
        #expect(
          try abs(pushed.dot(step.cotangents()) - expected.dot(expected))
            <= 1e-10 * expected.dot(expected))
        gradients.append(gradient)
      }
      #expect(gradients.allSatisfy { $0 == gradients[0] }, "asking for \(what)")
    }
  }

  @Test func trainingWithReparameterizationBeforeAndIGAAfterFoldsBack() throws {
    let batch = problem.batch
    let adjuster = ComposedAdjuster<Double>([
      FourierReparameterization(
        lowFrequencies: 4, highFrequencies: 4, phases: 3, amplitude: 0.05),
      BatchNormalization(placement: .afterActivation, preservingFunctionOver: batch.inputs),
      InductiveGradientAdjuster(end: 2, sampling: .center),
    ])
    var losses: [[Double]] = []
    for threads in [1, 3] {
      var trainer = try Trainer(
        problem.model, optimizer: Adam(learningRate: 1e-3), adjuster: adjuster,
        workers: Workers(threads: threads))
      losses.append(try (0..<20).map { _ in try trainer.advance(on: batch) })
      #expect(trainer.model.layers[1].coefficients != nil)
      #expect(trainer.model.layers[1].normalization != nil)
      let plain = try trainer.plainModel(over: batch.inputs)
      #expect(plain.layers.allSatisfy { $0.coefficients == nil && $0.normalization == nil })
      let outputs = try trainer.outputs(for: batch.inputs)
      #expect(
        plain(Variable(batch.inputs)).value.isApproximatelyEqual(
          to: outputs, relativeTolerance: 1e-10))
    }
    #expect(losses[0] == losses[1])
    #expect(losses[0][19] < losses[0][0])
  }
}
