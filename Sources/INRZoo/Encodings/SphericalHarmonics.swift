import AutoDiff
import TensorKit

/// The real spherical harmonics of directions up to a degree: 1, 4, 9 or 16 values.
///
/// The values are polynomials in the direction's x, y and z, in the order l = 0, 1, … and m = −l … l:
///
///     1
///     −y, z, −x
///     xy, −yz, 3z² − 1, −xz, x² − y²
///     −y(3x² − y²), xyz, −y(5z² − 1), z(5z² − 3), −x(5z² − 1), z(x² − y²), −x(x² − 3y²)
///
/// each times its constant, so that they are orthonormal on the sphere. Off the sphere these polynomials are what
/// is computed and differentiated; other forms that are equal on the sphere have other derivatives by a free
/// direction.
///
/// Source: tiny-cuda-nn's encoding `SphericalHarmonics`, whose degree 4 is `degree: 3` here.
public struct SphericalHarmonics<Scalar: TensorScalar>: CoordinateEncoding {
  /// The largest l.
  public let degree: Int
  private let polynomials: PolynomialPrimitive<Scalar>

  /// Harmonics up to a degree.
  ///
  /// - Parameter degree: The largest l.
  /// - Precondition: The degree is from 0 to 3.
  public init(degree: Int = 3) {
    precondition((0...3).contains(degree), "harmonics of degree \(degree), not from 0 to 3")
    self.degree = degree
    let monomials = PolynomialPrimitive<Scalar>.Monomials(degree: degree)
    let harmonics = realHarmonics.prefix((degree + 1) * (degree + 1))
    var coefficients = Tensor<Scalar>(zeros: [monomials.exponents.count, harmonics.count])
    for (place, harmonic) in harmonics.enumerated() {
      for term in harmonic.terms {
        guard let row = monomials.exponents.firstIndex(of: term.exponent) else { continue }
        coefficients[row, place] = Scalar(harmonic.constant * term.factor)
      }
    }
    polynomials = PolynomialPrimitive(monomials: monomials, coefficients: coefficients)
  }

  /// Three coordinates.
  public var inputs: Int { 3 }

  /// The number of values: (degree + 1)².
  public var outputs: Int { (degree + 1) * (degree + 1) }

  /// The harmonics of directions.
  ///
  /// - Parameter input: Unit vectors. Shape: [directions, 3].
  /// - Returns: Shape: [directions, (degree + 1)²].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    precondition(
      input.shape.count == 2 && input.shape[1] == 3,
      "directions of shape \(input.shape); three columns are needed")
    return .applying(polynomials, to: input)
  }

  /// Has no parameters.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {}
}

/// A harmonic: a constant times a sum of monomials with whole factors.
private struct RealHarmonic: Sendable {
  let constant: Double
  let terms: [(factor: Double, exponent: SIMD3<Int>)]

  /// √(numerator / (denominator π)) times the terms.
  init(
    _ numerator: Double, over denominator: Double,
    _ terms: [(factor: Double, exponent: SIMD3<Int>)]
  ) {
    constant = (numerator / (denominator * Double.pi)).squareRoot()
    self.terms = terms
  }
}

/// The harmonics up to l = 3, in the order l = 0, 1, … and m = −l … l.
private let realHarmonics: [RealHarmonic] = {
  let (one, x, y, z) = (SIMD3(0, 0, 0), SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1))
  return [
    RealHarmonic(1, over: 4, [(1, one)]),
    RealHarmonic(3, over: 4, [(-1, y)]),
    RealHarmonic(3, over: 4, [(1, z)]),
    RealHarmonic(3, over: 4, [(-1, x)]),
    RealHarmonic(15, over: 4, [(1, x &+ y)]),
    RealHarmonic(15, over: 4, [(-1, y &+ z)]),
    RealHarmonic(5, over: 16, [(3, z &+ z), (-1, one)]),
    RealHarmonic(15, over: 4, [(-1, x &+ z)]),
    RealHarmonic(15, over: 16, [(1, x &+ x), (-1, y &+ y)]),
    RealHarmonic(35, over: 32, [(-3, x &+ x &+ y), (1, y &+ y &+ y)]),
    RealHarmonic(105, over: 4, [(1, x &+ y &+ z)]),
    RealHarmonic(21, over: 32, [(-5, y &+ z &+ z), (1, y)]),
    RealHarmonic(7, over: 16, [(5, z &+ z &+ z), (-3, z)]),
    RealHarmonic(21, over: 32, [(-5, x &+ z &+ z), (1, x)]),
    RealHarmonic(105, over: 16, [(1, x &+ x &+ z), (-1, y &+ y &+ z)]),
    RealHarmonic(35, over: 32, [(-1, x &+ x &+ x), (3, x &+ y &+ y)]),
  ]
}()
