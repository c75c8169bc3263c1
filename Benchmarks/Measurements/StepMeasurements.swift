import AutoDiff
import ExampleSupport
import GradientAdjusters
import INRZoo
import TensorKit

/// Measures whole steps and kernels as the command line asks.
struct StepMeasurements {
  let values: OptionValues

  private var workers: Workers { Workers(threads: values[Options.threads]) }

  private func network(
    inputs: Int = 2, outputs: Int = 3, hiddenLayers: Int = 2, frequencies: Int = 6
  ) -> CoordinateNetwork<Float> {
    var generator = SeededGenerator(seed: 0)
    let width = values[Options.width]
    return switch values[Options.network] {
    case .siren:
      .siren(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        using: &generator)
    case .pe:
      .positionallyEncoded(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        frequencies: frequencies, using: &generator)
    case .relu:
      .relu(
        inputs: inputs, outputs: outputs, width: width, hiddenLayers: hiddenLayers,
        using: &generator)
    }
  }

  /// Forward and backward operations of a plain step: six for each weight and row.
  private func operations(_ network: CoordinateNetwork<Float>, rows: Int) -> Double {
    6 * Double(network.layers.reduce(0) { $0 + $1.weight.value.count }) * Double(rows)
  }

  func pictureStep() throws -> Measurement {
    let (height, width) = (values[Options.pictureHeight], values[Options.pictureWidth])
    let picture = Picture.procedural(height: height, width: width)
    let signal = PictureSignal<Float>(picture, patch: values[Options.patch])
    let network = network()
    let adjuster = adjuster(of: signal)
    return try Measurement(
      "\(values[Options.network].rawValue) step \(width) x \(height), \(values[Options.adjuster].rawValue)",
      timing: trainingSteps(network, adjuster, signal.batch),
      operations: operations(network, rows: height * width),
      peak: measuredPeak(threads: values[Options.threads]))
  }

  private func adjuster(of signal: PictureSignal<Float>) -> any GradientAdjuster<Float> {
    func equalizer(
      _ bands: any Bands<Float>, _ residuals: EqualizerSettings.ResidualsUsed = .updated
    ) -> any GradientAdjuster<Float> {
      BandEqualizer(
        bands,
        settings: EqualizerSettings(
          refreshInterval: values[Options.refresh], residuals: residuals))
    }
    var nested: NestedMeanBands<Float> { NestedMeanBands(.blocks(of: signal.grid)) }
    return switch values[Options.adjuster] {
    case .none: IdentityAdjuster()
    case .iga: InductiveGradientAdjuster(end: values[Options.end])
    case .igaPrevious:
      InductiveGradientAdjuster(end: values[Options.end], sampling: .previousLargestResidual)
    case .bands: equalizer(nested)
    case .bandsExact: equalizer(nested, .current)
    case .bandsCosine: equalizer(CosineBands(signal.grid))
    case .bandsBlock: equalizer(BlockCosineBands(signal.grid))
    case .bandsBlockExact: equalizer(BlockCosineBands(signal.grid), .current)
    case .centered: Centering()
    case .normalized: BatchNormalization(placement: .afterActivation)
    }
  }

  /// Experiment 2 of the IGA paper: N points on a line, 1-256x4-1, every sample a group of its own.
  func fullKernelStep() throws -> Measurement {
    let samples = values[Options.samples]
    let points = Tensor<Float>.evenlySpaced(over: -1...1, count: samples)
      .reshaped(to: [samples, 1])
    let targets = (points * (10 * .pi)).sine()
    let network = network(inputs: 1, outputs: 1, hiddenLayers: 3)
    let adjuster: any GradientAdjuster<Float> =
      values[Options.adjuster] == .none
      ? IdentityAdjuster() : InductiveGradientAdjuster(end: values[Options.end])
    return try Measurement(
      "full kernel step, N = \(samples), \(values[Options.adjuster].rawValue)",
      timing: trainingSteps(network, adjuster, Batch(inputs: points, targets: targets)),
      operations: operations(network, rows: samples),
      peak: measuredPeak(threads: values[Options.threads]))
  }

