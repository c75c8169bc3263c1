/// How often numbers fall into each of some bins of equal width.
struct Histogram {
  let name: String
  /// The middle of each bin.
  let centers: [Double]
  /// The share of the numbers in each bin, divided by its width.
  let densities: [Double]

  /// The distribution of finite numbers; bins reach from the smallest to the largest.
  init(_ name: String, _ numbers: [Double], bins: Int = 60) {
    self.name = name
    let finite = numbers.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max(), high > low else {
      centers = finite.first.map { [$0] } ?? []
      densities = centers.map { _ in 1 }
      return
    }
    let width = (high - low) / Double(bins)
    var counts = [Int](repeating: 0, count: bins)
    for number in finite { counts[min(Int((number - low) / width), bins - 1)] += 1 }
    centers = (0..<bins).map { low + (Double($0) + 0.5) * width }
    densities = counts.map { Double($0) / Double(finite.count) / width }
  }
}
