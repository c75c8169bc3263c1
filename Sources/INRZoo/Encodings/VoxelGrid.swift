import AutoDiff
import Foundation
import TensorKit

/// A dense grid of values over a box, with trilinear interpolation between its vertices.
///
/// The first and last vertex along each axis lie on the box's sides. Vertices outside the grid count as zero, so
/// that values fall to zero within a cell's length of the box. The parameter is named `grid` and is stored a row a
/// vertex, with z fastest: [X · Y · Z, channels]. Files of other programs often hold [channels, X, Y, Z];
/// ``init(channelsFirst:box:)`` and ``channelsFirst`` convert.
///
/// Source: `DenseGrid` of C. Sun, M. Sun and H.-T. Chen, "Direct voxel grid optimization", CVPR 2022, as published.
public struct VoxelGrid<Scalar: TensorScalar>: CoordinateEncoding {
  /// The box at whose ends the first and last vertices are.
  public let box: BoundingBox
  /// The number of vertices along x, y and z.
  public let extents: SIMD3<Int>
  /// The values at the vertices, of shape [X · Y · Z, channels].
  public internal(set) var values: Variable<Scalar>
  private let grid: TableGrid

  /// A grid from the values at its vertices.
  ///
  /// - Parameters:
  ///   - values: A row for each vertex, z fastest. Shape: [X · Y · Z, channels].
  ///   - extents: The number of vertices along x, y and z.
  ///   - box: Where the first and last vertices are.
  /// - Precondition: There are vertices and channels, the shapes agree, and no side of the box is zero.
  public init(values: Tensor<Scalar>, extents: SIMD3<Int>, box: BoundingBox) {
    precondition(
      (0..<3).allSatisfy { extents[$0] > 0 && box.size[$0] > 0 },
      "a grid of \(extents) vertices over a box of size \(box.size)")
    let rows = extents.x * extents.y * extents.z
    precondition(
      values.rank == 2 && values.shape[0] == rows && values.shape[1] > 0,
      "values of shape \(values.shape) for a grid of \(extents) vertices")
    self.box = box
    self.extents = extents
    self.values = Variable(values)
    grid = TableGrid(vertices: extents, over: box)
  }

  /// A grid of zeros, or of another number.
  ///
  /// - Parameters:
  ///   - value: The value of every channel at every vertex.
  ///   - channels: The number of values of a vertex.
  ///   - extents: The number of vertices along x, y and z.
  ///   - box: Where the first and last vertices are.
  public init(
    repeating value: Scalar = 0, channels: Int, extents: SIMD3<Int>, box: BoundingBox
  ) {
    self.init(
      values: Tensor(repeating: value, shape: [extents.x * extents.y * extents.z, channels]),
      extents: extents, box: box)
  }

  /// A grid from values with the channels first.
  ///
  /// - Parameters:
  ///   - values: Shape: [channels, X, Y, Z].
  ///   - box: Where the first and last vertices are.
  /// - Precondition: The tensor has four axes, none of them empty.
  public init(channelsFirst values: Tensor<Scalar>, box: BoundingBox) {
    precondition(
      values.rank == 4 && values.count > 0,
      "values of shape \(values.shape), not [channels, X, Y, Z]")
    let shape = values.shape
    self.init(
      values: values.reshaped(to: [shape[0], -1]).transposed(),
      extents: SIMD3(shape[1], shape[2], shape[3]), box: box)
  }

  /// The values with the channels first, of shape [channels, X, Y, Z].
  public var channelsFirst: Tensor<Scalar> {
    values.value.transposed().reshaped(to: [outputs, extents.x, extents.y, extents.z])
  }

  /// Three coordinates.
  public var inputs: Int { 3 }

  /// The number of channels.
  public var outputs: Int { values.shape[1] }

  /// The values at points.
  ///
  /// - Parameter input: Shape: [points, 3].
  /// - Returns: Shape: [points, channels].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    .applying(GridInterpolation(grid: grid), to: input, values)
  }

  /// Shows the values.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&values, named: "grid", role: .table)
  }
}

