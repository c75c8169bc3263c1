import TensorKit

/// How many groups lie side by side along one of so many axes, if they are spread evenly.
func sideCount(of groups: Int, _ dimensions: Int) -> Double {
  Double(groups).raised(to: 1 / Double(dimensions))
}

/// An order of points in which groups that lie near each other are runs, refined cut by cut.
struct PointTree {
  /// The points' indices, group after group.
  private(set) var order: [Int]
  /// The first place of each group, and the number of points at the end.
  private(set) var bounds: [Int]
  /// The points' coordinates, axis after axis.
  private let coordinates: [[Double]]

  /// One group of all points.
  init<Scalar>(_ points: Tensor<Scalar>) {
    let (count, dimensions) = (points.shape[0], points.shape[1])
    let elements = Tensor<Double>(points.transposed()).elements
    coordinates = (0..<dimensions).map { Array(elements[($0 * count)..<(($0 + 1) * count)]) }
    order = Array(0..<count)
    bounds = [0, count]
  }

  /// Cuts each group of more than one point at the median of the coordinate in which it is widest.
  mutating func halveGroups() {
    var next = [0]
    for (first, end) in zip(bounds, bounds.dropFirst()) {
      if end - first > 1 {
        let middle = first + (end - first) / 2
        place(middle, within: first..<end, by: coordinates[widestAxis(first..<end)])
        next.append(middle)
      }
      next.append(end)
    }
    bounds = next
  }

  private func widestAxis(_ places: Range<Int>) -> Int {
    var widest = (axis: 0, width: -1.0)
    for (axis, values) in coordinates.enumerated() {
      var (low, high) = (Double.infinity, -Double.infinity)
      for place in places {
        low = min(low, values[order[place]])
        high = max(high, values[order[place]])
      }
      if high - low > widest.width { widest = (axis, high - low) }
    }
    return widest.axis
  }

  /// Reorders points so that a place holds the one it would hold if they were sorted.
  ///
  /// Smaller ones come before it, larger ones after. Equal coordinates are told apart by the points'
  /// indices.
  private mutating func place(_ target: Int, within places: Range<Int>, by values: [Double]) {
    func precedes(_ left: Int, _ right: Int) -> Bool {
      values[left] != values[right] ? values[left] < values[right] : left < right
    }
    var (low, high) = (places.lowerBound, places.upperBound - 1)
    while low < high {
      // Hoare's selection, around the middle element.
      let pivot = order[low + (high - low) / 2]
      var (left, right) = (low, high)
      while left <= right {
        while precedes(order[left], pivot) { left += 1 }
        while precedes(pivot, order[right]) { right -= 1 }
        if left <= right {
          order.swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if target <= right { high = right } else if target >= left { low = left } else { return }
    }
  }
}
