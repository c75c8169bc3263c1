import AutoDiff
import GradientAdjusters
import INRZoo
import Synchronization
import TensorKit
import Testing

@Suite struct NTKAdjusterTests {
  /// A kernel that has nothing to do with the model.
  @Sendable private static func gaussianKernel(_ inputs: Tensor<Double>) -> Tensor<Double> {
    let size = inputs.shape[0]
    let squares = inputs.squared().sum(alongAxis: 1, keepingAxis: true)
    let products = Tensor.matrixProduct(inputs, inputs, transposingRight: true)
    let distances = squares.broadcast(to: [size, size]) + squares.transposed() - products * 2
    return (distances * -8).exponential()
  }

  /// The gradient of the published loss: 2/(N C) · f · S r with S r held constant.
  private func publishedGradient(
    _ problem: SmallProblem<Double>, kernel: Tensor<Double>, end: Int,
    target: EqualizationTarget = .next
  ) throws -> Tensor<Double> {
    let dense = try denseTransform(kernel, end: end, target: target)
    let outputs = try TiledEvaluation(of: problem.model).outputs(for: problem.batch.inputs)
    let adjusted = Tensor.matrixProduct(dense, outputs - problem.batch.targets)
    return valueWithGradient(at: problem.model) { model in
      (model(Variable(problem.batch.inputs))
        * Variable(adjusted * (2 / Double(adjusted.count)))).sum()
    }.gradient.values
  }

  @Test(arguments: EqualizationTarget.allCases)
  func aKernelOfTheInputsGivesThePublishedGradient(target: EqualizationTarget) throws {
    let problem = SmallProblem<Double>(rows: 50)
    let kernel = Self.gaussianKernel(problem.batch.inputs)
    let expected = try publishedGradient(problem, kernel: kernel, end: 6, target: target)
    for adjuster in [
      NTKAdjuster(end: 6, target: target, kernel: Self.gaussianKernel),
      NTKAdjuster(end: 6, target: target, matrix: kernel),
    ] {
      var adjuster = adjuster
      let (_, gradient) = try adjuster.lossWithGradient(for: problem.step(rowsPerTile: 9))
      #expect(gradient.values.isApproximatelyEqual(to: expected, relativeTolerance: 1e-9))
    }
    var plain = IdentityAdjuster<Double>()
    let unadjusted = try plain.lossWithGradient(for: problem.step()).gradient.values
    #expect(!unadjusted.isApproximatelyEqual(to: expected, relativeTolerance: 1e-2))
  }

  @Test func theKernelIsComputedOnceForEachBatch() throws {
    let calls = Mutex(0)
    var adjuster = NTKAdjuster<Double>(end: 3) { inputs in
      calls.withLock { $0 += 1 }
      return Self.gaussianKernel(inputs)
    }
    let first = SmallProblem<Double>(rows: 30, seed: 1)
    let second = SmallProblem<Double>(rows: 30, seed: 2)
    for _ in 0..<3 { _ = try adjuster.lossWithGradient(for: first.step()) }
    #expect(calls.withLock { $0 } == 1)
    let changed = try adjuster.lossWithGradient(for: second.step()).gradient
    #expect(calls.withLock { $0 } == 2)
    var fresh = NTKAdjuster<Double>(end: 3, kernel: Self.gaussianKernel)
    #expect(try fresh.lossWithGradient(for: second.step()).gradient == changed)
  }

