import TensorKit

/// A tile of a batch between the phases of a pass: its recording, and the derivatives that have come as far
/// as the normalizations.
///
/// The recording is in segments, from the inputs to the first normalization, from there to the next and
/// so on; the last one ends with the outputs. Where parts of a model are passed by, a segment starts at
/// several normalizations. Without normalizations there is one segment.
struct RecordedTile<Scalar: TensorScalar>: Sendable {
  var recording = TileRecording<Scalar>()
  /// Whether the recording holds what derivatives need.
  var isDifferentiable = false
  /// The bytes that the recording has taken from a budget.
  private var bytesTaken = 0
  /// ∂loss/∂outputs, once it is known and as long as it may be needed again.
  private var outputCotangent: Tensor<Scalar>?
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
  private mutating func forgetRecording() {
    recording = TileRecording()
    derivatives = []
  }

  /// Keeps the recording if that is wanted and there is room for it, and forgets it otherwise.
  mutating func settle(keeping isWanted: Bool, in budget: RecordingBudget, rows: Int) {
    budget.give(bytesTaken)
    bytesTaken = 0
    if isWanted {
      let numbers = derivatives.reduce(0) { $0 + ($1?.count ?? 0) }
      let bytes = recording.bytes + numbers * MemoryLayout<Scalar>.stride
      if budget.take(bytes, rows: rows) {
        bytesTaken = bytes
        return
      }
    }
    forgetRecording()
  }

  /// Pulls a cotangent of the outputs back to the last segment's beginnings and to leaves.
  ///
  /// - Parameter isLast: Whether the segment is not needed again.
  mutating func pullBack(
    _ cotangent: consuming Tensor<Scalar>, leaves: [Variable<Scalar>], isLast: Bool,
    into gradients: inout [CotangentSum<Scalar>]
  ) {
    precondition(
      cotangent.shape == outputs.shape,
      "a cotangent of shape \(cotangent.shape) for outputs of shape \(outputs.shape)")
    let segments = recording.normalized.count
    if segments == 0 {
      Sweep(from: rootOfLastSegment, to: leaves).pullBack(cotangent, into: &gradients)
    } else {
      outputCotangent = cotangent
      pullBack(fromSegment: segments, leaves: leaves, into: &gradients)
      if isLast { recording.letGo(ofSegment: segments) }
    }
  }

  /// Corrects the cotangent at a normalization and pulls it on to the segment's beginnings and to leaves.
  ///
  /// A cotangent that was forgotten is pulled back from the outputs again.
  ///
  /// - Parameter isLast: Whether the segment is not needed again.
  mutating func pullBack(
    fromNormalization index: Int, _ statistics: [ColumnStatistics<Scalar>],
    _ means: [DerivativeMeans], leaves: [Variable<Scalar>], isLast: Bool,
    into gradients: inout [CotangentSum<Scalar>]
  ) {
    if derivatives.isEmpty {
      var none: [CotangentSum<Scalar>] = []
      for later in statistics.indices[index...].reversed() {
        pullBack(fromSegment: later + 1, leaves: [], into: &none)
        correct(at: later, statistics[later], means[later])
      }
    } else {
      correct(at: index, statistics[index], means[index])
    }
    pullBack(fromSegment: index, leaves: leaves, into: &gradients)
    if isLast { recording.letGo(ofSegment: index) }
  }

  /// Pushes tangents of leaves forward to a segment's end, correcting those at the normalizations before it.
  ///
  /// - Returns: The tangent there; nil for zeros.
  mutating func pushForward(
    toSegment segment: Int, _ statistics: [ColumnStatistics<Scalar>], _ means: [DerivativeMeans],
    leaves: [Variable<Scalar>], tangents: [Tensor<Scalar>?]
  ) -> Tensor<Scalar>? {
    let isGone = derivatives.isEmpty
    for earlier in isGone ? 0..<segment : max(0, segment - 1)..<segment {
      if isGone {
        _ = pushForward(throughSegment: earlier, leaves: leaves, tangents: tangents)
      }
      correct(at: earlier, statistics[earlier], means[earlier])
    }
    return pushForward(throughSegment: segment, leaves: leaves, tangents: tangents)
  }

  /// Pulls the cotangent at a segment's end back to the segment's beginnings and to leaves, adding to
  /// what is known there.
  private mutating func pullBack(
    fromSegment segment: Int, leaves: [Variable<Scalar>],
    into gradients: inout [CotangentSum<Scalar>]
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
    var sums: [CotangentSum<Scalar>] = []
    swap(&sums, &gradients)
    for index in 0..<segment { sums.append(CotangentSum(takeDerivative(at: index))) }
    let cuts = recording.normalized[..<segment].map(\.cut)
    Sweep(from: root, to: leaves + cuts).pullBack(cotangent, into: &sums)
    for index in (0..<segment).reversed() { derivatives[index] = sums[leaves.count + index].take() }
    sums.removeLast(segment)
    gradients = sums
  }

  /// Pushes tangents of leaves, and those at a segment's beginnings, forward to its end.
  ///
  /// - Returns: The tangent there; nil for zeros.
  private mutating func pushForward(
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
  private mutating func correct(
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

extension TileRecording {
  /// The bytes of what only the recording holds.
  var bytes: Int {
    var counted: Set<ObjectIdentifier> = []
    return (normalized.map(\.received) + [pending, output].compactMap { $0 }).reduce(0) {
      $0 + $1.recordedBytes(excluding: &counted)
    }
  }
}
