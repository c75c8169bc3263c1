import TensorKit

/// Convolutions that lead to features which are compared, and what follows before the next ones.
///
/// Strips of rows are worked off by themselves, from the maps that the stage is given to what it hands on:
/// neither a convolution's windows nor the features are ever whole in memory.
struct FeatureStage<Scalar: TensorScalar>: Sendable {
  let convolutions: [RectifiedConvolution<Scalar>]
  /// The weight of each channel's squared difference, of shape [channels, 1].
  let head: Tensor<Scalar>
  /// What maps are reduced by after the comparison; nil at the end.
  let pooling: SlidingWindow?

  /// About how many features of a map are held at once.
  private static var stripNumbers: Int { 1 << 20 }
  /// Strips of fewer rows would mostly compute what their neighbours compute as well.
  private static var fewestRows: Int { 8 }

  /// The weighted mean of squared differences between two maps' features, and the maps handed on.
  ///
  /// - Parameters:
  ///   - first: Shape: [height, width, channels].
  ///   - second: The same shape.
  ///   - workers: The threads that share the strips; the result does not depend on their number.
  /// - Returns: The distance, and the pooled features of both, the same maps if there is no pooling.
  func compare(
    _ first: Tensor<Scalar>, _ second: Tensor<Scalar>, workers: Workers
  ) throws -> (distance: Double, first: Tensor<Scalar>, second: Tensor<Scalar>) {
    let strips = strips(ofMapsOf: first.shape)
    let parts = try workers.map(strips.rows.count) { index in
      try part(of: [first, second], strips.rows[index], height: strips.height)
    }
    let sum = parts.reduce(0) { $0 + $1.sum }
    let distance = sum / Double(strips.height * strips.width)
    guard pooling != nil else { return (distance, first, second) }
    return (
      distance, .concatenated(parts.compactMap { $0.pooled.first }),
      .concatenated(parts.compactMap { $0.pooled.last })
    )
  }

  /// The extents of the features, and their rows in strips.
  private func strips(
    ofMapsOf shape: [Int]
  ) -> (rows: [Range<Int>], height: Int, width: Int) {
    let height = convolutions.reduce(shape[0]) { $1.window.count(along: $0) }
    let width = convolutions.reduce(shape[1]) { $1.window.count(along: $0) }
    let stride = pooling?.stride ?? 1
    // Small maps are cut for many cores, whether they are there or not.
    let most = min(Self.stripNumbers / (width * head.count), (height + 7) / 8)
    // Windows of pooling start in one strip each.
    let size = (max(most, Self.fewestRows) + stride - 1) / stride * stride
    let rows = Swift.stride(from: 0, to: height, by: size).map { $0..<min($0 + size, height) }
    return (rows, height, width)
  }

  /// The summed differences of some rows of features, and the pooled rows that begin there.
  private func part(
    of maps: [Tensor<Scalar>], _ rows: Range<Int>, height: Int
  ) throws -> (sum: Double, pooled: [Tensor<Scalar>]) {
    let pooledRows = pooling.map { pooling in
      let all = pooling.count(along: height)
      let end = (rows.upperBound + pooling.stride - 1) / pooling.stride
      return min(rows.lowerBound / pooling.stride, all)..<min(end, all)
    }
    let needed =
      if let pooling, let pooledRows, !pooledRows.isEmpty {
        rows
          .lowerBound..<max(
            rows.upperBound, pooling.rows(under: pooledRows, height: height).upperBound)
      } else {
        rows
      }
    let strips = maps.map { map in
      features(
        of: FeatureStrip(rows: 0..<map.shape[0], values: map), rows: needed,
        through: convolutions[...])
    }
    let units = strips.map { Self.unitVectors($0.slice(rows)) }
    let differences = (units[0] - units[1]).squared()
    let sum = Double(Tensor.matrixProduct(differences, head).sum())
    guard let pooling, let pooledRows, !pooledRows.isEmpty else { return (sum, []) }
    return (sum, strips.map { pooling.largest(of: $0, rows: pooledRows).values })
  }

  /// Some rows of what convolutions make of a map, from no more of the map than they need.
  private func features(
    of map: FeatureStrip<Scalar>, rows: Range<Int>,
    through convolutions: ArraySlice<RectifiedConvolution<Scalar>>
  ) -> FeatureStrip<Scalar> {
    guard let last = convolutions.last else { return map }
    let earlier = convolutions.dropLast()
    let height = earlier.reduce(map.rows.count) { $1.window.count(along: $0) }
    let input = features(
      of: map, rows: last.window.rows(under: rows, height: height), through: earlier)
    return last(input, rows: rows)
  }

  /// Each pixel's channels divided by their norm, of shape [pixels, channels].
  private static func unitVectors(_ strip: FeatureStrip<Scalar>) -> Tensor<Scalar> {
    let pixels = strip.values.reshaped(to: [-1, strip.channels])
    let norms = pixels.squared().sum(alongAxis: 1, keepingAxis: true).squareRoot()
    return pixels / (norms + 1e-10)
  }
}
