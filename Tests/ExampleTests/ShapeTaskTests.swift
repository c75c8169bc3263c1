import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@testable import FitShape

/// What is measured of networks that are fitted to shapes.
@Suite struct ShapeTaskTests {
  /// A field that is one half plus the first coordinate.
  private struct Ramp: Module {
    typealias Scalar = Double
    mutating func visit(_ visitor: inout ModuleVisitor<Double>) {}
    func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
      input.slice(0..<1, alongAxis: 1) + 0.5
    }
  }

  private func task(_ source: any BatchSource<Double>, _ probe: ShapeProbe<Double>)
    -> ShapeTask<Double>
  {
    ShapeTask(
      source: source, loss: MeanSquaredError(), stepsPerEpoch: 4, nest: \.groups, probe: probe,
      isPositiveInside: true)
  }

  @Test func overlapsAreThoseCountedByHand() throws {
    // Filled where the first index is 3 or more, of 0 to 7; found where the coordinate is not negative, from 4 on.
    let volume = VoxelVolume(
      extents: [8, 6, 5], values: (0..<240).map { $0 / 30 >= 3 ? 255 : 0 })
    let signal = VolumeSignal<Double>(volume, groups: .blocks(2))
    let source = signal.batches(groupsPerBatch: 8)
    let probe = signal.probe()
    let workers = Workers(threads: 2)
    let task = task(source, probe)
    #expect(try probe.overlap(of: Ramp(), task, workers: workers) == 4.0 / 5)
    #expect(try probe.quickOverlap(of: Ramp(), task, workers: workers) == 4.0 / 5)
    #expect(SetOverlap().ratio == 1)
  }

  @Test func staleOverlapsAreOfPredictionsBeforeUpdates() throws {
    let volume = VoxelVolume(
      extents: [8, 8, 8], values: (0..<512).map { $0 % 64 >= 24 ? 255 : 0 })
    let signal = VolumeSignal<Double>(volume, groups: .runs(32))
    var source = signal.batches(groupsPerBatch: 4, seed: 2)
    var generator = SeededGenerator(seed: 1)
    let network = CoordinateNetwork<Double>.siren(
      inputs: 3, outputs: 1, width: 8, hiddenLayers: 1, using: &generator)
    let adjuster = ComposedAdjuster<Double>([
      InductiveGradientAdjuster(end: 2), StaleOverlap(stepsPerEpoch: source.stepsPerEpoch),
    ])
    var trainer = try Trainer(network, optimizer: Adam(learningRate: 1e-2), adjuster: adjuster)
    var (both, either) = (0, 0)
    for _ in 0..<source.stepsPerEpoch {
      let batch = source.nextBatch()
      let outputs = try trainer.outputs(for: batch.inputs).elements
      for (output, target) in zip(outputs, batch.targets.elements) {
        both += output >= 0.5 && target > 0.5 ? 1 : 0
        either += output >= 0.5 || target > 0.5 ? 1 : 0
      }
      try trainer.advance(on: batch)
    }
    let found = try #require(
      (trainer.adjuster as? ComposedAdjuster<Double>)?.adjusters.last as? StaleOverlap<Double>)
    #expect(abs(found.overlap - Double(both) / Double(either)) < 1e-12)
  }
}
