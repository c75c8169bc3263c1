import AutoDiff
import GradientAdjusters
import TensorKit

extension AdjusterChoice {
  /// Whether all outputs are needed before anything is pulled back.
  var needsAllOutputs: Bool {
    parts.contains { $0.stage == .normalization || $0.effect != .none }
  }

  /// How many rows the kernels of the parts have.
  func kernelSizes(rowCount: Int, groupCount: Int) -> [Int] {
    parts.compactMap { part in
      switch part {
      case .iga: groupCount
      case .ntk, .empiricalNTK: rowCount
      default: nil
      }
    }
  }
}

extension Recipe {
  /// About how much memory a run takes with one of the adjusters.
  ///
  /// Networks of the recipe's width are not made for it, but narrow ones (``/AutoDiff/ModelFootprint``).
  ///
  /// - Parameters:
  ///   - choice: The adjuster.
  ///   - rowCount: The number of rows of the batch.
  ///   - groupCount: The number of whole groups.
  ///   - threads: How many threads share the work.
  ///   - recordingBudget: What a step may keep between its sweeps.
  ///   - type: The numbers that are computed with.
  ///   - network: Makes the network of a recipe, with its initial weights.
  /// - Throws: What adjusters throw as they rewrite a network.
  public func memoryEstimate<Scalar: TensorScalar>(
    of choice: AdjusterChoice, rowCount: Int, groupCount: Int, threads: Int, recordingBudget: Int,
    _ type: Scalar.Type, network: (ModelRecipe) -> any Module<Scalar>
  ) throws -> MemoryEstimate {
    let inputs = inputCount
    let footprint = try ModelFootprint.extrapolated(
      to: model.width, units: { with(width: $0).units }
    ) { width in
      try measured(network(with(width: width)), for: choice, inputs: inputs)
    }
    return MemoryEstimate(
      of: footprint, rowCount: rowCount, bytesPerNumber: MemoryLayout<Scalar>.stride,
      optimizerNumbersPerParameter: training.optimizer(workers: Workers(threads: 1), type)
        .numbersPerParameter,
      keepsRecordings: choice.needsAllOutputs, recordingBudget: recordingBudget,
      kernelSizes: choice.kernelSizes(rowCount: rowCount, groupCount: groupCount), threads: threads)
  }

  private func with(width: Int) -> ModelRecipe {
    var copy = model
    copy.width = width
    return copy
  }

  /// The footprint of a network as the adjuster's first parts rewrite it.
  private func measured<Scalar, Model: Module<Scalar>>(
    _ network: Model, for choice: AdjusterChoice, inputs: Int
  ) throws -> ModelFootprint {
    let points = Tensor<Scalar>.evenlySpaced(over: -1...1, count: 4 * inputs)
      .reshaped(to: [4, inputs])
    let context = AdjusterContext(
      model: model, inputs: points, places: .grid(RowGrid(extents: [4])), seed: 0)
    var (rewritten, generator) = (network, SeededGenerator(seed: 0))
    for part in choice.parts where part.stage != .gradients {
      var adjuster = part.row(Scalar.self).make(settings, context)
      try adjuster.prepare(&rewritten, using: &generator)
    }
    return try ModelFootprint(of: rewritten, inputs: inputs)
  }
}

extension Recipe {
  /// The number of coordinates.
  private var inputCount: Int {
    switch signal {
    case .picture: 2
    case .function(let function): function.shape == .circle ? 2 : 1
    case .shape: 3
    case .scene: RayColumns.count
    }
  }
}
