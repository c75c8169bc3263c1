import AutoDiff
import ExampleSupport
import GradientAdjusters
import INRZoo
import TensorKit

/// Measures training steps of radiance fields.
struct RadianceMeasurements {
  let values: OptionValues

  private var workers: Workers { Workers(threads: values[Options.threads]) }

  /// NeRF's published networks on 1024 rays, with 64 samples and 128 more.
  func networkStep() throws -> Measurement {
    let (rays, coarse, more) = (1024, 64, 128)
    var generator = SeededGenerator(seed: 0)
    let renderer = HierarchicalRenderer(
      coarse: RadianceNetwork<Float>(using: &generator),
      fine: RadianceNetwork<Float>(using: &generator),
      sampling: StratifiedSampling(near: 2, far: 6, count: coarse), fineSamples: more)
    let directions = Tensor<Float>.uniform(over: -0.3...0.3, shape: [rays, 3], using: &generator)
    let inputs = RayColumns.rows(
      Rays(origins: Tensor(zeros: [rays, 3]), directions: directions + Tensor([0, 0, -1])),
      background: Tensor(repeating: 1, shape: [1, 3]),
      noise: .uniform(over: 0...1, shape: [rays, coarse + more], using: &generator))
    let targets = Tensor<Float>.uniform(over: 0...1, shape: [rays, 3], using: &generator)
    let weights = renderer.fine.parameters.layout.entries.reduce(0) {
      $0 + ($1.shape.count == 2 ? $1.count : 0)
    }
    var trainer = try Trainer(
      renderer, optimizer: Adam(learningRate: 5e-4, workers: workers), loss: renderer.loss,
      workers: workers)
    let batch = Batch(inputs: inputs, targets: targets)
    return try Measurement(
      "NeRF step, \(rays) rays of \(coarse) + \(coarse + more) samples",
      timing: Timing(repetitions: values[Options.repetitions], warmUps: 1) {
        try trainer.advance(on: batch)
      },
      operations: 6 * Double(weights * rays * (2 * coarse + more)),
      peak: measuredPeak(threads: values[Options.threads]))
  }

  /// A hash grid of the published size with its networks, on 2¹⁸ points.
  func hashGridStep() throws -> Measurement {
    let points = 1 << 18
    var generator = SeededGenerator(seed: 0)
    let field = HashField<Float>(
      box: BoundingBox(lower: SIMD3(repeating: 0), upper: SIMD3(repeating: 1)), using: &generator)
    let places = Tensor<Float>.uniform(over: 0...1, shape: [points, 3], using: &generator)
    let directions = Tensor<Float>.uniform(over: -1...1, shape: [points, 3], using: &generator)
    let lengths = directions.squared().sum(alongAxis: 1, keepingAxis: true).squareRoot()
    let batch = Batch(
      inputs: Tensor.concatenated([places, directions / lengths], alongAxis: 1),
      targets: Tensor<Float>.uniform(over: 0...1, shape: [points, 4], using: &generator))
    var trainer = try Trainer(
      field,
      optimizer: Adam(learningRate: 1e-2, secondDecay: 0.99, epsilon: 1e-15, workers: workers),
      workers: workers)
    return try Measurement(
      "hash grid step on \(points) points",
      timing: Timing(repetitions: values[Options.repetitions], warmUps: 1) {
        try trainer.advance(on: batch)
      })
  }
}
