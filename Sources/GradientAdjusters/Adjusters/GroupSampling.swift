/// Which sample stands for each group when a kernel across groups is computed.
public enum GroupSampling: String, Sendable, CaseIterable {
  /// The sample with the largest residual at the current parameters: the paper's choice.
  ///
  /// The residuals cost a forward sweep over the batch before the adjusted one.
  case largestResidual = "largest-residual"
  /// The sample whose residual was the largest in the previous step; no sweep of its own.
  case previousLargestResidual = "largest-residual-previous"
  /// The sample in the middle of the group's rows.
  case center
  /// A random sample, drawn anew each time.
  case random
  /// A random sample, drawn once.
  case randomOnce = "random-once"
  /// The sum over many samples, as the paper's released image script computes it.
  ///
  /// The script finds the place of the largest residual in each group, and then takes, in every group,
  /// the gradient of the sum over all the places found, with multiplicity.
  case aggregate
}
