import AutoDiff

/// A partition of a batch's rows into groups, on one level or on several that nest: patches of a picture,
/// intervals of a line, blocks within blocks, branches of a tree.
///
/// It is an order of the rows and, for each level, bounds within that order. Rows after the last bound belong to
/// no group; they are trained, and never mixed with others.
///
/// An adjuster that works across groups mixes rows that share a *place*: the j-th rows of all groups. Groups
/// need not be of equal size. Place j then couples the groups that have a j-th row: a row that a group
/// lacks counts as zero and receives nothing. A transform S across groups acts there as the principal
/// submatrix of S that belongs to the groups present, which is symmetric positive definite if S is.
///
/// Where there are several levels, what is said of the groups is said of those of the finest.
public struct RowPartition: Sendable, Equatable {
  /// The groups of one level.
  public struct Level: Sendable, Equatable {
    /// What to call them, such as "blocks of 4".
    public let name: String
    /// The highest frequency that they resolve, in cycles over the whole extent; nil where that has no
    /// meaning.
    public let frequency: Double?
    let bounds: GroupBounds

    /// The number of groups.
    public var count: Int { bounds.groupCount }
  }

  /// The number of rows of the batch.
  public let rowCount: Int
  /// From coarse to fine.
  public let levels: [Level]
  /// The rows in the partition's order; nil if that is their order in the batch.
  let order: [Int]?
  /// The highest frequency that single rows resolve; nil where that has no meaning.
  let finestFrequency: Double?
  /// The number of places: the rows of the largest group.
  public let places: Int
  /// Whether all groups have a row at every place.
  public let areOfEqualSize: Bool

  init(rowCount: Int, order: [Int]?, levels: [Level], finestFrequency: Double? = nil) {
    self.rowCount = rowCount
    self.levels = levels
    self.order = order
    self.finestFrequency = finestFrequency
    (places, areOfEqualSize) = levels[levels.count - 1].bounds.sizes
  }

  private init(rowCount: Int, order: [Int]?, bounds: GroupBounds) {
    self.init(
      rowCount: rowCount, order: order,
      levels: [Level(name: "groups", frequency: nil, bounds: bounds)])
  }

  /// Groups of consecutive rows, such as intervals of a line or runs of a flattened grid; the rows after
  /// the last whole group belong to none.
  ///
  /// - Precondition: The size is positive.
  public init(rowCount: Int, groupSize: Int) {
    precondition(groupSize > 0, "groups of \(groupSize) rows")
    self.init(
      rowCount: rowCount, order: nil,
      bounds: .uniform(groupCount: rowCount / groupSize, size: groupSize))
  }

  /// Groups of consecutive rows of given sizes, one after the other, that hold all rows.
  ///
  /// - Precondition: No size is zero or less.
  public init(groupSizes: [Int]) {
    precondition(groupSizes.allSatisfy { $0 > 0 }, "groups of the sizes \(groupSizes)")
    self.init(
      rowCount: groupSizes.reduce(0, +), order: nil, bounds: GroupBounds(sizes: groupSizes))
  }

  /// Groups given by their rows, of any sizes; rows that none of them names belong to no group.
  ///
  /// - Precondition: No group is empty, and no row is named twice or outside the batch.
  public init(rowCount: Int, groups: [[Int]]) {
    let sizes = groups.map(\.count)
    precondition(
      sizes.allSatisfy { $0 > 0 }, "group \(sizes.firstIndex(of: 0) ?? 0) has no rows")
    var isNamed = [Bool](repeating: false, count: rowCount)
    for row in groups.joined() {
      precondition(
        row >= 0 && row < rowCount && !isNamed[row],
        "row \(row) is named twice, or outside a batch of \(rowCount) rows")
      isNamed[row] = true
    }
    let order = Array(groups.joined()) + isNamed.indices.filter { !isNamed[$0] }
    self.init(
      rowCount: rowCount, order: order.elementsEqual(0..<rowCount) ? nil : order,
      bounds: GroupBounds(sizes: sizes))
  }

  private var finest: GroupBounds { levels[levels.count - 1].bounds }

  /// The number of groups.
  public var count: Int { finest.groupCount }

  /// The groups of one level, as a partition of its own.
  public func level(_ index: Int) -> RowPartition {
    RowPartition(rowCount: rowCount, order: order, levels: [levels[index]])
  }

  /// The number of rows of a group.
  public func size(ofGroup group: Int) -> Int { finest[group + 1] - finest[group] }

  /// The row of the batch at a place of a group.
  ///
  /// - Precondition: The group has the place.
  public func row(group: Int, place: Int) -> Int {
    precondition(
      place >= 0 && place < size(ofGroup: group),
      "place \(place) of group \(group), which has \(size(ofGroup: group)) rows")
    let index = finest[group] + place
    return order?[index] ?? index
  }

  /// The rows of some groups, group after group.
  public func rows(ofGroups groups: Range<Int>) -> RowTiles.Rows {
    rows(at: finest[groups.lowerBound]..<finest[groups.upperBound])
  }

  /// The rows of all groups, group after group.
  public var groupedRows: RowTiles.Rows { rows(ofGroups: 0..<count) }

  /// The rows of no group.
  public var remainder: [Int] { rows(at: finest[count]..<rowCount).map { $0 } }

  /// Whether every row belongs to a group.
  var coversAllRows: Bool { finest[count] == rowCount }

  private func rows(at places: Range<Int>) -> RowTiles.Rows {
    order.map { .list(Array($0[places])) } ?? .range(places)
  }

  /// The number of rows of some groups.
  func rowCount(ofGroups groups: Range<Int>) -> Int {
    finest[groups.upperBound] - finest[groups.lowerBound]
  }

  /// The bounds of some groups, counted from the first one's first row.
  func localBounds(ofGroups groups: Range<Int>) -> [Int] {
    let first = finest[groups.lowerBound]
    return (groups.lowerBound...groups.upperBound).map { finest[$0] - first }
  }
}

/// Where each group starts in an order of rows, and the end of the last one.
enum GroupBounds: Sendable, Equatable {
  /// Groups of equal size, which take no memory.
  case uniform(groupCount: Int, size: Int)
  /// The bounds themselves, one more than there are groups.
  case listed([Int])

  init(sizes: [Int]) {
    if let first = sizes.first, sizes.allSatisfy({ $0 == first }) {
      self = .uniform(groupCount: sizes.count, size: first)
    } else {
      self = .listed(sizes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) })
    }
  }

  var groupCount: Int {
    switch self {
    case .uniform(let count, _): count
    case .listed(let bounds): bounds.count - 1
    }
  }

  /// The first place of a group, or the end of the last.
  subscript(index: Int) -> Int {
    switch self {
    case .uniform(_, let size): index * size
    case .listed(let bounds): bounds[index]
    }
  }

  /// All of them.
  var list: [Int] { (0...groupCount).map { self[$0] } }

  /// The size of the largest group, and whether all have it.
  var sizes: (largest: Int, areEqual: Bool) {
    guard case .listed(let bounds) = self else {
      guard case .uniform(_, let size) = self else { return (0, true) }
      return (size, true)
    }
    let sizes = zip(bounds, bounds.dropFirst()).map { $1 - $0 }
    let largest = sizes.max() ?? 0
    return (largest, sizes.allSatisfy { $0 == largest })
  }
}
