#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// What the package takes from the platform's C library, in one place. The functions are methods, named like those
// of `Tensor`, so that they never compete with the C library's where a file imports that as well.
extension Double {
  /// The sine of an angle in radians.
  package func sine() -> Double { sin(self) }

  /// The cosine of an angle in radians.
  package func cosine() -> Double { cos(self) }

  /// e to the power of the number.
  package func exponential() -> Double { exp(self) }

  /// The natural logarithm.
  package func logarithm() -> Double { log(self) }

  /// The logarithm to base 10.
  package func decimalLogarithm() -> Double { log10(self) }

  /// The number to a power.
  package func raised(to exponent: Double) -> Double { pow(self, exponent) }

  /// The length of a vector in the plane, without overflow in between.
  package static func length(_ x: Double, _ y: Double) -> Double { hypot(x, y) }

  /// The angle of a vector in the plane in radians, within -π...π.
  package static func angle(x: Double, y: Double) -> Double { atan2(y, x) }
}

/// Writes out what was printed so far, which the end of a program would lose.
package func flushOutput() { fflush(nil) }
