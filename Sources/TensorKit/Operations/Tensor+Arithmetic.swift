import CTensorKernels

// Arithmetic is elementwise, and broadcasts: axes are aligned at the last one, and an extent of one
// stretches to the other operand's.
extension Tensor {
  /// The sum of two tensors, element by element, with broadcasting.
  public static func + (left: Tensor, right: Tensor) -> Tensor { binary(tk_add, left, right) }

  /// The sum of each element and a number.
  public static func + (left: Tensor, right: Scalar) -> Tensor { binary(tk_add, left, right) }

  /// The sum of a number and each element.
  public static func + (left: Scalar, right: Tensor) -> Tensor { binary(tk_add, left, right) }

  /// The difference of two tensors, element by element, with broadcasting.
  public static func - (left: Tensor, right: Tensor) -> Tensor { binary(tk_subtract, left, right) }

  /// The difference of each element and a number.
  public static func - (left: Tensor, right: Scalar) -> Tensor { binary(tk_subtract, left, right) }

  /// The difference of a number and each element.
  public static func - (left: Scalar, right: Tensor) -> Tensor { binary(tk_subtract, left, right) }

  /// The product of two tensors, element by element, with broadcasting.
  ///
  /// For the product of matrices see ``matrixProduct(_:_:transposingLeft:transposingRight:)``.
  public static func * (left: Tensor, right: Tensor) -> Tensor { binary(tk_multiply, left, right) }

  /// The product of each element and a number.
  public static func * (left: Tensor, right: Scalar) -> Tensor { binary(tk_multiply, left, right) }

  /// The product of a number and each element.
  public static func * (left: Scalar, right: Tensor) -> Tensor { binary(tk_multiply, left, right) }

  /// The quotient of two tensors, element by element, with broadcasting.
  public static func / (left: Tensor, right: Tensor) -> Tensor { binary(tk_divide, left, right) }

  /// The quotient of each element and a number.
  public static func / (left: Tensor, right: Scalar) -> Tensor { binary(tk_divide, left, right) }

  /// The quotient of a number and each element.
  public static func / (left: Scalar, right: Tensor) -> Tensor { binary(tk_divide, left, right) }

  /// The negative of each element.
  public static prefix func - (tensor: Tensor) -> Tensor { tensor.mapped(tk_negate) }

  /// Adds a tensor, in place; only the right operand may be stretched.
  public static func += (left: inout Tensor, right: Tensor) { left.combine(tk_add, with: right) }

  /// Subtracts a tensor, in place; only the right operand may be stretched.
  public static func -= (left: inout Tensor, right: Tensor) {
    left.combine(tk_subtract, with: right)
  }

  /// Multiplies by a tensor, in place; only the right operand may be stretched.
  public static func *= (left: inout Tensor, right: Tensor) {
    left.combine(tk_multiply, with: right)
  }

  /// Divides by a tensor, in place; only the right operand may be stretched.
  public static func /= (left: inout Tensor, right: Tensor) { left.combine(tk_divide, with: right) }

  /// Multiplies each element by a number, in place.
  public static func *= (left: inout Tensor, right: Scalar) {
    left.makeUnique()
    withUnsafePointer(to: right) {
      Scalar.kernels.binary(
        Int32(tk_multiply), Int32(tk_right_scalar), left.storage.elements, $0,
        left.storage.elements, left.count)
    }
  }

  /// Adds a multiple of a tensor of the same shape, in place: `self += scale * other`.
  ///
  /// - Precondition: The shapes are equal.
  public mutating func add(_ other: Tensor, scaledBy scale: Scalar) {
    precondition(
      shape == other.shape, "a tensor of shape \(other.shape) cannot be added to one of \(shape)")
    makeUnique()
    Scalar.kernels.accumulate(scale, other.storage.elements, storage.elements, count)
    withExtendedLifetime(other) {}
  }

  /// The smaller of two tensors' elements, with broadcasting; NaN where either is.
  public static func minimum(_ left: Tensor, _ right: Tensor) -> Tensor {
    binary(tk_minimum, left, right)
  }

  /// The larger of two tensors' elements, with broadcasting; NaN where either is.
  public static func maximum(_ left: Tensor, _ right: Tensor) -> Tensor {
    binary(tk_maximum, left, right)
  }

  /// The elements, each moved into a closed range.
  public func clamped(to range: ClosedRange<Scalar>) -> Tensor {
    Tensor.binary(
      tk_minimum, Tensor.binary(tk_maximum, self, range.lowerBound), range.upperBound)
  }
}
