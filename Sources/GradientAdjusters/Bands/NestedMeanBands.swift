import TensorKit

/// Bands of means over nested groups: the constant, the groups' means within it, and so on to single rows.
///
/// With M_k the projection on what is constant over each group of level k, band k is
/// `P_k = M_k - M_{k-1}`, and the last band is the rows less the means of the finest groups. For blocks
/// of a picture these are the bands of Haar's wavelets. A weighting takes O(samples) operations.
///
/// Any grouping of any points will do; groups may differ in size.
public struct NestedMeanBands<Scalar: TensorScalar>: Bands {
  /// The groups.
  public let groups: RowPartition
  /// The bands, the constant first.
  public let bands: [Band]
  let means: NestedMeans<Scalar>

  /// Bands of means over nested groups.
  ///
  /// - Parameters:
  ///   - groups: The groups, the whole batch on the coarsest level; see
  ///     ``RowPartition/blocks(of:sides:)`` and ``RowPartition/bisecting(_:cutsPerLevel:pointsPerGroup:)``.
  ///   - rowsPerTile: The levels within groups of at most so many rows are applied tile by tile,
  ///     coarser ones across tiles.
  /// - Precondition: The coarsest level is one group of all rows.
  public init(_ groups: RowPartition, rowsPerTile: Int = 256) {
    precondition(rowsPerTile > 0, "tiles of \(rowsPerTile) rows")
    precondition(
      groups.levels[0].count == 1 && groups.level(0).coversAllRows,
      "nested groups whose coarsest level has \(groups.levels[0].count) groups")
    self.groups = groups
    means = NestedMeans(groups, splitLevel: groups.level(ofAtMost: rowsPerTile))
    var bands = groups.levels.indices.map { level in
      let group = groups.levels[level]
      let coarser = level > 0 ? groups.levels[level - 1] : nil
      return Band(
        group.name, rank: group.count - (coarser?.count ?? 0),
        frequency: middle(coarser, group.frequency))
    }
    let finest = groups.levels[groups.levels.count - 1]
    let count = groups.rowCount
    if finest.count < count {
      bands.append(
        Band(
          "single rows", rank: count - finest.count,
          frequency: middle(finest, groups.finestFrequency)))
    }
    self.bands = bands
  }

  /// The number of rows of the batch.
  public var rowCount: Int { groups.rowCount }

  /// The map `r → Σ_b factors[b] P_b r`, group by group.
  public func weighting(by factors: [Double]) -> BandWeighting<Scalar> {
    check(factors)
    let (means, factors) = (means, factors.map { Scalar($0) })
    return BandWeighting(
      GroupWeighting(
        groups: means.split, coarse: { means.coarse($0, factors) },
        fine: { means.fine($0, $1, $2, factors) }))
  }

  /// The squared norm of each band's part of some rows.
  public func energies(of rows: Tensor<Scalar>, workers: Workers) throws -> [Double] {
    var energies = means.coarseEnergies(
      try means.split.means(of: rows, workers: workers), bandCount: bands.count)
    for part in try means.fineEnergies(of: rows, bandCount: bands.count, workers: workers) {
      for band in energies.indices { energies[band] += part[band] }
    }
    return energies
  }
}

/// The middle of the band between a level and a finer one's frequency.
private func middle(_ coarser: RowPartition.Level?, _ frequency: Double?) -> Double? {
  guard let coarser else { return 0 }
  guard let frequency, let low = coarser.frequency else { return nil }
  // The constant resolves nothing; half a cycle is the slowest variation within it.
  return (max(low, 0.5) * frequency).squareRoot()
}
