import AutoDiff
import TensorKit

/// The package's own radiance field for processors: voxels where something is, whose vertices hold a density and
/// the spherical harmonics of colours.
///
/// Vertices of occupied cells alone have rows in the tables, so that a fine grid takes little memory and its
/// gradients touch little. There is no network. Training goes from coarse to fine: voxels that turned out to be
/// empty are left out, and the others are divided. Parameters are named `density` and `colors`.
///
/// After: S. Fridovich-Keil, A. Yu et al., "Plenoxels: radiance fields without neural networks", CVPR 2022, whose
/// voxels and harmonics these are; densities are activated after interpolation as in C. Sun, M. Sun and H.-T. Chen,
/// "Direct voxel grid optimization", CVPR 2022.
public struct SparseVoxelField<Scalar: TensorScalar>: RadianceField {
  /// A size of voxels, and when it is reached.
  public struct Stage: Hashable, Codable, Sendable {
    /// Which share of the training comes before it at most.
    public var share: Double
    /// How many steps come before it at most.
    public var steps: Int
    /// The side of a voxel, in units of the world.
    public var voxelSide: Double

    /// A size that is reached after some share of the training, or some steps if they are done sooner.
    public init(afterShare share: Double, orSteps steps: Int = .max, voxelSide: Double) {
      self.share = share
      self.steps = steps
      self.voxelSide = voxelSide
    }
  }

  /// Which cells have voxels.
  public private(set) var cells: OccupancyGrid
  /// Raw densities of vertices, of shape [vertices, 1].
  public private(set) var density: Variable<Scalar>
  /// The coefficients of raw colours: for each harmonic red, green and blue, of shape [vertices, 3 · harmonics].
  public private(set) var colors: Variable<Scalar>
  /// What is added to raw densities.
  public let shift: Double
  /// The length over which a density is activated.
  public private(set) var unit: Double
  /// The sizes that are still to come.
  public private(set) var stages: [Stage]
  /// Cells are left out where no corner's opacity, over a voxel's side, is above this.
  public var leastOpacity = 1e-3
  /// The row of each vertex of the whole grid; the first row where it has none.
  private var rowOfVertex: VertexRows
  private let harmonics: SphericalHarmonics<Scalar>

  /// A field of voxels in occupied cells, nearly transparent and grey.
  ///
  /// - Parameters:
  ///   - cells: Which cells have voxels. Without any, one has.
  ///   - degree: The largest degree of the harmonics.
  ///   - initialOpacity: The opacity of a voxel's side at first.
  ///   - stages: Finer sizes, by the share of training after which they come.
  public init(
    cells: OccupancyGrid, degree: Int = 2, initialOpacity: Double = 1e-2, stages: [Stage] = []
  ) {
    var cells = cells
    if cells.occupiedCount == 0 { cells.set(cells.cellCount / 2, to: true) }
    harmonics = SphericalHarmonics(degree: degree)
    shift = voxelDensityShift(initialOpacity: initialOpacity)
    self.stages = stages.sorted { $0.share < $1.share }
    unit = self.stages.last?.voxelSide ?? Self.voxelSide(of: cells)
    self.cells = cells
    let rows = Self.rows(of: cells)
    rowOfVertex = rows.ofVertex
    density = Variable(Tensor(zeros: [rows.count, 1]))
    colors = Variable(Tensor(zeros: [rows.count, 3 * harmonics.outputs]))
  }

  /// The mean side of a cell.
  private static func voxelSide(of cells: OccupancyGrid) -> Double {
    (cells.box.size / SIMD3<Double>(cells.extents)).sum() / 3
  }

  /// Numbers the vertices of occupied cells.
  private static func rows(of cells: OccupancyGrid) -> (ofVertex: VertexRows, count: Int) {
    let vertices = cells.extents &+ 1
    var isUsed = [Bool](repeating: false, count: vertices.x * vertices.y * vertices.z)
    forEachCorner(of: cells) { isUsed[$0] = true }
    var count: Int32 = 0
    let rows = isUsed.map { used -> Int32 in
      guard used else { return 0 }
      count += 1
      return count - 1
    }
    return (VertexRows(rows), Int(count))
  }

  /// Shows the corners of all occupied cells, as vertices of the whole grid.
  private static func forEachCorner(of cells: OccupancyGrid, _ body: (_ vertex: Int) -> Void) {
    for cell in 0..<cells.cellCount where cells.isOccupied(cell) {
      cells.vertices(ofCell: cell).forEach(body)
    }
  }

  /// The number of vertices.
  public var vertexCount: Int { density.shape[0] }

  /// A softplus over the side of a voxel in its final size.
  public var densityActivation: DensityActivation { .softplus(shift: shift, unit: unit) }

  /// Raw densities; colours need no features.
  public func densities(
    at points: Variable<Scalar>
  ) -> (density: Variable<Scalar>, features: Variable<Scalar>) {
    (interpolated(density, at: points), Variable(Tensor(zeros: [points.shape[0], 0])))
  }

  /// Raw colours.
  public func colors(
    of features: Variable<Scalar>, at points: Variable<Scalar>,
    along directions: Variable<Scalar>, bounds: [Int]
  ) -> Variable<Scalar> {
    harmonics(directions).repeatedOverRuns(bounds: bounds)
      .contracted(with: interpolated(colors, at: points))
  }

  private func interpolated(
    _ table: Variable<Scalar>, at points: Variable<Scalar>
  ) -> Variable<Scalar> {
    .applying(GridInterpolation(grid: grid), to: points, table)
  }

  private var grid: TableGrid {
    TableGrid(
      vertices: cells.extents &+ 1, over: cells.box, used: (rowOfVertex, vertexCount))
  }

