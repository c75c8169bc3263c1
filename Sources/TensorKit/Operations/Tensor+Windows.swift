// Bytes are copied here without regard to what numbers they are: one compiled loop for all of them.
extension Tensor {
  /// The square windows of a picture at some places, each as a row: what a convolution multiplies.
  ///
  /// The places are counted row by row, `columns` in a row. The window of the place in row r and column
  /// q has its corner at (y, x) = (firstRow + stride · r, firstColumn + stride · q), and
  ///
  ///     result[p, (i · side + j) · channels + c] = self[y + i, x + j, c],
  ///
  /// zero outside the picture.
  ///
  /// - Parameters:
  ///   - places: The places whose windows are wanted.
  ///   - columns: The number of places in a row.
  ///   - side: The side of a window.
  ///   - stride: How far apart the corners of neighbouring windows are.
  ///   - firstRow: The row of the first window's corner, which may lie outside the picture.
  ///   - firstColumn: Its column.
  /// - Returns: Shape: [places, side² · channels].
  /// - Precondition: The tensor has the shape [height, width, channels]; `columns`, `side` and `stride`
  ///   are positive, and no place is negative.
  public func windows(
    at places: Range<Int>, columns: Int, side: Int, stride: Int, firstRow: Int, firstColumn: Int
  ) -> Tensor {
    precondition(rank == 3, "windows of a tensor of shape \(shape); a picture is needed")
    precondition(
      columns > 0 && side > 0 && stride > 0 && places.lowerBound >= 0,
      "windows of side \(side) at the places \(places), \(columns) in a row, \(stride) apart")
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    let pixel = channels * MemoryLayout<Scalar>.stride
    let result = Tensor(uninitialized: [places.count, side * side * channels])
    copyWindows(
      from: UnsafeRawPointer(storage.elements), height: height, width: width, pixelBytes: pixel,
      to: UnsafeMutableRawPointer(result.storage.elements), places: places, columns: columns,
      side: side, stride: stride, firstRow: firstRow, firstColumn: firstColumn)
    withExtendedLifetime(self) {}
    return result
  }
}

/// Copies windows row by row; zeros are all bits zero.
private func copyWindows(
  from source: UnsafeRawPointer, height: Int, width: Int, pixelBytes: Int,
  to target: UnsafeMutableRawPointer, places: Range<Int>, columns: Int, side: Int, stride: Int,
  firstRow: Int, firstColumn: Int
) {
  let lineBytes = side * pixelBytes
  var target = target
  for place in places {
    let top = firstRow + stride * (place / columns)
    let left = firstColumn + stride * (place % columns)
    // The part of a window's lines that lies within the picture.
    let start = min(max(left, 0), width)
    let end = max(min(left + side, width), start)
    for row in top..<(top + side) {
      if row < 0 || row >= height || start == end {
        target.initializeMemory(as: UInt8.self, repeating: 0, count: lineBytes)
      } else {
        let before = (start - left) * pixelBytes
        let inside = (end - start) * pixelBytes
        if before > 0 { target.initializeMemory(as: UInt8.self, repeating: 0, count: before) }
        (target + before).copyMemory(
          from: source + (row * width + start) * pixelBytes, byteCount: inside)
        let after = lineBytes - before - inside
        if after > 0 {
          (target + before + inside).initializeMemory(as: UInt8.self, repeating: 0, count: after)
        }
      }
      target += lineBytes
    }
  }
}
