/// The size of groups, and the number of eigenvalues that are equalized, which must be below that of groups.
///
/// The defaults are for signals of some size. Where they do not work for a smaller one, whichever of the two is
/// open is made smaller: groups first, since more of them tell more.
package struct GroupChoice: Equatable, Sendable {
  /// The size of groups.
  package private(set) var size: Int
  /// The number of eigenvalues.
  package private(set) var end: Int

  /// Two numbers as they are, or smaller.
  ///
  /// - Parameters:
  ///   - size: The size of groups; at least 1.
  ///   - isSizeOpen: Whether it may be made smaller.
  ///   - end: The number of eigenvalues.
  ///   - isEndOpen: Whether it may be made smaller.
  ///   - groups: How many whole groups of a size there are.
  package init(
    size: Int, isSizeOpen: Bool, end: Int, isEndOpen: Bool, groups: (_ size: Int) -> Int
  ) {
    self.size = size
    self.end = end
    if isSizeOpen {
      while self.size > 1, groups(self.size) <= end { self.size /= 2 }
    }
    // Without any group there is nothing to choose.
    if isEndOpen, groups(self.size) > 0 { self.end = min(end, groups(self.size) - 1) }
  }
}