extension TableGrid {
  /// A grid of vertices with z fastest, of which the first and the last along each axis lie on a box's sides.
  ///
  /// Where there is one vertex along an axis, values do not depend on that coordinate.
  ///
  /// - Parameters:
  ///   - vertices: The number of vertices along each axis.
  ///   - box: The box.
  ///   - used: Where some vertices alone have a row in the table, the row of each, and how many rows there are.
  init(
    vertices: SIMD3<Int>, over box: BoundingBox, used: (rows: VertexRows, count: Int)? = nil
  ) {
    let count = vertices.x * vertices.y * vertices.z
    precondition(
      count <= UInt32.max && used?.rows.count ?? count == count, "a grid of \(vertices) vertices")
    let level = Level(
      scale: SIMD3<Double>(vertices &- 1), offset: .zero, extents: vertices,
      strides: SIMD3(UInt32(vertices.y * vertices.z), UInt32(vertices.z), 1),
      addressing: .bounded, rows: 0..<(used?.count ?? count), rowsOfVertices: used?.rows)
    self.init(levels: [level], from: box.lower, to: box.upper, isSmooth: false)
  }
}

extension VoxelGrid {
  /// The number of vertices along each axis for about so many cubic voxels in a box.
  ///
  /// A voxel's side is the third root of the box's volume by the number; along each axis there are as many as fit.
  ///
  /// Source: Direct voxel grid optimization, section 5, as published.
  ///
  /// - Precondition: The number is positive and no side of the box is zero.
  public static func extents(of box: BoundingBox, voxels: Int) -> SIMD3<Int> {
    let side = voxelSide(of: box, voxels: voxels)
    var extents = SIMD3<Int>(repeating: 1)
    // A whole number of voxels is not lost to rounding.
    for axis in 0..<3 { extents[axis] = max(1, Int(box.size[axis] / side * (1 + 1e-9))) }
    return extents
  }

  /// The side of a voxel where a box has about so many.
  ///
  /// - Precondition: The number is positive and no side of the box is zero.
  public static func voxelSide(of box: BoundingBox, voxels: Int) -> Double {
    let volume = box.size.x * box.size.y * box.size.z
    precondition(voxels > 0 && volume > 0, "\(voxels) voxels in a box of size \(box.size)")
    return cbrt(volume / Double(voxels))
  }

  /// The same field on other vertices: this grid's interpolation at them.
  ///
  /// - Parameter newExtents: The number of vertices along x, y and z.
  /// - Precondition: There are vertices along each axis.
  public func resized(to newExtents: SIMD3<Int>) -> VoxelGrid {
    precondition(
      (0..<3).allSatisfy { newExtents[$0] > 0 }, "a grid resized to \(newExtents) vertices")
    let places = (0..<3).map { axis in
      (0..<newExtents[axis]).map { vertex in
        Scalar(vertex) / Scalar(max(newExtents[axis] - 1, 1))
      }
    }
    // In units of the box, in which the last vertex is at 1 exactly.
    let cells = TableGrid(vertices: extents, over: .unit)
    let slabs = places[0].map { x in
      var points: [Scalar] = []
      points.reserveCapacity(3 * newExtents.y * newExtents.z)
      for y in places[1] {
        for z in places[2] { points += [x, y, z] }
      }
      return cells.values(of: values.value, at: Tensor(points, shape: [points.count / 3, 3]))
    }
    return VoxelGrid(values: .concatenated(slabs), extents: newExtents, box: box)
  }

  /// The largest value of each channel among a vertex and its neighbours: the maximum over 3 × 3 × 3 vertices,
  /// fewer at the borders.
  public func maximumOfNeighbours() -> VoxelGrid {
    var pooled = values.value.reshaped(to: [extents.x, extents.y, extents.z, outputs])
    for axis in 0..<3 { pooled = pooled.maximumOfNeighbours(alongAxis: axis) }
    return VoxelGrid(
      values: pooled.reshaped(to: values.shape), extents: extents, box: box)
  }
}

extension Tensor {
  /// The largest of each element and those before and after it along an axis.
  func maximumOfNeighbours(alongAxis axis: Int) -> Tensor {
    let extent = shape[axis]
    guard extent > 1 else { return self }
    let pairs = Tensor.maximum(
      slice(0..<(extent - 1), alongAxis: axis), slice(1..<extent, alongAxis: axis))
    // The pair before each element, and the one after it.
    let before = Tensor.concatenated([pairs.slice(0..<1, alongAxis: axis), pairs], alongAxis: axis)
    let after = Tensor.concatenated(
      [pairs, pairs.slice((extent - 2)..<(extent - 1), alongAxis: axis)], alongAxis: axis)
    return .maximum(before, after)
  }
}
