import TensorKit

/// The map `r → Σ_b F_b P_b r` for fixed factors, ready to be applied to any residuals.
public struct BandWeighting<Scalar: TensorScalar>: Sendable {
  /// A map of a whole batch's rows, of shape [samples, outputs], to as many.
  public typealias Map =
    @Sendable (_ rows: Tensor<Scalar>, _ workers: Workers) throws -> Tensor<
      Scalar
    >

  /// How the map splits into parts within cells and a part across them, if it does.
  public let cells: CellWeighting<Scalar>?
  private let map: Map

  /// A map that needs all rows at once.
  public init(_ map: @escaping Map) {
    self.map = map
    self.cells = nil
  }

  /// A map that splits into parts within cells and a part across them.
  public init(_ weighting: CellWeighting<Scalar>) {
    cells = weighting
    map = { rows, workers in try weighting(rows, workers: workers) }
  }

  /// The weighted rows.
  ///
  /// - Parameters:
  ///   - rows: Shape: [samples, outputs].
  ///   - workers: The threads that share the work; the result does not depend on their number.
  public func callAsFunction(_ rows: Tensor<Scalar>, workers: Workers) throws -> Tensor<Scalar> {
    try map(rows, workers)
  }
}

/// A weighting of bands of which the fine ones lie within cells, and the coarse ones are constant over
/// each cell.
///
/// The weighted rows of a cell follow from its own rows and from the weighted coarse bands, one row for
/// each cell. So a cell can be worked off while its tile is evaluated, as soon as the means of
/// all cells are known.
public struct CellWeighting<Scalar: TensorScalar>: Sendable {
  /// The cells.
  public let cells: RowCells
  /// Maps the mean rows of all cells to the coarse bands' part of them, weighted.
  ///
  /// Both have the shape [cells, outputs].
  public let coarse: @Sendable (_ means: Tensor<Scalar>) -> Tensor<Scalar>
  /// Maps the rows of some cells, cell after cell, to their fine bands' part, weighted, plus a given
  /// row for each cell.
  public let fine:
    @Sendable (_ rows: Tensor<Scalar>, _ cells: Range<Int>, _ coarse: Tensor<Scalar>) -> Tensor<
      Scalar
    >

  /// A weighting from its parts.
  public init(
    cells: RowCells, coarse: @escaping @Sendable (_ means: Tensor<Scalar>) -> Tensor<Scalar>,
    fine:
      @escaping @Sendable (_ rows: Tensor<Scalar>, _ cells: Range<Int>, _ coarse: Tensor<Scalar>)
      -> Tensor<Scalar>
  ) {
    self.cells = cells
    self.coarse = coarse
    self.fine = fine
  }

  /// The weighted rows of a whole batch.
  ///
  /// - Parameters:
  ///   - rows: Shape: [samples, outputs].
  ///   - workers: The threads that share the work; the result does not depend on their number.
  func callAsFunction(_ rows: Tensor<Scalar>, workers: Workers) throws -> Tensor<Scalar> {
    guard cells.count > 0 else { return rows }
    let means = try cells.means(of: rows, workers: workers)
    let coarse = coarse(means)
    return try cells.mapped(rows, workers: workers) { rows, cells in
      fine(rows, cells, coarse.slice(cells))
    }
  }
}
