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

  /// Cuts each group in which points differ, at the median of the coordinate in which it is widest.
  ///
  /// Points that are equal there are told apart by the coordinates that follow, the first after the last. Equal
  /// points stay together, so that a cut may lie beside the median. What the groups are depends on the points
  /// alone, not on their order.
  mutating func halveGroups() {
    var next = [0]
    for (first, end) in zip(bounds, bounds.dropFirst()) {
      if let cut = cut(first..<end) { next.append(cut) }
      next.append(end)
    }
    bounds = next
  }

  /// Brings the smaller points of a group before the larger ones; nil if all are equal.
  ///
  /// - Returns: The place of the first of the larger ones.
  private mutating func cut(_ places: Range<Int>) -> Int? {
    guard places.count > 1 else { return nil }
    let axis = widestAxis(places)
    let middle = places.lowerBound + places.count / 2
    place(middle, within: places, from: axis)
    let median = order[middle]
    var (smaller, equal) = (0, 0)
    for place in places {
      let comparison = compare(order[place], median, from: axis)
      if comparison < 0 { smaller += 1 }
      if comparison == 0 { equal += 1 }
    }
    let ends = [places.lowerBound + smaller, places.lowerBound + smaller + equal]
      .filter { $0 > places.lowerBound && $0 < places.upperBound }
    guard let cut = ends.min(by: { abs($0 - middle) < abs($1 - middle) }) else { return nil }
    if cut != middle { place(cut, within: places, from: axis) }
    return cut
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

  /// The sign of the difference of two points in the first coordinate, from an axis on, in which they differ.
  private func compare(_ left: Int, _ right: Int, from axis: Int) -> Int {
    for offset in coordinates.indices {
      let values = coordinates[(axis + offset) % coordinates.count]
      let (x, y) = (values[left], values[right])
      if x != y { return x < y ? -1 : 1 }
    }
    return 0
  }

  /// Reorders points so that a place holds the one it would hold if they were sorted.
  ///
  /// Smaller ones come before it, larger ones after. Equal points are told apart by their indices.
  private mutating func place(_ target: Int, within places: Range<Int>, from axis: Int) {
    func precedes(_ left: Int, _ right: Int) -> Bool {
      let comparison = compare(left, right, from: axis)
      return comparison == 0 ? left < right : comparison < 0
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
