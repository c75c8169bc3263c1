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
    let waiting = Mutex<[TreeNode: Result]>([:])
    let root = TreeNode(level: pieces.ceilingOfBinaryLogarithm, index: 0)
    try forEach(pieces) { piece in
      var node = TreeNode(level: 0, index: piece)
      var result = try body(piece)
      while node != root {
        if let sibling = node.sibling(pieces: pieces) {
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
      waiting.withLock { $0[root] = result }
    }
    return waiting.withLock { $0[root] }
  }
}

/// A place in a binary tree whose leaves are at level 0.
private struct TreeNode: Hashable {
  let level: Int
  let index: Int

  var parent: TreeNode { TreeNode(level: level + 1, index: index / 2) }

  /// The node that has the same parent, unless the level ends before it.
  func sibling(pieces: Int) -> TreeNode? {
    let nodes = (pieces + (1 << level) - 1) >> level
    return index ^ 1 < nodes ? TreeNode(level: level, index: index ^ 1) : nil
  }
}

extension Int {
  /// The smallest power to raise two to for at least this number; zero for none.
  fileprivate var ceilingOfBinaryLogarithm: Int {
    self > 1 ? Int.bitWidth - (self - 1).leadingZeroBitCount : 0
  }
}
