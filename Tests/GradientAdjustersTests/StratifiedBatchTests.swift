import AutoDiff
import INRZoo
import TensorKit
import Testing

@testable import GradientAdjusters

/// Batches of some points of each block of a grid, and rows that have weights.
@Suite struct StratifiedBatchTests {
  /// A signal on a grid whose targets are the points' numbers, in an order of rows that is not the grid's.
  private static func signal<Scalar: TensorScalar>(
    _ extents: [Int], _: Scalar.Type = Scalar.self
  ) -> (batch: Batch<Scalar>, grid: RowGrid) {
    var generator = SeededGenerator(seed: 9)
    let points = Array(0..<extents.reduce(1, *)).shuffled(using: &generator)
    let grid = RowGrid(extents: extents, points: points)
    let inputs = Rows<Scalar>.grid(extents: extents).rows(at: points)
    let targets = Tensor(points.map { Scalar($0) }).reshaped(to: [points.count, 1])
    return (Batch(inputs: inputs, targets: targets), grid)
  }

  /// The points that a batch holds.
  private static func points(_ batch: Batch<Float>) -> [Int] {
    batch.targets.elements.map { Int($0) }
  }

  @Test(arguments: [([12], 1), ([8, 12], 1), ([8, 12], 3), ([4, 8, 4], 5)])
  func everyPointComesOnceInAnEpoch(extents: [Int], rowsPerBlock: Int) throws {
    let (signal, grid) = Self.signal(extents, Float.self)
    var source = StratifiedBatches(
      of: signal, on: grid, blockSide: 4, rowsPerBlock: rowsPerBlock, seed: 5)
    #expect(source.blocks.extents == extents.map { $0 / 4 })
    let size = extents.reduce(1) { count, _ in count * 4 }
    #expect(source.stepsPerEpoch == (size + rowsPerBlock - 1) / rowsPerBlock)
    var (seen, orders): ([Int: Int], Set<[Int]>) = ([:], [])
    for _ in 0..<size {
      let batch = source.nextBatch()
      #expect(batch.weights == nil && batch.groups.count == source.blocks.count)
      let points = Self.points(batch)
      try #require(points.count == source.rowCount)
      for (row, point) in points.enumerated() {
        seen[point, default: 0] += 1
        let block = source.blocks.indices(ofPoint: row / rowsPerBlock)
        #expect(grid.indices(ofPoint: point).map { $0 / 4 } == block)
      }
      orders.insert(points)
    }
    // As many passes as points are drawn of a block at a time.
    #expect(seen.count == grid.count && seen.values.allSatisfy { $0 == rowsPerBlock })
    #expect(orders.count > size / 2)
  }

  @Test func passesAndBlocksAndSeedsHaveOrdersOfTheirOwn() {
    let (signal, grid) = Self.signal([8, 8], Float.self)
    func places(seed: UInt64, passes: Int) -> [[[Int]]] {
      var source = StratifiedBatches(of: signal, on: grid, blockSide: 4, seed: seed)
      return (0..<passes).map { _ in
        let steps = (0..<16).map { _ in
          Self.points(source.nextBatch()).map { point in
            grid.indices(ofPoint: point).reduce(0) { $0 * 4 + $1 % 4 }
          }
        }
        return (0..<4).map { block in steps.map { $0[block] } }
      }
    }
    let all = places(seed: 1, passes: 3) + places(seed: 2, passes: 1)
    #expect(Set(all.joined()).count == 16)
    #expect(places(seed: 1, passes: 3) == Array(all.prefix(3)))
  }

