import TensorKit

/// A batch whose rows are the points of a regular grid in one, two or three dimensions.
///
/// The grid's points are counted in row-major order, the last axis fastest; the batch may hold them in
/// another order, such as patch after patch.
public struct RowGrid: Sendable, Equatable {
  /// The number of points along each axis.
  public let extents: [Int]
  /// The point that each row of the batch holds; nil if the rows are the points in order.
  public let points: [Int]?

  /// A grid whose points are the batch's rows, in some order.
  ///
  /// - Parameters:
  ///   - extents: The number of points along each axis.
  ///   - points: The point that each row of the batch holds; row-major order by default.
  /// - Precondition: There are one to three axes, none of them empty, and each point is held by one
  ///   row.
  public init(extents: [Int], points: [Int]? = nil) {
    precondition(
      (1...3).contains(extents.count) && extents.allSatisfy { $0 > 0 },
      "a grid with the extents \(extents)")
    let count = extents.reduce(1, *)
    self.extents = extents
    guard let points else {
      self.points = nil
      return
    }
    var isHeld = [Bool](repeating: false, count: count)
    precondition(points.count == count, "\(points.count) rows for a grid of \(extents)")
    for point in points {
      precondition(
        point >= 0 && point < count && !isHeld[point],
        "the point \(point) is held twice, or outside a grid of \(extents)")
      isHeld[point] = true
    }
    self.points = points.elementsEqual(0..<count) ? nil : points
  }

  /// The number of points, and of rows.
  public var count: Int { extents.reduce(1, *) }

  /// The longest axis's number of points.
  public var longest: Int { extents.max() ?? 1 }

  /// The indices along each axis of a point.
  public func indices(ofPoint point: Int) -> [Int] {
    var rest = point
    var indices = extents
    for axis in extents.indices.reversed() {
      indices[axis] = rest % extents[axis]
      rest /= extents[axis]
    }
    return indices
  }

  /// The point at some indices along each axis.
  func point(at indices: [Int]) -> Int {
    zip(indices, extents).reduce(0) { $0 * $1.1 + $1.0 }
  }

  /// How far the points of a box lie behind its first one, in row-major order.
  ///
  /// - Parameter sides: The number of points along each side of the box.
  func offsets(ofBox sides: [Int]) -> [Int] {
    zip(sides, extents).reduce([0]) { offsets, axis in
      offsets.flatMap { offset in (0..<axis.0).map { offset * axis.1 + $0 } }
    }
  }

  /// A batch's rows in the order of the grid's points.
  func inOrder<Scalar>(_ rows: Tensor<Scalar>) -> Tensor<Scalar> {
    precondition(
      rows.rank == 2 && rows.shape[0] == count,
      "a grid of \(extents) for a tensor of shape \(rows.shape)")
    guard let points else { return rows }
    var ordered = rows
    ordered.setRows(at: points, to: rows)
    return ordered
  }

  /// Rows in the order of the grid's points, in the batch's order.
  func inBatchOrder<Scalar>(_ ordered: Tensor<Scalar>) -> Tensor<Scalar> {
    points.map { ordered.rows(at: $0) } ?? ordered
  }
}
