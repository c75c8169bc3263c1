import TensorKit

/// The orthonormal discrete cosine transform of values on a grid: a matrix product along each axis.
struct GridCosineTransform<Scalar: TensorScalar>: Sendable {
  private let extents: [Int]
  /// For each axis, the matrix of its transform.
  private let matrices: [Tensor<Scalar>]

  init(extents: [Int]) {
    self.extents = extents
    matrices = extents.map { .cosineTransform(size: $0) }
  }

  /// The coefficients of each row, which holds a grid's values in row-major order.
  ///
  /// - Parameter values: Shape: [rows, points].
  func callAsFunction(_ values: Tensor<Scalar>, workers: Workers) throws -> Tensor<Scalar> {
    try extents.indices.reduce(values) {
      try transformed($0, axis: $1, isInverse: false, workers)
    }
  }

  /// The values that coefficients belong to.
  func inverse(_ coefficients: Tensor<Scalar>, workers: Workers) throws -> Tensor<Scalar> {
    try extents.indices.reduce(coefficients) {
      try transformed($0, axis: $1, isInverse: true, workers)
    }
  }

  /// Multiplies along one axis, in pieces whose number does not depend on that of the threads.
  private func transformed(
    _ values: Tensor<Scalar>, axis: Int, isInverse: Bool, _ workers: Workers
  ) throws -> Tensor<Scalar> {
    let (matrix, extent) = (matrices[axis], extents[axis])
    guard extent > 1 else { return values }
    let inner = extents[(axis + 1)...].reduce(1, *)
    let outer = values.count / (extent * inner)
    if inner == 1 {
      // Rows of values times the matrix, some rows at a time.
      let rows = values.reshaped(to: [outer, extent])
      let pieces = RowPieces(count: outer, pieceCount: 16)
      return Tensor.concatenated(
        try workers.map(pieces.count) { piece in
          .matrixProduct(rows.slice(pieces[piece]), matrix, transposingRight: !isInverse)
        }
      ).reshaped(to: values.shape)
    }
    // For each outer index the matrix times a block of values, some of the result's rows at a time.
    let blocks = values.reshaped(to: [outer, extent, inner])
    let pieces = RowPieces(count: extent, pieceCount: max(1, 16 / outer))
    let parts = try workers.map(outer * pieces.count) { index in
      let block = blocks.slice((index / pieces.count)..<(index / pieces.count + 1))
        .reshaped(to: [extent, inner])
      let range = pieces[index % pieces.count]
      return isInverse
        ? Tensor.matrixProduct(
          matrix.slice(range, alongAxis: 1), block, transposingLeft: true)
        : Tensor.matrixProduct(matrix.slice(range), block)
    }
    return Tensor.concatenated(parts).reshaped(to: values.shape)
  }
}

/// A count cut into ranges of about equal length.
private struct RowPieces: Sendable {
  let rowCount: Int
  let count: Int

  init(count rowCount: Int, pieceCount: Int) {
    self.rowCount = rowCount
    self.count = max(1, min(pieceCount, rowCount))
  }

  subscript(_ piece: Int) -> Range<Int> {
    (piece * rowCount / count)..<((piece + 1) * rowCount / count)
  }
}
