import AutoDiff
import GradientAdjusters
import TensorKit

/// Which index a coordinate runs along.
public enum VoxelAxes: String, CaseIterable, Codable, Sendable {
  /// The first coordinate along the first index, and so on.
  case natural
  /// The first coordinate along the second index and the second along the first, as in the code released with
  /// K. Shi et al., ICML 2025.
  case released

  var order: [Int] { self == .natural ? [0, 1, 2] : [1, 0, 2] }
}

/// The occupancy of a volume as a signal to fit: a row for each voxel, in groups.
///
/// Coordinates are computed wherever they are needed, and a target is a voxel's byte divided by 255, so that a
/// volume takes no more memory than its bytes. Each axis is evenly spaced over [-1, 1], both ends included.
///
/// ```swift
/// let signal = VolumeSignal<Float>(volume, groups: .blocks(8))
/// var source = signal.batches(groupsPerBatch: 256, seed: 1)
/// ```
public struct VolumeSignal<Scalar: TensorScalar>: Sendable {
  /// The volume.
  public let volume: VoxelVolume
  /// How its voxels form groups.
  public let groups: VoxelGroups
  /// Which index a coordinate runs along.
  public let axes: VoxelAxes
  /// The coordinates of all voxels, in the order of the rows; computed.
  public let inputs: Rows<Scalar>
  /// How far each voxel is filled, from 0 to 1, in the order of the rows; computed.
  public let targets: Rows<Scalar>
  private let order: VoxelOrder

  /// A volume as a signal.
  ///
  /// - Parameters:
  ///   - volume: The volume.
  ///   - groups: How its voxels form groups.
  ///   - axes: Which index a coordinate runs along.
  /// - Precondition: The volume has a voxel, and a name could be given to the groups.
  public init(_ volume: VoxelVolume, groups: VoxelGroups, axes: VoxelAxes = .natural) {
    precondition(volume.count > 0, "a signal of a volume of extents \(volume.extents)")
    precondition(
      VoxelGroups(rawValue: groups.rawValue) == groups, "a volume in groups \(groups.rawValue)")
    let order = VoxelOrder(extents: volume.extents, groups: groups)
    self.volume = volume
    self.groups = groups
    self.axes = axes
    self.order = order
    let (extents, axisOrder) = (volume.extents, axes.order)
    let lines = extents.map { Tensor<Scalar>.evenlySpaced(over: -1...1, count: $0).elements }
    inputs = Rows(count: volume.count, columns: 3) { rows in
      Tensor(shape: [rows.count, 3]) { elements in
        var place = 0
        rows.forEach { row in
          let voxel = order.voxel(ofRow: row)
          let (layer, depth) = (voxel / extents[2], voxel % extents[2])
          let point = (
            lines[0][layer / extents[1]], lines[1][layer % extents[1]], lines[2][depth]
          )
          elements[place] = axisOrder[0] == 0 ? point.0 : point.1
          elements[place + 1] = axisOrder[0] == 0 ? point.1 : point.0
          elements[place + 2] = point.2
          place += 3
        }
      }
    }
    targets = Rows(count: volume.count, columns: 1) { rows in
      Tensor(shape: [rows.count, 1]) { elements in
        var place = 0
        rows.forEach { row in
          elements[place] = Scalar(volume.values[order.voxel(ofRow: row)]) / 255
          place += 1
        }
      }
    }
  }

  /// The number of groups.
  public var groupCount: Int { order.groupCount }

  /// All voxels as one batch.
  public var batch: Batch<Scalar> {
    let sizes = (0..<groupCount).map { order.rows(ofGroup: $0).count }
    let others = volume.count - order.groupedCount
    return Batch(
      inputs: inputs, targets: targets,
      groups: others == 0
        ? RowPartition(groupSizes: sizes)
        : RowPartition(rowCount: volume.count, groupSize: groups.size))
  }

