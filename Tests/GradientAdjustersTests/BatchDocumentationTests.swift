import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// The code of the article "Learning from some rows at a time", compiled and run; see `DocumentationTests`.
@Suite struct BatchDocumentationTests {
  @Test func learningFromSomeRows() throws {
    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 32, using: &generator)
    let picture = Picture.procedural(height: 64, width: 96)

    let signal = PictureSignal<Float>(picture, patch: 8)
    var source = StratifiedBatches(of: signal.batch, on: signal.grid, blockSide: 4, seed: 1)
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: .cosine(from: 1e-3, over: 300)),
      adjuster: BandEqualizer(CosineBands(source.blocks)))
    for _ in 0..<300 { try trainer.advance(on: source.nextBatch()) }

    // As many rows of full batches are twenty steps.
    var whole = try Trainer(
      model, optimizer: Adam(learningRate: .cosine(from: 1e-3, over: 20)),
      adjuster: BandEqualizer(CosineBands(signal.grid)))
    for _ in 0..<20 { try whole.advance(on: signal.batch) }
    func error(_ trainer: Trainer<CoordinateNetwork<Float>>) throws -> Float {
      (try trainer.outputs(for: signal.batch.inputs) - signal.batch.targets).norm()
    }
    #expect(try error(trainer) < 0.7 * error(whole))
  }

  @Test func rowsThatCountForMore() throws {
    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 32, using: &generator)
    let signal = PictureSignal<Float>(.procedural(height: 32, width: 48), patch: 8)
    var trainer = try Trainer(model, optimizer: Adam(learningRate: 1e-3))
    let before = try TrainingStep(model: model, batch: signal.batch).lossValue()

    var source = ImportanceSampledBatches(of: signal.batch, rowCount: 256, seed: 1)
    for step in 0..<200 {
      if step % 50 == 0 {
        let residuals = try trainer.outputs(for: signal.batch.inputs) - signal.batch.targets
        source.setLikelihoods(residuals.squared().sum(alongAxis: 1).squareRoot())
      }
      try trainer.advance(on: source.nextBatch())
    }

    let after = try TrainingStep(model: trainer.model, batch: signal.batch).lossValue()
    #expect(after < before / 10)
  }

  @Test func miniBatches() throws {
    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 32, using: &generator)
    let signal = PictureSignal<Float>(.procedural(height: 64, width: 96), patch: 8)
    let before = try TrainingStep(model: model, batch: signal.batch).lossValue()

    var source = MiniBatches(of: signal.batch, rowCount: 512, seed: 1)
    var trainer = try Trainer(model, optimizer: Adam(learningRate: 1e-3), adjuster: Centering())
    let stepsPerEpoch = signal.batch.rowCount / 512
    for epoch in 0..<10 {
      var sum = 0.0
      for _ in 0..<stepsPerEpoch { sum += try trainer.advance(on: source.nextBatch()) }
      print("epoch \(epoch): \(sum / Double(stepsPerEpoch))")
    }

    #expect(try TrainingStep(model: trainer.model, batch: signal.batch).lossValue() < before / 3)
  }

  @Test func batchesOfOnesOwn() throws {
    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 1, width: 32, using: &generator)

    var source = DrawnBatches<Float>(seed: 1) { generator in
      let points = Tensor<Float>.uniform(over: -1...1, shape: [512, 2], using: &generator)
      let distances = points.squared().sum(alongAxis: 1, keepingAxis: true).squareRoot() - 0.5
      return Batch(inputs: points, targets: distances)
    }
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: 1e-3),
      adjuster: BandEqualizer { batch in NestedMeanBands(.bisecting(batch.inputs)) })
    for _ in 0..<100 { try trainer.advance(on: source.nextBatch()) }

    let batch = try source.nextBatch()
    #expect(try TrainingStep(model: trainer.model, batch: batch).lossValue() < 0.01)
  }
}
