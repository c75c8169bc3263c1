import TensorKit

/// A tile of a coupled batch: its recording, and the derivatives that have come as far as the
/// normalizations.
///
/// The recording is in segments, from the inputs to the first normalization, from there to the next and
/// so on; the last one ends with the outputs. Where parts of a model are passed by, a segment starts at
/// several normalizations.
struct CoupledTile<Scalar: TensorScalar>: Sendable {
  var recording = TileRecording<Scalar>()
  /// ∂loss/∂outputs, once it is known.
  var outputCotangent: Tensor<Scalar>?
  /// For each normalization, what is known of the derivative at what it received; nil for zeros.
  ///
  /// A cotangent on the way back, a tangent on the way forward. Empty before a sweep has begun.
  private(set) var derivatives: [Tensor<Scalar>?] = []

  /// The model's outputs.
  ///
  /// - Precondition: The recording is complete.
  var outputs: Tensor<Scalar> { rootOfLastSegment.value }

  private var rootOfLastSegment: Variable<Scalar> {
    guard let output = recording.output else {
      preconditionFailure("a tile was differentiated before its statistics were known")
    }
    return output
  }

  private func root(ofSegment segment: Int) -> Variable<Scalar> {
    segment < recording.normalized.count
      ? recording.normalized[segment].received : rootOfLastSegment
  }

  /// Forgets what can be computed again from the outputs' cotangents.
  mutating func forgetRecording() {
    recording = TileRecording()
    derivatives = []
  }

  /// Pulls the cotangent at a segment's end back to the segment's beginnings and to leaves, adding to
  /// what is known there.
  mutating func pullBack(
    fromSegment segment: Int, leaves: [Variable<Scalar>], into gradients: inout [Tensor<Scalar>?]
  ) {
    let root = root(ofSegment: segment)
    let cotangent: Tensor<Scalar>?
    if segment == recording.normalized.count {
      derivatives = Array(repeating: nil, count: segment)
      cotangent = outputCotangent
    } else {
      cotangent = takeDerivative(at: segment)
    }
    guard let cotangent else { return }
    // Sums are moved, not copied, so that they are added to in place.
    var sums: [Tensor<Scalar>?] = []
    swap(&sums, &gradients)
    for index in 0..<segment { sums.append(takeDerivative(at: index)) }
    let cuts = recording.normalized[..<segment].map(\.cut)
    Sweep(from: root, to: leaves + cuts).pullBack(cotangent, into: &sums)
    for index in (0..<segment).reversed() { derivatives[index] = sums[leaves.count + index] }
    sums.removeLast(segment)
    gradients = sums
  }

  /// Pushes tangents of leaves, and those at a segment's beginnings, forward to its end.
  ///
  /// - Returns: The tangent there; nil for zeros.
  mutating func pushForward(
    throughSegment segment: Int, leaves: [Variable<Scalar>], tangents: [Tensor<Scalar>?]
  ) -> Tensor<Scalar>? {
    if segment == 0 { derivatives = Array(repeating: nil, count: recording.normalized.count) }
    let cuts = recording.normalized[..<segment].map(\.cut)
    let result = Sweep(from: root(ofSegment: segment), to: leaves + cuts).pushForward(
      tangents + derivatives[..<segment])
    if segment < derivatives.count { derivatives[segment] = result }
    return result
  }

  /// What the derivatives at a normalization contribute to their means over the batch.
  func derivativeMeans(
    at index: Int, _ statistics: ColumnStatistics<Scalar>
  ) -> DerivativeMeans {
    DerivativeMeans(
      of: derivatives[index], at: recording.normalized[index].cut.value, statistics)
  }

  /// Corrects the derivatives at a normalization for the dependence of its statistics on all rows.
  mutating func correct(
    at index: Int, _ statistics: ColumnStatistics<Scalar>, _ means: DerivativeMeans
  ) {
    derivatives[index] = means.projected(
      takeDerivative(at: index), at: recording.normalized[index].cut.value, statistics)
  }

  private mutating func takeDerivative(at index: Int) -> Tensor<Scalar>? {
    var derivative: Tensor<Scalar>?
    swap(&derivative, &derivatives[index])
    return derivative
  }
}
