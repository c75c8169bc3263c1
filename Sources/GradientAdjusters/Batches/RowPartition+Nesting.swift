import TensorKit

extension RowPartition {
  /// Groups given by labels: rows of equal labels on a level and all coarser ones form a group.
  ///
  /// The whole batch is the coarsest level, before those of labels. Levels that cut nothing, or cut
  /// everything into single rows, are left out.
  ///
  /// - Parameters:
  ///   - rowCount: The number of rows of the batch.
  ///   - labels: For each level between the whole batch and single rows, coarse to fine, the label
  ///     of each row.
  ///   - names: What to call the groups of each level, such as "blocks of 4".
  /// - Precondition: There is a row, a label for each row on every level, and a name for each level
  ///   if there are names.
  public init(rowCount: Int, labels: [[Int]], names: [String]? = nil) {
    self.init(
      rowCount: rowCount, labels: labels,
      names: names ?? labels.indices.map { "groups of level \($0 + 1)" },
      frequencies: labels.map { _ in nil }, finestFrequency: nil)
  }

  init(
    rowCount: Int, labels: [[Int]], names: [String], frequencies: [Double?],
    finestFrequency: Double?
  ) {
    precondition(
      rowCount > 0 && labels.allSatisfy { $0.count == rowCount } && names.count == labels.count,
      "\(labels.map(\.count)) labels and \(names.count) names of levels for \(rowCount) rows")
    let order = (0..<rowCount).sorted { left, right in
      for level in labels where level[left] != level[right] { return level[left] < level[right] }
      return left < right
    }
    var bounds: [[Int]] = []
    var cuts = [0]
    for level in labels {
      var next = [0]
      var outer = 1
      for place in 1..<max(rowCount, 1) {
        let isCutBefore = outer < cuts.count && cuts[outer] == place
        if isCutBefore { outer += 1 }
        if isCutBefore || level[order[place]] != level[order[place - 1]] { next.append(place) }
      }
      cuts = next
      bounds.append(next + [rowCount])
    }
    self.init(
      order: order.elementsEqual(0..<rowCount) ? nil : order, bounds: bounds, names: names,
      frequencies: frequencies, finestFrequency: finestFrequency, rowCount: rowCount)
  }

  /// Groups of consecutive rows, given by where they begin and end on each level.
  ///
  /// The whole batch is the coarsest level, before those of bounds. Levels that cut nothing, or cut
  /// everything into single rows, are left out.
  ///
  /// - Parameters:
  ///   - rowCount: The number of rows of the batch.
  ///   - bounds: For each level, coarse to fine, the first row of each group, and the number of rows at the end.
  ///   - names: What to call the groups of each level, such as "blocks of 4".
  ///   - frequencies: The highest frequency that each level resolves, in cycles over the whole extent.
  ///   - finestFrequency: That of single rows.
  /// - Precondition: There is a row. Bounds rise from zero to the number of rows, and each level has those of the
  ///   one before.
  public init(
    rowCount: Int, bounds: [[Int]], names: [String]? = nil, frequencies: [Double?]? = nil,
    finestFrequency: Double? = nil
  ) {
    precondition(rowCount > 0, "groups of no rows")
    var coarser = [0, rowCount]
    for (level, bounds) in bounds.enumerated() {
      precondition(
        bounds.first == 0 && bounds.last == rowCount
          && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 },
        "the bounds of level \(level) do not rise from 0 to \(rowCount)")
      var next = 0
      for bound in coarser {
        while next < bounds.count && bounds[next] < bound { next += 1 }
        precondition(
          next < bounds.count && bounds[next] == bound,
          "level \(level) has a group on both sides of the bound \(bound) of the level before")
      }
      coarser = bounds
    }
    self.init(
      order: nil, bounds: bounds,
      names: names ?? bounds.indices.map { "groups of level \($0 + 1)" },
      frequencies: frequencies ?? bounds.map { _ in nil }, finestFrequency: finestFrequency,
      rowCount: rowCount)
  }

  /// Groups given by an order of the rows and the bounds of each level's groups in it.
  private init(
    order: [Int]?, bounds: [[Int]], names: [String], frequencies: [Double?],
    finestFrequency: Double?, rowCount: Int
  ) {
    var levels = [
      Level(name: "constant", frequency: 0, bounds: .uniform(groupCount: 1, size: rowCount))
    ]
    for (level, bounds) in bounds.enumerated()
    where bounds.count - 1 > levels[levels.count - 1].count && bounds.count <= rowCount {
      levels.append(
        Level(name: names[level], frequency: frequencies[level], bounds: .listed(bounds)))
    }
    self.init(
      rowCount: rowCount, order: order, levels: levels, finestFrequency: finestFrequency)
  }

  /// The first child of each group of a level among the groups of the next one, and the number of these at
  /// the end.
  func children(ofLevel index: Int) -> [Int] {
    let next = levels[index + 1].bounds
    var child = 0
    return levels[index].bounds.list.map { bound in
      while next[child] < bound { child += 1 }
      return child
    }
  }

  /// The coarsest level none of whose groups has more rows than given, or the finest level there is.
  func level(ofAtMost rowsPerGroup: Int) -> Int {
    levels.firstIndex { $0.bounds.sizes.largest <= rowsPerGroup } ?? levels.count - 1
  }
}

