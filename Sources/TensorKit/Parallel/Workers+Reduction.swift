import Synchronization

extension Workers {
  /// Runs a closure once for each piece, several at a time, and combines what it returned.
  ///
  /// Neighbours are combined in a binary tree, each pair as soon as both are there. The tree depends
  /// on nothing but the number of pieces, so the outcome does not depend on threads; and only about as
  /// many results exist at once as the tree has levels and the workers threads.
  ///
  /// - Parameters:
  ///   - pieces: The number of pieces.
  ///   - body: Computes the result of a piece.
  ///   - combine: Adds to a result the one that follows it.
  /// - Returns: All results combined, nil if there are no pieces.
  /// - Throws: The error of the first piece, in order, that threw.
  public func reduce<Result: Sendable>(
    _ pieces: Int, _ body: @escaping @Sendable (Int) throws -> Result,
    combining combine: @escaping @Sendable (_ left: inout Result, _ right: Result) -> Void
  ) throws -> Result? {
    let tree = ShardTree(shards: pieces)
    return try reduce(0..<pieces, of: tree, body, combining: combine)[tree.root]
  }

  /// Works on some of a tree's shards, and combines what it can without the others.
  ///
  /// - Returns: The results of the nodes that stand for these shards.
  /// - Throws: The error of the first shard, in order, that threw.
  func reduce<Result: Sendable>(
    _ shards: Range<Int>, of tree: ShardTree, _ body: @escaping @Sendable (Int) throws -> Result,
    combining combine: @escaping @Sendable (_ left: inout Result, _ right: Result) -> Void
  ) throws -> [ShardTree.Node: Result] {
    let waiting = Mutex<[ShardTree.Node: Result]>([:])
    try forEach(shards.count) { piece in
      var node = ShardTree.Node(level: 0, index: shards.lowerBound + piece)
      var result = try body(node.index)
      while node != tree.root {
        if let sibling = tree.sibling(of: node) {
          var found = waiting.withLock { waiting in
            let other = waiting.removeValue(forKey: sibling)
            if other == nil { waiting[node] = result }
            return other
          }
          // Taken out, so that nothing else refers to it and it can be added to in place.
          guard var left = found.take() else { return }
          if node.index < sibling.index { swap(&left, &result) }
          combine(&left, result)
          result = left
        }
        node = node.parent
      }
      waiting.withLock { $0[tree.root] = result }
    }
    return waiting.withLock { $0 }
  }
}
