import AutoDiff
import TensorKit
import Testing

@Suite struct ModuleStateTests {
  private static func example(seed: UInt64) -> Chain {
    var network = Network.normalized([2, 5, 4, 3], .beforeActivation, seed: seed)
    network.layers[1].isTrainable = false
    return Chain(parts: [network, Residual(inner: Network([3, 3], seed: seed).layers[0])])
  }

  @Test func parametersAreTheState() throws {
    let original = Self.example(seed: 1)
    let state = try original.savedState()
    #expect(state.names == original.namedParameters.map(\.name).sorted())
    for (name, value) in original.namedParameters {
      #expect(state[name] == .array(StoredArray(value)))
    }
    var restored = Self.example(seed: 7)
    #expect(restored.parameters != original.parameters)
    try restored.restore(from: SavedState(SafeTensorsFile(bytes: state.file.bytes())))
    for (a, b) in zip(restored.namedParameters, original.namedParameters) {
      #expect(a.name == b.name && a.value == b.value)
    }
  }

  @Test func coefficientsAreSavedAndTheBasisIsKept() throws {
    func layer(seed: UInt64) -> Linear<Double> {
      Linear(
        coefficients: normal([3, 4], seed: seed), basis: WeightBasis(normal([4, 2], seed: 9)),
        bias: nil)
    }
    var restored = layer(seed: 2)
    try restored.restore(from: layer(seed: 1).savedState())
    #expect(restored.weight.value == layer(seed: 1).weight.value)
  }

  @Test func otherModelsAreRefused() throws {
    let model = Network([2, 4, 1])
    var wide = Network([2, 6, 1])
    let before = wide.parameters
    #expect(
      throws: StateError.shape(name: "layers.0.weight", expected: [6, 2], found: [4, 2])
    ) { try wide.restore(from: model.savedState()) }
    var deep = Network([2, 4, 1, 1])
    #expect(throws: StateError.missing(name: "layers.2.weight")) {
      try deep.restore(from: model.savedState())
    }
    var shallow = Network([2, 4])
    #expect(throws: StateError.leftOver(names: ["layers.1.bias", "layers.1.weight"])) {
      try shallow.restore(from: model.savedState())
    }
    #expect(wide.parameters == before)
  }

  @Test func vectorsOfParametersKeepTheirLayout() throws {
    struct Average: Checkpointable {
      var average: ParameterVector<Double>?
      mutating func visitState(_ visitor: inout StateVisitor) throws {
        try visitor.visit(&average, named: "average")
      }
    }
    let original = Average(average: Network([2, 4, 1]).parameters)
    let state = try original.savedState()
    var restored = Average()
    try restored.restore(from: SavedState(SafeTensorsFile(bytes: state.file.bytes())))
    #expect(restored.average == original.average)
    try restored.restore(from: Average().savedState())
    #expect(restored.average == nil)

    var short = state
    short["average.values"] = .array(StoredArray(Tensor<Double>(zeros: [3])))
    #expect(throws: StateError.shape(name: "average.values", expected: [17], found: [3])) {
      try restored.restore(from: short)
    }
    for shape in [[-1, -17], [.max, 2]] {
      var damaged = state
      damaged["average.layout.parameters.0.shape"] = shape.stateEntry
      #expect(
        throws: StateError.invalid(
          name: "average.layout.parameters.0.shape", reason: "no parameter has shape \(shape)")
      ) { try restored.restore(from: damaged) }
    }
    #expect(restored.average == nil)
  }

  @Test func momentsOfAnotherModelAreFound() throws {
    let (model, other) = (Network([2, 4, 4, 1]), Network([2, 5, 5, 1]))
    let optimizers: [(any Optimizer<Double>, String)] = [
      (SGD(learningRate: 0.1, momentum: 0.5), "velocity"),
      (Adam(learningRate: 0.1), "firstMoment"), (Muon(learningRate: 0.1), "adam.firstMoment"),
    ]
    for (fresh, name) in optimizers {
      var optimizer = fresh
      try optimizer.requireState(fitting: other.parameterLayout)
      var moved = model
      optimizer.update(&moved, along: model.parameters)
      try optimizer.requireState(fitting: model.parameterLayout)
      do {
        try optimizer.requireState(fitting: other.parameterLayout)
        Issue.record("\(name) of another model was accepted")
      } catch StateError.shape(let found, _, _) {
        #expect(found == name)
      }
    }
  }

  @Test func negativeStepsAreRefused() throws {
    var optimizer = Adam<Double>(learningRate: 0.1)
    var state = try optimizer.savedState()
    state["step"] = .integer(-1)
    #expect(throws: StateError.invalid(name: "step", reason: "there were -1 updates")) {
      try optimizer.restore(from: state)
    }
  }

  @Test func settingsOfARuleDecideWhatIsRead() throws {
    var plain = Adam<Double>(learningRate: 0.1)
    let amsGrad = Adam<Double>(learningRate: 0.1, amsGrad: true)
    #expect(throws: StateError.leftOver(names: ["largestMoment"])) {
      try plain.restore(from: amsGrad.savedState())
    }
    var other = amsGrad
    #expect(throws: StateError.missing(name: "largestMoment")) {
      try other.restore(from: plain.savedState())
    }
  }

  @Test func aRuleThatCarriesNothingSavesNothing() throws {
    struct SignDescent: Optimizer {
      var learningRate: LearningRateSchedule
      var step: Int { 0 }
      mutating func update(
        _ parameters: inout ParameterVector<Double>, along gradient: ParameterVector<Double>
      ) { parameters.add(gradient, scaledBy: -learningRate(0)) }
    }
    var optimizer = SignDescent(learningRate: 0.1)
    #expect(try optimizer.savedState().isEmpty)
    try optimizer.restore(from: SavedState())
    try optimizer.requireState(fitting: Network([2, 1]).parameterLayout)
  }
}
