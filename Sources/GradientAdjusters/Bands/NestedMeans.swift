import TensorKit

/// The sums over groups of each level, and the weighted means put together again from them.
///
/// Band k has factor F_k and ends at level k; single rows are the level after the last. With m_k the
/// means of level k, the weighted row at level k is `y_k = y_{k-1} + F_k (m_k - m_{k-1})`. Kept is
/// `y_k - F_k m_k`, so that a level costs one pass over its groups.
struct NestedMeans<Scalar: TensorScalar>: Sendable {
  let cells: RowCells
  private let groups: NestedGroups
  /// The level whose groups are the cells.
  private let cellLevel: Int
  /// For each level, the number of rows of each group, of shape [groups, 1].
  private let sizes: [Tensor<Scalar>]

  init(_ groups: NestedGroups, cellLevel: Int, cells: RowCells) {
    self.groups = groups
    self.cellLevel = cellLevel
    self.cells = cells
    sizes = groups.levels.map { level in
      Tensor(zip(level.bounds, level.bounds.dropFirst()).map { Scalar($1 - $0) })
        .reshaped(to: [-1, 1])
    }
  }

  private var lastLevel: Int { groups.levels.count - 1 }
  /// Whether single rows are a band of their own.
  private var hasRows: Bool {
    groups.levels[lastLevel].bounds.count - 1 < groups.rowCount
  }

  // MARK: - Across cells

  /// The weighted coarse bands at each cell, from the means of all cells.
  func coarse(_ cellMeans: Tensor<Scalar>, _ factors: [Scalar]) -> Tensor<Scalar> {
    let means = means(from: cellMeans)
    guard var offset = means.first.map({ Tensor<Scalar>(zeros: $0.shape) }) else {
      return cellMeans
    }
    for level in 0..<cellLevel {
      offset.add(means[level], scaledBy: factors[level] - factors[level + 1])
      offset = offset.repeatingRows(bounds: groups.children[level])
    }
    offset.add(cellMeans, scaledBy: factors[cellLevel])
    return offset
  }

  /// The means of all levels down to the cells'.
  private func means(from cellMeans: Tensor<Scalar>) -> [Tensor<Scalar>] {
    var sums = cellMeans * sizes[cellLevel]
    var means = [cellMeans]
    for level in (0..<cellLevel).reversed() {
      sums = sums.sumsOfRowRuns(bounds: groups.children[level])
      means.append(sums / sizes[level])
    }
    return means.reversed()
  }

  /// The energies of the bands down to the cells' level; the others' are zero.
  func coarseEnergies(_ cellMeans: Tensor<Scalar>, bandCount: Int) -> [Double] {
    let means = means(from: cellMeans)
    var energies = [Double](repeating: 0, count: bandCount)
    for level in 0...cellLevel {
      var part = means[level]
      if level > 0 {
        part -= means[level - 1].repeatingRows(bounds: groups.children[level - 1])
      }
      energies[level] = Double((part * sizes[level]).dot(part))
    }
    return energies
  }

  // MARK: - Within cells

  /// The groups of some cells on the cells' level and all finer ones.
  private struct Part {
    /// For each of these levels, the range of groups.
    var groups: [Range<Int>]
    /// For each, the bounds of the next level's groups, or of the rows, counted from the first.
    var bounds: [[Int]]
  }

  private func part(of cells: Range<Int>) -> Part {
    var part = Part(groups: [cells], bounds: [])
    for level in cellLevel...lastLevel {
      let range = part.groups[level - cellLevel]
      let isLast = level == lastLevel
      let bounds = isLast ? groups.levels[level].bounds : groups.children[level]
      let (first, end) = (bounds[range.lowerBound], bounds[range.upperBound])
      part.bounds.append(bounds[range.lowerBound...range.upperBound].map { $0 - first })
      if !isLast { part.groups.append(first..<end) }
    }
    return part
  }

  /// The means of the groups of some cells, from the cells' level down.
  private func means(of rows: Tensor<Scalar>, _ part: Part) -> [Tensor<Scalar>] {
    var sums = rows
    var means: [Tensor<Scalar>] = []
    for (level, range) in part.groups.enumerated().reversed() {
      sums = sums.sumsOfRowRuns(bounds: part.bounds[level])
      means.append(sums / sizes[cellLevel + level].slice(range))
    }
    return means.reversed()
  }

  /// The weighted rows of some cells, given the weighted coarse bands at each.
  func fine(
    _ rows: Tensor<Scalar>, _ cells: Range<Int>, _ coarse: Tensor<Scalar>, _ factors: [Scalar]
  ) -> Tensor<Scalar> {
    let part = part(of: cells)
    let means = means(of: rows, part)
    var offset = coarse
    for level in means.indices {
      let band = cellLevel + level
      let next = band < lastLevel || hasRows ? factors[band + 1] : 0
      // At the cells' level the means are not yet part of what is kept.
      let present = level == 0 ? 0 : factors[band]
      offset.add(means[level], scaledBy: present - next)
      if level + 1 < means.count {
        offset = offset.repeatingRows(bounds: part.bounds[level])
      }
    }
    var result = hasRows ? rows * factors[lastLevel + 1] : Tensor(zeros: rows.shape)
    result.addToRowRuns(offset, bounds: part.bounds[means.count - 1])
    return result
  }

  /// The energies of the bands below the cells' level, for runs of cells, in order.
  func fineEnergies(
    of rows: Tensor<Scalar>, bandCount: Int, workers: Workers
  ) throws -> [[Double]] {
    try cells.map(rows, workers: workers) { rows, cells in
      let part = part(of: cells)
      let means = means(of: rows, part)
      var energies = [Double](repeating: 0, count: bandCount)
      for (level, range) in part.groups.enumerated().dropFirst() {
        let difference =
          means[level] - means[level - 1].repeatingRows(bounds: part.bounds[level - 1])
        energies[cellLevel + level] = Double(
          (difference * sizes[cellLevel + level].slice(range)).dot(difference))
      }
      if hasRows {
        var difference = rows
        difference.addToRowRuns(
          -means[means.count - 1], bounds: part.bounds[means.count - 1])
        energies[lastLevel + 1] = Double(difference.dot(difference))
      }
      return energies
    }
  }
}

extension Tensor {
  /// Each row as often as its run is long, of shape [rows of all runs, columns].
  func repeatingRows(bounds: [Int]) -> Tensor {
    var result = Tensor(zeros: [bounds[bounds.count - 1], shape[1]])
    result.addToRowRuns(self, bounds: bounds)
    return result
  }
}
