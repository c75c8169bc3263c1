import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// The code of the article "From one core to a cluster", compiled and run; see `DocumentationTests`.
@Suite struct ClusterDocumentationTests {
  private static var model: CoordinateNetwork<Float> {
    var generator = SeededGenerator(seed: 1)
    return .siren(inputs: 2, outputs: 3, width: 16, using: &generator)
  }

  private static let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("cluster-\(UUID().uuidString).safetensors").path

  @Test func aGroupOfTheLauncher() throws {
    let (model, path, steps, budget) = (Self.model, Self.path, 3, 0.05)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let batch = PictureSignal<Float>(.procedural(height: 32, width: 48), patch: 8).batch

    let group = try ProcessGroup.ofLauncher()
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: 1e-3), adjuster: InductiveGradientAdjuster(end: 20),
      runner: group)
    for _ in 0..<steps { try trainer.advance(on: batch) }
    if group?.isFirst ?? true { try trainer.model.writeWeights(to: path) }
    #expect(trainer.step == 3 && FileManager.default.fileExists(atPath: path))

    let start = ContinuousClock.now
    var seconds = 0.0
    while try group?.shared(seconds) ?? seconds < budget {
      try trainer.advance(on: batch)
      seconds = start.duration(to: .now) / .seconds(1)
    }
    #expect(trainer.step > 3)
  }

  @Test func playedProcesses() throws {
    let batch = PictureSignal<Float>(.procedural(height: 32, width: 48), patch: 8).batch
    @Sendable func fitted(by runner: any ShardRunner) throws -> Tensor<Float> {
      var trainer = try Trainer(
        Self.model, optimizer: Adam(learningRate: 1e-3),
        adjuster: BandEqualizer(NestedMeanBands(.bisecting(batch.inputs))), runner: runner)
      for _ in 0..<5 { try trainer.advance(on: batch) }
      return trainer.model.parameters.values
    }
    let weights = try LocalCommunicator.run(3) { communicator in
      let group = ProcessGroup(communicator, workers: Workers(threads: 1))
      return try fitted(by: group)
    }
    let expected = try fitted(by: Workers(threads: 2))
    #expect(weights == [expected, expected, expected])
  }

  @Test func bricksOfAFile() throws {
    let path = Self.path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var generator = SeededGenerator(seed: 1)
    let volume = Tensor<Float>.normal(shape: [32, 32, 32], using: &generator)
    try NumPyFile(StoredArray(volume)).write(to: path)
    let model = CoordinateNetwork<Float>.siren(inputs: 3, outputs: 1, width: 16, using: &generator)
    var trainer = try Trainer(model, optimizer: Adam(learningRate: 1e-3))

    let file = try NumPyRows(contentsOf: path, columns: 1)
    let grid = RowGrid(extents: file.shape)
    let signal = Batch(inputs: Rows<Float>.grid(extents: file.shape), targets: Rows(file))
    var source = BrickBatches(of: signal, on: grid, brickSide: 16, bricksPerBatch: 16, seed: 1)
    try trainer.advance(on: source.nextBatch())
    #expect(trainer.step == 1 && source.rowCount == 65_536)
  }
}