  @Test func kernelsThatDoNotFitAreTypedErrors() throws {
    let problem = SmallProblem<Double>(rows: 30)
    func error(_ matrix: Tensor<Double>, end: Int = 3) -> AdjusterError? {
      var adjuster = NTKAdjuster(end: end, matrix: matrix)
      do {
        _ = try adjuster.lossWithGradient(for: problem.step())
        return nil
      } catch { return error as? AdjusterError }
    }
    #expect(error(randomKernel(size: 30)) == nil)
    #expect(
      error(randomKernel(size: 29)) == .kernelShape(expected: [30, 30], found: [29, 29]))
    #expect(
      error(randomKernel(size: 30), end: 30) == .endNotBelowSamples(end: 30, samples: 30))
    var skew = randomKernel(size: 30)
    skew[2, 5] += 0.1
    #expect(error(skew) == .kernelNotSymmetric)
    skew[2, 5] = .infinity
    #expect(error(skew) == .nonFinite("kernel", step: 0))
    for case let error? in [error(randomKernel(size: 29)), error(skew)] {
      #expect(error.description.hasSuffix("."))
    }
  }

  @Test(arguments: [1, 3], ["sine", "rectifier", "gaussian", "tanh"])
  func theEmpiricalKernelIsThatOfGroupsOfOne(outputs: Int, activation: String) throws {
    let activations: [String: any Activation<Double>] = [
      "sine": Sine(frequency: 10), "rectifier": Rectifier(), "gaussian": Gaussian(scale: 2),
      "tanh": HyperbolicTangent(),
    ]
    // The batch's groups of six do not matter to the one, and are of one sample for the other.
    let problem = SmallProblem<Double>(
      rows: 40, outputs: outputs, activation: activations[activation])
    var single = problem
    single.batch = Batch(inputs: problem.batch.inputs, targets: problem.batch.targets)
    var empirical = EmpiricalNTKAdjuster<Double>(end: 5)
    var inductive = InductiveGradientAdjuster<Double>(end: 5)
    let gradient = try empirical.lossWithGradient(for: problem.step()).gradient.values
    let ofGroups = try inductive.lossWithGradient(for: single.step()).gradient.values
    #expect(gradient.isApproximatelyEqual(to: ofGroups, relativeTolerance: 1e-11))
    let kernel = try TiledEvaluation(of: problem.model)
      .explicitEmpiricalKernel(at: problem.batch.inputs)
    let expected = try publishedGradient(problem, kernel: kernel, end: 5)
    #expect(gradient.isApproximatelyEqual(to: expected, relativeTolerance: 1e-9))
  }

  @Test func theEmpiricalKernelIsRefreshedAtItsInterval() throws {
    let problem = SmallProblem<Double>(rows: 30)
    var moved = problem
    var parameters = problem.model.parameters
    parameters *= 1.2
    moved.model.parameters = parameters
    func gradients(refreshInterval: Int) throws -> [Tensor<Double>] {
      var adjuster = EmpiricalNTKAdjuster<Double>(end: 4, refreshInterval: refreshInterval)
      _ = try adjuster.lossWithGradient(for: problem.step())
      return try (0..<3).map { _ in
        try adjuster.lossWithGradient(for: moved.step()).gradient.values
      }
    }
    let each = try gradients(refreshInterval: 1)
    let every = try gradients(refreshInterval: 3)
    // Stale at the second and third step, and fresh at the fourth.
    #expect(!every[0].isApproximatelyEqual(to: each[0], relativeTolerance: 1e-6))
    #expect(every[0] == every[1])
    #expect(every[2].isApproximatelyEqual(to: each[2], relativeTolerance: 1e-11))

    // A batch of other samples has a kernel of its own, whatever the interval.
    var adjuster = EmpiricalNTKAdjuster<Double>(end: 4, refreshInterval: 100)
    _ = try adjuster.lossWithGradient(for: problem.step())
    let other = SmallProblem<Double>(rows: 30, seed: 9)
    var fresh = EmpiricalNTKAdjuster<Double>(end: 4)
    #expect(
      try adjuster.lossWithGradient(for: other.step()).gradient.values.isApproximatelyEqual(
        to: fresh.lossWithGradient(for: other.step()).gradient.values, relativeTolerance: 1e-11))
  }

  @Test func doesNotDependOnThreads() throws {
    let problem = SmallProblem<Float>(rows: 300)
    let adjusters: [any GradientAdjuster<Float>] = [
      EmpiricalNTKAdjuster(end: 5),
      NTKAdjuster(end: 5) { Tensor(Self.gaussianKernel(Tensor<Double>($0))) },
    ]
    for adjuster in adjusters {
      let gradients = try [1, 2, 5].map { threads in
        var copy = adjuster
        return try copy.lossWithGradient(for: problem.step(threads: threads, rowsPerTile: 40))
          .gradient
      }
      #expect(gradients[0] == gradients[1] && gradients[0] == gradients[2])
    }
  }
}
