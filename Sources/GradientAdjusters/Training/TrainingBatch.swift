import TensorKit

/// What a model is fitted to in one step: inputs, targets and how their rows form groups.
public struct TrainingBatch<Scalar: TensorScalar>: Sendable {
  /// The model's inputs, of shape [samples, inputs].
  public let inputs: Tensor<Scalar>
  /// What its outputs are to become, of shape [samples, outputs].
  public let targets: Tensor<Scalar>
  /// How the rows form groups.
  public let groups: RowGroups

  /// A batch; each row is a group of its own unless groups are given.
  ///
  /// - Precondition: Inputs and targets are matrices with as many rows as the groups say.
  public init(inputs: Tensor<Scalar>, targets: Tensor<Scalar>, groups: RowGroups? = nil) {
    precondition(
      inputs.rank == 2 && targets.rank == 2 && inputs.shape[0] == targets.shape[0],
      "a batch with inputs of shape \(inputs.shape) and targets of shape \(targets.shape)")
    let groups = groups ?? RowGroups(rowCount: inputs.shape[0], groupSize: 1)
    precondition(
      groups.rowCount == inputs.shape[0],
      "groups of \(groups.rowCount) rows for a batch of \(inputs.shape[0])")
    self.inputs = inputs
    self.targets = targets
    self.groups = groups
  }

  /// The number of samples.
  public var rowCount: Int { inputs.shape[0] }
}