  /// Shows both tables.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&density, named: "density", role: .table)
    visitor.visit(&colors, named: "colors", role: .table)
  }
}

// MARK: - Coarse to fine

extension SparseVoxelField {
  /// Goes on to the next size, if its share of the training is done or its number of steps.
  public mutating func refine(
    beforeStep index: Int, share: Double, occupancy: inout OccupancyGrid, step: inout Double
  ) -> RendererChange {
    guard let next = stages.first, share >= next.share || index >= next.steps else {
      return .nothing
    }
    let former = Self.voxelSide(of: cells)
    self = refined(to: next.voxelSide)
    stages.removeFirst()
    occupancy = cells
    step *= Self.voxelSide(of: cells) / former
    return .parameters
  }

  /// The field in smaller voxels, interpolated from these, without those that are empty.
  ///
  /// - Parameter side: The side of a voxel, in units of the world.
  /// - Precondition: The side is positive.
  public func refined(to side: Double) -> SparseVoxelField {
    precondition(side > 0, "voxels of side \(side)")
    let kept = opaqueCells.dilated().intersection(with: cells)
    let box = kept.occupiedBox ?? cells.box
    var extents = SIMD3<Int>(repeating: 1)
    for axis in 0..<3 { extents[axis] = max(1, Int((box.size[axis] / side).rounded(.up))) }
    let finer = OccupancyGrid(box: box, extents: extents) { kept.isOccupied(at: $0) }
    var copy = self
    copy.cells = finer.occupiedCount > 0 ? finer : finer.withAllCells
    let rows = Self.rows(of: copy.cells)
    copy.rowOfVertex = rows.ofVertex
    let points = copy.positions(rows.count)
    copy.density = Variable(interpolated(density, at: Variable(points)).value)
    copy.colors = Variable(interpolated(colors, at: Variable(points)).value)
    return copy
  }

  /// The cells with a corner that is not transparent.
  private var opaqueCells: OccupancyGrid {
    let side = Self.voxelSide(of: cells)
    let opacities = densityActivation(density).value.elements.map {
      1 - (-Double($0) * side).exponential()
    }
    var result = cells
    for cell in 0..<cells.cellCount where cells.isOccupied(cell) {
      let isOpaque = cells.vertices(ofCell: cell).contains {
        opacities[Int(rowOfVertex[$0])] > leastOpacity
      }
      if !isOpaque { result.set(cell, to: false) }
    }
    return result
  }

  /// Where the vertices are, in the order of their rows.
  private func positions(_ count: Int) -> Tensor<Scalar> {
    let vertices = cells.extents &+ 1
    var positions = Tensor<Scalar>(zeros: [count, 3])
    positions.withUnsafeMutableElements { positions in
      Self.forEachCorner(of: cells) { vertex in
        let place = SIMD3(
          vertex / (vertices.y * vertices.z), vertex / vertices.z % vertices.y,
          vertex % vertices.z)
        let position =
          cells.box.lower + cells.box.size * SIMD3<Double>(place) / SIMD3<Double>(cells.extents)
        let row = 3 * Int(rowOfVertex[vertex])
        for axis in 0..<3 { positions[row + axis] = Scalar(position[axis]) }
      }
    }
    return positions
  }
}

// MARK: - State

extension SparseVoxelField {
  /// Shows the cells, the unit of densities, the tables and the sizes that are still to come.
  ///
  /// - Throws: `StateError` if they do not fit each other.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    var state = OccupancyOfAnySize(cells)
    try visitor.visit(&state, named: "cells")
    var (shares, sides) = (stages.map(\.share), stages.map(\.voxelSide))
    var steps = stages.map(\.steps)
    try visitor.visit(&shares, named: "stages.shares")
    try visitor.visit(&steps, named: "stages.steps")
    try visitor.visit(&sides, named: "stages.sides")
    try visitor.require(
      shares.count == sides.count && shares.count == steps.count && shares.allSatisfy(\.isFinite)
        && sides.allSatisfy { $0 > 0 && $0.isFinite }, of: "stages.sides",
      "there are \(shares.count) shares, and voxels of the sides \(sides)")
    try visitor.visit(&unit, named: "unit")
    try visitor.require(unit > 0 && unit.isFinite, of: "unit", "it is \(unit)")
    var (densities, coefficients) = (density.value, colors.value)
    try visitor.visit(&densities, named: "density", keepingShape: false)
    try visitor.visit(&coefficients, named: "colors", keepingShape: false)
    guard visitor.isReading else { return }
    try visitor.require(
      state.grid.occupiedCount > 0, of: "cells.occupied", "no cell is occupied")
    let rows = Self.rows(of: state.grid)
    try visitor.requireShape(densities.shape, toBe: [rows.count, 1], of: "density")
    try visitor.requireShape(
      coefficients.shape, toBe: [rows.count, 3 * harmonics.outputs], of: "colors")
    cells = state.grid
    rowOfVertex = rows.ofVertex
    stages = shares.indices.map {
      Stage(afterShare: shares[$0], orSteps: steps[$0], voxelSide: sides[$0])
    }
    density = Variable(densities)
    colors = Variable(coefficients)
  }
}

extension OccupancyGrid {
  /// The cells that are occupied here and in another grid of the same cells.
  fileprivate func intersection(with other: OccupancyGrid) -> OccupancyGrid {
    var result = self
    for cell in 0..<cellCount where !other.isOccupied(cell) { result.set(cell, to: false) }
    return result
  }

  fileprivate var withAllCells: OccupancyGrid {
    OccupancyGrid(box: box, extents: extents, isOccupied: true)
  }
}
