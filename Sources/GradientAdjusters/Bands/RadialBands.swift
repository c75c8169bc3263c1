import TensorKit

/// A cut of cosine coefficients by their radius √(i² + j² + …), the indices' distance from the constant.
///
/// The constant is alone, radii from 0.5 to 1.5 form a band, and larger ones are cut on a logarithmic
/// scale. Bands that would be empty are joined to the next.
struct RadialBands: Sendable {
  /// Radii from one bound to the next; the first is 0.5.
  let bounds: [Double]

  /// Bands above the constant, at most so many, none of which is empty.
  ///
  /// - Parameter radii: The radii of the coefficients, of which those below 0.5 are the constant.
  init(count: Int, radii: [Double]) {
    precondition(count > 0, "\(count) bands above the constant")
    let radii = radii.filter { $0 >= 0.5 }.sorted()
    guard let largest = radii.last else {
      bounds = [0.5]
      return
    }
    // The last bound lies above the largest radius.
    let end = max(largest, 1.5) * (1 + 1e-9)
    let cuts = (0..<count).map {
      1.5 * (end / 1.5).raised(to: Double($0) / Double(max(count - 1, 1)))
    }
    var bounds = [0.5]
    var known = 0
    for bound in count > 1 ? cuts : [end] {
      let below = radii.partitionPoint { $0 < bound }
      if below > known { bounds.append(bound) }
      known = max(known, below)
    }
    if known < radii.count { bounds[bounds.count - 1] = end }
    self.bounds = bounds
  }

  /// The number of bands above the constant.
  var count: Int { bounds.count - 1 }

  /// The band of a radius; 0 is the constant.
  func band(ofRadius radius: Double) -> Int { bounds.partitionPoint { $0 <= radius } }

  /// The middle of a band above the constant, on a logarithmic scale.
  func middle(ofBand band: Int) -> Double { (bounds[band - 1] * bounds[band]).squareRoot() }
}

extension Array {
  /// The number of leading elements that satisfy a condition that no later element does.
  fileprivate func partitionPoint(_ isLeading: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isLeading(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
