import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// A network with Fourier reparameterization, trained by PyTorch in float64, compared number by number.
@Suite struct ReferenceFourierTests {
  private struct Settings: Decodable {
    let high_frequencies: Int
    let low_frequencies: Int
    let phases: Int
    let alpha: Double
    let applied_to: [String]
    let learning_rate: Double
    let steps: Int
  }

  private let file: SafeTensorsFile
  private let settings: Settings

  init() throws {
    file = try SafeTensorsFile(
      contentsOf: DocumentationTests.root.appendingPathComponent(
        "Tests/Fixtures/reference/fourier-reparameterization-relu.safetensors"
      ).path)
    settings = try JSONDecoder().decode(
      Settings.self, from: Data(try #require(file.metadata["case"]).utf8))
  }

  private func adjuster<Scalar: TensorScalar>(
    _: Scalar.Type = Scalar.self
  ) -> FourierReparameterization<Scalar> {
    FourierReparameterization(
      lowFrequencies: settings.low_frequencies, highFrequencies: settings.high_frequencies,
      phases: settings.phases, amplitude: settings.alpha)
  }

  /// The parameters of the file with a prefix, by their names without it.
  private func parameters<Scalar: TensorScalar>(
    _ prefix: String, _: Scalar.Type = Scalar.self
  ) throws -> [String: Tensor<Scalar>] {
    var values: [String: Tensor<Scalar>] = [:]
    for name in file.names where name.hasPrefix("\(prefix).") {
      values[String(name.dropFirst(prefix.count + 1))] = try file.tensor(
        named: name, as: Scalar.self)
    }
    return values
  }

  /// The network of the file, which the adjuster has rewritten, with the initial parameters.
  private func network<Scalar: TensorScalar>(
    _: Scalar.Type = Scalar.self
  ) throws -> CoordinateNetwork<Scalar> {
    var generator = SeededGenerator(seed: 0)
    var network = CoordinateNetwork<Scalar>.relu(
      inputs: 2, outputs: 3, width: 32, hiddenLayers: 2, using: &generator)
    var adjuster = adjuster(Scalar.self)
    try adjuster.prepare(&network, using: &generator)
    try network.setNamedParameters(parameters("init"))
    return network
  }

  private func batch<Scalar: TensorScalar>(
    _: Scalar.Type = Scalar.self
  ) throws -> Batch<Scalar> {
    Batch(
      inputs: try file.tensor(named: "groups", as: Scalar.self).reshaped(to: [-1, 2]),
      targets: try file.tensor(named: "targets", as: Scalar.self).reshaped(to: [-1, 3]))
  }

  private func trained<Scalar: TensorScalar>(
    steps: Int, _: Scalar.Type = Scalar.self
  ) throws -> (losses: [Double], model: CoordinateNetwork<Scalar>) {
    // The trainer prepares the model once more, which leaves layers with this basis as they are.
    var trainer = try Trainer(
      network(Scalar.self), optimizer: Adam(learningRate: .constant(settings.learning_rate)),
      adjuster: adjuster(Scalar.self))
    let batch = try batch(Scalar.self)
    let losses = try (0..<steps).map { _ in try trainer.advance(on: batch) }
    return (losses, trainer.model)
  }

  @Test func bases() throws {
    let expected = try file.tensor(named: "bases", as: Double.self)
    let basis = adjuster(Double.self).basis(inputs: 32)
    #expect(basis.isApproximatelyEqual(to: expected, relativeTolerance: 1e-12))
    for name in settings.applied_to {
      let layer = try network(Double.self).layers[try #require(Int(name.suffix(1)))]
      #expect(layer.basis?.matrix == basis)
    }
  }

  @Test func namesOfParameters() throws {
    let names = Set(try parameters("init", Double.self).keys)
    #expect(Set(try network(Double.self).namedParameters.map(\.name)) == names)
    #expect(names.contains("layers.1.coefficients"))
  }

  @Test func initialCoefficientsAreWithinTheSameBounds() throws {
    var generator = SeededGenerator(seed: 3)
    var network = try network(Double.self)
    let reference = network
    // Without their basis, layers are drawn anew.
    for layer in [1, 2] { network.layers[layer].formWeight() }
    var adjuster = adjuster(Double.self)
    try adjuster.prepare(&network, using: &generator)
    for layer in [1, 2] {
      let found = try #require(network.layers[layer].coefficients?.value)
      let expected = try #require(reference.layers[layer].coefficients?.value)
      #expect(found != expected)
      for vector in 0..<found.shape[1] {
        // The largest of 32 uniform numbers: at least four fifths of the bound but for one in 1000.
        let largest = found.slice(vector..<(vector + 1), alongAxis: 1).absoluteValue().largest()
        let other = expected.slice(vector..<(vector + 1), alongAxis: 1).absoluteValue().largest()
        #expect(largest / other > 0.7 && largest / other < 1 / 0.7)
      }
    }
  }

  @Test func lossesAndFinalParameters() throws {
    let expected = try file.tensor(named: "losses.fr", as: Double.self).elements
    let (losses, model) = try trained(steps: settings.steps, Double.self)
    #expect(losses.count == 60 && expected.count == 60)
    #expect(largestRelativeDifference(losses, expected) < 1e-9)
    let final = try parameters("final", Double.self)
    for (name, value) in model.namedParameters {
      #expect(
        value.isApproximatelyEqual(to: try #require(final[name]), relativeTolerance: 1e-8),
        "\(name)")
    }
  }

  @Test func lossesInSinglePrecision() throws {
    let expected = try file.tensor(named: "losses.fr", as: Double.self).elements
    let (losses, _) = try trained(steps: 10, Float.self)
    #expect(largestRelativeDifference(losses, expected.prefix(10)) < 1e-3)
  }
}
