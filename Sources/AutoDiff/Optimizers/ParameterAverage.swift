import TensorKit

/// The mean of a model's parameters over some steps of its training.
///
/// Steps of a rate that does not fall to zero leave parameters moving to and fro, the more so the smaller batches are.
/// Their mean over the last steps lies in the middle of that.
///
/// ```swift
/// var average = ParameterAverage<Float>()
/// for step in 0..<1000 {
///   try trainer.advance(on: source.nextBatch())
///   if step >= 900 { average.add(trainer.model.parameters) }
/// }
/// let averaged = average.applied(to: trainer.model)
/// ```
///
/// Source: B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992; P. Izmailov et al.,
/// "Averaging weights leads to wider optima and better generalization", UAI 2018.
public struct ParameterAverage<Scalar: TensorScalar>: Checkpointable, Sendable {
  /// Over how many steps.
  public private(set) var count = 0
  /// Shape: [parameters]; nil before the first step.
  private var values: Tensor<Scalar>?

  /// The mean over no steps.
  public init() {}

  /// Takes the parameters after a step into the mean.
  ///
  /// - Precondition: They have the layout of those before.
  public mutating func add(_ parameters: ParameterVector<Scalar>) {
    precondition(
      values.map { $0.shape == parameters.values.shape } ?? true,
      "a mean over parameters of \(values?.count ?? 0) and of \(parameters.values.count) numbers")
    count += 1
    let share = 1 / Scalar(count)
    guard var mean = values else {
      values = parameters.values
      return
    }
    values = nil
    mean *= 1 - share
    mean += parameters.values * share
    values = mean
  }

  /// A model with the mean as its parameters; the model as it is if there was no step.
  ///
  /// - Precondition: The model has as many parameters.
  public func applied<Model: Module<Scalar>>(to model: Model) -> Model {
    guard let values else { return model }
    var copy = model
    copy.parameters = ParameterVector(values, layout: model.parameterLayout)
    return copy
  }

  /// Shows the mean and the number of steps.
  ///
  /// - Throws: `StateError` if the number is negative.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&count, named: "count")
    try visitor.visit(&values, named: "mean")
    try visitor.require(
      count >= 0 && (count == 0) == (values == nil), of: "count", "there were \(count) steps")
  }
}
