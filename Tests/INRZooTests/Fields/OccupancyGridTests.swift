import AutoDiff
import Foundation
import TensorKit
import Testing

@testable import INRZoo

@Suite struct OccupancyGridTests {
  private struct Settings: Decodable {}

  private func check<Scalar: TensorScalar>(_: Scalar.Type, isExact: Bool) throws {
    let reference = try FieldReference<Settings>("occupancy-marching")
    let occupied = try reference.tensor("occupied", as: Double.self)
    let box = BoundingBox(lower: SIMD3(repeating: -0.5), upper: SIMD3(repeating: 0.5))
    let extents = SIMD3(occupied.shape[0], occupied.shape[1], occupied.shape[2])
    let grid = OccupancyGrid(box: box, extents: extents) { middle in
      let place = SIMD3<Int>(((middle + 0.5) * SIMD3<Double>(extents)).rounded(.down))
      return occupied[place.x, place.y, place.z] > 0
    }
    #expect(grid.occupiedCount == Int(occupied.sum()))
    let origins: Tensor<Scalar> = try reference.tensor("origins")
    let directions: Tensor<Scalar> = try reference.tensor("directions")
    let crossings = Rays(origins: origins, directions: directions).crossings(of: box)
    try reference.expect(crossings.entry, "entry", tolerance: isExact ? 1e-12 : 2e-5)
    try reference.expect(crossings.exit, "exit", tolerance: isExact ? 1e-12 : 2e-5)
    let found = grid.samples(
      alongRaysFrom: origins, directions: directions,
      step: try reference.tensor("step", as: Scalar.self).elements[0],
      jitter: try reference.tensor("noise"))
    let counts = zip(found.bounds, found.bounds.dropFirst()).map { $1 - $0 }
    let expected = try reference.indices("ray_count")
    if isExact {
      #expect(counts == expected)
      try reference.expect(Tensor(found.distances), "distances", tolerance: 1e-12)
    } else {
      #expect(counts.count == expected.count)
      #expect(zip(counts, expected).allSatisfy { abs($0 - $1) <= 1 })
    }
  }

  @Test func samplesAreTheReferences() throws {
    try check(Double.self, isExact: true)
    try check(Float.self, isExact: false)
  }

  private static let box = BoundingBox(lower: SIMD3(-1, 0, 2), upper: SIMD3(1, 1, 5))

  private static func randomRays(
    _ count: Int
  ) -> (origins: Tensor<Double>, directions: Tensor<Double>, jitter: Tensor<Double>) {
    var generator = SeededGenerator(seed: 5)
    let origins = Tensor<Double>.uniform(over: -3...6, shape: [count, 3], using: &generator)
    // To points around the box's middle, of which most lie within it.
    let targets =
      Tensor<Double>.normal(shape: [count, 3], using: &generator) * 0.5 + Tensor([0, 0.5, 3.5])
    return (
      origins, targets - origins, .uniform(over: 0...1, shape: [count, 1], using: &generator)
    )
  }

  /// Every place of a ray that lies in an occupied cell is a sample, and no other: skipping loses and adds none.
  @Test func skippingChangesNothing() {
    var generator = SeededGenerator(seed: 6)
    let grid = OccupancyGrid(box: Self.box, extents: SIMD3(7, 5, 6)) { _ in
      Double.random(in: 0..<1, using: &generator) < 0.3
    }
    let rays = Self.randomRays(200)
    let (near, far, step) = (0.5, 4.0, 0.03)
    let found = grid.samples(
      alongRaysFrom: rays.origins, directions: rays.directions, near: near, far: far, step: step,
      jitter: rays.jitter)
    var hits = 0
    for ray in 0..<200 {
      func vector(_ tensor: Tensor<Double>) -> SIMD3<Double> {
        SIMD3(tensor[ray, 0], tensor[ray, 1], tensor[ray, 2])
      }
      let (origin, direction) = (vector(rays.origins), vector(rays.directions))
      let crossing = Self.box.crossing(ofRayFrom: origin, along: direction)
      var expected: [Double] = []
      if crossing.entry < crossing.exit {
        let start = max(crossing.entry, near) + rays.jitter[ray, 0] * step
        var place = 0
        while start + Double(place) * step < min(crossing.exit, far) {
          let distance = start + Double(place) * step
          if grid.isOccupied(at: origin + distance * direction) { expected.append(distance) }
          place += 1
        }
      }
      hits += expected.count
      let samples = Array(found.distances[found.bounds[ray]..<found.bounds[ray + 1]])
      #expect(samples.count == expected.count)
      #expect(zip(samples, expected).allSatisfy { abs($0 - $1) < 1e-9 })
    }
    #expect(hits > 100)
  }

