extension Tensor {
  /// A symmetric matrix from its blocks on and below the diagonal, several computed at a time.
  ///
  /// A block on the diagonal is made symmetric exactly.
  ///
  /// - Parameters:
  ///   - size: The number of rows and of columns.
  ///   - runner: Works on the blocks.
  ///   - block: Computes the block at some rows and columns, of shape [rows, columns].
  /// - Returns: Shape: [size, size].
  /// - Throws: What `block` throws.
  /// - Precondition: The blocks have the shapes asked for.
  public static func symmetric(
    size: Int, runner: any ShardRunner = Workers(),
    block: @escaping @Sendable (_ rows: Range<Int>, _ columns: Range<Int>) throws -> Tensor
  ) throws -> Tensor {
    let places = SymmetricBlock.all(size: size)
    let result = Tensor(uninitialized: [size, size])
    let storage = result.storage
    @Sendable func checked(_ place: SymmetricBlock) throws -> Tensor {
      let block = try block(place.rows, place.columns)
      precondition(
        block.shape == [place.rows.count, place.columns.count],
        "a block of shape \(block.shape) for rows \(place.rows), columns \(place.columns)")
      return block
    }
    if runner.sharesMemory {
      try runner.workers.forEach(places.count) { index in
        try places[index].write(checked(places[index]), to: storage.elements, size: size)
      }
      return result
    }
    let blocks: ShardRows<Scalar, NoSum>? = try runner.reduce(places.count) { index in
      var block = ShardRows<Scalar, NoSum>()
      block.parts = [try checked(places[index])]
      return block
    }
    for (place, block) in zip(places, blocks?.parts ?? []) {
      place.write(block, to: storage.elements, size: size)
    }
    return result
  }
}

/// A block's place in a symmetric matrix: a square on the diagonal, or wholly below it.
private struct SymmetricBlock: Sendable {
  let rows: Range<Int>
  let columns: Range<Int>

  // Three blocks of this size, as a sum of products needs, stay in a core's second-level cache.
  private static let mostRows = 128
  private static let mostColumns = 256

  /// The blocks that cover a matrix on and below the diagonal.
  static func all(size: Int) -> [SymmetricBlock] {
    stride(from: 0, to: size, by: mostRows).flatMap { start in
      let rows = start..<min(start + mostRows, size)
      let below = stride(from: 0, to: start, by: mostColumns).map { column in
        SymmetricBlock(rows: rows, columns: column..<min(column + mostColumns, start))
      }
      return below + [SymmetricBlock(rows: rows, columns: rows)]
    }
  }

  /// Writes a block and its mirror image.
  func write<Scalar>(
    _ block: Tensor<Scalar>, to matrix: UnsafeMutablePointer<Scalar>, size: Int
  ) {
    let mirrored = block.transposed()
    guard rows != columns else {
      // Both halves carry rounding errors of their own; their mean has the smaller one.
      return Self.copy((block + mirrored) * 0.5, to: matrix, rows: rows, columns: columns, size)
    }
    Self.copy(block, to: matrix, rows: rows, columns: columns, size)
    Self.copy(mirrored, to: matrix, rows: columns, columns: rows, size)
  }

  private static func copy<Scalar>(
    _ block: Tensor<Scalar>, to matrix: UnsafeMutablePointer<Scalar>, rows: Range<Int>,
    columns: Range<Int>, _ size: Int
  ) {
    for (index, row) in rows.enumerated() {
      (matrix + row * size + columns.lowerBound).update(
        from: block.storage.elements + index * columns.count, count: columns.count)
    }
    withExtendedLifetime(block) {}
  }
}
