import AutoDiff
import TensorKit

/// A way to change how a network learns, which plugs into any model and any training loop.
///
/// An adjuster sits between the loss and the model. Each step it may transform ∂loss/∂outputs
/// before that is pulled back, and change the parameter gradient after; before training it may rewrite
/// the model, and afterwards give back a plain model that computes the same. It owns neither the model
/// nor the loss nor the optimizer. Every requirement has a default that does nothing, so an adjuster
/// writes only what it needs:
///
/// ```swift
/// /// Clips the gradient to a given norm.
/// struct GradientClipping<Scalar: TensorScalar>: GradientAdjuster {
///   var bound: Scalar
///   mutating func adjust<Model: Module<Scalar>>(
///     _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
///   ) { gradient.clip(toNorm: bound) }
/// }
/// ```
///
/// It is never asked about a batch without rows, which ``lossWithGradient(for:)`` refuses, nor about one that is not
/// to be adjusted (``Batch/isAdjusted``), such as a few rows that are left over at the end of an epoch, unless it says
/// that it is for every batch (``actsOnEveryBatch``).
///
/// An adjuster is a value: a copy has a state of its own, and given the same steps does the same. One that
/// carries something from step to step shows it in ``visitState(_:)``, so that a run can be resumed.
public protocol GradientAdjuster<Scalar>: Checkpointable {
  /// The type of numbers that the model computes with.
  associatedtype Scalar: TensorScalar

  /// Rewrites the model before training.
  mutating func prepare<Model: Module<Scalar>>(
    _ model: inout Model, using generator: inout some RandomNumberGenerator) throws

  /// What to do to ∂loss/∂outputs in a step.
  ///
  /// The step can be asked for the model's outputs, cotangents and kernel; asking for nothing costs
  /// nothing.
  mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar>

  /// Changes the parameter gradient of a step.
  mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>) throws

  /// Whether it acts on batches, too, that are not to be adjusted (``Batch/isAdjusted``); false by default.
  ///
  /// What makes steps safe, such as ``GradientClipping``, is for all of them.
  var actsOnEveryBatch: Bool { get }

  /// The plain model that computes the same function as one rewritten by ``prepare(_:using:)``.
  ///
  /// - Parameters:
  ///   - model: The model, as it was rewritten and then trained.
  ///   - inputs: The batch that statistics are taken over, if the function depends on one, as that of
  ///     ``BatchNormalization`` does. Shape: [samples, inputs].
  /// - Throws: ``AdjusterError/needsInputs`` if inputs are needed and there are none.
  func folded<Model: Module<Scalar>>(_ model: Model, over inputs: Tensor<Scalar>?) throws -> Model

  /// What was measured in the last step, for a report; none by default.
  var diagnostics: [AdjusterDiagnostic] { get }

  /// Shows what the adjuster carries from step to step, each value under a name.
  ///
  /// What its initializer is given is configuration and not shown. A restored adjuster was made alike, and
  /// has prepared the model. The default shows nothing.
  ///
  /// - Throws: `StateError` if a value is missing or does not fit.
  mutating func visitState(_ visitor: inout StateVisitor) throws
}

extension GradientAdjuster {
  /// Leaves the model as it is.
  public mutating func prepare<Model: Module<Scalar>>(
    _ model: inout Model, using generator: inout some RandomNumberGenerator
  ) throws {}

  /// Leaves the cotangents as they are.
  public mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> { .identity }

  /// Leaves the gradient as it is.
  public mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) throws {}

  /// False: batches that are not to be adjusted are left alone.
  public var actsOnEveryBatch: Bool { false }

  /// The model itself.
  public func folded<Model: Module<Scalar>>(
    _ model: Model, over inputs: Tensor<Scalar>?
  ) throws -> Model { model }

  /// Nothing: the adjuster measures nothing that a report would show.
  public var diagnostics: [AdjusterDiagnostic] { [] }

  /// Shows nothing: the adjuster carries nothing from step to step.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {}

  /// The plain model that computes the same function, where that does not depend on a batch.
  public func folded<Model: Module<Scalar>>(_ model: Model) throws -> Model {
    try folded(model, over: nil)
  }
}

/// Adjusts nothing: plain training.
public struct IdentityAdjuster<Scalar: TensorScalar>: GradientAdjuster {
  /// Plain training.
  public init() {}
}

/// Adjusters applied one after the other.
///
/// Models are rewritten, cotangents transformed and gradients changed in order, and models folded
/// back in reverse order.
public struct ComposedAdjuster<Scalar: TensorScalar>: GradientAdjuster {
  /// The adjusters, first to last.
  public private(set) var adjusters: [any GradientAdjuster<Scalar>]

  /// Adjusters, first to last.
  public init(_ adjusters: [any GradientAdjuster<Scalar>]) { self.adjusters = adjusters }

  /// Lets each adjuster rewrite the model, in order.
  public mutating func prepare<Model: Module<Scalar>>(
    _ model: inout Model, using generator: inout some RandomNumberGenerator
  ) throws {
    for index in adjusters.indices { try adjusters[index].prepare(&model, using: &generator) }
  }

  /// Whether one of the adjusters does; of the others none is asked about a batch that is not to be adjusted.
  public var actsOnEveryBatch: Bool { adjusters.contains { $0.actsOnEveryBatch } }

  /// The places of those that act in a step.
  private func acting<Model: Module<Scalar>>(in step: TrainingStep<Model>) -> [Int] {
    adjusters.indices.filter { step.batch.isAdjusted || adjusters[$0].actsOnEveryBatch }
  }

  /// The adjusters' transforms, in order.
  public mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    var transform = CotangentTransform<Scalar>.identity
    for index in acting(in: step) {
      transform = transform.followed(by: try adjusters[index].cotangentTransform(for: step))
    }
    return transform
  }

  /// Lets each adjuster change the gradient, in order.
  public mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) throws {
    for index in acting(in: step) { try adjusters[index].adjust(&gradient, for: step) }
  }

  /// Folds the model back, last adjuster first.
  public func folded<Model: Module<Scalar>>(
    _ model: Model, over inputs: Tensor<Scalar>?
  ) throws -> Model {
    try adjusters.reversed().reduce(model) { try $1.folded($0, over: inputs) }
  }

  /// What each adjuster measured in the last step, in order.
  ///
  /// Where there are several adjusters of one type, the second one's have `-2` after their names, and so on.
  public var diagnostics: [AdjusterDiagnostic] {
    let types = adjusters.map { ObjectIdentifier(type(of: $0)) }
    return adjusters.indices.flatMap { index in
      let alike = types[...index].count { $0 == types[index] }
      return adjusters[index].diagnostics.map { alike == 1 ? $0 : $0.named("\($0.name)-\(alike)") }
    }
  }

  /// Shows each adjuster's state, named by its place: `0`, `1` and so on.
  ///
  /// - Throws: `StateError` if one does not fit, or there were other adjusters.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    for index in adjusters.indices { try visitor.visit(&adjusters[index], named: "\(index)") }
  }
}
