import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Modules whose rows have many samples, and whose tables are touched in few rows.
@Suite struct SampledFieldTests {
  /// A model, and a batch that it is fitted to.
  struct Problem: Sendable, CustomTestStringConvertible {
    let name: String
    let model: any Module<Double>
    let batch: Batch<Double>
    var testDescription: String { name }
  }

  private static func network(outputs: Int, width: Int = 12) -> CoordinateNetwork<Double> {
    var generator = SeededGenerator(seed: 2)
    return .siren(
      inputs: 2, outputs: outputs, width: width, hiddenLayers: 2, frequency: 3, using: &generator)
  }

  private static func batch(columns: Int, outputs: Int, rows: Int = 61) -> Batch<Double> {
    var generator = SeededGenerator(seed: 3)
    let inputs = Tensor<Double>.uniform(over: -1...1, shape: [rows, columns], using: &generator)
    // A few waves, so that there is something to learn.
    let targets = ((inputs.slice(0..<2, alongAxis: 1) * 3).sine().sum(alongAxis: 1) * 0.2 + 0.45)
      .reshaped(to: [rows, 1]).broadcast(to: [rows, outputs])
    return Batch(
      inputs: inputs, targets: targets, groups: RowPartition(rowCount: rows, groupSize: 4))
  }

  private static let grid = GridField<Double>(resolutions: [3, 6, 40], rows: 60, outputs: 3)

  static let problems: [Problem] = [
    Problem(
      name: "rays", model: RayField(field: network(outputs: 4)),
      batch: batch(columns: 4, outputs: 3)),
    Problem(name: "grids", model: grid, batch: batch(columns: 2, outputs: 3)),
    Problem(
      name: "rays through grids",
      model: RayField(
        field: GridField(resolutions: [3, 40], rows: 60, outputs: 4, seed: 5), samples: 3),
      batch: batch(columns: 4, outputs: 3)),
  ]

  // MARK: - Values

  @Test func raysAreComposited() {
    let model = RayField(field: Self.network(outputs: 4), samples: 5)
    let batch = Self.batch(columns: 4, outputs: 3, rows: 7)
    let outputs = model(Variable(batch.inputs)).value
    for ray in 0..<7 {
      var color: [Double] = [0, 0, 0]
      var transmittance = 1.0
      for sample in 0..<5 {
        let t = (Double(sample) + 0.5) / 5
        let (x, y) = (batch.inputs[ray, 0], batch.inputs[ray, 1])
        let place: [Double] = [x + t * batch.inputs[ray, 2], y + t * batch.inputs[ray, 3]]
        let point = Tensor<Double>(place, shape: [1, 2])
        let raw = model.field(Variable(point)).value
        let depth: Double = log1p(exp(raw[0, 0])) * 4 / 5
        let alpha = 1 - exp(-depth)
        for channel in 0..<3 {
          let seen: Double = 1 / (1 + exp(-raw[0, 1 + channel]))
          color[channel] += transmittance * alpha * seen
        }
        transmittance *= 1 - alpha
      }
      let expected = Tensor<Double>(color, shape: [1, 3])
      #expect(outputs.rows(at: [ray]).isApproximatelyEqual(to: expected, relativeTolerance: 1e-13))
    }
  }

  @Test func featuresAreInterpolated() {
    var model = Self.grid
    // A table that holds a linear function gives it back everywhere.
    let rows = (0..<16).map { vertex -> [Double] in
      [Double(vertex / 4) / 3, Double(vertex % 4) / 3]
    }
    let table = Tensor<Double>(rows)
    model.tables[0] = Variable(table)
    let points = Self.batch(columns: 2, outputs: 1).inputs
    let corners = gridCorners(of: points, resolution: 3, rows: 16)
    let found = model.tables[0].rows(at: corners.indices, weightedBy: Variable(corners.weights))
    #expect(found.value.isApproximatelyEqual(to: points * 0.5 + 0.5, relativeTolerance: 1e-14))
    let sizes: [Int] = model.tables.map { $0.shape[0] }
    #expect(sizes == [16, 49, 60])
  }

  // MARK: - Gradients

  @Test(arguments: problems) func gradientsAreThoseOfFiniteDifferences(_ problem: Problem) throws {
    func check<Model: Module<Double>>(_ model: Model) throws {
      let batch = Self.batch(columns: problem.batch.inputs.shape[1], outputs: 3, rows: 9)
      try expectGradientOfLoss(model, batch: batch, loss: MeanSquaredError())
    }
    try check(problem.model)
  }

  @Test(arguments: problems) func threadsChangeNoBit(_ problem: Problem) throws {
    func check<Model: Module<Double>>(_ model: Model) throws {
      let gradients = try [1, 2, 3].map { threads in
        var identity = IdentityAdjuster<Double>()
        return try identity.lossWithGradient(
          for: TrainingStep(
            model: model, batch: problem.batch, workers: Workers(threads: threads), rowsPerTile: 5))
      }
      for other in gradients.dropFirst() {
        #expect(other.loss == gradients[0].loss)
        #expect(other.gradient.values == gradients[0].gradient.values)
      }
    }
    try check(problem.model)
  }

  @Test(arguments: problems) func adjustersWorkInAllTiles(_ problem: Problem) throws {
    func check<Model: Module<Double>>(_ model: Model) throws {
      for (name, adjuster) in ConformanceTests.adjusters(Double.self) where !name.contains("BN") {
        try expectSameInAllTiles(
          adjuster, model, batch: problem.batch, loss: MeanSquaredError(),
          rowsPerTile: 7 * model.samplesPerRow)
      }
    }
    try check(problem.model)
  }

  // MARK: - Kernels

