extension Tensor {
  /// The matrix of the orthonormal discrete cosine transform (DCT-II).
  ///
  /// `result[k, i] = √((k == 0 ? 1 : 2) / size) cos(π k (2 i + 1) / (2 size))`. Its rows are
  /// orthonormal, and row k oscillates k / 2 times over the interval.
  ///
  /// - Returns: Shape: [size, size].
  /// - Precondition: The size is positive.
  public static func cosineTransform(size: Int) -> Tensor {
    precondition(size > 0, "a cosine transform of size \(size)")
    return Tensor(shape: [size, size]) { elements in
      for frequency in 0..<size {
        let scale = ((frequency == 0 ? 1 : 2) / Double(size)).squareRoot()
        for index in 0..<size {
          // Reduced in integers, so that large products lose nothing.
          let angle = frequency * (2 * index + 1) % (4 * size)
          elements[frequency * size + index] = Scalar(
            scale * (Double(angle) * .pi / Double(2 * size)).cosine())
        }
      }
    }
  }
}
