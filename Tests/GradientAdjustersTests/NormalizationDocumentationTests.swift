import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// The code of the article on batch normalization.
@Suite struct NormalizationDocumentationTests {
  @Test func batchNormalizationInTiles() throws {
    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 16, hiddenLayers: 1, using: &generator)
    let signal = PictureSignal<Float>(.procedural(height: 16, width: 24), patch: 8)
    let batch = signal.batch

    let normalization = BatchNormalization<Float>(preservingFunctionOver: batch.inputs)
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: 1e-3), adjuster: normalization)
    for _ in 0..<20 { try trainer.advance(on: batch) }
    let plain = try trainer.plainModel(over: batch.inputs)

    let composed = ComposedAdjuster<Float>([normalization, InductiveGradientAdjuster(end: 4)])

    let outputs = try trainer.outputs(for: batch.inputs)
    #expect(
      plain(Variable(batch.inputs)).value.isApproximatelyEqual(
        to: outputs, relativeTolerance: 1e-4))
    #expect(plain.namedParameters.map(\.name) == model.namedParameters.map(\.name))
    var both = try Trainer(model, optimizer: Adam(learningRate: 1e-3), adjuster: composed)
    let losses = try (0..<20).map { _ in try both.advance(on: batch) }
    #expect(losses[19] < losses[0])
    #expect(trainer.model.namedParameters.map(\.name).contains("norms.0.weight"))
  }
}