  /// Expects kernels and weighted sums to be those of explicit rows.
  private func expectRows<Model: Module<Double>>(
    _ model: Model, inputs: Tensor<Double>, explicit: Int = 0, tableParts: Int = 0,
    longestRun: Int = 1, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let evaluation = TiledEvaluation(of: model, workers: Workers(threads: 2), rowsPerTile: 16)
    let rows = try evaluation.jacobianRows(for: inputs)
    let gradients = try evaluation.perSampleGradients(for: inputs)
    #expect(gradients.explicit?.shape[1] ?? 0 == explicit, sourceLocation: sourceLocation)
    #expect(
      gradients.factored.filter { $0.tableRows != nil }.count == tableParts,
      sourceLocation: sourceLocation)
    #expect(
      gradients.factored.map(\.samplesPerRow).max() ?? 1 == longestRun,
      sourceLocation: sourceLocation)
    #expect(
      try gradients.gram().isApproximatelyEqual(
        to: .matrixProduct(rows, rows, transposingRight: true), relativeTolerance: 1e-11),
      sourceLocation: sourceLocation)
    let weights = Tensor<Double>.evenlySpaced(over: -1...2, count: inputs.shape[0])
    #expect(
      try gradients.sum(weightedBy: weights).values.isApproximatelyEqual(
        to: Tensor.matrixProduct(weights.reshaped(to: [1, -1]), rows).reshaped(to: [-1]),
        relativeTolerance: 1e-11), sourceLocation: sourceLocation)
  }

  @Test func kernelsOfRaysAreThoseOfExplicitRows() throws {
    let inputs = Self.batch(columns: 4, outputs: 3, rows: 21).inputs
    // Few samples of a wide network keep their factors; gradients of many of a narrow one are summed.
    try expectRows(
      RayField(field: Self.network(outputs: 4, width: 24), samples: 2), inputs: inputs,
      longestRun: 2)
    try expectRows(RayField(field: Self.network(outputs: 4, width: 5)), inputs: inputs)
    let many = Self.batch(columns: 4, outputs: 3, rows: 150).inputs
    try expectRows(
      RayField(field: Self.network(outputs: 4, width: 24), samples: 2), inputs: many,
      longestRun: 2)
    try expectRows(
      RayField(field: GridField(resolutions: [3, 40], rows: 60, outputs: 4), samples: 3),
      inputs: many, tableParts: 2, longestRun: 3)
  }

  @Test func kernelsOfTablesAreThoseOfExplicitRows() throws {
    let inputs = Self.batch(columns: 2, outputs: 3, rows: 150).inputs
    try expectRows(Self.grid, inputs: inputs, tableParts: 3)
    // More rows in common than are multiplied at once.
    try expectRows(
      GridField(resolutions: [3, 47], rows: 2400, outputs: 2),
      inputs: Self.batch(columns: 2, outputs: 2, rows: 600).inputs, tableParts: 2)
    var unnamed = Self.grid
    unnamed.namesPositions = false
    try expectRows(unnamed, inputs: inputs, explicit: unnamed.parameterLayout.count)
  }

  /// Rows that are looked at once or twice, by turns.
  private struct RaggedField: Module {
    var network: CoordinateNetwork<Double>
    var samplesPerRow: Int { 2 }
    func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
      // By what a row is, not by its place in a tile.
      let counts = (0..<input.shape[0]).map { input.value[$0, 0] > 0 ? 3 : 1 }
      let bounds = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
      let points = input.repeatedOverRuns(bounds: bounds).exclusiveSumsOverRuns(bounds: bounds)
      return network(points).summedOverRuns(bounds: bounds)
    }
    mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
      visitor.visit(&network, named: "network")
    }
  }

  @Test func runsOfDifferentLengthsHaveNoFactors() throws {
    let model = RaggedField(network: Self.network(outputs: 2, width: 4))
    let inputs = Self.batch(columns: 2, outputs: 2, rows: 40).inputs
    try expectRows(model, inputs: inputs, explicit: model.parameterLayout.count)
  }

  @Test func kernelsInSinglePrecision() throws {
    let model = GridField<Float>(resolutions: [3, 40], rows: 60, outputs: 2)
    let inputs = Tensor<Float>(Self.batch(columns: 2, outputs: 2, rows: 50).inputs)
    let evaluation = TiledEvaluation(of: model)
    let rows = try evaluation.jacobianRows(for: inputs)
    #expect(
      try evaluation.perSampleGradients(for: inputs).gram().isApproximatelyEqual(
        to: .matrixProduct(rows, rows, transposingRight: true), relativeTolerance: 1e-4))
  }

  // MARK: - Training

  @Test(arguments: problems, ["none", "IGA", "bands", "FR"])
  func trainingUnderAdjusters(_ problem: Problem, _ name: String) throws {
    let adjuster: any GradientAdjuster<Double> =
      switch name {
      case "IGA": InductiveGradientAdjuster(end: 4)
      case "bands": BandEqualizer(NestedMeanBands(.bisecting(problem.batch.inputs)))
      case "FR":
        FourierReparameterization(
          lowFrequencies: 4, highFrequencies: 3, phases: 4, amplitude: 0.1)
      default: IdentityAdjuster()
      }
    func train<Model: Module<Double>>(_ model: Model) throws -> [Double] {
      var trainer = try Trainer(model, optimizer: Adam(learningRate: 3e-3), adjuster: adjuster)
      return try (0..<100).map { _ in try trainer.advance(on: problem.batch) }
    }
    let losses = try train(problem.model)
    #expect(try #require(losses.last) < 0.3 * losses[0], "\(losses[0]) to \(losses[99])")
  }
}