  @Test func raysWithoutSamples() {
    let full = OccupancyGrid(box: Self.box, extents: SIMD3(4, 4, 4))
    let rays: [(origin: [Double], direction: [Double])] = [
      ([5, 5, 5], [1, 0, 0]), ([0, 0.5, 3], [0, 0, 0]), ([0, 0.5, 9], [0, 0, 1]),
      ([.nan, 0, 0], [0, 0, 1]), ([0, 0.5, 0], [0, .infinity, 1]), ([0, 0.5, 0], [.nan, 0, 1]),
      ([0, 0.5, 0], [0, 0, 1]),
    ]
    let origins = Tensor(rays.map(\.origin))
    let directions = Tensor(rays.map(\.direction))
    let jitter = Tensor<Double>(zeros: [rays.count])
    let found = full.samples(
      alongRaysFrom: origins, directions: directions, step: 0.1, jitter: jitter)
    // Only the last one meets the box, over a length of three.
    #expect(found.bounds.dropLast() == [0, 0, 0, 0, 0, 0, 0])
    #expect((29...31).contains(found.distances.count))
    let limited = full.samples(
      alongRaysFrom: origins, directions: directions, step: 0.1, jitter: jitter, atMost: 7)
    #expect(limited.distances == Array(found.distances.prefix(7)))
    let empty = OccupancyGrid(box: Self.box, extents: SIMD3(4, 4, 4), isOccupied: false)
    #expect(
      empty.samples(alongRaysFrom: origins, directions: directions, step: 0.1, jitter: jitter)
        .bounds == [Int](repeating: 0, count: rays.count + 1))
    let none = Tensor<Float>(zeros: [0, 3])
    #expect(
      full.samples(alongRaysFrom: none, directions: none, step: 0.1, jitter: Tensor(zeros: [0]))
        .bounds == [0])
  }

  @Test func cellsAndPoints() {
    var grid = OccupancyGrid(box: Self.box, extents: SIMD3(3, 5, 7), isOccupied: false)
    #expect(grid.cellCount == 105 && grid.occupiedCount == 0 && grid.occupiedBox == nil)
    for cell in 0..<grid.cellCount {
      #expect(grid.cell(containing: grid.center(ofCell: cell)) == cell)
    }
    #expect(grid.cell(containing: Self.box.upper) == 104)
    #expect(grid.cell(containing: SIMD3(0, 0.5, 1.9)) == nil)
    #expect(grid.cell(containing: SIMD3(.nan, 0.5, 3)) == nil)
    let middle = SIMD3(0.0, 0.5, 3.5)
    grid = OccupancyGrid(box: Self.box, extents: grid.extents) { $0 == middle }
    #expect(grid.occupiedCount == 1 && grid.isOccupied(at: middle))
    let cell = SIMD3(2.0, 1, 3) / SIMD3(3, 5, 7)
    #expect(grid.occupiedBox.map { ($0.size - cell).norm < 1e-12 } == true)
    #expect(grid.dilated().occupiedCount == 27 && grid.dilated().dilated().occupiedCount == 75)
    var cut = grid.dilated()
    cut.formIntersection { $0.z > middle.z + 0.1 }
    #expect(cut.occupiedCount == 9)
    #expect(OccupancyGrid(box: Self.box, extents: SIMD3(3, 5, 7)).occupiedCount == 105)
    var generator = SeededGenerator(seed: 1)
    let points: Tensor<Double> = grid.points(
      inCells: Array(0..<105), using: &generator)
    #expect(points.points.map { grid.cell(containing: $0) } == Array(0..<105))
  }

  @Test func voxelsMakeTheCellsAroundThemOccupied() {
    var values = Tensor<Float>(zeros: [6 * 6 * 6, 1])
    // The vertex (2, 3, 1): its neighbours' cells are those up to two to each side.
    values[(2 * 6 + 3) * 6 + 1, 0] = 1
    let voxels = VoxelGrid(values: values, extents: SIMD3(6, 6, 6), box: Self.box)
    let grid = OccupancyGrid(above: 0.5, in: voxels)
    #expect(grid.extents == SIMD3(5, 5, 5))
    for x in 0..<5 {
      for y in 0..<5 {
        for z in 0..<5 {
          let isNear = (0...3).contains(x) && (1...4).contains(y) && (0...2).contains(z)
          #expect(grid.isOccupied(grid.cell(at: SIMD3(x, y, z))) == isNear)
        }
      }
    }
    #expect(OccupancyGrid(above: 1, in: voxels).occupiedCount == 0)
  }

  // MARK: - Updates

  private static let rule = OccupancyRule(decay: 0.5, limit: 3, mean: .ofPositiveCells)

  @Test func densitiesDecayAndRise() {
    var grid = OccupancyGrid(box: Self.box, extents: SIMD3(1, 1, 6))
    grid.removeUnseen { $0.z < 4.5 }
    #expect(grid.occupiedCount == 5)
    grid.update(
      Tensor<Float>([8, 2, 0, .nan, 4, 9]), ofCells: [0, 1, 2, 3, 4, 5], rule: Self.rule)
    // The mean of 8, 2 and 4 is above the limit 3; the last cell is never seen.
    #expect(grid.densities.elements == [8, 2, 0, 0, 4, -1])
    #expect(grid.threshold(of: Self.rule) == 3)
    #expect((0..<6).map { grid.isOccupied($0) } == [true, false, false, false, true, false])
    // All decay; a cell that is found twice has its largest density.
    grid.update(Tensor<Float>([[1], [3], [2.5]]), ofCells: [1, 2, 2], rule: Self.rule)
    #expect(grid.densities.elements == [4, 1, 3, 0, 2, -1])
    #expect(grid.threshold(of: Self.rule) == 2.5)
    #expect((0..<6).map { grid.isOccupied($0) } == [true, false, true, false, false, false])
    // Only those that are looked at decay.
    var rule = Self.rule
    (rule.decaysOtherCells, rule.mean) = (false, .ofAllCells)
    grid.update(Tensor<Double>([0, 0]), ofCells: [0, 0], rule: rule)
    #expect(grid.densities.elements == [2, 1, 3, 0, 2, -1])
    #expect(abs(grid.threshold(of: rule) - 8.0 / 6) < 1e-12)
    grid.update(Tensor<Float>([.infinity]), ofCells: [1], rule: rule)
    #expect(grid.densities[1] == 1e6)
  }

  @Test func anEmptyGridCanFillAgain() {
    var grid = OccupancyGrid(box: Self.box, extents: SIMD3(4, 4, 4))
    let all = Array(0..<64)
    grid.update(Tensor<Float>(zeros: [64]), ofCells: all, rule: .ngpPyTorch)
    #expect(grid.occupiedCount == 0)
    var generator = SeededGenerator(seed: 1)
    let cells = grid.cells(ofUpdateAtStep: 1000, rule: .ngpPyTorch, using: &generator)
    #expect(cells.count == 16)
    grid.update(
      Tensor<Float>(repeating: 0.5, shape: [16]), ofCells: cells, rule: .torchNGP)
    #expect(grid.occupiedCount == Set(cells).count)
    grid.update(Tensor<Float>(zeros: [0]), ofCells: [], rule: .instantNGP)
    #expect(grid.occupiedCount == Set(cells).count)
  }

  @Test func cellsOfUpdates() {
    var grid = OccupancyGrid(box: Self.box, extents: SIMD3(4, 4, 4)) { $0.x < -0.5 }
    grid.removeUnseen { $0.y < 0.75 }
    var generator = SeededGenerator(seed: 1)
    let first = grid.cells(ofUpdateAtStep: 0, rule: .ngpPyTorch, using: &generator)
    #expect(first == (0..<64).filter { grid.center(ofCell: $0).y < 0.75 })
    let later = grid.cells(ofUpdateAtStep: 256, rule: .ngpPyTorch, using: &generator)
    #expect(later.allSatisfy { first.contains($0) })
    // Half of them are drawn from the occupied quarter of the cells.
    #expect(later.suffix(16).allSatisfy { grid.isOccupied($0) })
    #expect(later.count > 16 && later.count <= 32)
    #expect(OccupancyRule.ngpPyTorch.interval(atStep: 0) == 16)
    #expect(
      [0, 31, 32, 100, 400].map { OccupancyRule.instantNGP.interval(atStep: $0) }
        == [1, 1, 2, 6, 16])
    #expect(abs(OccupancyRule.thinDensity - 5.9121) < 1e-4)
  }

  @Test func stateIsRestored() throws {
    var grid = OccupancyGrid(box: Self.box, extents: SIMD3(3, 5, 5)) { $0.x < 0 }
    grid.removeUnseen { $0.z > 3 }
    var other = OccupancyGrid(box: Self.box, extents: SIMD3(3, 5, 5))
    try other.restore(from: grid.savedState())
    #expect(other == grid)
    var smaller = OccupancyGrid(box: Self.box, extents: SIMD3(3, 5, 4))
    #expect(throws: StateError.self) { try smaller.restore(from: grid.savedState()) }
  }
}