  /// The signal in passes over a random order of all groups, some to a step.
  ///
  /// - Parameters:
  ///   - groupsPerBatch: How many groups a step has; fewer if there are not as many.
  ///   - fewestAdjusted: How many groups a step needs for its residuals to be adjusted.
  ///   - seed: Seeds the orders.
  /// - Precondition: The number is positive.
  public func batches(
    groupsPerBatch: Int, fewestAdjusted: Int = 1, seed: UInt64 = 0
  ) -> GroupBatches<Scalar> {
    let others = order.groupedCount..<volume.count
    return GroupBatches(
      groupCount: groupCount, groupsPerBatch: groupsPerBatch, fewestAdjusted: fewestAdjusted,
      remainder: others.isEmpty
        ? nil : Batch(inputs: inputs.slice(others), targets: targets.slice(others)), seed: seed
    ) { batch(ofGroups: Array($0)) }
  }

  /// Some groups as a batch, those that lie near each other one after the other.
  ///
  /// - Parameter drawn: The groups, each at most once.
  public func batch(ofGroups drawn: [Int]) -> Batch<Scalar> {
    let ranges = order.alongCells(drawn).map { order.rows(ofGroup: $0) }
    let rows = Array(ranges.joined())
    return Batch(
      inputs: inputs.selecting(rows), targets: targets.selecting(rows),
      groups: RowPartition(groupSizes: ranges.map(\.count)))
  }

  /// The groups of a batch that was made by ``batch(ofGroups:)`` as a nest, for bands: the whole batch; cells of
  /// the volume, as far as there are several groups in each; the groups; and ever smaller parts of them.
  ///
  /// The bands of different batches with equally many groups correspond.
  public func nestedGroups(of batch: Batch<Scalar>) -> RowPartition {
    var firsts: [Int] = [0]
    for group in 0..<batch.groups.count {
      firsts.append(firsts[group] + batch.groups.size(ofGroup: group))
    }
    // Which groups they are follows from where their first voxels lie.
    let corners = batch.inputRows.rows(at: Array(firsts.dropLast()))
    let groups = corners.withUnsafeElements { corners in
      (0..<batch.groups.count).map { group in
        let indices = axes.order.enumerated().map { (column: $0, axis: $1) }
          .sorted { $0.axis < $1.axis }
          .map { column, axis in
            let place = (Double(corners[3 * group + column]) + 1) / 2
            return Int((place * Double(volume.extents[axis] - 1)).rounded())
          }
        return order.group(ofIndices: indices)
      }
    }
    var (bounds, names, frequencies): ([[Int]], [String], [Double?]) = ([], [], [])
    let longest = Double(volume.extents.max() ?? 1)
    func append(_ level: [Int], _ kind: String, _ size: Int) {
      bounds.append(level)
      names.append("\(kind) of \(size)")
      if case .blocks = self.groups {
        frequencies.append(longest / Double(2 * size))
      } else {
        frequencies.append(nil)
      }
    }
    for level in order.cellLevels(forGroups: groups.count) {
      let cells = groups.map { order.cell(ofGroup: $0, level: level) }
      let cuts = groups.indices.dropFirst().filter { cells[$0] != cells[$0 - 1] }
      append([0] + cuts.map { firsts[$0] } + [batch.rowCount], "cells", self.groups.side << level)
    }
    let (kind, sizes) = (self.groups.kindName, order.finerSizes)
    append(firsts, kind, self.groups.side)
    var finer = sizes.map { _ in [0] }
    for (group, first) in zip(groups, firsts) {
      for (level, bounds) in order.finerBounds(ofGroup: group).enumerated() {
        finer[level] += bounds.dropFirst().map { first + $0 }
      }
    }
    for (size, level) in zip(sizes, finer) { append(level, kind, size) }
    return RowPartition(
      rowCount: batch.rowCount, bounds: bounds, names: names, frequencies: frequencies,
      finestFrequency: self.groups.kindName == "blocks" ? longest / 2 : nil)
  }

  /// Values for each row of the signal, put where their voxels are.
  ///
  /// - Parameter rows: One for each row.
  /// - Returns: In row-major order of the volume's indices.
  public func volumeOrder<Value>(of rows: [Value]) -> [Value] {
    precondition(rows.count == volume.count, "\(rows.count) rows for \(volume.count) voxels")
    var values = rows
    for (row, value) in rows.enumerated() { values[order.voxel(ofRow: row)] = value }
    return values
  }
}

extension VoxelGroups {
  fileprivate var kindName: String { if case .runs = self { "runs" } else { "blocks" } }
}
