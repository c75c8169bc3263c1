import AutoDiff
import TensorKit

/// Checks that an adjuster does what every adjuster must, on a small network and a batch in groups.
///
/// For authors of adjusters: call it from a test of any framework, and expect nothing.
///
/// ```swift
/// let findings = checkConformance(of: MyAdjuster<Double>())
/// precondition(findings.isEmpty, "\(findings)")
/// ```
///
/// The network has four linear layers with hyperbolic tangents between, two inputs and three outputs; the
/// batch has 61 samples, 15 groups of four and one sample that belongs to none. Each rule of
/// ``AdjusterFinding/Rule`` is tried; a broken precondition ends the process, as everywhere. Use
/// `Double`, where the effect of rounding is told apart from that of a mistake more surely.
///
/// - Parameters:
///   - adjuster: The adjuster as it is before training.
///   - expectingChange: Whether the adjuster is to change anything at all; see
///     ``AdjusterFinding/Rule/changesSomething``. Say false of one that is set up to do nothing yet.
/// - Returns: What is wrong; nothing if all is well.
public func checkConformance<Scalar: TensorScalar>(
  of adjuster: some GradientAdjuster<Scalar>, expectingChange: Bool = true
) -> [AdjusterFinding] {
  var generator = SeededGenerator(seed: 0)
  let model = CheckedNetwork<Scalar>(using: &generator)
  return checkConformance(
    of: adjuster, on: model, batch: .checked(using: &generator), expectingChange: expectingChange)
}

/// Checks that an adjuster does what every adjuster must, on a given model and batch.
///
/// For adjusters that need a model or a batch of a certain kind; see ``checkConformance(of:expectingChange:)``.
///
/// - Parameters:
///   - adjuster: The adjuster as it is before training.
///   - model: A small model: the check makes some tens of steps.
///   - batch: A batch for it that the adjuster accepts.
///   - expectingChange: Whether the adjuster is to change anything at all.
/// - Returns: What is wrong; nothing if all is well.
public func checkConformance<Model: Module>(
  of adjuster: some GradientAdjuster<Model.Scalar>, on model: Model,
  batch: Batch<Model.Scalar>, expectingChange: Bool = true
) -> [AdjusterFinding] {
  ConformanceCheck(
    adjuster: adjuster, model: model, batch: batch, expectsChange: expectingChange
  ).findings()
}

/// A course of training that an adjuster took.
struct CheckedRun<Model: Module>: Sendable {
  var model: Model
  var losses: [Double] = []
  var gradients: [Tensor<Model.Scalar>] = []
}

/// A finding on its way out of a run.
struct Broken: Error {
  let finding: AdjusterFinding
  init(_ rule: AdjusterFinding.Rule, _ detail: String) { finding = AdjusterFinding(rule, detail) }
}

