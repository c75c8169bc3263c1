import AutoDiff
import TensorKit

/// Bumps around points: `exp(-γ_h |x - μ_h|² / 2)`, inputs x, μ and γ of shapes [samples, coordinates],
/// [units, coordinates] and [units].
struct GaussianEnvelope<Scalar: TensorScalar>: Primitive {
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    let distances = squaredDistances(inputs.map { Variable($0) })
    return (distances.value * inputs[2] * -0.5).exponential()
  }

  /// `x_k - μ_hk` of one coordinate k, of shape [samples, units].
  private func differences(
    _ points: Variable<Scalar>, _ centers: Variable<Scalar>, coordinate: Int
  ) -> Variable<Scalar> {
    let column = coordinate..<(coordinate + 1)
    return points.slice(column, alongAxis: 1)
      - centers.slice(column, alongAxis: 1).reshaped(to: [1, -1])
  }

  private func squaredDistances(_ inputs: [Variable<Scalar>]) -> Variable<Scalar> {
    let squares = (0..<inputs[0].shape[1]).map {
      differences(inputs[0], inputs[1], coordinate: $0).squared()
    }
    return squares.dropFirst().reduce(squares[0], +)
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    var exponents: [Variable<Scalar>] = []
    if tangents[0] != nil || tangents[1] != nil {
      let points = tangents[0] ?? Variable(Tensor(zeros: inputs[0].shape))
      let centers = tangents[1] ?? Variable(Tensor(zeros: inputs[1].shape))
      for coordinate in 0..<inputs[0].shape[1] {
        exponents.append(
          differences(inputs[0], inputs[1], coordinate: coordinate)
            * differences(points, centers, coordinate: coordinate) * inputs[2])
      }
    }
    if let tangent = tangents[2] { exponents.append(squaredDistances(inputs) * tangent * 0.5) }
    guard let first = exponents.first else { return nil }
    return -(exponents.dropFirst().reduce(first, +) * output)
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    let shares = cotangent * output
    let (samples, units) = (inputs[0].shape[0], inputs[1].shape[0])
    let forces =
      needed[0] || needed[1]
      ? (0..<inputs[0].shape[1]).map {
        shares * inputs[2] * differences(inputs[0], inputs[1], coordinate: $0)
      } : []
    return [
      needed[0]
        ? -Variable.concatenated(forces.map { $0.summed(to: [samples, 1]) }, alongAxis: 1) : nil,
      needed[1]
        ? .concatenated(
          forces.map { $0.summed(to: [units]).reshaped(to: [units, 1]) }, alongAxis: 1) : nil,
      needed[2] ? (shares * squaredDistances(inputs) * -0.5).summed(to: [units]) : nil,
    ]
  }

  /// Gradients of a unit's centre and width are numbers of their own for each sample.
  func perSampleGradients(
    _ cotangent: Tensor<Scalar>, of evaluation: Evaluation<Scalar>, at inputs: [Tensor<Scalar>],
    needed: [Bool]
  ) -> [PerSampleGradient<Scalar>]? {
    guard !needed[0] else { return nil }
    let (samples, units) = (inputs[0].shape[0], inputs[1].shape[0])
    let variables = inputs.map { Variable($0) }
    let shares = cotangent * evaluation.value
    var gradients: [PerSampleGradient<Scalar>] = []
    if needed[1] {
      let forces = (0..<inputs[0].shape[1]).map { coordinate in
        (shares * inputs[2]
          * differences(variables[0], variables[1], coordinate: coordinate).value)
          .reshaped(to: [samples, units, 1])
      }
      gradients.append(
        PerSampleGradient(
          ofInput: 1,
          outer: Tensor.concatenated(forces, alongAxis: 2).reshaped(
            to: [samples, units * forces.count]), inner: nil))
    }
    if needed[2] {
      gradients.append(
        PerSampleGradient(
          ofInput: 2, outer: shares * squaredDistances(variables).value * -0.5, inner: nil))
    }
    return gradients
  }
}