  @Test(arguments: [1, 2])
  func gradientsAreUnbiasedWhereBlocksAreCutOff(rowsPerBlock: Int) throws {
    // Blocks of 4, 2 and 1 points.
    let (signal, grid) = Self.signal([5, 7], Double.self)
    var source = StratifiedBatches(
      of: signal, on: grid, blockSide: 2, rowsPerBlock: rowsPerBlock, seed: 3)
    let model = SmallProblem<Double>(outputs: 1).model
    var identity = IdentityAdjuster<Double>()
    let whole = try identity.lossWithGradient(of: model, on: signal)
    var (loss, gradient) = (0.0, ParameterVector<Double>(zeros: model.parameterLayout))
    // After four steps every block has made whole passes.
    for _ in 0..<4 {
      let batch = source.nextBatch()
      let weights = try #require(batch.weights)
      #expect(abs(weights.mean() - 1) < 1e-12)
      let part = try identity.lossWithGradient(of: model, on: batch)
      loss += part.loss / 4
      gradient.add(part.gradient, scaledBy: 0.25)
    }
    #expect(abs(loss - whole.loss) < 1e-12 * whole.loss)
    #expect(
      gradient.values.isApproximatelyEqual(to: whole.gradient.values, relativeTolerance: 1e-11))
  }

  @Test func weightsStandForRepetitions() throws {
    let problem = SmallProblem<Double>(rows: 12, groupSize: 3)
    let batch = problem.batch
    let counts = (0..<12).map { $0 % 3 }
    let repeated = counts.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
    let weights = Tensor(counts.map(Double.init)).reshaped(to: [12, 1])
    let weighted = Batch(
      inputs: batch.inputs, targets: batch.targets, groups: batch.groups, weights: weights)
    let several = Batch(
      inputs: batch.inputs.rows(at: repeated), targets: batch.targets.rows(at: repeated))
    #expect(weighted.identity != batch.identity)
    for loss in [MeanSquaredError<Double>(), HuberLoss(threshold: 0.3), BinaryCrossEntropy()]
      as [any RowLoss<Double>]
    {
      var identity = IdentityAdjuster<Double>()
      let found = try identity.lossWithGradient(of: problem.model, on: weighted, loss: loss)
      var expected = try identity.lossWithGradient(of: problem.model, on: several, loss: loss)
      // Twelve rows by their sums of weights, which are one on average.
      #expect(repeated.count == 12)
      #expect(abs(found.loss - expected.loss) < 1e-12)
      expected.gradient.add(found.gradient, scaledBy: -1)
      #expect(expected.gradient.norm() < 1e-12)
      // The same after a sweep, and row by row.
      let step = TrainingStep(model: problem.model, batch: weighted, loss: loss)
      let cotangents = try step.cotangents()
      #expect(abs(try step.lossValue() - found.loss) < 1e-12)
      let plain = try TrainingStep(model: problem.model, batch: batch, loss: loss).cotangents()
      #expect(cotangents.isApproximatelyEqual(to: plain * weights, relativeTolerance: 1e-12))
      let some = try TrainingStep(model: problem.model, batch: weighted, loss: loss)
        .cotangents(atRows: [5, 1])
      #expect(some.isApproximatelyEqual(to: cotangents.rows(at: [5, 1]), relativeTolerance: 1e-12))
      let norms = try step.squaredLossGradientNorms()
      let plainNorms = try TrainingStep(model: problem.model, batch: batch, loss: loss)
        .squaredLossGradientNorms()
      #expect(
        norms.isApproximatelyEqual(
          to: plainNorms * weights.squared().reshaped(to: [12]), relativeTolerance: 1e-10))
    }
    let part = weighted.selecting([2, 3, 7])
    #expect(part.weights?.elements == [2, 0, 1])
  }

  @Test func energiesOfRedrawnBatchesAreTraces() throws {
    let (signal, grid) = Self.signal([12, 16], Double.self)
    var source = StratifiedBatches(of: signal, on: grid, blockSide: 4, seed: 3)
    let bands = CosineBands<Double>(source.blocks, count: 4)
    let model = SmallProblem<Double>(outputs: 1).model
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<3 {
      let step = TrainingStep(model: model, batch: source.nextBatch())
      let measured = try bands.measuredEnergies(in: step, probeCount: 400, using: &generator)
      let kernel = try TiledEvaluation(of: model).explicitEmpiricalKernel(at: step.batch.inputs)
      for (index, band) in bands.bands.enumerated() {
        // trace(P K P) / rank P; K's columns are projected, then their rows.
        let half = try bands.projection(of: kernel, onBand: index)
        let trace = (0..<kernel.shape[0]).reduce(0) { $0 + half[$1, $1] }
        let expected = trace / Double(band.rank)
        #expect(abs(measured[index] - expected) < 0.3 * expected)
      }
    }
  }

  @Test func trainingOnThemGoesOnWithTheSameBits() throws {
    let (signal, grid) = Self.signal([10, 14], Float.self)
    let source = StratifiedBatches(of: signal, on: grid, blockSide: 4, seed: 3)
    let model = SmallProblem<Float>(outputs: 1).model
    func trainer() throws -> Trainer<CoordinateNetwork<Float>> {
      try Trainer(
        model, optimizer: Adam(learningRate: 1e-3),
        adjuster: BandEqualizer(CosineBands(source.blocks, count: 3)))
    }
    var (first, batches) = (try trainer(), source)
    // In the middle of a pass.
    for _ in 0..<7 { try first.advance(on: batches.nextBatch()) }
    var (second, others) = (try trainer(), source)
    try second.restore(from: first.savedState())
    try others.restore(from: batches.savedState())
    for _ in 0..<20 {
      try first.advance(on: batches.nextBatch())
      try second.advance(on: others.nextBatch())
    }
    #expect(first.model.parameters == second.model.parameters)
  }

  @Test func rowsComeInProportionToTheirLikelihoods() throws {
    let (signal, _) = Self.signal([40], Float.self)
    var source = ImportanceSampledBatches(of: signal, rowCount: 16, seed: 2)
    #expect(try #require(source.nextBatch().weights) == Tensor(repeating: 1, shape: [16, 1]))
    // Some rows are never likely, and one is drawn several times at once.
    var likelihoods = (0..<40).map { Float($0 % 4) }
    likelihoods[7] = 60
    source.setLikelihoods(Tensor(likelihoods), evenShare: 0.2)
    let sum = Double(likelihoods.reduce(0, +))
    let expected = likelihoods.map { 16 * (0.8 * Double($0) / sum + 0.2 / 40) }
    var counts = [Int](repeating: 0, count: 40)
    let rowOfPoint = Dictionary(
      uniqueKeysWithValues: signal.targets.elements.enumerated().map { (Int($1), $0) })
    for _ in 0..<4000 {
      let batch = source.nextBatch()
      let rows = Self.points(batch).map { rowOfPoint[$0] ?? -1 }
      #expect(rows == rows.sorted())
      let weights = try #require(batch.weights).elements
      for (row, weight) in zip(rows, weights) {
        counts[row] += 1
        #expect(abs(Double(weight) - 16 / (40 * expected[row])) < 1e-5 / expected[row])
      }
      for row in 0..<40 {
        let count = rows.count { $0 == row }
        #expect(abs(Double(count) - expected[row]) < 1)
      }
    }
    for row in 0..<40 {
      let mean = Double(counts[row]) / 4000
      let spread = (expected[row] - expected[row].rounded(.down)) / 4000
      #expect(abs(mean - expected[row]) < 5 * spread.squareRoot())
    }
    // Where nothing is likely everything is.
    source.setLikelihoods(Tensor(zeros: [40]))
    #expect(source.probabilities.elements.allSatisfy { $0 == 1 / 40 })
  }

  @Test func gradientsOfImportantRowsAreUnbiased() throws {
    let problem = SmallProblem<Double>(rows: 30, outputs: 2)
    var source = ImportanceSampledBatches(of: problem.batch, rowCount: 10, seed: 2)
    let norms = try problem.step().squaredLossGradientNorms()
    source.setLikelihoods(norms.squareRoot())
    var identity = IdentityAdjuster<Double>()
    let whole = try identity.lossWithGradient(of: problem.model, on: problem.batch).gradient
    func meanError(_ source: ImportanceSampledBatches<Double>) throws -> (Double, Double) {
      var (source, sum) = (source, ParameterVector<Double>(zeros: problem.model.parameterLayout))
      var squares = 0.0
      for _ in 0..<1500 {
        var part = try identity.lossWithGradient(of: problem.model, on: source.nextBatch()).gradient
        sum.add(part, scaledBy: 1 / 1500)
        part.add(whole, scaledBy: -1)
        squares += part.norm() * part.norm() / 1500
      }
      sum.add(whole, scaledBy: -1)
      return (sum.norm(), squares.squareRoot())
    }
    let (bias, deviation) = try meanError(source)
    #expect(bias < 5 * deviation / 1500.0.squareRoot())
    // Drawn by the lengths of their gradients, they tell more than drawn alike.
    let alike = ImportanceSampledBatches(of: problem.batch, rowCount: 10, seed: 2)
    #expect(try meanError(alike).1 > deviation)
  }
}
