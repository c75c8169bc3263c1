/// A binary tree of boxes around items in space, for searches that leave most items out.
///
/// It serves triangles and points alike: it knows the items' boxes only. A group of items is cut at the
/// median of their middles along the axis in which these spread most, so that its depth is the logarithm of
/// their number. The tree depends on the boxes alone.
struct BoundingVolumeTree: Sendable {
  /// A box, and either its two halves or the items in it.
  struct Node: BitwiseCopyable {
    var lowerX = 0.0
    var lowerY = 0.0
    var lowerZ = 0.0
    var upperX = 0.0
    var upperY = 0.0
    var upperZ = 0.0
    /// The first of its places in ``BoundingVolumeTree/order`` if it is a leaf, or its first child; the second
    /// child follows that.
    var first: Int32 = 0
    /// How many items a leaf has; 0 if it has children.
    var count: Int32 = 0

    /// The square of the distance of a point from the box, 0 inside.
    @inline(__always)
    func squaredDistance(_ x: Double, _ y: Double, _ z: Double) -> Double {
      let dx = max(lowerX - x, x - upperX, 0)
      let dy = max(lowerY - y, y - upperY, 0)
      let dz = max(lowerZ - z, z - upperZ, 0)
      return dx * dx + dy * dy + dz * dz
    }
  }

  /// The nodes, the root first, children after their parents; none if there are no items.
  private(set) var nodes: [Node] = []
  /// The items' indices, leaf after leaf.
  private(set) var order: [Int32] = []
  /// The places in ``order`` of each node's items, those of its children included.
  private(set) var ranges: [Range<Int32>] = []

  /// More levels than any tree has, as each level halves fewer than 2^31 items.
  static let mostLevels = 40

  /// A tree of some boxes.
  ///
  /// - Parameters:
  ///   - lower: The boxes' corners of the smallest coordinates, finite.
  ///   - upper: Their opposite corners.
  ///   - leafSize: The most items of a leaf.
  init(lower: [SIMD3<Double>], upper: [SIMD3<Double>], leafSize: Int) {
    precondition(
      lower.count == upper.count && lower.count < Int32.max && leafSize > 0,
      "a tree of \(lower.count) and \(upper.count) corners, \(leafSize) to a leaf")
    guard !lower.isEmpty else { return }
    order = lower.indices.map { Int32($0) }
    nodes.reserveCapacity(4 * lower.count / leafSize + 1)
    var middles = CutKeys(lower: lower, upper: upper)
    nodes.append(Node())
    ranges.append(0..<Int32(lower.count))
    var next = 0
    while next < nodes.count {
      let range = ranges[next]
      if range.count <= leafSize {
        nodes[next].first = range.lowerBound
        nodes[next].count = Int32(range.count)
      } else {
        let middle = range.lowerBound + Int32(range.count / 2)
        middles.cut(&order, Int(range.lowerBound)..<Int(range.upperBound), at: Int(middle))
        nodes[next].first = Int32(nodes.count)
        nodes.append(Node())
        nodes.append(Node())
        ranges.append(range.lowerBound..<middle)
        ranges.append(middle..<range.upperBound)
      }
      next += 1
    }
    fitBoxes(lower: lower, upper: upper)
  }

  /// Sets the nodes' boxes, children before parents.
  private mutating func fitBoxes(lower: [SIMD3<Double>], upper: [SIMD3<Double>]) {
    for index in nodes.indices.reversed() {
      var node = nodes[index]
      var low = SIMD3(repeating: Double.infinity)
      var high = -low
      if node.count > 0 {
        for place in Int(node.first)..<Int(node.first + node.count) {
          let item = Int(order[place])
          low = pointwiseMin(low, lower[item])
          high = pointwiseMax(high, upper[item])
        }
      } else {
        for child in nodes[Int(node.first)...Int(node.first + 1)] {
          low = pointwiseMin(low, SIMD3(child.lowerX, child.lowerY, child.lowerZ))
          high = pointwiseMax(high, SIMD3(child.upperX, child.upperY, child.upperZ))
        }
      }
      (node.lowerX, node.lowerY, node.lowerZ) = (low.x, low.y, low.z)
      (node.upperX, node.upperY, node.upperZ) = (high.x, high.y, high.z)
      nodes[index] = node
    }
  }
}

/// The middles of boxes, by which groups of them are cut.
private struct CutKeys {
  /// A middle's coordinate along the axis of a cut.
  struct Key {
    var coordinate: Double
    var item: Int32

    /// A total order: items that lie equally are told apart by their indices.
    @inline(__always)
    static func < (left: Key, right: Key) -> Bool {
      left.coordinate == right.coordinate
        ? left.item < right.item : left.coordinate < right.coordinate
    }
  }

  let axes: [[Double]]
  var keys: [Key]

  init(lower: [SIMD3<Double>], upper: [SIMD3<Double>]) {
    // Halves first, as the sum of two large coordinates may be infinite.
    axes = (0..<3).map { axis in
      lower.indices.map { lower[$0][axis] * 0.5 + upper[$0][axis] * 0.5 }
    }
    keys = [Key](repeating: Key(coordinate: 0, item: 0), count: lower.count)
  }

  /// Brings the items before a median along the widest axis before those after it.
  mutating func cut(_ order: inout [Int32], _ places: Range<Int>, at middle: Int) {
    var widest = (axis: 0, width: -1.0)
    for axis in 0..<3 {
      let width = axes[axis].withUnsafeBufferPointer { middles in
        var (low, high) = (Double.infinity, -Double.infinity)
        for place in places {
          let middle = middles[Int(order[place])]
          low = min(low, middle)
          high = max(high, middle)
        }
        return high - low
      }
      if width > widest.width { widest = (axis, width) }
    }
    let count = places.count
    axes[widest.axis].withUnsafeBufferPointer { middles in
      for place in 0..<count {
        let item = order[places.lowerBound + place]
        keys[place] = Key(coordinate: middles[Int(item)], item: item)
      }
    }
    // Selection needs no bounds checks: its indices stay between the sentinels that a pivot makes.
    keys.withUnsafeMutableBufferPointer {
      Self.select(middle - places.lowerBound, UnsafeMutableBufferPointer(rebasing: $0[..<count]))
    }
    for place in 0..<count { order[places.lowerBound + place] = keys[place].item }
  }

  /// Hoare's selection around the median of three.
  private static func select(_ target: Int, _ keys: UnsafeMutableBufferPointer<Key>) {
    var (low, high) = (0, keys.count - 1)
    while low < high {
      let (first, middle, last) = (keys[low], keys[low + (high - low) / 2], keys[high])
      let (small, large) = first < last ? (first, last) : (last, first)
      let pivot = middle < small ? small : (large < middle ? large : middle)
      var (left, right) = (low, high)
      while left <= right {
        while keys[left] < pivot { left += 1 }
        while pivot < keys[right] { right -= 1 }
        if left <= right {
          keys.swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if target <= right { high = right } else if target >= left { low = left } else { return }
    }
  }
}
