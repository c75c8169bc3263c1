import TensorKit

/// The sums over groups of each level, and the weighted means put together again from them.
///
/// Band k has factor F_k and ends at level k; single rows are the level after the last. With m_k the
/// means of level k, the weighted row at level k is `y_k = y_{k-1} + F_k (m_k - m_{k-1})`. Kept is
/// `y_k - F_k m_k`, so that a level costs one pass over its groups.
struct NestedMeans<Scalar: TensorScalar>: Sendable {
  /// The groups of one level: finer ones lie within, coarser ones across them.
  let split: RowPartition
  private let groups: RowPartition
  /// That level.
  private let splitLevel: Int
  /// For each level, the bounds of its groups in the order of the rows.
  private let bounds: [[Int]]
  /// For each level but the last, the bounds of its groups among those of the next.
  private let children: [[Int]]
  /// For each level, the number of rows of each group, of shape [groups, 1].
  private let sizes: [Tensor<Scalar>]

  init(_ groups: RowPartition, splitLevel: Int) {
    self.groups = groups
    self.splitLevel = splitLevel
    split = groups.level(splitLevel)
    bounds = groups.levels.map(\.bounds.list)
    children = groups.levels.indices.dropLast().map { groups.children(ofLevel: $0) }
    sizes = bounds.map { bounds in
      Tensor(zip(bounds, bounds.dropFirst()).map { Scalar($1 - $0) }).reshaped(to: [-1, 1])
    }
  }

  private var lastLevel: Int { groups.levels.count - 1 }
  /// Whether single rows are a band of their own.
  private var hasRows: Bool {
    groups.levels[lastLevel].count < groups.rowCount
  }

  // MARK: - Across groups

  /// The weighted coarse bands at each group, from the means of all groups.
  func coarse(_ splitMeans: Tensor<Scalar>, _ factors: [Scalar]) -> Tensor<Scalar> {
    let means = means(from: splitMeans)
    guard var offset = means.first.map({ Tensor<Scalar>(zeros: $0.shape) }) else {
      return splitMeans
    }
    for level in 0..<splitLevel {
      offset.add(means[level], scaledBy: factors[level] - factors[level + 1])
      offset = offset.repeatingRows(bounds: children[level])
    }
    offset.add(splitMeans, scaledBy: factors[splitLevel])
    return offset
  }

  /// The means of all levels down to the split.
  private func means(from splitMeans: Tensor<Scalar>) -> [Tensor<Scalar>] {
    var sums = splitMeans * sizes[splitLevel]
    var means = [splitMeans]
    for level in (0..<splitLevel).reversed() {
      sums = sums.sumsOfRowRuns(bounds: children[level])
      means.append(sums / sizes[level])
    }
    return means.reversed()
  }

  /// The energies of the bands down to the split; the others' are zero.
  func coarseEnergies(_ splitMeans: Tensor<Scalar>, bandCount: Int) -> [Double] {
    let means = means(from: splitMeans)
    var energies = [Double](repeating: 0, count: bandCount)
    for level in 0...splitLevel {
      var part = means[level]
      if level > 0 {
        part -= means[level - 1].repeatingRows(bounds: children[level - 1])
      }
      energies[level] = (part * sizes[level]).dotInDouble(part)
    }
    return energies
  }

  // MARK: - Within groups

  /// Some groups of the split, and all finer ones within them.
  private struct Part {
    /// For each of these levels, the range of groups.
    var groups: [Range<Int>]
    /// For each, the bounds of the next level's groups, or of the rows, counted from the first.
    var bounds: [[Int]]
  }

  private func part(of groups: Range<Int>) -> Part {
    var part = Part(groups: [groups], bounds: [])
    for level in splitLevel...lastLevel {
      let range = part.groups[level - splitLevel]
      let isLast = level == lastLevel
      let bounds = isLast ? self.bounds[level] : children[level]
      let (first, end) = (bounds[range.lowerBound], bounds[range.upperBound])
      part.bounds.append(bounds[range.lowerBound...range.upperBound].map { $0 - first })
      if !isLast { part.groups.append(first..<end) }
    }
    return part
  }

  /// The means of some groups of the split and of all finer ones.
  private func means(of rows: Tensor<Scalar>, _ part: Part) -> [Tensor<Scalar>] {
    var sums = rows
    var means: [Tensor<Scalar>] = []
    for (level, range) in part.groups.enumerated().reversed() {
      sums = sums.sumsOfRowRuns(bounds: part.bounds[level])
      means.append(sums / sizes[splitLevel + level].slice(range))
    }
    return means.reversed()
  }

  /// The weighted rows of some groups, given the weighted coarse bands at each.
  func fine(
    _ rows: Tensor<Scalar>, _ groups: Range<Int>, _ coarse: Tensor<Scalar>, _ factors: [Scalar]
  ) -> Tensor<Scalar> {
    let part = part(of: groups)
    let means = means(of: rows, part)
    var offset = coarse
    for level in means.indices {
      let band = splitLevel + level
      let next = band < lastLevel || hasRows ? factors[band + 1] : 0
      // At the split the means are not yet part of what is kept.
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

  /// The energies of the bands below the split, for runs of groups, in order.
  func fineEnergies(
    of rows: Tensor<Scalar>, bandCount: Int, workers: Workers
  ) throws -> [[Double]] {
    try split.map(rows, workers: workers) { rows, groups in
      let part = part(of: groups)
      let means = means(of: rows, part)
      var energies = [Double](repeating: 0, count: bandCount)
      for (level, range) in part.groups.enumerated().dropFirst() {
        let difference =
          means[level] - means[level - 1].repeatingRows(bounds: part.bounds[level - 1])
        energies[splitLevel + level] =
          (difference * sizes[splitLevel + level].slice(range)).dotInDouble(difference)
      }
      if hasRows {
        var difference = rows
        difference.addToRowRuns(
          -means[means.count - 1], bounds: part.bounds[means.count - 1])
        energies[lastLevel + 1] = difference.dotInDouble(difference)
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
