/// A value whose state can be written down and restored, to the last bit.
///
/// A type lists what changes as it is used, once, by name. The list serves both directions: the visitor
/// either notes each value, or replaces it by what was noted.
///
/// ```swift
/// struct RunningMean: Checkpointable {
///   var count = 0
///   var mean: Double?
///   mutating func visitState(_ visitor: inout StateVisitor) throws {
///     try visitor.visit(&count, named: "count")
///     try visitor.visit(&mean, named: "mean")
///   }
/// }
/// ```
///
/// Configuration is not state: what an initializer is given stays as it is. So a state is restored into
/// a value that was made like the one that it was saved from. Conforming types are values; of a class,
/// a failed restore would change a part.
public protocol Checkpointable: Sendable {
  /// Shows everything that changes to a visitor, each under a name of its own.
  ///
  /// What follows from the rest, such as a cache, is left out of the list, and made again or cleared if
  /// ``StateVisitor/isReading``.
  ///
  /// - Throws: ``StateError`` if a visitor that reads lacks a value or has one that does not fit.
  mutating func visitState(_ visitor: inout StateVisitor) throws
}

extension Checkpointable {
  /// The value's state.
  ///
  /// - Throws: ``StateError/repeated(name:)`` if two values have one name.
  public func savedState() throws -> SavedState {
    var copy = self
    var visitor = StateVisitor()
    try copy.visitState(&visitor)
    return visitor.state
  }

  /// Replaces the value's state by a saved one.
  ///
  /// - Parameter state: The state of a value that was made like this one.
  /// - Throws: ``StateError`` if the state lacks an entry, has one of another kind or shape, or one that
  ///   the value does not know. The value is then unchanged.
  public mutating func restore(from state: SavedState) throws {
    var copy = self
    var visitor = StateVisitor(reading: state)
    try copy.visitState(&visitor)
    try visitor.requireNothingLeft()
    self = copy
  }
}
