import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Functions fitted by PyTorch in float64, compared number by number; see `ReferenceImageTests`.
@Suite struct ReferenceFunctionTests {
  private static func file(_ name: String) throws -> SafeTensorsFile {
    try SafeTensorsFile(
      contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(
          "Fixtures/reference/\(name).safetensors"
        ).path)
  }

  private static func batch(_ file: SafeTensorsFile, groupSize: Int) throws
    -> Batch<Double>
  {
    let inputs = try file.tensor(named: "inputs", as: Double.self)
    return Batch(
      inputs: inputs, targets: try file.tensor(named: "targets"),
      groups: RowPartition(rowCount: inputs.shape[0], groupSize: groupSize))
  }

  private static func check(_ losses: [Double], _ name: String, _ file: SafeTensorsFile) throws {
    let expected = try file.tensor(named: "losses.\(name)", as: Double.self).elements
    #expect(losses.count == expected.count)
    #expect(largestRelativeDifference(losses.prefix(20), expected.prefix(20)) < 1e-9)
    #expect(largestRelativeDifference(losses, expected) < 1e-4)
  }

  // MARK: - Experiment 1

  private static func circleNetwork(_ file: SafeTensorsFile) throws
    -> TwoLayerRectifierNetwork<Double>
  {
    TwoLayerRectifierNetwork(
      hiddenWeight: try file.tensor(named: "init.hidden.weight"),
      hiddenBias: try file.tensor(named: "init.hidden.bias"),
      signs: try file.tensor(named: "init.output.weight"))
  }

  @Test func closedFormKernel() throws {
    let file = try Self.file("circle-two-layer")
    let inputs = try file.tensor(named: "inputs", as: Double.self)
    let kernel = TwoLayerRectifierNetwork.infiniteWidthKernel(at: inputs)
    // PyTorch took the arc cosine of products near 1, which leaves it about half of its digits.
    let expected = try file.tensor(named: "ntk", as: Double.self)
    #expect(kernel.isApproximatelyEqual(to: expected, relativeTolerance: 2e-8))
    let values = try kernel.symmetricEigenpairs().values
    let expectedValues = try file.tensor(named: "ntk.eigenvalues", as: Double.self)
    #expect(values.isApproximatelyEqual(to: expectedValues, relativeTolerance: 1e-9))
  }

  @Test(arguments: [
    ("transform.ntk", 10, EqualizationTarget.next),
    ("transform.ntk.sgd-convention-end4", 4, .first),
  ])
  func transforms(name: String, end: Int, target: EqualizationTarget) throws {
    let file = try Self.file("circle-two-layer")
    let expected = try file.tensor(named: name, as: Double.self)
    let ofReference = try SpectralTransform(
      equalizing: end, of: try file.tensor(named: "ntk", as: Double.self), to: target)
    #expect(ofReference.matrix.isApproximatelyEqual(to: expected, relativeTolerance: 1e-10))
    let inputs = try file.tensor(named: "inputs", as: Double.self)
    let ofKernel = try SpectralTransform(
      equalizing: end, of: TwoLayerRectifierNetwork.infiniteWidthKernel(at: inputs), to: target)
    #expect(ofKernel.matrix.isApproximatelyEqual(to: expected, relativeTolerance: 1e-6))
  }

  @Test func empiricalKernelOfTheTwoLayerNetwork() throws {
    let file = try Self.file("circle-two-layer")
    let evaluation = TiledEvaluation(of: try Self.circleNetwork(file))
    let inputs = try file.tensor(named: "inputs", as: Double.self)
    let expected = try file.tensor(named: "entk0", as: Double.self)
    for kernel in [
      try evaluation.empiricalKernel(at: inputs),
      try evaluation.explicitEmpiricalKernel(at: inputs),
    ] {
      #expect(kernel.isApproximatelyEqual(to: expected, relativeTolerance: 1e-12))
    }
  }

