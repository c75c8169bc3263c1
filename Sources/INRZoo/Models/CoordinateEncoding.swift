import AutoDiff

/// A fixed map of coordinates to features, put before a network's layers.
public protocol CoordinateEncoding<Scalar>: Module {
  /// The number of coordinates of a row.
  var inputs: Int { get }
  /// The number of features of a row.
  var outputs: Int { get }
}
