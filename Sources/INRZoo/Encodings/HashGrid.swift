import AutoDiff
import TensorKit

/// A multiresolution hash encoding: features of points in a box, or in the plane or on a line, interpolated in grids
/// whose vertices share rows of a table.
///
/// The features of a point are those of the first level, then those of the next, and so on. Coarse levels have a
/// row for each vertex; on fine ones vertices are assigned rows by a hash of their coordinates, and collisions are
/// left to training. Derivatives by the table touch only the rows that points have used, in place. Derivatives by
/// the points are piecewise, and continuous with ``HashGridSettings/Interpolation/smoothstep``. A level's first
/// derivative by position is large: it is its number of cells times differences of neighbours.
///
/// Points outside the box are placed in the grids as they would be if these were larger. The parameter is named
/// `table`.
///
/// Source: T. Müller, A. Evans, C. Schied and A. Keller, "Instant neural graphics primitives with a multiresolution
/// hash encoding", SIGGRAPH 2022, section 3; tiny-cuda-nn for its conventions.
public struct HashGrid<Scalar: TensorScalar>: CoordinateEncoding {
  /// The sizes and conventions.
  public let settings: HashGridSettings
  /// The box whose points the levels' resolutions belong to.
  public let box: BoundingBox
  /// The rows of all levels, one level after the other, of shape [rows, features].
  public private(set) var table: Variable<Scalar>
  private let grid: TableGrid

  /// An encoding from its table.
  ///
  /// - Parameters:
  ///   - settings: The sizes and conventions.
  ///   - box: The box whose points the levels' resolutions belong to; the unit cube by default.
  ///   - table: The rows of all levels. Shape: [rows, features], see ``rows(ofLevel:)``.
  /// - Precondition: The table has the settings' shape, and no side of the box is zero.
  public init(
    _ settings: HashGridSettings, box: BoundingBox = .unit, table: Tensor<Scalar>
  ) {
    precondition(
      (0..<3).allSatisfy { box.size[$0] > 0 }, "a hash grid over a box of size \(box.size)")
    settings.check()
    self.settings = settings
    self.box = box
    grid = settings.grid(over: box)
    precondition(
      table.shape == [grid.rowCount, settings.features],
      "a table of shape \(table.shape), not \([grid.rowCount, settings.features])")
    self.table = Variable(table)
  }

  /// An encoding with the published initialization: all features uniform within ± 10⁻⁴.
  ///
  /// - Parameters:
  ///   - settings: The sizes and conventions.
  ///   - box: The box whose points the levels' resolutions belong to; the unit cube by default. Of points with fewer
  ///     coordinates its first sides count.
  ///   - generator: Draws the table in row-major order.
  public init(
    _ settings: HashGridSettings, box: BoundingBox = .unit,
    using generator: inout some RandomNumberGenerator
  ) {
    let rows = (0..<settings.levels).reduce(0) { $0 + settings.sizes(ofLevel: $1).rows }
    self.init(
      settings, box: box,
      table: .uniform(over: -1e-4...1e-4, shape: [rows, settings.features], using: &generator))
  }

  /// The number of coordinates of a point.
  public var inputs: Int { settings.dimensions }

  /// The number of features of a point.
  public var outputs: Int { settings.outputs }

  /// The rows of the table that belong to a level.
  ///
  /// - Precondition: There is such a level.
  public func rows(ofLevel level: Int) -> Range<Int> {
    precondition(
      (0..<settings.levels).contains(level), "level \(level) of \(settings.levels) levels")
    let start = (0..<level).reduce(0) { $0 + settings.sizes(ofLevel: $1).rows }
    return start..<(start + settings.sizes(ofLevel: level).rows)
  }

  /// The rows of the table that the corners of the points' cells are.
  ///
  /// - Parameter points: Shape: [points, coordinates].
  /// - Returns: For each point and level eight rows, one after the other; corner c is the upper one along axis k
  ///   where bit k of c is set.
  func tableRows(at points: Tensor<Scalar>) -> [Int] {
    grid.indices(at: inSpace(Variable(points)).value)
  }

  /// Points with three coordinates: those that they lack are zero.
  private func inSpace(_ points: Variable<Scalar>) -> Variable<Scalar> {
    guard inputs < 3 else { return points }
    let others = Tensor<Scalar>(zeros: [points.shape[0], 3 - inputs])
    return .concatenated([points, Variable(others)], alongAxis: 1)
  }

  /// The features of points.
  ///
  /// - Parameter input: Shape: [points, coordinates].
  /// - Returns: Shape: [points, levels · features].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    .applying(GridInterpolation(grid: grid), to: inSpace(input), table)
  }

  /// Shows the table.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&table, named: "table", role: .table)
  }
}

extension BoundingBox {
  /// The cube from 0 to 1 along each axis.
  public static let unit = BoundingBox(lower: .zero, upper: SIMD3(repeating: 1))
}
