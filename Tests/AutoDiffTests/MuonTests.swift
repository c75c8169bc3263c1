import Foundation
import TensorKit
import Testing

@testable import AutoDiff

/// Paths of Muon that PyTorch computed, written by `Tests/Fixtures/muon.py`.
private struct MuonPaths: Decodable {
  struct Settings: Decodable {
    let rate: Double
    let momentum: Double
    let nesterov: Bool
    let iterations: Int
    let scale: Double
  }

  struct Case: Decodable {
    let name: String
    let settings: Settings
    let path: [String: [Double]]

    func optimizer<Scalar: TensorScalar>(_: Scalar.Type) -> Muon<Scalar> {
      Muon(
        learningRate: .constant(settings.rate), momentum: settings.momentum,
        nesterov: settings.nesterov, iterations: settings.iterations, scale: settings.scale)
    }
  }

  let sizes: [Int]
  let start: [Double]
  let inputs: [[Double]]
  let targets: [[Double]]
  let cases: [Case]

  static func load() throws -> MuonPaths {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/muon.json")
    return try JSONDecoder().decode(MuonPaths.self, from: Data(contentsOf: file))
  }

  /// The network at the start of the paths.
  var network: Network {
    var network = Network(sizes)
    network.parameters = ParameterVector(Tensor(start), layout: network.parameterLayout)
    return network
  }

  func gradient(_ network: Network) -> ParameterVector<Double> {
    valueWithGradient(at: network) { network in
      (network(Variable(Tensor(inputs))) - Variable(Tensor(targets))).squared().mean()
    }.gradient
  }
}

@Suite struct MuonTests {
  @Test func pathsEqualPyTorchs() throws {
    let paths = try MuonPaths.load()
    #expect(paths.cases.count == 3)
    for example in paths.cases {
      var optimizer = example.optimizer(Double.self)
      var network = paths.network
      for step in 1...40 {
        optimizer.update(&network, along: paths.gradient(network))
        if let expected = example.path["\(step)"] {
          expectClose(
            network.parameters.values, Tensor(expected), 1e-9, "\(example.name), step \(step)")
        }
      }
      #expect(optimizer.step == 40)
    }
  }

  @Test func momentumOfAnySizeIsOrthogonalized() {
    var generator = SeededGenerator(seed: 4)
    let matrix = Tensor<Float>.normal(shape: [5, 8], using: &generator)
    let expected = matrix.orthogonalized(iterations: 5, workers: Workers())
    for exponent in [-120, -66, -25, 60, 100] {
      let scaled = matrix * Float(sign: .plus, exponent: exponent, significand: 1)
      let found = scaled.orthogonalized(iterations: 5, workers: Workers())
      #expect(found.isApproximatelyEqual(to: expected, relativeTolerance: 1e-4), "2^\(exponent)")
    }
    let zero = Tensor<Float>(zeros: [3, 4])
    #expect(zero.orthogonalized(iterations: 5, workers: Workers()) == zero)
  }

