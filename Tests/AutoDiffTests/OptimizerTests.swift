import AutoDiff
import Foundation
import TensorKit
import Testing

/// Paths of PyTorch's optimizers on a quadratic, written by `Tests/Fixtures/optimizers.py`.
private struct GoldenPaths: Decodable {
  struct Settings: Decodable {
    let rate: Double
    let decay: Double?
    let momentum: Double?
    let nesterov: Bool?
    let betas: [Double]?
    let epsilon: Double?
    let amsgrad: Bool?
  }

  struct Case: Decodable {
    let name: String
    let kind: String
    let settings: Settings
    let path: [String: [Double]]
  }

  let matrix: [[Double]]
  let centre: [Double]
  let start: [Double]
  let cases: [Case]

  static func load() throws -> GoldenPaths {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/optimizers.json")
    return try JSONDecoder().decode(GoldenPaths.self, from: Data(contentsOf: file))
  }

  /// The quadratic's gradient A (θ - c).
  func gradient(at point: [Double]) -> [Double] {
    matrix.map { row in
      zip(row, zip(point, centre)).reduce(0) { $0 + $1.0 * ($1.1.0 - $1.1.1) }
    }
  }
}

extension GoldenPaths.Case {
  func optimizer<Scalar: TensorScalar>(_ type: Scalar.Type) -> any Optimizer<Scalar> {
    let rate = LearningRateSchedule.constant(settings.rate)
    let factor = settings.decay ?? 0
    let decay: WeightDecay = kind == "AdamW" ? .decoupled(factor) : .coupled(factor)
    guard kind != "SGD" else {
      return SGD<Scalar>(
        learningRate: rate, momentum: settings.momentum ?? 0, nesterov: settings.nesterov ?? false,
        weightDecay: decay)
    }
    let betas = settings.betas ?? [0.9, 0.999]
    return Adam<Scalar>(
      learningRate: rate, firstDecay: betas[0], secondDecay: betas[1],
      epsilon: settings.epsilon ?? 1e-8, amsGrad: settings.amsgrad ?? false,
      weightDecay: decay)
  }

  /// The published formulas, one parameter after the other; the path has the start at index 0.
  fileprivate func referencePath(of paths: GoldenPaths, steps: Int) -> [[Double]] {
    kind == "SGD" ? gradientDescent(of: paths, steps) : adaptiveMoments(of: paths, steps)
  }

  private func gradientDescent(of paths: GoldenPaths, _ steps: Int) -> [[Double]] {
    var (point, path) = (paths.start, [paths.start])
    var velocity = [Double](repeating: 0, count: point.count)
    let momentum = settings.momentum ?? 0
    for _ in 0..<steps {
      let gradient = paths.gradient(at: point)
      for index in point.indices {
        let slope = gradient[index] + (settings.decay ?? 0) * point[index]
        velocity[index] = momentum * velocity[index] + slope
        let change =
          settings.nesterov == true ? slope + momentum * velocity[index] : velocity[index]
        point[index] -= settings.rate * change
      }
      path.append(point)
    }
    return path
  }

  private func adaptiveMoments(of paths: GoldenPaths, _ steps: Int) -> [[Double]] {
    var (point, path) = (paths.start, [paths.start])
    let zeros = [Double](repeating: 0, count: point.count)
    var (first, second, largest) = (zeros, zeros, zeros)
    let betas = settings.betas ?? [0.9, 0.999]
    let (rate, decay) = (settings.rate, settings.decay ?? 0)
    for step in 1...steps {
      let gradient = paths.gradient(at: point)
      for index in point.indices {
        var slope = gradient[index]
        if kind == "AdamW" { point[index] -= rate * decay * point[index] }
        if kind == "Adam" { slope += decay * point[index] }
        first[index] = betas[0] * first[index] + (1 - betas[0]) * slope
        second[index] = betas[1] * second[index] + (1 - betas[1]) * slope * slope
        largest[index] = max(largest[index], second[index])
        let moment = settings.amsgrad == true ? largest[index] : second[index]
        let spread = (moment / (1 - pow(betas[1], Double(step)))).squareRoot()
        let mean = first[index] / (1 - pow(betas[0], Double(step)))
        point[index] -= rate * mean / (spread + (settings.epsilon ?? 1e-8))
      }
      path.append(point)
    }
    return path
  }
}

@Suite struct OptimizerTests {
  /// A model with four parameters, for their layout.
  private let layout = Linear(weight: Tensor<Double>(zeros: [1, 4]), bias: nil).parameterLayout

  private func path<Scalar: TensorScalar>(
    of optimizer: inout any Optimizer<Scalar>, on paths: GoldenPaths, from start: [Scalar],
    steps: Int
  ) -> [[Scalar]] {
    var point = ParameterVector(Tensor(start), layout: layout)
    return [start]
      + (0..<steps).map { _ in
        let slopes = paths.gradient(at: point.values.elements.map { Double($0) })
        optimizer.update(
          &point, along: ParameterVector(Tensor(slopes.map { Scalar($0) }), layout: layout))
        return point.values.elements
      }
  }

