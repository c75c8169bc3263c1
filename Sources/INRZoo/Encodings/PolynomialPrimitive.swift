import AutoDiff
import TensorKit

/// Polynomials of rows of three coordinates: a matrix of coefficients times the monomials up to a degree.
///
/// The derivative by a coordinate has the same form, with other coefficients.
struct PolynomialPrimitive<Scalar: TensorScalar>: Primitive {
  let monomials: Monomials
  /// Shape: [monomials, polynomials].
  let coefficients: Tensor<Scalar>

  /// The monomials of three variables up to a degree: 1, x, y, z, x², xy and so on.
  struct Monomials: Sendable {
    /// The powers of the coordinates, lower degrees first.
    let exponents: [SIMD3<Int>]
    private let place: [SIMD3<Int>: Int]

    init(degree: Int) {
      exponents = (0...degree).flatMap { total in
        (0...total).flatMap { z in
          (0...(total - z)).map { SIMD3(total - z - $0, $0, z) }
        }
      }
      place = Dictionary(uniqueKeysWithValues: exponents.enumerated().map { ($1, $0) })
    }

    /// The place of the monomial with one power less of a coordinate; nil if it has none.
    func place(of exponent: SIMD3<Int>, loweringPowerOf axis: Int) -> Int? {
      var lower = exponent
      lower[axis] -= 1
      return place[lower]
    }

    /// The monomials of points of shape [n, 3], as columns: of shape [monomials, n].
    func columns(at points: Tensor<Scalar>) -> Tensor<Scalar> {
      let coordinates = points.transposed()
      var rows = [Tensor<Scalar>(repeating: 1, shape: [1, points.shape[0]])]
      for exponent in exponents.dropFirst() {
        let axis = exponent.x > 0 ? 0 : exponent.y > 0 ? 1 : 2
        guard let lower = place(of: exponent, loweringPowerOf: axis) else { continue }
        rows.append(rows[lower] * coordinates.slice(axis..<(axis + 1)))
      }
      return .concatenated(rows)
    }
  }

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    .matrixProduct(monomials.columns(at: inputs[0]), coefficients, transposingLeft: true)
  }

  /// The polynomials' derivatives by a coordinate.
  private func derivative(by axis: Int) -> PolynomialPrimitive {
    var derived = Tensor<Scalar>(zeros: coefficients.shape)
    for (place, exponent) in monomials.exponents.enumerated() {
      guard let lower = monomials.place(of: exponent, loweringPowerOf: axis) else { continue }
      let row = coefficients.slice(place..<(place + 1)) * Scalar(exponent[axis])
      derived.setRows(at: [lower], to: row)
    }
    return PolynomialPrimitive(monomials: monomials, coefficients: derived)
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    tangents[0].map { tangent in
      let terms = (0..<3).map { axis in
        Variable.applying(derivative(by: axis), to: inputs[0])
          * tangent.slice(axis..<(axis + 1), alongAxis: 1)
      }
      return terms[0] + terms[1] + terms[2]
    }
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    let coordinates = (0..<3).map { axis in
      (Variable.applying(derivative(by: axis), to: inputs[0]) * cotangent)
        .sum(alongAxis: 1, keepingAxis: true)
    }
    return [.concatenated(coordinates, alongAxis: 1)]
  }
}
