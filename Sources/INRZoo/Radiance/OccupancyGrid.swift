import AutoDiff
import TensorKit

/// Which cells of a box hold something, so that rays need samples in these alone.
///
/// A value type. Cells are numbered with z fastest. A grid is made occupied everywhere, from a test of points such
/// as whether they lie within the silhouettes of all pictures, or from densities; it can then follow a field that
/// is trained, see ``update(_:ofCells:rule:)``. A grid without occupied cells is no error: rays have no samples
/// then.
///
/// Sources: T. Müller et al., "Instant neural graphics primitives with a multiresolution hash encoding", SIGGRAPH
/// 2022, appendix E; ngp_pl and torch-ngp for what differs between programs.
public struct OccupancyGrid: Sendable, Equatable {
  /// The box that the cells fill.
  public let box: BoundingBox
  /// The number of cells along x, y and z.
  public let extents: SIMD3<Int>
  /// A bit for each cell.
  private var bits: [UInt64]
  /// What is remembered of the density of each cell, −1 for cells that are never looked at.
  public internal(set) var densities: Tensor<Float>

  /// A grid of cells that are all occupied, or all empty.
  ///
  /// - Precondition: There are cells along each axis, and no side of the box is zero.
  public init(box: BoundingBox, extents: SIMD3<Int>, isOccupied: Bool = true) {
    precondition(
      (0..<3).allSatisfy { extents[$0] > 0 && box.size[$0] > 0 },
      "a grid of \(extents) cells in a box of size \(box.size)")
    self.box = box
    self.extents = extents
    let cells = extents.x * extents.y * extents.z
    bits = [UInt64](repeating: isOccupied ? .max : 0, count: (cells + 63) / 64)
    if isOccupied, cells % 64 > 0 { bits[cells / 64] = (1 << UInt64(cells % 64)) - 1 }
    densities = Tensor(zeros: [cells])
  }

  /// A grid of the cells whose middles pass a test, such as whether a point lies in all silhouettes or in another
  /// grid.
  public init(
    box: BoundingBox, extents: SIMD3<Int>, where isOccupied: (SIMD3<Double>) throws -> Bool
  ) rethrows {
    self.init(box: box, extents: extents, isOccupied: false)
    for cell in 0..<cellCount where try isOccupied(center(ofCell: cell)) { set(cell, to: true) }
  }

  /// A grid of the cells between a voxel grid's vertices: those are occupied of which a corner, or a neighbour of a
  /// corner, is above a threshold.
  ///
  /// - Parameters:
  ///   - voxels: Opacities or densities at vertices, of one channel.
  ///   - threshold: What a vertex has to exceed.
  /// - Precondition: There is one channel, and more than one vertex along each axis.
  public init<Scalar: TensorScalar>(above threshold: Scalar, in voxels: VoxelGrid<Scalar>) {
    precondition(
      voxels.outputs == 1 && (0..<3).allSatisfy { voxels.extents[$0] > 1 },
      "occupancy by \(voxels.outputs) channels of \(voxels.extents) vertices")
    self.init(box: voxels.box, extents: voxels.extents &- 1, isOccupied: false)
    let isAbove = voxels.maximumOfNeighbours().values.value.elements.map { $0 > threshold }
    for cell in 0..<cellCount where vertices(ofCell: cell).contains(where: { isAbove[$0] }) {
      set(cell, to: true)
    }
  }

  // MARK: - Cells

  /// The number of cells.
  public var cellCount: Int { extents.x * extents.y * extents.z }

