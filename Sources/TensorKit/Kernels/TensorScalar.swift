/// A real number type that tensors can hold: `Float` or `Double`.
///
/// Generic code reaches the compiled kernels through ``kernels``, a table of concrete functions, so
/// no client ever runs an unspecialized loop over elements. The table cannot be made outside this
/// module, which keeps the set of conforming types closed.
public protocol TensorScalar: BinaryFloatingPoint, StateArrayElement, LosslessStringConvertible {
  /// The compiled kernels for this type.
  static var kernels: TensorKernels<Self> { get }
}

extension Float: TensorScalar {
  /// The single-precision kernels: oneDNN's products, and this package's own C.
  public static let kernels = TensorKernels<Float>.singlePrecision
}

extension Double: TensorScalar {
  /// The double-precision kernels: this package's own C.
  public static let kernels = TensorKernels<Double>.doublePrecision
}
