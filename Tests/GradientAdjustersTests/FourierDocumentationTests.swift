import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// The code of the article on Fourier reparameterization.
@Test func fourierReparameterizationInTheDocumentation() throws {
  var generator = SeededGenerator(seed: 1)
  let model = CoordinateNetwork<Float>.siren(
    inputs: 2, outputs: 3, width: 16, hiddenLayers: 1, using: &generator)
  let signal = PictureSignal<Float>(.procedural(height: 16, width: 24), patch: 8)
  let batch = signal.batch

  let fourier = FourierReparameterization<Float>(
    lowFrequencies: 16, highFrequencies: 16, phases: 8, amplitude: 0.004)
  var trainer = try Trainer(model, optimizer: Adam(learningRate: 1e-3), adjuster: fourier)
  for _ in 0..<20 { try trainer.advance(on: batch) }
  let coefficients = trainer.model.parameters["layers.1.coefficients"]
  let plain = try trainer.plainModel()

  #expect(coefficients?.shape == [16, 256])
  #expect(plain.layers[1].weight.shape == [16, 16])
  #expect(plain.namedParameters.map(\.name) == model.namedParameters.map(\.name))

  let composed = ComposedAdjuster<Float>([fourier, InductiveGradientAdjuster(end: 4)])

  var adjusted = try Trainer(model, optimizer: Adam(learningRate: 1e-3), adjuster: composed)
  let first = try adjusted.advance(on: batch)
  for _ in 0..<20 { try adjusted.advance(on: batch) }
  #expect(try adjusted.advance(on: batch) < first)
}
