/// What a parameter is in its model.
///
/// The module that shows a parameter, or the layer that holds it, says so once; see ``ModuleVisitor``.
/// Optimizers and adjusters choose parameters and layers by it. A role is not stored with weights.
public enum ParameterRole: Sendable, Equatable {
  /// A weight from the model's inputs, or from features of them, to units.
  case input
  /// A weight from hidden units to hidden units.
  ///
  /// The frequency is ω in radians of the sine `sin(ω ·)` that follows, if the layer was initialized for one;
  /// nil for others.
  case hidden(frequency: Double? = nil)
  /// A weight from hidden units to the model's outputs.
  case output
  /// A bias, or another number that is added to a unit.
  case bias
  /// A table of which a sample uses few rows.
  case table
  /// Anything else: scales, frequencies, and whatever a model says nothing of.
  case other

  /// Whether it is a weight from hidden units to hidden units, of any frequency.
  public var isHidden: Bool {
    if case .hidden = self { true } else { false }
  }

  /// ω of the sine that follows a hidden layer, if there is one.
  public var frequency: Double? {
    if case .hidden(let frequency) = self { frequency } else { nil }
  }

  /// The roles of layers that follow each other: the first is the input's, the last the output's, and
  /// those between are hidden.
  ///
  /// - Parameters:
  ///   - count: The number of layers; a single one is the output's.
  ///   - frequency: ω of the sine that follows each hidden layer, if one does.
  public static func chain(of count: Int, frequency: Double? = nil) -> [ParameterRole] {
    (0..<count).map { index in
      index == count - 1 ? .output : index == 0 ? .input : .hidden(frequency: frequency)
    }
  }
}