  /// The number of occupied cells.
  public var occupiedCount: Int { bits.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Whether a cell is occupied.
  ///
  /// - Precondition: There is such a cell.
  public func isOccupied(_ cell: Int) -> Bool {
    bits[cell >> 6] >> UInt64(cell & 63) & 1 == 1
  }

  /// Whether a point lies in an occupied cell; outside of the box it does not.
  public func isOccupied(at point: SIMD3<Double>) -> Bool {
    cell(containing: point).map { isOccupied($0) } ?? false
  }

  /// The cell that contains a point; nil outside of the box.
  ///
  /// The box's upper sides belong to the last cells.
  public func cell(containing point: SIMD3<Double>) -> Int? {
    guard (0..<3).allSatisfy({ point[$0] >= box.lower[$0] && point[$0] <= box.upper[$0] }) else {
      return nil
    }
    var place = SIMD3<Int>.zero
    for axis in 0..<3 {
      let share = (point[axis] - box.lower[axis]) / box.size[axis]
      place[axis] = min(Int(share * Double(extents[axis])), extents[axis] - 1)
    }
    return cell(at: place)
  }

  /// The middle of a cell.
  public func center(ofCell cell: Int) -> SIMD3<Double> {
    point(inCell: cell, at: SIMD3(repeating: 0.5))
  }

  /// The cell's number from its place along each axis.
  func cell(at place: SIMD3<Int>) -> Int {
    (place.x * extents.y + place.y) * extents.z + place.z
  }

  /// The corners of a cell, numbered as the vertices of all cells are, with z fastest.
  func vertices(ofCell cell: Int) -> [Int] {
    let (place, vertices) = (place(ofCell: cell), extents &+ 1)
    return (0..<8).map { corner in
      let vertex = place &+ SIMD3(corner & 1, corner >> 1 & 1, corner >> 2)
      return (vertex.x * vertices.y + vertex.y) * vertices.z + vertex.z
    }
  }

  private func place(ofCell cell: Int) -> SIMD3<Int> {
    SIMD3(cell / (extents.y * extents.z), cell / extents.z % extents.y, cell % extents.z)
  }

  private func point(inCell cell: Int, at shares: SIMD3<Double>) -> SIMD3<Double> {
    box.lower + box.size * (SIMD3<Double>(place(ofCell: cell)) + shares) / SIMD3<Double>(extents)
  }

  mutating func set(_ cell: Int, to isOccupied: Bool) {
    let bit: UInt64 = 1 << UInt64(cell & 63)
    if isOccupied { bits[cell >> 6] |= bit } else { bits[cell >> 6] &= ~bit }
  }

  /// The smallest box of whole cells around those that are occupied; nil if there are none.
  public var occupiedBox: BoundingBox? {
    BoundingBox(
      containing: (0..<cellCount).lazy.filter { isOccupied($0) }.flatMap { cell in
        [point(inCell: cell, at: .zero), point(inCell: cell, at: SIMD3(repeating: 1))]
      })
  }

  /// The grid with the neighbours of occupied cells occupied too: all cells of 3 × 3 × 3 around each.
  public func dilated() -> OccupancyGrid {
    let occupied = Tensor<Float>(
      (0..<cellCount).map { isOccupied($0) ? 1 : 0 }, shape: [extents.x, extents.y, extents.z])
    var pooled = occupied
    for axis in 0..<3 { pooled = pooled.maximumOfNeighbours(alongAxis: axis) }
    var result = self
    for (cell, value) in pooled.elements.enumerated() where value > 0 {
      result.set(cell, to: true)
    }
    return result
  }

  /// Leaves only those cells occupied whose middles pass a test too.
  public mutating func formIntersection(
    where isOccupied: (SIMD3<Double>) throws -> Bool
  ) rethrows {
    for cell in 0..<cellCount
    where try self.isOccupied(cell) && !isOccupied(center(ofCell: cell)) {
      set(cell, to: false)
    }
  }
}

// MARK: - Following a field

extension OccupancyGrid {
  /// Empties for good the cells that no camera sees: updates do not look at them again.
  ///
  /// - Parameter isSeen: Whether a cell with this middle is in some picture, and not too near to a camera.
  public mutating func removeUnseen(
    where isSeen: (SIMD3<Double>) throws -> Bool
  ) rethrows {
    for cell in 0..<cellCount where try !isSeen(center(ofCell: cell)) {
      densities[cell] = -1
      set(cell, to: false)
    }
  }