  /// Occupancy as published: 512 groups of 256 voxels a step, drawn from a volume of 128³.
  func volumeStep() throws -> Measurement {
    let side = 128
    let volume = VoxelVolume(
      extents: [side, side, side],
      values: (0..<(side * side * side)).map { $0 / side % 3 == 0 ? 255 : 0 })
    let isBands = values[Options.adjuster] == .bands
    // As many voxels in cubes as in runs.
    let signal = VolumeSignal<Float>(volume, groups: isBands ? .blocks(8) : .runs(256))
    var source = signal.batches(groupsPerBatch: isBands ? 256 : 512)
    let network = network(inputs: 3, outputs: 1, frequencies: 10)
    let adjuster: any GradientAdjuster<Float> =
      switch values[Options.adjuster] {
      case .bands:
        BandEqualizer(settings: EqualizerSettings(refreshInterval: values[Options.refresh])) {
          NestedMeanBands(signal.nestedGroups(of: $0))
        }
      case .iga: InductiveGradientAdjuster(end: values[Options.end], sampling: .center)
      default: IdentityAdjuster()
      }
    return try Measurement(
      "\(values[Options.network].rawValue) step on 131072 voxels, \(values[Options.adjuster].rawValue)",
      timing: trainingSteps(network, adjuster) { source.nextBatch() },
      operations: operations(network, rows: 131_072),
      peak: measuredPeak(threads: values[Options.threads]))
  }

  func kernel() throws -> Measurement {
    let samples = values[Options.samples]
    var generator = SeededGenerator(seed: 1)
    let inputs = Tensor<Float>.uniform(over: -1...1, shape: [samples, 2], using: &generator)
    let network = network()
    let evaluation = TiledEvaluation(of: network, workers: workers)
    let factors = network.layers.reduce(0) { $0 + $1.inputs + $1.outputs }
    return try Measurement(
      "empirical kernel, n = \(samples)",
      timing: Timing(repetitions: values[Options.repetitions]) {
        _ = try evaluation.empiricalKernel(at: inputs)
      },
      // By symmetry, half of two Gram matrices for each layer.
      operations: Double(samples * samples * factors),
      peak: measuredPeak(threads: values[Options.threads]))
  }

  private func trainingSteps(
    _ network: CoordinateNetwork<Float>, _ adjuster: any GradientAdjuster<Float>,
    _ batch: Batch<Float>
  ) throws -> Timing { try trainingSteps(network, adjuster) { batch } }

  private func trainingSteps(
    _ network: CoordinateNetwork<Float>, _ adjuster: any GradientAdjuster<Float>,
    _ nextBatch: () -> Batch<Float>
  ) throws -> Timing {
    var (model, adjuster) = (network, adjuster)
    var generator = SeededGenerator(seed: 2)
    try adjuster.prepare(&model, using: &generator)
    var optimizer = Adam<Float>(learningRate: 1e-4, workers: workers)
    var step = 0
    return try Timing(repetitions: values[Options.repetitions]) {
      try advance(&model, &adjuster, &optimizer, nextBatch(), step)
      step += 1
    }
  }

  private func advance(
    _ model: inout CoordinateNetwork<Float>, _ adjuster: inout any GradientAdjuster<Float>,
    _ optimizer: inout Adam<Float>, _ batch: Batch<Float>, _ index: Int
  ) throws {
    let evaluation = TiledEvaluation(
      of: model, workers: workers, rowsPerTile: values[Options.rowsPerTile] ?? 256,
      recordingBudget: values[Options.memory].map { $0 << 20 }
        ?? TiledEvaluation<CoordinateNetwork<Float>>.standardRecordingBudget)
    let step = TrainingStep(evaluation: evaluation, batch: batch, index: index)
    let (_, gradient) = try adjuster.lossWithGradient(for: step)
    optimizer.update(&model, along: gradient)
  }
}
