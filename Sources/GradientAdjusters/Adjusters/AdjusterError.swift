/// Why an adjuster could not do its work.
public enum AdjusterError: Error, Equatable, CustomStringConvertible {
  /// Not fewer eigenvalues than groups are to be equalized.
  case endNotBelowGroups(end: Int, groups: Int)
  /// Bands were made for a batch of another number of rows.
  case bandsOfOtherRows(bands: Int, batch: Int)
  /// A kernel, residual or gradient holds an infinity or NaN.
  case nonFinite(String)
  /// An eigenvalue problem was not solved.
  case notDecomposed(String)
  /// A transform changed the shape of what it was given.
  case shape(expected: [Int], found: [Int])

  /// One sentence that says what is wrong and what helps.
  public var description: String {
    switch self {
    case .endNotBelowGroups(let end, let groups):
      """
      \(end) eigenvalues cannot be equalized with \(groups) whole groups: choose an end below \
      \(groups), or smaller groups.
      """
    case .bandsOfOtherRows(let bands, let batch):
      """
      Bands of \(bands) rows were given for a batch of \(batch): make them from the batch's own \
      points.
      """
    case .nonFinite(let what):
      """
      The \(what) is not finite, so the run has diverged: a smaller learning rate, or a schedule \
      that lowers it, usually helps.
      """
    case .notDecomposed(let reason): "The kernel could not be decomposed: \(reason)"
    case .shape(let expected, let found):
      "A cotangent transform was given shape \(expected) and returned shape \(found)."
    }
  }
}
