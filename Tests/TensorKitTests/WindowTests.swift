import TensorKit
import Testing

@Suite struct WindowTests {
  /// Side, stride, and the first corner's row and column.
  @Test(arguments: [
    (1, 1, 0, 0), (3, 1, -1, -1), (3, 2, 0, 0), (5, 3, -2, 1), (2, 1, 3, -4), (4, 2, -6, 5),
  ])
  func windows(side: Int, stride: Int, firstRow: Int, firstColumn: Int) {
    check(side, stride, firstRow, firstColumn, as: Float.self)
    check(side, stride, firstRow, firstColumn, as: Double.self)
  }

  private func check<Scalar: TensorScalar>(
    _ side: Int, _ stride: Int, _ firstRow: Int, _ firstColumn: Int, as _: Scalar.Type
  ) {
    let (height, width, channels, columns) = (5, 6, 2, 4)
    let picture = Tensor<Scalar>(
      (1...(height * width * channels)).map { Scalar($0) }, shape: [height, width, channels])
    let places = 3..<17
    let windows = picture.windows(
      at: places, columns: columns, side: side, stride: stride, firstRow: firstRow,
      firstColumn: firstColumn)
    #expect(windows.shape == [places.count, side * side * channels])
    for place in places {
      for element in 0..<(side * side * channels) {
        let (line, channel) = (element / channels, element % channels)
        let y = firstRow + stride * (place / columns) + line / side
        let x = firstColumn + stride * (place % columns) + line % side
        let isInside = (0..<height).contains(y) && (0..<width).contains(x)
        let expected: Scalar = isInside ? picture[y, x, channel] : 0
        #expect(windows[place - places.lowerBound, element] == expected)
      }
    }
  }
}
