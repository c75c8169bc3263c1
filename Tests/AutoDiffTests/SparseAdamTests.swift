import AutoDiff
import Foundation
import TensorKit
import Testing

/// Adam for tables, and the truncated exponential, against numbers that PyTorch made.
@Suite struct SparseAdamTests {
  private struct Settings: Decodable {
    let rate: Double
    let betas: [Double]
  }

  /// The reference values, from the fixtures or from the folder that FIELDS_REFERENCE names.
  private struct Reference {
    let file: SafeTensorsFile
    let settings: Settings

    init() throws {
      let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/fields").path
      let folder = ProcessInfo.processInfo.environment["FIELDS_REFERENCE"] ?? fixtures
      file = try SafeTensorsFile(contentsOf: "\(folder)/sparse-adam.safetensors")
      let description = try #require(file.metadata["case"])
      settings = try JSONDecoder().decode(Settings.self, from: Data(description.utf8))
    }

    func tensor<Scalar: TensorScalar>(_ name: String, as _: Scalar.Type) throws -> Tensor<Scalar> {
      Tensor(try file.tensor(named: name, as: Double.self))
    }
  }

  /// Two parameters, of which the first one is a table.
  private struct Tables<Scalar: TensorScalar>: Module {
    var values: Variable<Scalar>
    var outputWeight = Variable(Tensor<Scalar>(zeros: [2, 1]))
    var table: Tensor<Scalar> { values.value }
    var weight: Tensor<Scalar> {
      get { outputWeight.value }
      set { outputWeight = Variable(newValue) }
    }

    init(table: Tensor<Scalar>) { values = Variable(table) }

    mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
      visitor.visit(&values, named: "table", role: .table)
      visitor.visit(&outputWeight, named: "weight", role: .output)
    }
    func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> { input }
  }

  static let rules: [(name: String, epsilon: Double, count: SparseUpdate.StepCount?)] = [
    ("dense", 1e-15, nil), ("own-counter", 1e-15, .own), ("shared-counter", 1e-8, .shared),
  ]

  private static func adam<Scalar: TensorScalar>(
    _ rule: (name: String, epsilon: Double, count: SparseUpdate.StepCount?),
    _ settings: Settings, amsGrad: Bool = false, weightDecay: WeightDecay = .zero,
    groups: [ParameterGroup] = [], _: Scalar.Type = Scalar.self
  ) -> Adam<Scalar> {
    Adam(
      learningRate: .constant(settings.rate), firstDecay: settings.betas[0],
      secondDecay: settings.betas[1], epsilon: rule.epsilon, epsilonPlacement: .uncorrected,
      amsGrad: amsGrad, weightDecay: weightDecay, groups: groups,
      sparse: rule.count.map { SparseUpdate(.tables, counting: $0) })
  }

  private func expectPath<Scalar: TensorScalar>(
    _ rule: (name: String, epsilon: Double, count: SparseUpdate.StepCount?), tolerance: Double,
    _ type: Scalar.Type
  ) throws {
    let reference = try Reference()
    let gradients = try reference.tensor("gradients", as: type)
    let expected = try reference.tensor(rule.name, as: type)
    let start = try reference.tensor("parameters", as: type)
    var model = Tables(table: start)
    var optimizer = Self.adam(rule, reference.settings, type)
    for step in 0..<gradients.shape[0] {
      var gradient = ParameterVector<Scalar>(zeros: model.parameterLayout)
      gradient.set(gradients.slice(step..<(step + 1)).reshaped(to: [-1]), at: 0)
      optimizer.update(&model, along: gradient)
      // What counts is how far it has come.
      let row = expected.slice(step..<(step + 1)).reshaped(to: [-1])
      let error = (model.table - row).absoluteValue().largest()
      #expect(
        Double(error) <= tolerance * Double(row.absoluteValue().largest()),
        "\(rule.name), step \(step): \(error)")
    }
  }

  @Test(arguments: rules) func pathsAreThoseOfTheReference(
    rule: (name: String, epsilon: Double, count: SparseUpdate.StepCount?)
  ) throws {
    try expectPath(rule, tolerance: 1e-12, Double.self)
    try expectPath(rule, tolerance: 2e-5, Float.self)
  }

  // MARK: - Rules

  /// A table of many entries, some of whose gradients are zero, each step others.
  private static func gradients(
    count: Int, steps: Int, share: Double = 0.2
  ) -> [Tensor<Double>] {
    var generator = SeededGenerator(seed: 5)
    return (0..<steps).map { _ in
      let chosen = Tensor<Double>.uniform(over: 0...1, shape: [count], using: &generator)
      let values = Tensor<Double>.normal(shape: [count], using: &generator)
      return Tensor(zip(chosen.elements, values.elements).map { $0 < share ? $1 : 0 })
    }
  }

  private func trained<Scalar: TensorScalar>(
    _ optimizer: Adam<Scalar>, _ gradients: [Tensor<Double>], from start: Tensor<Double>
  ) -> (model: Tables<Scalar>, optimizer: Adam<Scalar>) {
    var (model, optimizer) = (Tables(table: Tensor<Scalar>(start)), optimizer)
    for slope in gradients {
      var gradient = ParameterVector<Scalar>(zeros: model.parameterLayout)
      gradient.set(Tensor<Scalar>(slope), at: 0)
      optimizer.update(&model, along: gradient)
    }
    return (model, optimizer)
  }

  /// The update of one entry after the other, written out.
  private func expectedTable(
    _ gradients: [Tensor<Double>], from start: Tensor<Double>, count: SparseUpdate.StepCount,
    placement: EpsilonPlacement, amsGrad: Bool, decay: WeightDecay
  ) -> Tensor<Double> {
    var table = start.elements
    for entry in table.indices {
      var (mean, spread, largest, own) = (0.0, 0.0, 0.0, 0)
      for (step, gradient) in gradients.enumerated() {
        var slope = gradient.elements[entry]
        if slope == 0 { continue }
        own += 1
        let steps = Double(count == .own ? own : step + 1)
        if case .coupled(let factor) = decay { slope += factor * table[entry] }
        if case .decoupled(let factor) = decay { table[entry] *= 1 - 0.01 * factor }
        mean = 0.9 * mean + 0.1 * slope
        spread = 0.99 * spread + 0.01 * slope * slope
        largest = max(largest, spread)
        let (first, second) = (1 - pow(0.9, steps), 1 - pow(0.99, steps))
        let moment = amsGrad ? largest : spread
        let root =
          placement == .corrected
          ? (moment / second).squareRoot() + 1e-3
          : (moment.squareRoot() + 1e-3) / second.squareRoot()
        table[entry] -= 0.01 * mean / first / root
      }
    }
    return Tensor(table)
  }

  @Test(arguments: [SparseUpdate.StepCount.own, .shared])
  func entriesMoveAsTheFormulaSays(count: SparseUpdate.StepCount) {
    // Enough entries for whole vectors and for what is left of one.
    let gradients = Self.gradients(count: 77, steps: 40)
    let start = normal([77], seed: 3)
    for placement in [EpsilonPlacement.corrected, .uncorrected] {
      for amsGrad in [false, true] {
        for decay in [WeightDecay.zero, .coupled(0.1), .decoupled(0.1)] {
          let expected = expectedTable(
            gradients, from: start, count: count, placement: placement, amsGrad: amsGrad,
            decay: decay)
          func optimizer<Scalar: TensorScalar>(_: Scalar.Type) -> Adam<Scalar> {
            Adam(
              learningRate: 0.01, secondDecay: 0.99, epsilon: 1e-3, epsilonPlacement: placement,
              amsGrad: amsGrad, weightDecay: decay, sparse: SparseUpdate(counting: count))
          }
          let name = "\(count), \(placement), \(amsGrad), \(decay)"
          expectClose(
            trained(optimizer(Double.self), gradients, from: start).model.table, expected, 1e-12,
            name)
          let single = trained(optimizer(Float.self), gradients, from: start).model.table
          expectClose(Tensor<Double>(single), expected, 1e-5, name)
        }
      }
    }
  }

  @Test func whereNoEntryIsSkippedTheUpdateIsTheDenseOne() {
    let gradients = Self.gradients(count: 40, steps: 30, share: 2)
    let start = normal([40], seed: 3)
    let dense = trained(Adam<Double>(learningRate: 0.01), gradients, from: start).model.table
    for count in [SparseUpdate.StepCount.own, .shared] {
      let sparse = Adam<Double>(learningRate: 0.01, sparse: SparseUpdate(counting: count))
      expectClose(trained(sparse, gradients, from: start).model.table, dense, 1e-14, "\(count)")
    }
  }

  @Test func untouchedEntriesKeepTheirBitsAndOtherParametersAreMovedAsAlways() {
    let start = normal([9], seed: 3)
    var model = Tables(table: start)
    model.weight = normal([2, 1], seed: 4)
    var optimizer = Adam<Double>(
      learningRate: 0.1, weightDecay: .decoupled(0.1), sparse: SparseUpdate(counting: .own))
    var dense = (
      model: model, optimizer: Adam<Double>(learningRate: 0.1, weightDecay: .decoupled(0.1))
    )
    for step in 0..<3 {
      var gradient = ParameterVector<Double>(zeros: model.parameterLayout)
      // Only in the first step.
      if step == 0 {
        gradient.set(Tensor([0, -0.0, 1, 0, 0, -2, 0, 0, 0]), at: 0)
        gradient.set(Tensor(repeating: 1, shape: [2, 1]), at: 1)
      }
      optimizer.update(&model, along: gradient)
      dense.optimizer.update(&dense.model, along: gradient)
      for entry in 0..<9 where entry != 2 && entry != 5 {
        #expect(model.table[entry].bitPattern == start[entry].bitPattern)
      }
      #expect(model.table[2] < start[2] && model.table[5] > start[5])
      #expect(model.weight == dense.model.weight)
    }
    // A table that is moved throughout drifts on.
    #expect(dense.model.table[2] < model.table[2])
  }

  @Test func decayIsThatOfChosenRoles() {
    let groups = [ParameterGroup(.weights, weightDecay: .coupled(0.5))]
    var model = Tables(table: normal([4], seed: 1))
    model.weight = Tensor(repeating: 1, shape: [2, 1])
    let start = model
    var optimizer = Adam<Double>(
      learningRate: 0.1, groups: groups, sparse: SparseUpdate(counting: .shared))
    optimizer.update(&model, along: ParameterVector(zeros: model.parameterLayout))
    #expect(model.table == start.table)
    #expect(model.weight[0, 0] < 1)
  }

  @Test func aResumedOptimizerGoesOnWithTheSameBits() throws {
    let gradients = Self.gradients(count: 33, steps: 20)
    let start = normal([33], seed: 3)
    for count in [SparseUpdate.StepCount.own, .shared] {
      let fresh = Adam<Double>(learningRate: 0.01, sparse: SparseUpdate(counting: count))
      let whole = trained(fresh, gradients, from: start)
      let half = trained(fresh, Array(gradients.prefix(9)), from: start)
      var resumed = fresh
      let state = try half.optimizer.savedState()
      #expect(state.names.contains("entrySteps") == (count == .own))
      try resumed.restore(from: state)
      let rest = trained(resumed, Array(gradients.dropFirst(9)), from: half.model.table)
      #expect(rest.model.table == whole.model.table)
      #expect(try rest.optimizer.savedState() == whole.optimizer.savedState())
      #expect(fresh.numbersPerParameter == (count == .own ? 3 : 2))
      // A state of other parameters is refused.
      if count == .own {
        var other = state
        other["entrySteps"] = .array(StoredArray(Tensor<Double>(zeros: [4])))
        try resumed.restore(from: other)
        #expect(throws: StateError.self) {
          try resumed.requireState(fitting: whole.model.parameterLayout)
        }
      }
    }
  }

  @Test func threadsChangeNothing() {
    let count = 3 << 16 | 5
    let gradients = Self.gradients(count: count, steps: 3)
    let start = normal([count], seed: 3)
    let tables = [1, 2, 3].map { threads in
      trained(
        Adam<Double>(
          learningRate: 0.01, sparse: SparseUpdate(counting: .own),
          workers: Workers(threads: threads)), gradients, from: start
      ).model.table
    }
    #expect(tables[0] == tables[1] && tables[0] == tables[2])
  }

  // MARK: - The truncated exponential

  @Test func theTruncatedExponentialIsThatOfTheReference() throws {
    let reference = try Reference()
    let input = try reference.tensor("truncated_exp.input", as: Double.self)
    let value = try reference.tensor("truncated_exp.value", as: Double.self)
    let slope = try reference.tensor("truncated_exp.derivative", as: Double.self)
    func relativeError(_ found: Tensor<Double>, _ expected: Tensor<Double>) -> Double {
      ((found - expected) / expected).absoluteValue().largest()
    }
    #expect(relativeError(Variable(input).truncatedExponential().value, value) < 1e-14)
    let ones = Variable(Tensor<Double>(repeating: 1, shape: input.shape))
    let (output, pullback) = valueWithPullback(at: [Variable(input)]) {
      $0[0].truncatedExponential()
    }
    #expect(relativeError(output.value, value) < 1e-14)
    #expect(relativeError(pullback(ones)[0].value, slope) < 1e-14)
    let (_, pushed) = valueWithPushforward(at: [Variable(input)], along: [ones]) {
      $0[0].truncatedExponential()
    }
    #expect(relativeError(pushed.value, slope) < 1e-14)
  }
}
