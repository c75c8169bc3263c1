import TensorKit

// Rows of complex numbers: all real parts, then as many imaginary parts.

extension Tensor {
  /// Complex numbers times the imaginary unit: `-b + a i` for `a + b i`.
  func timesImaginaryUnit() -> Tensor {
    let half = shape[1] / 2
    return .concatenated(
      [-slice(half..<(2 * half), alongAxis: 1), slice(0..<half, alongAxis: 1)], alongAxis: 1)
  }
}

extension Variable {
  /// The real parts of rows of complex numbers.
  ///
  /// - Precondition: There are two axes, and the number of columns is even.
  public func realParts() -> Variable { complexParts().real }

  /// The real and the imaginary parts of rows of complex numbers, each of shape [rows, columns / 2].
  ///
  /// A row of complex numbers holds all real parts, then as many imaginary parts.
  ///
  /// - Precondition: There are two axes, and the number of columns is even.
  public func complexParts() -> (real: Variable, imaginary: Variable) {
    precondition(
      shape.count == 2 && shape[1] % 2 == 0,
      "complex numbers in rows of a variable of shape \(shape)")
    let half = shape[1] / 2
    return (slice(0..<half, alongAxis: 1), slice(half..<(2 * half), alongAxis: 1))
  }

  /// Rows of complex numbers with given real and imaginary parts.
  ///
  /// - Precondition: The shapes are equal, of two axes.
  public static func complexRows(real: Variable, imaginary: Variable) -> Variable {
    .concatenated([real, imaginary], alongAxis: 1)
  }

  /// Complex numbers times the imaginary unit: `-b + a i` for `a + b i`.
  func timesImaginaryUnit() -> Variable {
    let (real, imaginary) = complexParts()
    return .complexRows(real: -imaginary, imaginary: real)
  }
}