  @Test func pathsEqualThePublishedFormulasStepByStep() throws {
    let paths = try GoldenPaths.load()
    for example in paths.cases {
      var optimizer = example.optimizer(Double.self)
      let found = path(of: &optimizer, on: paths, from: paths.start, steps: 100)
      let expected = example.referencePath(of: paths, steps: 100)
      for (step, (a, b)) in zip(found, expected).enumerated() {
        expectClose(Tensor(a), Tensor(b), 1e-12, "\(example.name), step \(step)")
      }
      #expect(optimizer.step == 100)
    }
  }

  @Test func pathsEqualPyTorchs() throws {
    let paths = try GoldenPaths.load()
    #expect(paths.cases.count == 9)
    for example in paths.cases {
      var optimizer = example.optimizer(Double.self)
      let found = path(of: &optimizer, on: paths, from: paths.start, steps: 100)
      for (step, expected) in example.path {
        let step = try #require(Int(step))
        expectClose(
          Tensor(found[step]), Tensor(expected), 1e-12, "\(example.name), step \(step)")
      }
    }
  }

  @Test func singlePrecisionFollowsToItsRounding() throws {
    let paths = try GoldenPaths.load()
    for example in paths.cases {
      var optimizer = example.optimizer(Float.self)
      let start = paths.start.map { Float($0) }
      let found = path(of: &optimizer, on: paths, from: start, steps: 10)
      let expected = try #require(example.path["10"])
      expectClose(Tensor(found[10].map { Double($0) }), Tensor(expected), 1e-5, example.name)
    }
  }

  @Test func aRestoredOptimizerContinuesWithTheSameBits() throws {
    let paths = try GoldenPaths.load()
    for example in paths.cases {
      var original = example.optimizer(Float.self)
      let start = paths.start.map { Float($0) }
      let before = path(of: &original, on: paths, from: start, steps: 7)[7]
      var restored = example.optimizer(Float.self)
      let state = try original.savedState()
      try restored.restore(from: SavedState(SafeTensorsFile(bytes: state.file.bytes())))
      #expect(restored.step == 7)
      #expect(try restored.savedState() == state)
      let a = path(of: &original, on: paths, from: before, steps: 9)
      let b = path(of: &restored, on: paths, from: before, steps: 9)
      #expect(a == b, "\(example.name)")
      #expect(try original.savedState() == restored.savedState())
    }
  }

  @Test func optimizersAreValues() throws {
    let paths = try GoldenPaths.load()
    for example in paths.cases {
      var original = example.optimizer(Double.self)
      let middle = path(of: &original, on: paths, from: paths.start, steps: 5)[5]
      var copy = original
      let state = try copy.savedState()
      let first = path(of: &original, on: paths, from: middle, steps: 5)
      #expect(copy.step == 5)
      #expect(try copy.savedState() == state, "\(example.name)")
      let again = path(of: &copy, on: paths, from: middle, steps: 5)
      #expect(again == first, "\(example.name)")
    }
  }

