import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Networks of the zoo against PyTorch's complex and real arithmetic in float64: outputs, gradients of
/// single samples, kernels and training.
@Suite struct ZooReferenceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    /// A network of the fixture's sizes, whose parameters are then replaced.
    let network: @Sendable (inout SeededGenerator) -> any Module<Double>

    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "wire") {
      ComplexCoordinateNetwork.wire(
        inputs: 2, outputs: 3, width: 8, frequency: 6, scale: 2, using: &$0)
    },
    Case(name: "wire-finer") {
      ComplexCoordinateNetwork.wireFINER(
        inputs: 2, outputs: 3, width: 8, frequency: 5, waveletFrequency: 4, scale: 2, using: &$0)
    },
    Case(name: "rff") {
      CoordinateNetwork.randomFourierFeatures(
        inputs: 2, outputs: 3, width: 10, frequencies: 6, using: &$0)
    },
    Case(name: "pe-radians") {
      CoordinateNetwork.positionallyEncoded(
        inputs: 2, outputs: 3, width: 10, frequencies: 3, convention: .radians, using: &$0)
    },
    Case(name: "mfn-gabor") {
      MultiplicativeFilterNetwork.gabor(inputs: 2, outputs: 3, width: 10, using: &$0)
    },
    Case(name: "mfn-fourier") {
      MultiplicativeFilterNetwork.fourier(inputs: 2, outputs: 3, width: 10, using: &$0)
    },
    Case(name: "bacon") {
      BandLimitedNetwork.bacon(
        bandwidths: [1, 1], outputs: 3, width: 10, outputLevels: [1, 2], using: &$0)
    },
  ]

  @Test(arguments: cases) func agreesWithPyTorch(_ example: Case) throws {
    var generator = SeededGenerator(seed: 1)
    try check(example.network(&generator), Fixture(example.name))
  }

  private func check<Model: Module<Double>>(_ untrained: Model, _ fixture: Fixture) throws {
    var model = untrained
    try model.setNamedParameters(fixture.parameters("init"))
    let evaluation = TiledEvaluation(of: model, rowsPerTile: 16)
    let (inputs, targets) = (try fixture.tensor("inputs"), try fixture.tensor("targets"))
    let outputs = try evaluation.outputs(for: inputs)
    #expect(
      outputs.isApproximatelyEqual(
        to: try fixture.tensor("outputs0"), relativeTolerance: 1e-12))

    let rows = try evaluation.jacobianRows(for: inputs.slice(0..<4))
    for entry in model.parameterLayout.entries {
      let part = rows.slice(entry.offset..<(entry.offset + entry.count), alongAxis: 1)
      let expected = try fixture.tensor("jacobian0.\(entry.name)")
      #expect(
        (part - expected).absoluteValue().largest()
          <= 1e-11 * Swift.max(expected.absoluteValue().largest(), 1e-3), "\(entry.name)")
    }
    let kernel = try fixture.tensor("kernel0")
    #expect(
      try evaluation.empiricalKernel(at: inputs).isApproximatelyEqual(
        to: kernel, relativeTolerance: 1e-11))
    #expect(
      try evaluation.explicitEmpiricalKernel(at: inputs).isApproximatelyEqual(
        to: kernel, relativeTolerance: 1e-11))
    let gradients = try evaluation.perSampleGradients(for: inputs)
    #expect(gradients.explicit == nil)

    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: .constant(1e-3)), adjuster: IdentityAdjuster())
    let batch = Batch(inputs: inputs, targets: targets)
    for (step, expected) in try fixture.tensor("losses").elements.enumerated() {
      let loss = try trainer.advance(on: batch)
      #expect(abs(loss / expected - 1) < (step < 20 ? 1e-9 : 1e-6), "loss of step \(step)")
    }
    for (name, expected) in try fixture.parameters("final") {
      let value = trainer.model.namedParameters.first { $0.name == name }?.value
      let difference = value.map { ($0 - expected).absoluteValue().largest() }
      #expect((difference ?? .nan) < 1e-6, "\(name) at the end")
    }
  }
}

/// A file of `Tests/Fixtures/zoo`.
private struct Fixture {
  let file: NumPyArchive

  init(_ name: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/zoo/\(name).npz").path
    file = try NumPyArchive(contentsOf: path)
  }

  func tensor(_ name: String) throws -> Tensor<Double> {
    try file.tensor(named: name, as: Double.self)
  }

  /// The parameters whose names follow a prefix.
  func parameters(_ prefix: String) throws -> [String: Tensor<Double>] {
    var parameters: [String: Tensor<Double>] = [:]
    for name in file.names where name.hasPrefix("\(prefix).") {
      parameters[String(name.dropFirst(prefix.count + 1))] = try tensor(name)
    }
    return parameters
  }
}