struct ConformanceCheck<Adjuster: GradientAdjuster, Model: Module>
where Model.Scalar == Adjuster.Scalar {
  typealias Scalar = Model.Scalar
  let adjuster: Adjuster
  let model: Model
  let batch: Batch<Scalar>
  let expectsChange: Bool

  let stepCount = 4
  /// Two evaluations that differ in rounding alone agree to this, relative to the largest element.
  var tolerance: Scalar { 10 * Scalar.ulpOfOne.squareRoot() }

  func findings() -> [AdjusterFinding] {
    let reference: CheckedRun<Model>
    do {
      reference = try run()
    } catch let broken as Broken {
      return [broken.finding]
    } catch AdjusterError.shape(let expected, let found) {
      return [
        AdjusterFinding(
          .keepsShapes, "the cotangent transform made shape \(found) of shape \(expected)")
      ]
    } catch {
      return [AdjusterFinding(.trains, "on an ordinary batch it throws \"\(error)\"")]
    }
    let checks: [(AdjusterFinding.Rule, () throws -> Void)] = [
      (.isDeterministic, { try checkDeterminism(reference) }),
      (.isAValue, { try checkCopies(reference) }),
      (.ignoresThreads, { try checkThreads() }),
      (.ignoresProcesses, { try checkProcesses() }),
      (.ignoresTiles, { try checkTiles(reference) }),
      (.survivesOneSample, { try checkOneSample() }),
      (.survivesNonFiniteNumbers, { try checkNonFiniteNumbers() }),
      (.savesItsState, { try checkSaving(reference) }),
      (.foldsToTheSameFunction, { try checkFolding() }),
      (.changesSomething, { try checkChange(reference) }),
      (.descends, { try checkDescent() }),
    ]
    return checks.compactMap { rule, check in
      do {
        try check()
        return nil
      } catch let broken as Broken {
        return broken.finding
      } catch {
        return AdjusterFinding(rule, "it throws \"\(error)\"")
      }
    }
  }

  // MARK: Rules

  private func checkDeterminism(_ reference: CheckedRun<Model>) throws {
    try expectSameBits(
      try run(), reference, .isDeterministic, "when a copy is given the same steps again")
  }

  private func checkCopies(_ reference: CheckedRun<Model>) throws {
    var first = try Course(adjuster, model)
    var second = try Course(adjuster, model)
    second.run.model.parameters = scaled(second.run.model.parameters, by: 0.9)
    for _ in 0..<stepCount {
      try first.advance(on: batch)
      try second.advance(on: batch)
    }
    try expectSameBits(
      first.run, reference, .isAValue, "when another copy is given other steps meanwhile")
  }

  /// More tiles than threads or processes, so that there is work for each.
  private var rowsPerSmallTile: Int { max(1, batch.rowCount / 20) }

  private func checkThreads() throws {
    let rowsPerTile = rowsPerSmallTile
    let reference = try run(Workers(threads: 1), rowsPerTile: rowsPerTile)
    for threads in [2, 3, 8] {
      try expectSameBits(
        try run(Workers(threads: threads), rowsPerTile: rowsPerTile), reference, .ignoresThreads,
        "between 1 thread and \(threads)")
    }
  }

  private func checkProcesses() throws {
    let (check, rowsPerTile) = (self, rowsPerSmallTile)
    let reference = try run(Workers(threads: 1), rowsPerTile: rowsPerTile)
    let runs = try LocalCommunicator.run(3) {
      try check.run(
        ProcessGroup($0, workers: Workers(threads: 1)), rowsPerTile: rowsPerTile)
    }
    for run in runs {
      try expectSameBits(run, reference, .ignoresProcesses, "between 1 process and 3")
    }
  }

  private func checkTiles(_ reference: CheckedRun<Model>) throws {
    for rowsPerTile in [max(1, batch.rowCount / 9), max(1, batch.rowCount / 3)] {
      try expectCloseGradients(
        try run(rowsPerTile: rowsPerTile), reference, "in tiles of \(rowsPerTile) rows")
    }
    try expectCloseGradients(
      try run(sweepingFirst: true), reference, "if all outputs were computed beforehand")
  }

  private func checkOneSample() throws {
    let single = Batch(
      inputs: batch.inputs.slice(0..<1), targets: batch.targets.slice(0..<1))
    var course = try Course(adjuster, model)
    do {
      for _ in 0..<2 { try course.advance(on: single) }
    } catch let broken as Broken {
      throw Broken(.survivesOneSample, broken.finding.detail)
    } catch AdjusterError.nonFinite(let what, _) {
      throw Broken(.survivesOneSample, "the \(what) is not finite, though all that is given is")
    } catch {}  // Refusing is fine.
  }

  private func checkNonFiniteNumbers() throws {
    var targets = batch.targets
    targets.setElements(from: targets.count / 2, to: Tensor([.nan]))
    var inputs = batch.inputs
    inputs.setElements(from: 0, to: Tensor([.infinity]))
    let batches = [
      (
        "a target that is not a number",
        Batch(
          inputs: batch.inputs, targets: targets, groups: batch.groups)
      ),
      (
        "an infinite input",
        Batch(
          inputs: inputs, targets: batch.targets, groups: batch.groups)
      ),
    ]
    for (what, bad) in batches { try expectRecovery(from: what) { _ in bad } }
    for (what, factor) in [
      ("parameters that are not numbers", Scalar.nan),
      // Their squares, as in kernels, overflow.
      ("huge parameters", Scalar.greatestFiniteMagnitude.squareRoot()),
    ] {
      try expectRecovery(from: what) { course in
        course.run.model.parameters = scaled(course.run.model.parameters, by: factor)
        return batch
      }
    }
  }

  /// A step that cannot be made between two that can.
  private func expectRecovery(
    from what: String, _ spoil: (inout Course) -> Batch<Scalar>
  ) throws {
    var course = try Course(adjuster, model)
    try course.advance(on: batch)
    let good = course.run.model
    let bad = spoil(&course)
    // A gradient that is not finite is refused by the training loop.
    try? course.advance(on: bad)
    course.run.model = good
    do {
      try course.advance(on: batch)
    } catch {
      let reason = (error as? Broken)?.finding.detail ?? "it throws \"\(error)\""
      throw Broken(.survivesNonFiniteNumbers, "in the step after one with \(what), \(reason)")
    }
  }

  private func checkSaving(_ reference: CheckedRun<Model>) throws {
    var course = try Course(adjuster, model)
    for _ in 0..<(stepCount / 2) { try course.advance(on: batch) }
    let fresh = try Course(adjuster, model)
    var used = fresh
    used.run.model.parameters = scaled(used.run.model.parameters, by: 0.9)
    for _ in 0..<(stepCount - 1) { try used.advance(on: batch) }
    for (other, what) in [(fresh, "a fresh one"), (used, "one that was used otherwise")] {
      var resumed = other
      try resumed.resume(course)
      for _ in (stepCount / 2)..<stepCount { try resumed.advance(on: batch) }
      try expectSameBits(
        resumed.run, reference, .savesItsState,
        "when its state is saved half-way and restored into \(what)")
    }
  }

  private func checkFolding() throws {
    var course = try Course(adjuster, model)
    for _ in 0..<2 { try course.advance(on: batch) }
    let trained = try TiledEvaluation(of: course.run.model).outputs(for: batch.inputs)
    let plain = try course.adjuster.folded(course.run.model, over: batch.inputs)
    let folded = try TiledEvaluation(of: plain).outputs(for: batch.inputs)
    guard folded.shape == trained.shape,
      folded.isApproximatelyEqual(to: trained, relativeTolerance: tolerance)
    else {
      throw Broken(.foldsToTheSameFunction, "the folded model's outputs are not the trained one's")
    }
  }

  // MARK: Runs

  /// An adjuster and its model on their way.
  struct Course {
    var adjuster: Adjuster
    var run: CheckedRun<Model>
    private var step = 0

    init(_ adjuster: Adjuster, _ model: Model) throws {
      self.adjuster = adjuster
      run = CheckedRun(model: model)
      var generator = SeededGenerator(seed: 0)
      try self.adjuster.prepare(&run.model, using: &generator)
    }

    /// Goes on where another course is, by what its adjuster and model save.
    mutating func resume(_ other: Course) throws {
      let bytes = try other.adjuster.savedState().file.bytes()
      try adjuster.restore(from: SavedState(SafeTensorsFile(bytes: bytes)))
      try run.model.restore(from: try other.run.model.savedState())
      (run.losses, run.gradients, step) = (other.run.losses, other.run.gradients, other.step)
    }

    /// Makes a step of gradient descent whose length is a hundredth of the parameters'.
    mutating func advance(
      on batch: Batch<Scalar>, by runner: any ShardRunner = Workers(threads: 2),
      rowsPerTile: Int? = nil, sweepingFirst: Bool = false
    ) throws {
      let current = TrainingStep(
        model: run.model, batch: batch, index: step, runner: runner, rowsPerTile: rowsPerTile)
      if sweepingFirst { _ = try current.cotangents() }
      let (loss, gradient) = try adjuster.lossWithGradient(for: current)
      var parameters = run.model.parameters
      guard gradient.layout == parameters.layout, gradient.values.shape == parameters.values.shape
      else {
        throw Broken(
          .keepsShapes,
          "a gradient of shape \(gradient.values.shape) came back for parameters of shape "
            + "\(parameters.values.shape)")
      }
      guard gradient.values.isFinite, loss.isFinite else {
        throw Broken(.trains, "the gradient is not finite")
      }
      let length = gradient.norm()
      if length > 0 { parameters.add(gradient, scaledBy: -0.01 * parameters.norm() / length) }
      run.model.parameters = parameters
      run.losses.append(loss)
      run.gradients.append(gradient.values)
      step += 1
    }
  }

  private func run(
    _ runner: any ShardRunner = Workers(threads: 2), rowsPerTile: Int? = nil,
    sweepingFirst: Bool = false
  ) throws -> CheckedRun<Model> {
    var course = try Course(adjuster, model)
    let outputs = try TiledEvaluation(of: course.run.model).outputs(for: batch.inputs)
    guard outputs.shape == batch.targets.shape else {
      throw Broken(
        .keepsShapes,
        "the prepared model's outputs have shape \(outputs.shape), not \(batch.targets.shape)")
    }
    for _ in 0..<stepCount {
      try course.advance(
        on: batch, by: runner, rowsPerTile: rowsPerTile, sweepingFirst: sweepingFirst)
    }
    return course.run
  }

  private func expectSameBits(
    _ run: CheckedRun<Model>, _ reference: CheckedRun<Model>, _ rule: AdjusterFinding.Rule,
    _ circumstance: String
  ) throws {
    for index in reference.losses.indices
    where run.losses[index] != reference.losses[index]
      || run.gradients[index] != reference.gradients[index]
    {
      throw Broken(rule, "loss or gradient of step \(index) differ \(circumstance)")
    }
  }

  private func expectCloseGradients(
    _ run: CheckedRun<Model>, _ reference: CheckedRun<Model>, _ circumstance: String
  ) throws {
    for index in reference.gradients.indices
    where !run.gradients[index].isApproximatelyEqual(
      to: reference.gradients[index], relativeTolerance: tolerance)
    {
      throw Broken(
        .ignoresTiles, "the gradient of step \(index) differs by more than rounding \(circumstance)"
      )
    }
  }

  func scaled(
    _ parameters: ParameterVector<Scalar>, by factor: Scalar
  ) -> ParameterVector<Scalar> {
    var result = parameters
    result *= factor
    return result
  }
}

/// The network that adjusters are checked on.
struct CheckedNetwork<Scalar: TensorScalar>: Module {
  private var layers: [Linear<Scalar>]

  init(using generator: inout some RandomNumberGenerator) {
    let sizes = [2, 12, 12, 12, 3]
    layers = zip(sizes, sizes.dropFirst()).map {
      Linear(inputs: $0, outputs: $1, weightBound: 1.5 / Double($0).squareRoot(), using: &generator)
    }
  }

  func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    let features = layers.dropLast().reduce(input) { $1($0, then: HyperbolicTangent()) }
    return layers[layers.count - 1](features)
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&layers, named: "layers", roles: ParameterRole.chain(of: layers.count))
  }
}

extension Batch {
  /// The batch that adjusters are checked on.
  static func checked(using generator: inout some RandomNumberGenerator) -> Batch {
    Batch(
      inputs: .uniform(over: -1...1, shape: [61, 2], using: &generator),
      targets: .uniform(over: 0...1, shape: [61, 3], using: &generator),
      groups: RowPartition(rowCount: 61, groupSize: 4))
  }
}
