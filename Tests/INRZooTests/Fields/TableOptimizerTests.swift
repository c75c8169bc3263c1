import AutoDiff
import INRZoo
import TensorKit
import Testing

/// Adam on tables of which a step touches few rows, and the truncated exponential, against float64 values.
@Suite struct TableOptimizerTests {
  struct Settings: Decodable {
    let rate: Double
    let betas: [Double]
  }

  /// A table as the only parameter.
  struct Table: Module {
    var values: Variable<Double>
    func callAsFunction(_ input: Variable<Double>) -> Variable<Double> { input }
    mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
      visitor.visit(&values, named: "values", role: .table)
    }
  }

  @Test(arguments: [
    ("own-counter", ZeroGradients.skippedWithOwnSteps, 1e-15),
    ("shared-counter", ZeroGradients.skipped, 1e-8),
  ]) func untouchedEntriesStay(_ name: String, _ kind: ZeroGradients, _ epsilon: Double) throws {
    let reference = try FieldReference("sparse-adam", Settings.self)
    let gradients = try reference.tensor("gradients", as: Double.self)
    let table = Table(values: Variable(try reference.tensor("parameters")))
    var parameters = table.parameters
    func optimizer() -> Adam<Double> {
      Adam(
        learningRate: .constant(reference.settings.rate),
        firstDecay: reference.settings.betas[0], secondDecay: reference.settings.betas[1],
        epsilon: epsilon, groups: [ParameterGroup(.tables, zeroGradients: kind)])
    }
    var adam = optimizer()
    var found: [Tensor<Double>] = []
    for step in 0..<gradients.shape[0] {
      if step == 5 {
        // What is saved is all there is.
        var copy = optimizer()
        try copy.restore(from: adam.savedState())
        adam = copy
      }
      let gradient = ParameterVector(
        gradients.slice(step..<(step + 1)).reshaped(to: [-1]), layout: parameters.layout)
      let before = parameters.values
      adam.update(&parameters, along: gradient)
      for index in 0..<before.count where gradient.values[index] == 0 {
        #expect(parameters.values[index] == before[index])
      }
      found.append(parameters.values.reshaped(to: [1, -1]))
    }
    try reference.expect(.concatenated(found), name, tolerance: 1e-12)
  }

  /// With a gradient everywhere, and an ε that does not matter, skipping changes nothing.
  @Test func allTouched() throws {
    var generator = SeededGenerator(seed: 4)
    let count = 100_003
    let table = Table(
      values: Variable(.uniform(over: -1...1, shape: [count], using: &generator)))
    let gradient = ParameterVector<Double>(
      .uniform(over: 0.5...1, shape: [count], using: &generator),
      layout: table.parameters.layout)
    let results = [ZeroGradients.moved, .skipped, .skippedWithOwnSteps].flatMap { kind in
      [1, 3].map { threads in
        var parameters = table.parameters
        var adam = Adam<Double>(
          learningRate: 0.1, epsilon: 1e-30,
          groups: [ParameterGroup(.all, zeroGradients: kind)], workers: Workers(threads: threads))
        for _ in 0..<3 { adam.update(&parameters, along: gradient) }
        return parameters.values
      }
    }
    for result in results.dropFirst() {
      #expect(result.isApproximatelyEqual(to: results[0], relativeTolerance: 1e-12))
    }
    #expect(results[2] == results[3] && results[4] == results[5])
  }

  @Test func truncatedExponential() throws {
    let reference = try FieldReference("sparse-adam", Settings.self)
    let input = Variable<Double>(try reference.tensor("truncated_exp.input"))
    try reference.expect(
      input.truncatedExponential().value, "truncated_exp.value", tolerance: 1e-12)
    try reference.expect(
      gradient(at: input) { $0.truncatedExponential().sum() }.value, "truncated_exp.derivative",
      tolerance: 1e-12)
  }
}
