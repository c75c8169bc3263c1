import CTensorKernels

// What it points to is never written after it was made; see `VertexRows`.
extension tk_grid_level: @unchecked @retroactive Sendable {}

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

  /// One grid over a box, or over all of space by the box's measure.
  package struct Level: Sendable {
    fileprivate let kernelLevel: tk_grid_level
    /// Keeps what the kernel's level points to.
    fileprivate let rowsOfVertices: VertexRows?

    /// A grid with some of a table's rows.
    ///
    /// - Parameters:
    ///   - scale: The number of cells along each side of the grids' box.
    ///   - offset: The place of the box's lower corner in units of cells.
    ///   - extents: The number of vertices along each axis; only bounded grids end there.
    ///   - strides: What the vertices' coordinates are multiplied with.
    ///   - addressing: How the vertices' numbers follow from the products.
    ///   - rows: The level's rows in the table.
    ///   - rowsOfVertices: For each vertex its row within these; its number by default.
    /// - Precondition: There are rows, fewer than 2³², and fewer than 2³¹ vertices along an axis.
    package init(
      scale: SIMD3<Double>, offset: SIMD3<Double>, extents: SIMD3<Int>, strides: SIMD3<UInt32>,
      addressing: Addressing, rows: Range<Int>, rowsOfVertices: VertexRows? = nil
    ) {
      precondition(
        rows.lowerBound >= 0 && !rows.isEmpty && rows.count <= UInt32.max
          && (0..<3).allSatisfy { extents[$0] > 0 && extents[$0] <= Int32.max },
        "a grid of \(extents) vertices in the rows \(rows)")
      kernelLevel = tk_grid_level(
        scale: (scale.x, scale.y, scale.z), offset: (offset.x, offset.y, offset.z),
        extents: (UInt32(extents.x), UInt32(extents.y), UInt32(extents.z)),
        strides: (strides.x, strides.y, strides.z),
        addressing: addressing.kernelValue, first_row: rows.lowerBound, rows: rows.count,
        rows_of_vertices: rowsOfVertices.map { UnsafePointer($0.rows) },
        vertices: rowsOfVertices?.count ?? 0)
      self.rowsOfVertices = rowsOfVertices
    }
  }

  private let kernelLevels: [tk_grid_level]
  private let rowsOfVertices: [VertexRows?]
  private let lower: SIMD3<Double>
  private let upper: SIMD3<Double>
  /// Whether factors are 3f² − 2f³ of the fraction f rather than f.
  package let isSmooth: Bool
  /// How many rows the table has.
  package let rowCount: Int

  /// The number of corners of a cell.
  package static let corners = 8
  /// The number of levels.
  package var levelCount: Int { kernelLevels.count }

  /// Levels that share a table.
  ///
  /// - Parameters:
  ///   - levels: The levels, over the same box.
  ///   - lower: The box's corner of the smallest coordinates.
  ///   - upper: That of the largest.
  ///   - isSmooth: Whether factors are smooth in the fraction of a cell.
  /// - Precondition: No side of the box is zero.
  package init(
    levels: [Level], from lower: SIMD3<Double>, to upper: SIMD3<Double>, isSmooth: Bool
  ) {
    precondition(
      (0..<3).allSatisfy { lower[$0] < upper[$0] }, "grids over a box from \(lower) to \(upper)")
    kernelLevels = levels.map(\.kernelLevel)
    rowsOfVertices = levels.map(\.rowsOfVertices)
    self.lower = lower
    self.upper = upper
    self.isSmooth = isSmooth
    rowCount = kernelLevels.reduce(0) { max($0, $1.first_row + $1.rows) }
  }

  private func withKernelGrid(_ body: (UnsafePointer<tk_grid>) -> Void) {
    kernelLevels.withUnsafeBufferPointer { levels in
      var grid = tk_grid(
        lower: (lower.x, lower.y, lower.z), upper: (upper.x, upper.y, upper.z),
        levels: levels.baseAddress, level_count: levels.count, smooth: isSmooth)
      body(&grid)
    }
    withExtendedLifetime(rowsOfVertices) {}
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
    withKernelGrid {
      Scalar.kernels.gridCorners(
        points.storage.elements, points.shape[0], $0, orders, nil, result.storage.elements)
    }
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
      withKernelGrid {
        Scalar.kernels.gridCorners(
          points.storage.elements, points.shape[0], $0, [0, 0, 0], start, weights)
      }
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
    withKernelGrid {
      Scalar.kernels.gridGather(
        points.storage.elements, points.shape[0], $0, table.storage.elements, columns,
        result.storage.elements)
    }
    withExtendedLifetime((points, table)) {}
    return result
  }

  /// Adds the pullback of interpolation to the table, which is a run of a tensor's elements.
  ///
  /// Each row's sum is in the order of the points, with the same bits for any number of threads.
  ///
  /// - Parameters:
  ///   - cotangents: Shape: [points, levels · columns].
  ///   - points: Shape: [points, 3].
  ///   - sum: What is added to.
  ///   - start: The place of the table's first element in it, counted in row-major order.
  ///   - workers: The threads that share the table's rows.
  package func addPullback<Scalar: TensorScalar>(
    of cotangents: Tensor<Scalar>, at points: Tensor<Scalar>, to sum: inout Tensor<Scalar>,
    from start: Int = 0, workers: Workers = Workers(threads: 1)
  ) {
    checkPoints(points)
    let (count, columns) = (points.shape[0], cotangents.shape[1] / levelCount)
    precondition(
      cotangents.shape == [count, levelCount * columns] && start >= 0
        && start + rowCount * columns <= sum.count,
      "cotangents of shape \(cotangents.shape) of \(count) points and \(levelCount) levels")
    sum.makeUnique()
    let storage = sum.storage
    // Below that, waking a thread costs more than it saves.
    let parts =
      cotangents.count * Self.corners < 1 << 16 ? 1 : min(workers.threads, max(1, rowCount))
    _ = workers.collect(parts) { part in
      let first = rowCount * part / parts
      withKernelGrid {
        Scalar.kernels.gridScatter(
          points.storage.elements, count, $0, cotangents.storage.elements, columns, first,
          rowCount * (part + 1) / parts - first, storage.elements + start)
      }
    }
    withExtendedLifetime((points, cotangents)) {}
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
    withKernelGrid {
      Scalar.kernels.gridSlopes(
        points.storage.elements, points.shape[0], $0, table.storage.elements,
        cotangents.storage.elements, columns, result.storage.elements)
    }
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

/// The rows of a grid's vertices in a table, where some vertices alone have one.
package final class VertexRows: @unchecked Sendable {
  // Written by the initializer alone.
  fileprivate let rows: UnsafeMutablePointer<Int32>
  /// The number of vertices.
  package let count: Int

  /// The row of each vertex.
  package init(_ rows: [Int32]) {
    count = rows.count
    self.rows = .allocate(capacity: max(rows.count, 1))
    self.rows.initialize(from: rows, count: rows.count)
  }

  /// The row of a vertex.
  package subscript(vertex: Int) -> Int32 {
    precondition(vertex >= 0 && vertex < count, "vertex \(vertex) of \(count)")
    return rows[vertex]
  }

  deinit { rows.deallocate() }
}
