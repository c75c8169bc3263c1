import TensorKit

/// Consecutive rows of a map of features, of which the others need not be in memory.
struct FeatureStrip<Scalar: TensorScalar>: Sendable {
  /// Which of the map's rows these are.
  let rows: Range<Int>
  /// Shape: [rows, width, channels].
  let values: Tensor<Scalar>

  var width: Int { values.shape[1] }
  var channels: Int { values.shape[2] }

  /// Some of the strip's rows.
  func slice(_ rows: Range<Int>) -> FeatureStrip {
    FeatureStrip(
      rows: rows,
      values: values.slice(
        (rows.lowerBound - self.rows.lowerBound)..<(rows.upperBound - self.rows.lowerBound)))
  }
}

/// Square windows that move over a map: the geometry of convolutions and of pooling.
struct SlidingWindow: Sendable, Equatable {
  let side: Int
  var stride = 1
  /// Rows and columns of zeros around the map.
  var padding = 0

  /// The number of windows along a side of some length.
  func count(along length: Int) -> Int {
    let room = length + 2 * padding - side
    return room < 0 ? 0 : room / stride + 1
  }

  /// The smallest length with room for a number of windows.
  func smallestLength(for count: Int) -> Int { (count - 1) * stride + side - 2 * padding }

  /// The map's rows that the windows of some rows lie over.
  func rows(under windows: Range<Int>, height: Int) -> Range<Int> {
    let first = max(windows.lowerBound * stride - padding, 0)
    let end = min((windows.upperBound - 1) * stride - padding + side, height)
    return first..<max(end, first)
  }
}

/// A convolution of a map with as many filters as it has outputs, and the positive part of it.
///
/// `result[y, x, o] = max(0, bias[o] + Σ_{i,j,c} weight[o, c, i, j] map[stride·y + i - padding, …, c])`
struct RectifiedConvolution<Scalar: TensorScalar>: Sendable {
  let window: SlidingWindow
  /// Shape: [outputs, side² · channels], in the order of a window's elements.
  private let weight: Tensor<Scalar>
  /// Shape: [outputs].
  private let bias: Tensor<Scalar>

  /// About how many numbers of windows are held at once.
  private static var windowNumbers: Int { 1 << 18 }

  /// A convolution with PyTorch's order of weights.
  ///
  /// - Parameters:
  ///   - weight: Shape: [outputs, channels, side, side].
  ///   - bias: Shape: [outputs].
  init(weight: Tensor<Scalar>, bias: Tensor<Scalar>, window: SlidingWindow) {
    self.window = window
    self.weight = weight.permutingAxes([0, 2, 3, 1]).reshaped(to: [weight.shape[0], -1])
    self.bias = bias
  }

  /// Some rows of the result.
  ///
  /// - Parameters:
  ///   - map: The rows that the windows lie over, all of them that the map has.
  ///   - rows: The wanted rows.
  func callAsFunction(_ map: FeatureStrip<Scalar>, rows: Range<Int>) -> FeatureStrip<Scalar> {
    let columns = window.count(along: map.width)
    let places = rows.count * columns
    let outputs = weight.shape[0]
    var result = Tensor<Scalar>(zeros: [places, outputs])
    let step = max(Self.windowNumbers / weight.shape[1], 64)
    for start in stride(from: 0, to: places, by: step) {
      let windows = map.values.windows(
        at: start..<min(start + step, places), columns: columns, side: window.side,
        stride: window.stride,
        firstRow: rows.lowerBound * window.stride - window.padding - map.rows.lowerBound,
        firstColumn: -window.padding)
      let products = Tensor.matrixProduct(windows, weight, transposingRight: true)
      result.setElements(from: start * outputs, to: products.rectified(bias: bias))
    }
    return FeatureStrip(rows: rows, values: result.reshaped(to: [rows.count, columns, outputs]))
  }
}

extension SlidingWindow {
  /// The largest value of each channel within each window, for some rows of windows.
  ///
  /// - Parameters:
  ///   - map: The rows that the windows lie over.
  ///   - rows: The wanted rows of windows.
  func largest<Scalar>(of map: FeatureStrip<Scalar>, rows: Range<Int>) -> FeatureStrip<Scalar> {
    if self == SlidingWindow(side: 1) { return map.slice(rows) }
    let columns = count(along: map.width)
    let windows = map.values.windows(
      at: 0..<(rows.count * columns), columns: columns, side: side, stride: stride,
      firstRow: rows.lowerBound * stride - map.rows.lowerBound, firstColumn: 0
    ).reshaped(to: [rows.count * columns, side * side, map.channels])
    let largest = (1..<(side * side)).reduce(windows.slice(0..<1, alongAxis: 1)) {
      Tensor.maximum($0, windows.slice($1..<($1 + 1), alongAxis: 1))
    }
    return FeatureStrip(rows: rows, values: largest.reshaped(to: [rows.count, columns, -1]))
  }
}