extension RowPartition {
  /// Blocks of a grid within blocks twice as large, and so on: squares of a picture, cubes of a volume.
  ///
  /// - Parameters:
  ///   - grid: The grid. Blocks at its far ends are clipped.
  ///   - sides: The blocks' sides, each a multiple of the next; the powers of two below the longest
  ///     extent by default, and single points after them.
  /// - Precondition: Each side is positive and a multiple of the next.
  public static func blocks(of grid: RowGrid, sides: [Int]? = nil) -> RowPartition {
    let sides = sides ?? powersOfTwo(below: grid.longest)
    precondition(
      sides.allSatisfy { $0 > 0 } && zip(sides, sides.dropFirst()).allSatisfy { $0 % $1 == 0 },
      "blocks of the sides \(sides), which do not nest")
    let path = BlockPath(sides: sides, extents: grid.extents)
    let paths = (0..<grid.count).map { row in
      path.number(ofIndices: grid.indices(ofPoint: grid.points?[row] ?? row))
    }
    let order = (0..<grid.count).sorted { paths[$0] < paths[$1] }
    let bounds = path.divisors.map { divisor in
      [0]
        + (1..<grid.count).filter { paths[order[$0]] / divisor != paths[order[$0 - 1]] / divisor }
        + [grid.count]
    }
    let longest = Double(grid.longest)
    return RowPartition(
      order: order.elementsEqual(0..<grid.count) ? nil : order, bounds: bounds,
      names: sides.map { "blocks of \($0)" },
      frequencies: sides.map { longest / Double(2 * $0) }, finestFrequency: longest / 2,
      rowCount: grid.count)
  }

  /// The way to a point of a grid from block to smaller block, as one number.
  private struct BlockPath {
    /// The sides of blocks, coarse to fine, and at last of single points.
    private let sides: [Int]
    /// The number of the coarsest blocks along each axis.
    private let counts: [Int]

    init(sides: [Int], extents: [Int]) {
      self.sides = sides + [1]
      let coarsest = self.sides[0]
      counts = extents.map { ($0 + coarsest - 1) / coarsest }
    }

    /// What a point's number is divided by for that of its block, for each side but that of points.
    var divisors: [Int] {
      sides.dropLast().map { side in counts.reduce(1) { product, _ in product * side } }
    }

    /// Numbers in the order of blocks, those within blocks, and so on, each in row-major order.
    func number(ofIndices indices: [Int]) -> Int {
      var number = 0
      for (level, side) in sides.enumerated() {
        for (index, count) in zip(indices, counts) {
          let within = level == 0 ? index : index % sides[level - 1]
          number = number * (level == 0 ? count : sides[level - 1] / side) + within / side
        }
      }
      return number
    }
  }

  /// The powers of two below a number, largest first, down to two.
  private static func powersOfTwo(below bound: Int) -> [Int] {
    var sides: [Int] = []
    var side = 2
    while side < bound {
      sides.insert(side, at: 0)
      side *= 2
    }
    return sides
  }

  /// Groups of points that lie near each other: a k-d tree over scattered points.
  ///
  /// Each group is cut at the median of the coordinate in which it is widest, so that halves differ by
  /// at most one point, unless points are equal: those stay together. The groups depend on the points, and not
  /// on their order.
  ///
  /// - Parameters:
  ///   - points: The points, anywhere. Shape: [samples, coordinates].
  ///   - cutsPerLevel: How many times groups are halved from level to level; as often as there are
  ///     coordinates by default, which halves their sides.
  ///   - pointsPerGroup: Groups are halved only while they have more points than this on average.
  /// - Precondition: There is a point and a coordinate, and the numbers are positive.
  public static func bisecting<Scalar>(
    _ points: Tensor<Scalar>, cutsPerLevel: Int? = nil, pointsPerGroup: Int = 1
  ) -> RowPartition {
    precondition(
      points.rank == 2 && points.shape[0] > 0 && points.shape[1] > 0,
      "a tree over points of shape \(points.shape)")
    let (count, dimensions) = (points.shape[0], points.shape[1])
    let cutsPerLevel = cutsPerLevel ?? dimensions
    precondition(
      cutsPerLevel > 0 && pointsPerGroup > 0,
      "\(cutsPerLevel) cuts from level to level, down to groups of \(pointsPerGroup)")
    var tree = PointTree(points)
    var bounds: [[Int]] = []
    var (names, frequencies): ([String], [Double?]) = ([], [])
    while tree.bounds.count <= count, (tree.bounds.count - 1) * pointsPerGroup < count {
      let groupsBefore = tree.bounds.count
      for _ in 0..<cutsPerLevel { tree.halveGroups() }
      // What is left are points that are equal.
      if tree.bounds.count == groupsBefore { break }
      bounds.append(tree.bounds)
      let groups = tree.bounds.count - 1
      names.append("groups of about \((count + groups / 2) / groups)")
      frequencies.append(sideCount(of: groups, dimensions) / 2)
    }
    return RowPartition(
      order: tree.order.elementsEqual(0..<count) ? nil : tree.order, bounds: bounds, names: names,
      frequencies: frequencies, finestFrequency: sideCount(of: count, dimensions) / 2,
      rowCount: count)
  }
}
