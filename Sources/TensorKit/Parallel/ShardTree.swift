/// The binary tree in which the results of shards are combined, neighbours first.
///
/// It depends on nothing but the number of shards, so neither threads nor processes change what comes out.
struct ShardTree: Sendable {
  /// A place in the tree; shards are at level 0.
  struct Node: Hashable, Sendable {
    let level: Int
    let index: Int

    var parent: Node { Node(level: level + 1, index: index / 2) }
  }

  /// Two neighbours become their parent; the ranks hold them.
  struct Exchange: Equatable, Sendable {
    let left: Node
    let right: Node
    let leftRank: Int
    let rightRank: Int
  }

  /// The number of shards.
  let shards: Int
  /// The node that stands for all shards.
  let root: Node

  init(shards: Int) {
    self.shards = shards
    root = Node(
      level: shards > 1 ? Int.bitWidth - (shards - 1).leadingZeroBitCount : 0, index: 0)
  }

  /// The node that has the same parent, unless the level ends before it.
  func sibling(of node: Node) -> Node? {
    let other = Node(level: node.level, index: node.index ^ 1)
    return other.index < nodeCount(atLevel: node.level) ? other : nil
  }

  private func nodeCount(atLevel level: Int) -> Int { (shards + (1 << level) - 1) >> level }

  // MARK: - Ranks

  /// The shards of each rank: runs of whole subtrees, as large as a tenth of a rank's share allows.
  func ranges(ofRanks ranks: Int) -> [Range<Int>] {
    let share = Double(shards) / Double(ranks)
    let level = (0...root.level).last { level in
      let mostNodes = (nodeCount(atLevel: level) + ranks - 1) / ranks
      return level == 0 || Double(mostNodes << level) <= 1.1 * share
    }
    let (grain, count) = (level ?? 0, nodeCount(atLevel: level ?? 0))
    // Rounded up, so that the first rank has the first shard, and so the root.
    func start(_ rank: Int) -> Int {
      min(((rank * count + ranks - 1) / ranks) << grain, shards)
    }
    return (0..<ranks).map { start($0)..<start($0 + 1) }
  }

  /// The nodes that stand for a run of shards, as few as there can be.
  func nodes(ofShards range: Range<Int>) -> [Node] {
    var nodes: [Node] = []
    var level = range.map { Node(level: 0, index: $0) }
    while !level.isEmpty {
      let present = Set(level)
      var parents: [Node] = []
      for node in level {
        let sibling = sibling(of: node)
        if node == root || sibling.map({ !present.contains($0) }) ?? false {
          nodes.append(node)
        } else if sibling == nil || node.index.isMultiple(of: 2) {
          parents.append(node.parent)
        }
      }
      level = parents
    }
    return nodes
  }

  /// How ranks combine what they have, in order; the last leaves the root with the first rank.
  func exchanges(ofRanks ranks: Int) -> [Exchange] {
    var holders: [Node: Int] = [:]
    for (rank, range) in ranges(ofRanks: ranks).enumerated() {
      for node in nodes(ofShards: range) { holders[node] = rank }
    }
    var exchanges: [Exchange] = []
    for level in 0..<root.level {
      for index in 0..<nodeCount(atLevel: level) {
        let node = Node(level: level, index: index)
        guard let holder = holders[node] else { continue }
        guard let sibling = sibling(of: node) else {
          holders[node.parent] = holder
          continue
        }
        guard index.isMultiple(of: 2), let other = holders[sibling] else { continue }
        exchanges.append(
          Exchange(left: node, right: sibling, leftRank: holder, rightRank: other))
        holders[node.parent] = holder
      }
    }
    return exchanges
  }
}