  /// The cells whose densities an update takes.
  ///
  /// At first all that can be seen; later a quarter of all cells' number drawn from all of them, and as many from
  /// the occupied ones, with repetitions.
  ///
  /// - Parameters:
  ///   - step: The number of training steps before the update.
  ///   - rule: In how many of the first steps updates take all cells.
  ///   - generator: Draws the cells.
  public func cells(
    ofUpdateAtStep step: Int, rule: OccupancyRule, using generator: inout some RandomNumberGenerator
  ) -> [Int] {
    let isSeen = densities.elements.map { $0 >= 0 }
    if step < rule.completeSteps { return (0..<cellCount).filter { isSeen[$0] } }
    let count = max(1, cellCount / 4)
    let uniform = (0..<count).map { _ in Int.random(in: 0..<cellCount, using: &generator) }
    let occupied = (0..<cellCount).filter { isOccupied($0) }
    let drawn =
      occupied.isEmpty
      ? []
      : (0..<count).map { _ in occupied[Int.random(in: 0..<occupied.count, using: &generator)] }
    return (uniform + drawn).filter { isSeen[$0] }
  }

  /// A random point in each of some cells.
  ///
  /// - Returns: Shape: [cells, 3].
  /// - Precondition: There are such cells.
  public func points<Scalar: TensorScalar>(
    inCells cells: [Int], using generator: inout some RandomNumberGenerator
  ) -> Tensor<Scalar> {
    var coordinates: [Scalar] = []
    coordinates.reserveCapacity(3 * cells.count)
    for cell in cells {
      var shares = SIMD3<Double>.zero
      for axis in 0..<3 { shares[axis] = .random(in: 0..<1, using: &generator) }
      let point = point(inCell: cell, at: shares)
      coordinates += [Scalar(point.x), Scalar(point.y), Scalar(point.z)]
    }
    return Tensor(coordinates, shape: [cells.count, 3])
  }

  /// Takes densities of some cells, and decides anew which are occupied.
  ///
  /// A cell's remembered density becomes the largest of those that were found in it and of the old one, decayed.
  /// Occupied are cells whose density is above the rule's threshold. Densities that are no numbers are left out,
  /// and those above 10⁶ count as that.
  ///
  /// - Parameters:
  ///   - found: The field's densities at points in the cells. Shape: [cells] or [cells, 1].
  ///   - cells: The cells, which may recur.
  ///   - rule: How densities decay, and what is occupied.
  /// - Precondition: There is a density for each cell, and there are such cells.
  public mutating func update<Scalar: TensorScalar>(
    _ found: Tensor<Scalar>, ofCells cells: [Int], rule: OccupancyRule
  ) {
    precondition(
      found.count == cells.count, "densities of shape \(found.shape) for \(cells.count) cells")
    precondition(
      cells.allSatisfy { (0..<cellCount).contains($0) }, "a cell beyond the grid's \(cellCount)")
    let found = Tensor<Float>(found).elements
    let decay = Float(rule.decay)
    densities.withUnsafeMutableElements { densities in
      if rule.decaysOtherCells {
        for cell in densities.indices where densities[cell] > 0 { densities[cell] *= decay }
      } else {
        // Once for each cell that is found, however often.
        for cell in Set(cells) where densities[cell] > 0 { densities[cell] *= decay }
      }
      for (cell, density) in zip(cells, found) where densities[cell] >= 0 {
        // False for what is no number.
        if density > densities[cell] { densities[cell] = min(density, 1e6) }
      }
    }
    decide(by: rule)
  }

  /// The density above which a cell is occupied.
  ///
  /// At most the mean, so that a field that is dim everywhere does not lose all of its cells; a grid whose
  /// densities are all zero has no occupied cells.
  public func threshold(of rule: OccupancyRule) -> Double {
    let positive = densities.elements.lazy.filter { $0 > 0 }
    let sum = positive.reduce(0.0) { $0 + Double($1) }
    let count = rule.mean == .ofPositiveCells ? positive.reduce(0) { sum, _ in sum + 1 } : cellCount
    return min(rule.limit, count > 0 ? sum / Double(count) : 0)
  }

  private mutating func decide(by rule: OccupancyRule) {
    let threshold = Float(threshold(of: rule))
    for (cell, density) in densities.elements.enumerated() { set(cell, to: density > threshold) }
  }
}