  @Test(arguments: ["identity", "full-ntk", "full-entk", "iga-8-center"])
  func lossesOnTheCircle(run: String) throws {
    let file = try Self.file("circle-two-layer")
    let adjusters: [String: any GradientAdjuster<Double>] = [
      "identity": IdentityAdjuster(),
      "full-ntk": NTKAdjuster(end: 10) { TwoLayerRectifierNetwork.infiniteWidthKernel(at: $0) },
      "full-entk": EmpiricalNTKAdjuster(end: 10),
      "iga-8-center": InductiveGradientAdjuster(end: 10, sampling: .center),
    ]
    let network = try Self.circleNetwork(file)
    var trainer = try Trainer(
      network, optimizer: SGD(learningRate: 0.1), adjuster: adjusters[run])
    let batch = try Self.batch(file, groupSize: 8)
    let losses = try (0..<60).map { _ in try trainer.advance(on: batch) }
    try Self.check(losses, run, file)
    #expect(trainer.model.output.weight.value == network.output.weight.value)
  }

  @Test func theCircleOfTheFixtureIsThePublishedSignal() throws {
    let file = try Self.file("circle-two-layer")
    let signal = FunctionSignal<Double>.circle(samples: 128)
    let batch = try Self.batch(file, groupSize: 8)
    #expect(signal.inputs.isApproximatelyEqual(to: batch.inputs, relativeTolerance: 1e-15))
    #expect(
      signal.batch(groupSize: 8).targets.isApproximatelyEqual(
        to: batch.targets, relativeTolerance: 1e-13))
  }

  // MARK: - Experiment 2

  private static func network(_ file: SafeTensorsFile, _ name: String) throws
    -> CoordinateNetwork<Double>
  {
    let layers = try (0..<5).map { index in
      Linear<Double>(
        weight: try file.tensor(named: "init.layers.\(index).weight"),
        bias: try file.tensor(named: "init.layers.\(index).bias"))
    }
    return CoordinateNetwork(
      layers: layers, activation: name == "multisine-siren" ? Sine(frequency: 30) : Rectifier())
  }

  @Test(
    arguments: ["multisine-relu", "multisine-siren"],
    ["identity", "full-entk", "iga-4-center", "iga-8-center"])
  func lossesAndErrorsOfSines(name: String, run: String) throws {
    let file = try Self.file(name)
    let adjuster: any GradientAdjuster<Double> =
      switch run {
      case "identity": IdentityAdjuster()
      case "full-entk": EmpiricalNTKAdjuster(end: 6)
      default: InductiveGradientAdjuster(end: 6, sampling: .center)
      }
    var trainer = try Trainer(
      try Self.network(file, name), optimizer: Adam(learningRate: 1e-3), adjuster: adjuster)
    let batch = try Self.batch(file, groupSize: run == "iga-4-center" ? 4 : 8)
    let losses = try (0..<60).map { _ in try trainer.advance(on: batch) }
    try Self.check(losses, run, file)

    let bins = try file.tensor(named: "frequency_bins", as: Double.self).elements.map { Int($0) }
    #expect(FrequencyErrors.strongestBins(of: batch.targets, count: 3) == bins)
    let errors = FrequencyErrors(of: batch.targets, bins: bins)
      .relativeErrors(of: try trainer.outputs(for: batch.inputs))
    let expected = try file.tensor(named: "relative_error.\(run)", as: Double.self).elements
    #expect(largestRelativeDifference(errors, expected) < 1e-4)
  }

  @Test func theSinesOfTheFixtureAreThePublishedSignal() throws {
    let batch = try Self.batch(try Self.file("multisine-relu"), groupSize: 4)
    let signal = FunctionSignal<Double>.sines(frequencies: [5, 10, 15], samples: 128)
    #expect(signal.inputs.isApproximatelyEqual(to: batch.inputs, relativeTolerance: 1e-15))
    #expect(
      signal.batch(groupSize: 4).targets.isApproximatelyEqual(
        to: batch.targets, relativeTolerance: 1e-12))
  }
}
