import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct InductiveGradientAdjusterTests {
  /// The cotangents that IGA with the middle samples gives, by the formulas alone.
  private func expectedCotangents(
    _ problem: SmallProblem<Double>, end: Int
  ) throws -> Tensor<Double> {
    let groups = problem.batch.groups
    let evaluation = TiledEvaluation(of: problem.model)
    let kernel = try evaluation.explicitEmpiricalKernel(
      at: problem.batch.inputs.rows(
        at: (0..<groups.count).map { groups.row(group: $0, place: groups.places / 2) }))
    let dense = try denseTransform(kernel, end: end, target: .next)
    let outputs = try evaluation.outputs(for: problem.batch.inputs)
    let residual = outputs - problem.batch.targets
    let whole = groups.count * groups.places
    let adjusted = Tensor.matrixProduct(
      dense, residual.slice(0..<whole).reshaped(to: [groups.count, -1]))
    let all = Tensor.concatenated([
      adjusted.reshaped(to: [whole, -1]), residual.slice(whole..<residual.shape[0]),
    ])
    return all * (2 / Double(all.count))
  }

  /// The published implementation: a loss 2/N · f · S r with S r held constant.
  private func gradientOfModifiedLoss(
    _ problem: SmallProblem<Double>, cotangents: Tensor<Double>
  ) -> ParameterVector<Double> {
    valueWithGradient(at: problem.model) { model in
      (model(Variable(problem.batch.inputs)) * Variable(cotangents)).sum()
    }.gradient
  }

  @Test(arguments: [60, 64])  // 64 rows leave a remainder of 4
  func pulledBackCotangentIsTheGradientOfThePublishedLoss(rows: Int) throws {
    let problem = SmallProblem<Double>(rows: rows)
    var adjuster = InductiveGradientAdjuster<Double>(end: 3, sampling: .center)
    let (loss, gradient) = try adjuster.lossWithGradient(of: problem.model, on: problem.batch)
    let expected = gradientOfModifiedLoss(
      problem, cotangents: try expectedCotangents(problem, end: 3))
    #expect(gradient.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-11))
    let plain = valueWithGradient(at: problem.model) { model in
      (model(Variable(problem.batch.inputs)) - Variable(problem.batch.targets)).squared().mean()
    }
    #expect(abs(loss - plain.value) < 1e-12)
    // The adjustment does something.
    #expect(
      !gradient.values.isApproximatelyEqual(to: plain.gradient.values, relativeTolerance: 1e-3))
  }

  @Test func streamedEqualsSwept() throws {
    let problem = SmallProblem<Double>(rows: 64)
    var streaming = InductiveGradientAdjuster<Double>(end: 3, sampling: .center)
    var swept = streaming
    let streamed = try streaming.lossWithGradient(for: problem.step(rowsPerTile: 20))
    let step = problem.step(rowsPerTile: 7)
    _ = try step.cotangents()
    let whole = try swept.lossWithGradient(for: step)
    #expect(abs(streamed.loss - whole.loss) < 1e-14)
    #expect(
      streamed.gradient.values.isApproximatelyEqual(
        to: whole.gradient.values, relativeTolerance: 1e-12))
  }

  @Test func groupsOfOneAreTheFullKernel() throws {
    let problem = SmallProblem<Double>(rows: 24, groupSize: 1)
    var adjuster = InductiveGradientAdjuster<Double>(end: 5)
    let (_, gradient) = try adjuster.lossWithGradient(of: problem.model, on: problem.batch)
    let kernel = try TiledEvaluation(of: problem.model)
      .explicitEmpiricalKernel(at: problem.batch.inputs)
    let dense = try denseTransform(kernel, end: 5, target: .next)
    let cotangents = Tensor.matrixProduct(dense, try problem.step().cotangents())
    let expected = try problem.step().pullback(of: cotangents)
    #expect(gradient.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-10))
  }

  @Test(arguments: GroupSampling.allCases)
  func doesNotDependOnThreads(sampling: GroupSampling) throws {
    let problem = SmallProblem<Float>(rows: 500, groupSize: 20)
    let gradients = try [1, 2, 5].map { threads in
      var adjuster = InductiveGradientAdjuster<Float>(end: 4, sampling: sampling)
      _ = try adjuster.lossWithGradient(for: problem.step(threads: threads, rowsPerTile: 50))
      return try adjuster.lossWithGradient(for: problem.step(threads: threads, rowsPerTile: 50))
        .gradient
    }
    #expect(gradients[0] == gradients[1])
    #expect(gradients[0] == gradients[2])
  }

  @Test func previousResidualsFollowOneStepBehind() throws {
    let problem = SmallProblem<Double>()
    var exact = InductiveGradientAdjuster<Double>(end: 3)
    var previous = InductiveGradientAdjuster<Double>(end: 3, sampling: .previousLargestResidual)
    // The first step has no predecessor, so it is exact; at the same parameters the second is too.
    let expected = try exact.lossWithGradient(for: problem.step()).gradient.values
    for _ in 0..<2 {
      let found = try previous.lossWithGradient(for: problem.step()).gradient.values
      #expect(found.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
    }
    // At other parameters it still samples where residuals were largest before.
    var moved = problem.model
    var parameters = moved.parameters
    parameters *= -1
    moved.parameters = parameters
    let stale = try previous.lossWithGradient(of: moved, on: problem.batch).gradient.values
    let fresh = try exact.lossWithGradient(of: moved, on: problem.batch).gradient.values
    #expect(!stale.isApproximatelyEqual(to: fresh, relativeTolerance: 1e-6))
    let caughtUp = try previous.lossWithGradient(of: moved, on: problem.batch).gradient.values
    #expect(caughtUp.isApproximatelyEqual(to: fresh, relativeTolerance: 1e-11))
  }

  @Test func aggregateIsTheKernelOfSums() throws {
    let problem = SmallProblem<Double>(rows: 30, groupSize: 5, outputs: 2)
    let groups = problem.batch.groups
    var adjuster = InductiveGradientAdjuster<Double>(end: 2, sampling: .aggregate)
    let gradient = try adjuster.lossWithGradient(for: problem.step()).gradient

    // Each group's gradient of the sum over the whole list of places, duplicates counted.
    let sizes = try problem.step().cotangents().absoluteRowSums()
    let places = (0..<groups.count).map { group in
      (0..<groups.places).max {
        sizes[groups.row(group: group, place: $0)] < sizes[groups.row(group: group, place: $1)]
      } ?? 0
    }
    let rows = (0..<groups.count).map { group in
      valueWithGradient(at: problem.model) { model in
        let inputs = problem.batch.inputs.rows(
          at: places.map { groups.row(group: group, place: $0) })
        return model(Variable(inputs)).sum() / 2.0.squareRoot()
      }.gradient.values.reshaped(to: [1, -1])
    }
    let jacobian = Tensor.concatenated(rows)
    let kernel = Tensor.matrixProduct(jacobian, jacobian, transposingRight: true)
    let dense = try denseTransform(kernel, end: 2, target: .next)
    let cotangents = Tensor.matrixProduct(
      dense, try problem.step().cotangents().reshaped(to: [groups.count, -1])
    ).reshaped(to: [30, 2])
    let expected = try problem.step().pullback(of: cotangents)
    #expect(gradient.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-10))
  }

  @Test func randomSamplesAreDrawnOnceOrEachStep() throws {
    let problem = SmallProblem<Double>(rows: 200, groupSize: 20)
    func gradients(_ sampling: GroupSampling) throws -> [Tensor<Double>] {
      var adjuster = InductiveGradientAdjuster<Double>(end: 3, sampling: sampling, seed: 4)
      return try (0..<2).map { _ in
        try adjuster.lossWithGradient(for: problem.step()).gradient.values
      }
    }
    let once = try gradients(.randomOnce)
    let anew = try gradients(.random)
    #expect(once[0] == once[1])
    #expect(anew[0] != anew[1])
    #expect(once[0] == anew[0])
  }

  @Test(arguments: GroupSampling.allCases)
  func anyoneCanAskWhichRowsStandForGroups(sampling: GroupSampling) throws {
    let problem = SmallProblem<Double>(rows: 30, groupSize: 5, outputs: 2)
    let groups = problem.batch.groups
    var generator = SeededGenerator(seed: 4)
    let standing = try sampling.representatives(in: problem.step(), using: &generator)
    #expect(standing.rows.count == groups.count)
    for (group, rows) in standing.rows.enumerated() {
      #expect(rows.allSatisfy { $0 / 5 == group })
    }
    let sizes = try problem.step().cotangents().absoluteRowSums()
    let largest = (0..<groups.count).map { group in
      (0..<5).map { group * 5 + $0 }.max { sizes[$0] < sizes[$1] } ?? 0
    }
    switch sampling {
    case .largestResidual, .previousLargestResidual:
      #expect(standing == GroupRepresentatives(rows: largest))
    case .center: #expect(standing.rows == (0..<groups.count).map { [$0 * 5 + 2] })
    case .random, .randomOnce:
      #expect(standing.multiplicities == [1] && Set(standing.rows.map { $0[0] % 5 }).count > 1)
    case .aggregate:
      #expect(standing.multiplicities.reduce(0, +) == groups.count)
      #expect(standing.rows[0] == Set(largest.map { $0 % 5 }).sorted())
    }
    // The adjuster takes the kernel of these rows.
    var adjuster = InductiveGradientAdjuster<Double>(end: 2, sampling: sampling, seed: 4)
    let found = try adjuster.lossWithGradient(for: problem.step()).gradient
    let transform = try SpectralTransform(
      equalizing: 2, of: problem.step().empiricalKernel(of: standing), to: .next)
    let cotangents = try CotangentTransform.acrossGroups(transform)
      .applied(to: problem.step().cotangents(), groups: groups)
    let expected = try problem.step().pullback(of: cotangents)
    #expect(found.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-11))
  }

  @Test func aGroupOfSeveralRowsHasTheKernelOfTheirSum() throws {
    let problem = SmallProblem<Double>(rows: 6, groupSize: 3)
    let standing = GroupRepresentatives(rows: [[0, 1], [4]], multiplicities: [2, 1])
    let kernel = try problem.step().empiricalKernel(of: standing)
    let all = try problem.step().empiricalKernel(atRows: Array(0..<6))
    let (first, second) = (Tensor<Double>([2, 1, 0, 0, 0, 0]), Tensor<Double>([0, 0, 0, 0, 2, 0]))
    let weights = Tensor.concatenated([
      first.reshaped(to: [1, 6]), second.reshaped(to: [1, 6]),
    ])
    let expected = Tensor.matrixProduct(
      .matrixProduct(weights, all), weights, transposingRight: true)
    #expect(kernel.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
  }

  @Test func refreshesAtItsInterval() throws {
    let problem = SmallProblem<Double>()
    var adjuster = InductiveGradientAdjuster<Double>(
      end: 3, sampling: .random, refreshInterval: 3)
    let gradients = try (0..<4).map { _ in
      try adjuster.lossWithGradient(for: problem.step()).gradient.values
    }
    #expect(gradients[0] == gradients[1] && gradients[1] == gradients[2])
    #expect(gradients[2] != gradients[3])
  }

  @Test func asksForMoreGroupsThanEigenvalues() {
    let problem = SmallProblem<Double>()
    var adjuster = InductiveGradientAdjuster<Double>(end: 10)
    #expect(throws: AdjusterError.endNotBelowGroups(end: 10, groups: 10)) {
      try adjuster.lossWithGradient(for: problem.step())
    }
  }

  @Test func stopsAtNonFiniteValues() {
    let problem = SmallProblem<Double>()
    var broken = problem.model
    broken.layers[1].weight = Variable(
      Tensor(repeating: .nan, shape: broken.layers[1].weight.shape))
    for sampling in GroupSampling.allCases {
      var adjuster = InductiveGradientAdjuster<Double>(end: 3, sampling: sampling)
      #expect(throws: AdjusterError.self) {
        try adjuster.lossWithGradient(of: broken, on: problem.batch)
      }
    }
  }
}
