import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// A network with batch normalization, trained by PyTorch in float64, compared number by number.
@Suite struct ReferenceNormalizationTests {
  private struct Settings: Decodable {
    let learning_rate: Double
    let steps: Int
    let eps: Double
    let placement: String
  }

  private let file: SafeTensorsFile
  private let settings: Settings

  init() throws {
    file = try SafeTensorsFile(
      contentsOf: DocumentationTests.root.appendingPathComponent(
        "Tests/Fixtures/reference/batch-normalization-relu.safetensors"
      ).path)
    settings = try JSONDecoder().decode(
      Settings.self, from: Data(try #require(file.metadata["case"]).utf8))
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

  /// The network of the file, as the adjuster prepares it, with the initial parameters.
  private func network<Scalar: TensorScalar>(
    _: Scalar.Type = Scalar.self
  ) throws -> CoordinateNetwork<Scalar> {
    var generator = SeededGenerator(seed: 0)
    var network = CoordinateNetwork<Scalar>.relu(
      inputs: 2, outputs: 3, width: 32, hiddenLayers: 2, using: &generator)
    var adjuster = BatchNormalization<Scalar>()
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
    steps: Int, threads: Int = 2, _: Scalar.Type = Scalar.self
  ) throws -> (losses: [Double], model: CoordinateNetwork<Scalar>) {
    var trainer = try Trainer(
      network(Scalar.self), optimizer: Adam(learningRate: .constant(settings.learning_rate)),
      adjuster: BatchNormalization<Scalar>(), workers: Workers(threads: threads))
    let batch = try batch(Scalar.self)
    let losses = try (0..<steps).map { _ in try trainer.advance(on: batch) }
    return (losses, trainer.model)
  }

  @Test func namesOfParameters() throws {
    let names = Set(try parameters("init", Double.self).keys)
    #expect(Set(try network(Double.self).namedParameters.map(\.name)) == names)
    #expect(names.contains("norms.2.weight") && !names.contains("norms.3.weight"))
    #expect(settings.eps == Normalization<Double>.epsilon)
    #expect(settings.placement == "before the activation")
  }

  @Test func lossesAndFinalParameters() throws {
    let expected = try file.tensor(named: "losses.bn", as: Double.self).elements
    let (losses, model) = try trained(steps: settings.steps, Double.self)
    #expect(losses.count == 60 && expected.count == 60)
    #expect(largestRelativeDifference(losses, expected) < 1e-9)
    let final = try parameters("final", Double.self)
    for (name, value) in model.namedParameters {
      let reference = try #require(final[name])
      #expect(value.isApproximatelyEqual(to: reference, relativeTolerance: 1e-7), "\(name)")
    }
    let (again, _) = try trained(steps: 5, threads: 3, Double.self)
    #expect(again == Array(losses.prefix(5)))
  }

  @Test func lossesInSinglePrecision() throws {
    let expected = try file.tensor(named: "losses.bn", as: Double.self).elements
    let (losses, _) = try trained(steps: 10, Float.self)
    #expect(largestRelativeDifference(losses, expected.prefix(10)) < 1e-3)
  }
}
