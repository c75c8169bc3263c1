import AutoDiff
import TensorKit

// Whether an adjuster has an effect on training at all, and one that leads downhill.
extension ConformanceCheck {
  /// Training in the long run, as an adjuster may wait before it acts.
  private var longStepCount: Int { 48 }
  /// When residuals suddenly grow in the long run, as an adjuster may wait for that.
  private var burstStep: Int { 40 }
  /// How much the targets grow then.
  private var burstFactor: Scalar { 100 }

  /// Whatever the adjuster does, it must show in a bit: a misspelt hook compiles and is never called.
  func checkChange(_ reference: CheckedRun<Model>) throws {
    guard expectsChange, !(adjuster is IdentityAdjuster<Scalar>) else { return }
    let ofSteps = try changesModel() || changesSteps(reference)
    guard try !ofSteps && !changesLongRun() else { return }
    throw Broken(
      .changesSomething,
      "losses, gradients and models are those of plain training to the last bit, "
        + "as if no hook were called: are their names and arguments right?")
  }

  /// Whether the prepared model differs from the given one, or a folded one from what was folded.
  private func changesModel() throws -> Bool {
    let prepared = try Course(adjuster, model)
    let folded = try prepared.adjuster.folded(prepared.run.model, over: batch.inputs)
    return !haveSameParameters(prepared.run.model, model)
      || !haveSameParameters(folded, prepared.run.model)
  }

  private func changesSteps(_ reference: CheckedRun<Model>) throws -> Bool {
    var plain = try PlainCourse(IdentityAdjuster(), model)
    for _ in 0..<stepCount { try plain.advance(on: batch) }
    return plain.run.losses != reference.losses || plain.run.gradients != reference.gradients
  }

  /// Whether a step differs in a longer course of training, in which residuals suddenly grow.
  private func changesLongRun() throws -> Bool {
    let distant = Batch(
      inputs: batch.inputs, targets: batch.targets * burstFactor, groups: batch.groups)
    var plain = try PlainCourse(IdentityAdjuster(), model)
    var adjusted = try Course(adjuster, model)
    for step in 0..<longStepCount {
      let batch = step < burstStep ? batch : distant
      try plain.advance(on: batch)
      // What refuses a burst has noticed it.
      do { try adjusted.advance(on: batch) } catch { return true }
      if plain.run.losses.last != adjusted.run.losses.last
        || plain.run.gradients.last != adjusted.run.gradients.last
      {
        return true
      }
    }
    return false
  }

  /// The gradients of the first steps, on average, against the plain ones of the same models.
  ///
  /// An adjuster that rests on an approximation may lead uphill in a step; a wrong sign does so in most.
  func checkDescent() throws {
    var course = try Course(adjuster, model)
    var cosines: [Scalar] = []
    for step in 0..<stepCount {
      var identity = IdentityAdjuster<Scalar>()
      let plain = try identity.lossWithGradient(
        of: course.run.model, on: batch, step: step, workers: Workers(threads: 2)
      ).gradient.values
      try course.advance(on: batch)
      let adjusted = course.run.gradients[step]
      let lengths = plain.norm() * adjusted.norm()
      cosines.append(lengths > 0 ? plain.dot(adjusted) / lengths : 0)
    }
    guard cosines.reduce(0, +) >= -tolerance else {
      throw Broken(
        .descends,
        "the cosines between adjusted gradients and plain ones were \(cosines), negative on average"
      )
    }
  }

  /// Plain training of the same model.
  private typealias PlainCourse = ConformanceCheck<IdentityAdjuster<Scalar>, Model>.Course

  private func haveSameParameters(_ left: Model, _ right: Model) -> Bool {
    left.namedParameters.elementsEqual(right.namedParameters) {
      $0.name == $1.name && $0.value == $1.value
    }
  }
}
