import AutoDiff
import TensorKit
import Testing

@Suite struct ParameterRoleTests {
  /// Layers, a frozen table, fixed frequencies and a block that says nothing of its weights.
  private struct Model: Module {
    var encoding = normal([2, 3], seed: 1)
    var table = Variable(normal([5, 2], seed: 2))
    var layers = Network([3, 4, 4, 1]).layers
    var block = Residual(inner: Linear(weight: normal([1, 1], seed: 3), bias: nil))

    func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
      let features = Variable.matrixProduct(input, Variable(encoding))
      return block(layers.reduce(features) { $1($0, then: Sine(frequency: 2)) })
    }

    mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
      visitor.visit(buffer: &encoding, named: "encoding")
      visitor.visit(&table, named: "table", role: .table)
      visitor.visit(
        &layers, named: "layers", roles: ParameterRole.chain(of: layers.count, frequency: 2))
      visitor.visit(&block, named: "block", role: .hidden(frequency: 7))
    }
  }

  @Test func aLayoutHasTheRolesThatModulesSay() {
    let roles = Model().parameterLayout.entries.map { ($0.name, $0.role) }
    let expected: [(String, ParameterRole)] = [
      ("table", .table), ("layers.0.weight", .input), ("layers.0.bias", .bias),
      ("layers.1.weight", .hidden(frequency: 2)), ("layers.1.bias", .bias),
      ("layers.2.weight", .output), ("layers.2.bias", .bias),
      ("block.inner.weight", .hidden(frequency: 7)),
    ]
    #expect(roles.map(\.0) == expected.map(\.0))
    #expect(roles.map(\.1) == expected.map(\.1))
    // A role ends with the module that it was given to; by default there is none.
    let single = Linear(weight: normal([1, 2]), bias: normal([1]))
    #expect(single.parameterLayout.entries.map(\.role) == [.other, .bias])
  }

  @Test func aLayerIsShownWithTheRoleOfItsWeight() {
    var model = Model()
    model.layers[1] = Linear(
      coefficients: normal([4, 6]), basis: WeightBasis(normal([6, 4])), bias: nil)
    var found: [ParameterRole] = []
    var visitor = ModuleVisitor<Double>(onLayer: { _, role, _ in found.append(role) })
    model.visit(&visitor)
    #expect(found == [.input, .hidden(frequency: 2), .output, .hidden(frequency: 7)])
    let coefficients = model.parameterLayout.entries.first { $0.name == "layers.1.coefficients" }
    #expect(coefficients?.role == .hidden(frequency: 2))
  }

  @Test func chainsBeginAndEnd() {
    #expect(ParameterRole.chain(of: 0) == [])
    #expect(ParameterRole.chain(of: 1) == [.output])
    #expect(ParameterRole.chain(of: 2, frequency: 3) == [.input, .output])
    #expect(
      ParameterRole.chain(of: 4, frequency: 3)
        == [.input, .hidden(frequency: 3), .hidden(frequency: 3), .output])
    #expect(ParameterRole.chain(of: 3)[1] == .hidden())
    #expect(
      ParameterRole.hidden(frequency: 3).frequency == 3 && ParameterRole.input.frequency == nil)
  }

  @Test func rolesAreNoPartOfALayoutsState() throws {
    let layout = Model().parameterLayout
    var restored = ParameterVector<Double>(
      zeros: Linear(weight: normal([1, 1]), bias: nil).parameterLayout)
    try restored.restore(from: ParameterVector<Double>(zeros: layout).savedState())
    #expect(restored.layout == layout)
    #expect(restored.layout.entries[1].role == .other)
    #expect(restored.layout != Network([3, 4]).parameterLayout)
  }

  @Test func buffersAreStoredAndHaveNoGradient() throws {
    var model = Model()
    #expect(model.namedParameters.first?.name == "encoding")
    #expect(model.parameterLayout.entries.first?.name == "table")
    var values = Dictionary(uniqueKeysWithValues: model.namedParameters.map { ($0.name, $0.value) })
    values["encoding"] = normal([2, 3], seed: 9)
    try model.setNamedParameters(values)
    #expect(model.encoding == normal([2, 3], seed: 9))
    var restored = Model()
    try restored.restore(from: model.savedState())
    #expect(restored.encoding == model.encoding)
    let input = Variable(normal([4, 2]))
    #expect(restored(input).value == model(input).value)
  }

  @Test func rolesThatDoNotFitAreMistakes() async {
    await #expect(processExitsWith: .failure) {
      struct Wrong: Module {
        var layers = Network([3, 4, 1]).layers
        func callAsFunction(_ input: Variable<Double>) -> Variable<Double> { input }
        mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
          visitor.visit(&layers, named: "layers", roles: [.input])
        }
      }
      _ = Wrong().parameterLayout
    }
  }

  // MARK: - Renaming

  private let network = Network([2, 3, 1])

  /// The network's parameters as another program names them.
  private func foreign(_ names: [String: String]) -> [String: Tensor<Double>] {
    Dictionary(
      uniqueKeysWithValues: network.namedParameters.map { (names[$0.name] ?? $0.name, $0.value) })
  }

  @Test func namesOfModulesAndParametersAreRenamed() throws {
    let values = foreign([
      "layers.0.weight": "module.net.0.linear.weight", "layers.0.bias": "module.net.0.linear.bias",
      "layers.1.weight": "module.net.1.linear.weight", "layers.1.bias": "module.last",
    ])
    var model = Network([2, 3, 1], seed: 5)
    try model.setNamedParameters(
      values,
      renaming: [
        "module.net.0.linear": "layers.0", "module.net.1.linear": "layers.1",
        "module.last": "layers.1.bias",
      ])
    #expect(model.parameters == network.parameters)
    // The longest name counts, and the empty one stands for all others.
    var chain = Chain(parts: [Network([2, 3, 1], seed: 5)])
    let renaming = ["": "parts.0", "layers.1": "parts.0.layers.1"]
    try chain.setNamedParameters(foreign([:]), renaming: renaming)
    #expect(chain.parameters.values == network.parameters.values)
    // A module's name can be dropped.
    let within = Dictionary(
      uniqueKeysWithValues: network.namedParameters.map { ("module.\($0.name)", $0.value) })
    try model.setNamedParameters(within, renaming: ["module": ""])
    #expect(model.parameters == network.parameters)
  }

  @Test func renamingsThatDoNotFitNameTheirKey() {
    var model = Network([2, 3, 1], seed: 5)
    let before = model.parameters
    let names = network.namedParameters.map(\.name).sorted()
    // A part of a name is not the name of a module.
    for key in ["layer", "layers.0.w", "net"] {
      let error = #expect(throws: ParameterError.unusedRenaming(name: key, given: names)) {
        try model.setNamedParameters(foreign([:]), renaming: [key: "x"])
      }
      #expect(error?.description.contains("no parameter \(key) to rename") == true)
    }
    #expect(
      throws: ParameterError.ambiguousRenaming(
        name: "layers.1.bias", given: ["layers.0.bias", "layers.1.bias"])
    ) { try model.setNamedParameters(foreign([:]), renaming: ["layers.0": "layers.1"]) }
    #expect(throws: ParameterError.self) {
      try model.setNamedParameters(foreign([:]), renaming: ["layers.0": "layers.7"])
    }
    #expect(model.parameters == before)
  }
}