  @Test func singularValuesComeNearOne() throws {
    for shape in [[7, 7], [4, 9], [9, 4], [1, 5]] {
      var generator = SeededGenerator(seed: 4)
      let matrix = Tensor<Double>.normal(shape: shape, using: &generator)
      let found = matrix.orthogonalized(iterations: 12, workers: Workers())
      let isTall = shape[0] > shape[1]
      let gram = Tensor.matrixProduct(
        found, found, transposingLeft: isTall, transposingRight: !isTall)
      let squares = try gram.symmetricEigenpairs().values.elements
      #expect(squares.allSatisfy { (0.4...1.6).contains($0) }, "\(squares)")
      // The singular vectors stay: fᵀ m is symmetric and positive.
      let product = Tensor.matrixProduct(
        found, matrix, transposingLeft: isTall, transposingRight: !isTall)
      expectClose(product, product.transposed(), 1e-10, "\(shape)")
      #expect(try product.symmetricEigenpairs().values.elements.allSatisfy { $0 > 0 })
      // Their scale is forgotten.
      expectClose(
        (matrix * 1e4).orthogonalized(iterations: 12, workers: Workers()), found, 1e-6, "\(shape)")
    }
    #expect(
      Tensor<Float>(zeros: [3, 2]).orthogonalized(iterations: 5, workers: Workers())
        == Tensor(zeros: [3, 2]))
  }

  @Test func aRestoredOptimizerContinuesWithTheSameBits() throws {
    let paths = try MuonPaths.load()
    for example in paths.cases {
      var original = example.optimizer(Double.self)
      var network = paths.network
      for _ in 0..<7 { original.update(&network, along: paths.gradient(network)) }
      var restored = example.optimizer(Double.self)
      let state = try original.savedState()
      try restored.restore(from: SavedState(SafeTensorsFile(bytes: state.file.bytes())))
      #expect(restored.step == 7)
      #expect(try restored.savedState() == state)
      #expect(
        state.names == ["adam.firstMoment", "adam.secondMoment", "adam.step", "velocity"])
      var copy = network
      for _ in 0..<9 {
        original.update(&network, along: paths.gradient(network))
        restored.update(&copy, along: paths.gradient(copy))
      }
      #expect(network.parameters == copy.parameters)
      #expect(try original.savedState() == restored.savedState())
    }
  }

  @Test func itIsAValue() throws {
    let paths = try MuonPaths.load()
    var original = paths.cases[0].optimizer(Double.self)
    var network = paths.network
    original.update(&network, along: paths.gradient(network))
    let (copy, state) = (original, try original.savedState())
    original.update(&network, along: paths.gradient(network))
    #expect(copy.step == 1)
    #expect(try copy.savedState() == state)
    #expect(try original.savedState() != state)
  }

  @Test func hiddenMatricesAreThoseOfHiddenLayers() async {
    let names = { (sizes: [Int]) in
      let layout = Network(sizes).parameterLayout
      return ParameterSelection.hiddenMatrices.indices(in: layout).map { layout.entries[$0].name }
    }
    #expect(names([2, 6, 5, 6, 3]) == ["layers.1.weight", "layers.2.weight"])
    #expect(names([2, 6, 3]) == [] && names([2, 3]) == [])
    // A model that says nothing of its weights is not taken for one without hidden layers.
    await #expect(processExitsWith: .failure) {
      var model = LowRank(left: Variable(normal([2, 1])), right: Variable(normal([1, 3])))
      var muon = Muon<Double>(learningRate: 0.1)
      muon.update(&model, along: model.parameters)
    }
  }

  @Test func chosenMatricesAloneLeaveAdamsPath() throws {
    let paths = try MuonPaths.load()
    var (network, plain) = (paths.network, paths.network)
    var muon = Muon<Double>(learningRate: 0.01, matrices: .named("layers.3.weight"))
    var adam = Adam<Double>(learningRate: 0.01)
    let gradient = paths.gradient(network)
    muon.update(&network, along: gradient)
    adam.update(&plain, along: gradient)
    for (moved, other) in zip(network.namedParameters, plain.namedParameters) {
      #expect((moved.value == other.value) == (moved.name != "layers.3.weight"), "\(moved.name)")
    }
    // Without any matrix it is Adam.
    var none = Muon<Double>(learningRate: 0.01, matrices: .none)
    var same = paths.network
    none.update(&same, along: gradient)
    #expect(same.parameters == plain.parameters)
  }

  @Test func theScheduleIsAskedForEachStep() throws {
    let paths = try MuonPaths.load()
    var network = paths.network
    var optimizer = Muon<Double>(learningRate: .milestones(from: 0.1, factor: 0, at: [1]))
    optimizer.update(&network, along: paths.gradient(network))
    let after = network.parameters
    #expect(after != paths.network.parameters)
    optimizer.update(&network, along: paths.gradient(network))
    #expect(network.parameters == after)
    optimizer.learningRate = 0.1
    optimizer.update(&network, along: paths.gradient(network))
    for (old, new) in zip(after.layout.entries.indices, network.parameters.layout.entries.indices) {
      #expect(after.tensor(at: old) != network.parameters.tensor(at: new))
    }
  }

  @Test func settingsThatMakeNoSenseAreMistakes() async {
    await #expect(processExitsWith: .failure) { _ = Muon<Float>(learningRate: 0.1, momentum: 1) }
    await #expect(processExitsWith: .failure) { _ = Muon<Float>(learningRate: 0.1, iterations: 0) }
    await #expect(processExitsWith: .failure) { _ = Muon<Float>(learningRate: 0.1, scale: 0) }
    await #expect(processExitsWith: .failure) {
      var network = Network([2, 3, 1])
      var muon = Muon<Double>(learningRate: 0.1, matrices: .biases)
      muon.update(&network, along: network.parameters)
    }
  }
}
