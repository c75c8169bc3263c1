import AutoDiff
import GradientAdjusters
@testable import INRZoo
import TensorKit
import Testing

/// Volumes as signals: the order of rows, what rows hold, and the groups that are drawn.
@Suite struct VolumeSignalTests {
  private static func volume(_ extents: [Int], seed: UInt64 = 1) -> VoxelVolume {
    var generator = SeededGenerator(seed: seed)
    return VoxelVolume(
      extents: extents,
      values: (0..<extents.reduce(1, *)).map { _ in UInt8.random(in: 0...255, using: &generator) })
  }

  static let shapes: [([Int], VoxelGroups)] = [
    ([8, 8, 8], .blocks(4)), ([9, 7, 6], .blocks(4)), ([5, 4, 13], .blocks(8)),
    ([3, 3, 3], .blocks(2)), ([1, 1, 5], .blocks(4)), ([6, 5, 7], .runs(16)),
    ([4, 4, 4], .runs(64)), ([2, 2, 2], .runs(9)),
  ]

  @Test(arguments: shapes) func everyVoxelIsOneRow(_ extents: [Int], _ groups: VoxelGroups) {
    let order = VoxelOrder(extents: extents, groups: groups)
    let voxels = (0..<order.count).map { order.voxel(ofRow: $0) }
    #expect(voxels.sorted().elementsEqual(0..<order.count))
    var next = 0
    for group in 0..<order.groupCount {
      let rows = order.rows(ofGroup: group)
      #expect(rows.lowerBound == next)
      next = rows.upperBound
      guard case .blocks(let side) = groups else { continue }
      // All voxels of a block, and none of another.
      let blocks = Set(rows.map { row in blockIndices(voxels[row], extents, side: side) })
      #expect(blocks == [order.blockIndices(ofGroup: group)])
    }
    #expect(next == order.groupedCount)
  }

  private func blockIndices(_ voxel: Int, _ extents: [Int], side: Int) -> [Int] {
    RowGrid(extents: extents).indices(ofPoint: voxel).map { $0 / side }
  }

