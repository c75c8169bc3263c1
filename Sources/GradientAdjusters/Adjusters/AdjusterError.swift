/// Why an adjuster could not do its work.
public enum AdjusterError: Error, Equatable, CustomStringConvertible {
  /// Not fewer eigenvalues than groups are to be equalized.
  case endNotBelowGroups(end: Int, groups: Int)
  /// Not fewer eigenvalues than samples of the batch are to be equalized.
  case endNotBelowSamples(end: Int, samples: Int)
  /// More eigenvalues of a kernel were asked for than it has.
  case tooFewEigenvalues(wanted: Int, size: Int)
  /// A factor of an eigenvalue is not finite and positive.
  case factorNotPositive(Double)
  /// A kernel has another shape than the batch needs.
  case kernelShape(expected: [Int], found: [Int])
  /// A kernel is not symmetric.
  case kernelNotSymmetric
  /// Bands were made for a batch of another number of rows.
  case bandsOfOtherRows(bands: Int, batch: Int)
  /// A loss, gradient, kernel or the like holds an infinity or NaN: the run has diverged.
  ///
  /// What it is, with the name of its parameter or layer if it has one, and at which step.
  case nonFinite(String, step: Int? = nil)
  /// The optimizer's update at a step would have made a parameter infinite or NaN.
  case updateNotFinite(parameter: String, step: Int)
  /// The inputs or targets of a batch hold an infinity or NaN.
  case dataNotFinite(String)
  /// A batch has no rows.
  case noRows
  /// An eigenvalue problem was not solved.
  case notDecomposed(String)
  /// A transform changed the shape of what it was given.
  case shape(expected: [Int], found: [Int])
  /// The model has no linear layer of a name.
  case noSuchLayer(name: String, layers: [String])
  /// The model has no linear layer with a role that is to be rewritten.
  case noHiddenLayer(layers: [String])

  /// A model with batch normalization is to be folded, and the batch was not given.
  case needsInputs
  /// The normalization of a layer cannot be folded into plain layers.
  case cannotFold(layer: String, reason: String)

  /// One sentence that says what is wrong and what helps.
  public var description: String {
    switch self {
    case .endNotBelowGroups(_, groups: 0):
      "The batch has no whole group, so there is no kernel of groups: choose smaller groups."
    case .endNotBelowGroups(let end, let groups):
      """
      \(end) eigenvalues cannot be equalized with \(groups) whole groups: choose an end below \
      \(groups), or smaller groups.
      """
    case .endNotBelowSamples(let end, let samples):
      """
      \(end) eigenvalues cannot be equalized with \(samples) samples: choose an end below \(samples).
      """
    case .tooFewEigenvalues(let wanted, let size):
      "\(wanted) eigenvalues were asked for of a kernel of \(size) samples."
    case .factorNotPositive(let factor):
      """
      An eigenvalue was to be multiplied by \(factor); a factor must be finite and positive, so that no \
      direction is removed or reversed.
      """
    case .kernelShape(let expected, let found):
      "A kernel of shape \(found) was given for a batch that needs one of shape \(expected)."
    case .kernelNotSymmetric:
      "A kernel was given that is not symmetric; its entries [i, j] and [j, i] must agree."
    case .bandsOfOtherRows(let bands, let batch):
      """
      Bands of \(bands) rows were given for a batch of \(batch): make them from the batch's own \
      points.
      """
    case .nonFinite(let what, let step):
      """
      \(step.map { "At step \($0) the" } ?? "The") \(what) is not finite, so the run has diverged: a smaller \
      learning rate, or a schedule that lowers it, usually helps.
      """
    case .updateNotFinite(let parameter, let step):
      """
      The update at step \(step) would have made \(parameter) infinite or NaN, and was not made: the learning rate \
      is too large.
      """
    case .dataNotFinite(let what):
      "The \(what) of the batch hold an infinity or NaN: leave these rows out, or repair them."
    case .noRows:
      "The batch has no rows, from which nothing can be learned: give it at least one."
    case .notDecomposed(let reason): "The kernel could not be decomposed: \(reason)"
    case .shape(let expected, let found):
      "A cotangent transform was given shape \(expected) and returned shape \(found)."
    case .noSuchLayer(let name, let layers):
      "The model has no linear layer \(name); its layers are \(layers.joined(separator: ", "))."
    case .noHiddenLayer(let layers):
      """
      None of the model's \(layers.count) linear layers is a trainable one with a role that is to be \
      rewritten; add a hidden layer, show the layers with their roles, or name the layers to rewrite.
      """
    case .needsInputs:
      """
      What a model with batch normalization computes depends on the batch: give the inputs that it is \
      to be folded over, as in plainModel(over: batch.inputs).
      """
    case .cannotFold(let layer, let reason):
      "The batch normalization of \(layer) cannot be folded: \(reason)."
    }
  }
}