  @Test func theStateHasWhatTheRuleCarries() throws {
    let gradient = ParameterVector<Double>(Tensor([1, 2, 3, 4]), layout: layout)
    func names(_ optimizer: some Optimizer<Double>) throws -> [String] {
      var (optimizer, point) = (optimizer, ParameterVector<Double>(zeros: layout))
      let before = try optimizer.savedState()
      optimizer.update(&point, along: gradient)
      // What is not there yet is saved as absent.
      #expect(try optimizer.savedState().names == before.names)
      return before.names
    }
    #expect(try names(SGD(learningRate: 0.1)) == ["step"])
    #expect(try names(SGD(learningRate: 0.1, momentum: 0.5)) == ["step", "velocity"])
    #expect(try names(Adam(learningRate: 0.1)) == ["firstMoment", "secondMoment", "step"])
    #expect(
      try names(Adam(learningRate: 0.1, amsGrad: true))
        == ["firstMoment", "largestMoment", "secondMoment", "step"])
  }

  @Test func adamIsTheSameForAnyNumberOfThreads() {
    // More than two pieces, and no multiple of any vector's length.
    let count = 140_003
    let path = [1, 2, 3].map { threads in
      var generator = SeededGenerator(seed: 4)
      var values = Tensor<Float>.normal(shape: [count], using: &generator)
      var first = Tensor<Float>.normal(shape: [count], using: &generator)
      var second = first.squared()
      var largest: Tensor<Float>?
      values.moveByAdam(
        gradient: .normal(shape: [count], using: &generator), firstMoment: &first,
        secondMoment: &second, largestMoment: &largest,
        coefficients: AdamCoefficients(
          rate: 1e-2, firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8, firstCorrection: 0.1,
          secondCorrection: 0.001, weightDecay: 0.1, decoupledWeightDecay: 0),
        workers: Workers(threads: threads))
      return [values, first, second]
    }
    #expect(path[0] == path[1])
    #expect(path[0] == path[2])
  }

  @Test func theScheduleIsAskedForEachStep() {
    var optimizer = SGD<Double>(
      learningRate: .steps(from: 1, factor: 0.5, every: 2))
    var point = ParameterVector<Double>(zeros: layout)
    let gradient = ParameterVector<Double>(Tensor([1, 0, 0, 0]), layout: layout)
    let found = (0..<5).map { _ in
      optimizer.update(&point, along: gradient)
      return point.values[0]
    }
    #expect(found == [-1, -2, -2.5, -3, -3.25])
  }

  @Test func modelsMoveTheirTrainableParametersOnly() {
    var model = Network([2, 2, 1])
    model.layers[1].isTrainable = false
    let before = model.namedParameters
    var gradient = model.parameters
    gradient.values = Tensor(repeating: 1, shape: [gradient.values.count])
    var optimizer = SGD<Double>(learningRate: 0.25)
    optimizer.update(&model, along: gradient)
    for (old, new) in zip(before, model.namedParameters) {
      #expect(new.value == (old.name.hasPrefix("layers.0") ? old.value - 0.25 : old.value))
    }
  }

  @Test func settingsThatMakeNoSenseAreMistakes() async {
    await #expect(processExitsWith: .failure) { _ = SGD<Float>(learningRate: 0.1, momentum: 1) }
    await #expect(processExitsWith: .failure) { _ = SGD<Float>(learningRate: 0.1, nesterov: true) }
    await #expect(processExitsWith: .failure) {
      _ = SGD<Float>(learningRate: 0.1, weightDecay: .coupled(-1))
    }
    await #expect(processExitsWith: .failure) { _ = Adam<Float>(learningRate: 0.1, firstDecay: 1) }
    await #expect(processExitsWith: .failure) { _ = Adam<Float>(learningRate: 0.1, epsilon: -1) }
    await #expect(processExitsWith: .failure) { _ = Adam<Float>(learningRate: 0.1, epsilon: 0) }
    // Positive, but not as a number of single precision.
    await #expect(processExitsWith: .failure) { _ = Adam<Float>(learningRate: 0.1, epsilon: 1e-60) }
    await #expect(processExitsWith: .failure) {
      _ = Adam<Double>(learningRate: 0.1, epsilon: .infinity)
    }
    await #expect(processExitsWith: .failure) {
      _ = Adam<Double>(learningRate: 0.1, secondDecay: .nan)
    }
    await #expect(processExitsWith: .failure) {
      _ = Adam<Double>(learningRate: 0.1, weightDecay: .decoupled(.infinity))
    }
    await #expect(processExitsWith: .failure) { _ = Muon<Float>(learningRate: 0.1, epsilon: 0) }
    await #expect(processExitsWith: .failure) {
      _ = Muon<Float>(learningRate: 0.1, scale: .infinity)
    }
    await #expect(processExitsWith: .failure) { _ = SGD<Float>(learningRate: 0.1, momentum: .nan) }
    await #expect(processExitsWith: .failure) {
      _ = ParameterGroup(.all, learningRate: .infinity)
    }
  }

  @Test func aZeroGradientMovesNothing() {
    var parameters = ParameterVector<Float>(zeros: Network([2, 3, 1]).parameterLayout)
    let zero = parameters
    for var optimizer: any Optimizer<Float> in [
      Adam(learningRate: 0.1, epsilon: 1e-40), Muon(learningRate: 0.1), SGD(learningRate: 0.1),
    ] {
      optimizer.update(&parameters, along: zero)
      #expect(parameters == zero)
    }
  }

  @Test func ratesThatAreNoneAreMistakes() async {
    await #expect(processExitsWith: .failure) { _ = LearningRateSchedule.constant(-1)(0) }
    await #expect(processExitsWith: .failure) { _ = LearningRateSchedule.constant(.nan)(0) }
    await #expect(processExitsWith: .failure) {
      _ = LearningRateSchedule.exponential(from: 1, factor: 10, every: 1)(400)
    }
  }

  @Test func averagesOfParametersAreTheirMeans() throws {
    let layout = Linear<Double>(weight: Tensor([[1, 2]]), bias: nil).parameterLayout
    var average = ParameterAverage<Double>()
    let model = Linear<Double>(weight: Tensor([[1, 2]]), bias: nil)
    #expect(average.applied(to: model).weight.value == model.weight.value)
    var restored = average
    for step in 1...7 {
      average.add(ParameterVector(Tensor([Double(step), Double(step * step)]), layout: layout))
      if step == 3 { try restored.restore(from: average.savedState()) }
      if step > 3 {
        restored.add(ParameterVector(Tensor([Double(step), Double(step * step)]), layout: layout))
      }
    }
    #expect(average.count == 7 && restored.count == 7)
    let mean = average.applied(to: model).weight.value
    #expect(mean.isApproximatelyEqual(to: Tensor([[4, 20]]), relativeTolerance: 1e-14))
    #expect(restored.applied(to: model).weight.value == mean)
    var state = try average.savedState()
    state["count"] = (-1).stateEntry
    #expect(throws: StateError.self) { try average.restore(from: state) }
  }
}