  @Test(arguments: shapes, VoxelAxes.allCases)
  func rowsHoldTheirVoxels(
    _ shape: ([Int], VoxelGroups), _ axes: VoxelAxes
  ) {
    let (extents, groups) = shape
    let volume = Self.volume(extents)
    let signal = VolumeSignal<Double>(volume, groups: groups, axes: axes)
    let values = signal.volumeOrder(of: signal.targets.matrix.elements)
    #expect(values == volume.values.map { Double($0) / 255 })
    let grid = Rows<Double>.grid(extents: extents).matrix
    for axis in 0..<3 {
      let column = axes == .natural ? axis : [1, 0, 2][axis]
      let found = signal.inputs.matrix.slice(column..<(column + 1), alongAxis: 1)
      #expect(
        signal.volumeOrder(of: found.elements)
          == grid.slice(axis..<(axis + 1), alongAxis: 1).elements)
    }
  }

  @Test(arguments: shapes) func anEpochHasEveryVoxelOnce(_ extents: [Int], _ groups: VoxelGroups) {
    let signal = VolumeSignal<Float>(Self.volume(extents), groups: groups)
    var source = signal.batches(groupsPerBatch: 2, fewestAdjusted: 2, seed: 3)
    for epoch in 0..<2 {
      var (points, adjusted): ([[Float]], [Bool]) = ([], [])
      for _ in 0..<source.stepsPerEpoch {
        let batch = source.nextBatch()
        let inputs = batch.inputs.elements
        points += (0..<batch.rowCount).map { Array(inputs[(3 * $0)..<(3 * $0 + 3)]) }
        adjusted.append(batch.isAdjusted)
        if batch.isAdjusted { #expect(batch.groups.count == 2 && batch.groups.remainder.isEmpty) }
      }
      #expect(source.epoch == epoch)
      #expect(Set(points).count == signal.volume.count && points.count == signal.volume.count)
      let unadjusted =
        signal.groupCount % 2 + (signal.batch.groups.remainder.isEmpty ? 0 : 1)
      #expect(adjusted.count { !$0 } == unadjusted)
    }
  }

  @Test func aStoppedEpochGoesOn() throws {
    let signal = VolumeSignal<Float>(Self.volume([6, 5, 7]), groups: .blocks(2))
    func source() -> GroupBatches<Float> { signal.batches(groupsPerBatch: 5, seed: 3) }
    var whole = source()
    for _ in 0..<7 { _ = whole.nextBatch() }
    var resumed = source()
    try resumed.restore(from: whole.savedState())
    for _ in 0..<20 { #expect(resumed.nextBatch().identity == whole.nextBatch().identity) }
    var other = VolumeSignal<Float>(Self.volume([6, 5, 6]), groups: .blocks(2))
      .batches(groupsPerBatch: 5, seed: 3)
    #expect(throws: StateError.self) { try other.restore(from: whole.savedState()) }
  }

  @Test(arguments: [
    ([32, 32, 32], VoxelGroups.blocks(4)), ([30, 19, 25], .blocks(8)), ([32, 32, 32], .runs(256)),
  ])
  func bandsOfABatchAreProjections(_ extents: [Int], _ groups: VoxelGroups) throws {
    let signal = VolumeSignal<Double>(Self.volume(extents), groups: groups)
    var source = signal.batches(groupsPerBatch: 20, seed: 2)
    var counts: Set<[String]> = []
    for _ in 0..<2 {
      let batch = source.nextBatch()
      let nest = signal.nestedGroups(of: batch)
      let bands = NestedMeanBands<Double>(nest)
      counts.insert(bands.bands.map(\.name))
      #expect(bands.bands.map(\.rank).reduce(0, +) == batch.rowCount)
      // What is constant over each cube of two voxels, and a single voxel.
      var generator = SeededGenerator(seed: 5)
      let rows = Tensor<Double>.normal(shape: [batch.rowCount, 1], using: &generator)
      let workers = Workers(threads: 1)
      let parts = try bands.bands.indices.map {
        try bands.projection(of: rows, onBand: $0, workers: workers)
      }
      #expect(
        parts.dropFirst().reduce(parts[0]) { $0 + $1 }
          .isApproximatelyEqual(to: rows, relativeTolerance: 1e-12))
      for (index, part) in parts.enumerated() {
        for other in parts[..<index] { #expect(abs(part.dotInDouble(other)) < 1e-9) }
      }
    }
    #expect(counts.count == 1)
  }

  @Test func blocksWithinBlocksAreCubes() {
    let signal = VolumeSignal<Double>(Self.volume([9, 8, 11]), groups: .blocks(4))
    let batch = signal.batch(ofGroups: Array(0..<signal.groupCount))
    let nest = signal.nestedGroups(of: batch)
    #expect(nest.levels.map(\.name) == ["constant", "cells of 8", "blocks of 4", "blocks of 2"])
    let inputs = batch.inputs
    for (level, side) in [8, 4, 2].enumerated() {
      let groups = nest.level(level + 1)
      for group in 0..<groups.count {
        let cubes = Set(
          groups.rows(ofGroups: group..<(group + 1)).map { row in
            [9, 8, 11].enumerated().map { axis, extent in
              Int(((inputs[row, axis] + 1) / 2 * Double(extent - 1)).rounded()) / side
            }
          })
        #expect(cubes.count == 1)
      }
      // No cube is in two groups.
      let cubeCount = [9, 8, 11].map { ($0 + side - 1) / side }.reduce(1, *)
      #expect(groups.count == cubeCount)
    }
  }

  @Test func namesOfGroups() {
    #expect(VoxelGroups(rawValue: "256") == .runs(256))
    #expect(VoxelGroups(rawValue: "runs:7") == .runs(7))
    #expect(VoxelGroups(rawValue: "blocks:8") == .blocks(8))
    for text in ["", "0", "-1", "blocks:3", "blocks:32", "blocks:1", "runs:", "x:4", "runs:4:4"] {
      #expect(VoxelGroups(rawValue: text) == nil, "\(text)")
    }
  }
}
