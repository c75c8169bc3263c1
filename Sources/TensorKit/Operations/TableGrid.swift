import CTensorKernels

/// Grids of points in space whose vertices are rows of one table, and interpolation in them.
///
/// A point lies in one cell of each level. Corner c of the cell's eight is the upper one along axis k where bit k
/// of c is set. A corner's weight is the product of one factor for each axis, linear or smooth in the fraction of
/// the cell that the point has passed. Points that are no numbers have weights that are none.
package struct TableGrid: Sendable {
  /// How the vertices of a level are numbered from the products of their coordinates with the strides.
  package enum Addressing: Sendable {
    /// By their sum; vertices outside have weight zero.
    case bounded
    /// By their sum, modulo the number of rows.
    case wrapped
    /// By their exclusive or as 32-bit numbers, modulo the number of rows.
    case hashed
  }

  /// One grid over all of space, or over a box of it.
  package struct Level: Sendable {
    fileprivate let kernelLevel: tk_grid_level

    /// A grid with some of a table's rows.
    ///
    /// - Parameters:
    ///   - scale: The number of cells in a unit of length along each axis.
    ///   - offset: The place of the origin in units of cells: that of x is scale · x + offset.
    ///   - extents: The number of vertices along each axis; only bounded grids end there.
    ///   - strides: What the vertices' coordinates are multiplied with.
    ///   - addressing: How the vertices' numbers follow from the products.
    ///   - rows: The level's rows in the table.
    /// - Precondition: There are rows, fewer than 2³², and fewer than 2³¹ vertices along an axis.
    package init(
      scale: SIMD3<Double>, offset: SIMD3<Double>, extents: SIMD3<Int>, strides: SIMD3<UInt32>,
      addressing: Addressing, rows: Range<Int>
    ) {
      precondition(
        rows.lowerBound >= 0 && !rows.isEmpty && rows.count <= UInt32.max
          && (0..<3).allSatisfy { extents[$0] > 0 && extents[$0] <= Int32.max },
        "a grid of \(extents) vertices in the rows \(rows)")
      kernelLevel = tk_grid_level(
        scale: (scale.x, scale.y, scale.z), offset: (offset.x, offset.y, offset.z),
        extents: (UInt32(extents.x), UInt32(extents.y), UInt32(extents.z)),
        strides: (strides.x, strides.y, strides.z),
        addressing: addressing.kernelValue, first_row: rows.lowerBound, rows: rows.count)
    }
  }

  private let kernelLevels: [tk_grid_level]
  /// Whether factors are 3f² − 2f³ of the fraction f rather than f.
  package let isSmooth: Bool
  /// How many rows the table has.
  package let rowCount: Int

  /// The number of corners of a cell.
  package static let corners = 8
  /// The number of levels.
  package var levelCount: Int { kernelLevels.count }

  /// Levels that share a table.
  package init(levels: [Level], isSmooth: Bool) {
    kernelLevels = levels.map(\.kernelLevel)
    self.isSmooth = isSmooth
    rowCount = kernelLevels.reduce(0) { max($0, $1.first_row + $1.rows) }
  }

  /// The weights of the corners of the points' cells, or derivatives of them by the points' coordinates.
  ///
  /// - Parameters:
  ///   - points: Shape: [points, 3].
  ///   - orders: How often the weights are differentiated by each coordinate.
  /// - Returns: Shape: [points · levels, corners].
  package func weights<Scalar: TensorScalar>(
    at points: Tensor<Scalar>, differentiated orders: SIMD3<Int> = .zero
  ) -> Tensor<Scalar> {
    checkPoints(points)
    let result = Tensor<Scalar>(uninitialized: [points.shape[0] * levelCount, Self.corners])
    let orders = (0..<3).map { Int32(min(orders[$0], 4)) }
    Scalar.kernels.gridCorners(
      points.storage.elements, points.shape[0], kernelLevels, levelCount, isSmooth, orders, nil,
      result.storage.elements)
    withExtendedLifetime(points) {}
    return result
  }

  /// The rows of the table that the corners of the points' cells are.
  ///
  /// - Parameter points: Shape: [points, 3].
  /// - Returns: For each point and level the corners' rows, one after the other.
  package func indices<Scalar: TensorScalar>(at points: Tensor<Scalar>) -> [Int] {
    indices(at: points, withWeights: nil)
  }

  /// The rows and the weights of the corners of the points' cells, found together.
  ///
  /// - Parameter points: Shape: [points, 3].
  /// - Returns: What ``indices(at:)`` and ``weights(at:differentiated:)`` return.
  package func corners<Scalar: TensorScalar>(
    at points: Tensor<Scalar>
  ) -> (indices: [Int], weights: Tensor<Scalar>) {
    checkPoints(points)
    let weights = Tensor<Scalar>(uninitialized: [points.shape[0] * levelCount, Self.corners])
    return (indices(at: points, withWeights: weights.storage.elements), weights)
  }

  private func indices<Scalar: TensorScalar>(
    at points: Tensor<Scalar>, withWeights weights: UnsafeMutablePointer<Scalar>?
  ) -> [Int] {
    checkPoints(points)
    let count = points.shape[0] * levelCount * Self.corners
    let indices = [Int](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let start = buffer.baseAddress else { return }
      Scalar.kernels.gridCorners(
        points.storage.elements, points.shape[0], kernelLevels, levelCount, isSmooth, [0, 0, 0],
        start, weights)
      initialized = count
    }
    withExtendedLifetime(points) {}
    return indices
  }

  /// The table's rows interpolated at points.
  ///
  /// - Parameters:
  ///   - table: Shape: [rows, columns].
  ///   - points: Shape: [points, 3].
  /// - Returns: Shape: [points, levels · columns], the levels one after the other.
  package func values<Scalar: TensorScalar>(
    of table: Tensor<Scalar>, at points: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    checkPoints(points)
    checkTable(table)
    let columns = table.shape[1]
    let result = Tensor<Scalar>(uninitialized: [points.shape[0], levelCount * columns])
    Scalar.kernels.gridGather(
      points.storage.elements, points.shape[0], kernelLevels, levelCount, isSmooth,
      table.storage.elements, columns, result.storage.elements)
    withExtendedLifetime((points, table)) {}
    return result
  }

  /// The pullback of interpolation to the points.
  ///
  /// - Parameters:
  ///   - cotangents: Shape: [points, levels · columns].
  ///   - table: Shape: [rows, columns].
  ///   - points: Shape: [points, 3].
  /// - Returns: Shape: [points, 3].
  package func pullback<Scalar: TensorScalar>(
    of cotangents: Tensor<Scalar>, through table: Tensor<Scalar>, toPoints points: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    checkPoints(points)
    checkTable(table)
    let columns = table.shape[1]
    precondition(
      cotangents.shape == [points.shape[0], levelCount * columns],
      "cotangents of shape \(cotangents.shape) for \(levelCount) levels of \(columns) columns")
    let result = Tensor<Scalar>(uninitialized: points.shape)
    Scalar.kernels.gridSlopes(
      points.storage.elements, points.shape[0], kernelLevels, levelCount, isSmooth,
      table.storage.elements, cotangents.storage.elements, columns, result.storage.elements)
    withExtendedLifetime((points, table, cotangents)) {}
    return result
  }

  private func checkPoints<Scalar>(_ points: Tensor<Scalar>) {
    precondition(
      points.rank == 2 && points.shape[1] == 3,
      "points of shape \(points.shape); three columns are needed")
  }

  private func checkTable<Scalar>(_ table: Tensor<Scalar>) {
    precondition(
      table.rank == 2 && table.shape[0] == rowCount,
      "a table of shape \(table.shape); \(rowCount) rows are needed")
  }
}

extension TableGrid.Addressing {
  fileprivate var kernelValue: Int32 {
    switch self {
    case .bounded: Int32(tk_grid_bounded)
    case .wrapped: Int32(tk_grid_wrapped)
    case .hashed: Int32(tk_grid_hashed)
    }
  }
}
