import TensorKit

/// Distances along rays that a step draws anew: one in each of as many bins.
///
/// Samples t of [0, 1] are evenly spaced, both ends included, and lead from near to far. A sample's bin reaches
/// to the middle between it and its neighbours, so that the first and the last are half as wide.
///
/// Source: B. Mildenhall et al., "NeRF", ECCV 2020, equation 2, as in the released code.
public struct StratifiedSampling: Hashable, Codable, Sendable {
  /// Where rays begin, in lengths of their directions.
  public var near: Double
  /// Where they end.
  public var far: Double
  /// The number of samples of a ray.
  public var count: Int

  /// Samples between two distances.
  ///
  /// - Precondition: There is a sample, and `near` is below `far`.
  public init(near: Double, far: Double, count: Int) {
    precondition(count > 0 && near < far, "\(count) samples from \(near) to \(far)")
    self.near = near
    self.far = far
    self.count = count
  }

  /// The distances, of shape [rays, samples].
  ///
  /// - Parameters:
  ///   - rayCount: The number of rays.
  ///   - jitter: Where in its bin each sample lies, from 0 to 1, of shape [rays, samples]; nil for the evenly
  ///     spaced samples themselves.
  public func distances<Scalar: TensorScalar>(
    rayCount: Int, jitter: Tensor<Scalar>?
  ) -> Tensor<Scalar> {
    let parameters = Tensor<Scalar>.evenlySpaced(over: 0...1, count: count)
    let even = (1 - parameters) * Scalar(near) + parameters * Scalar(far)
    let centers = even.elements
    let middles = zip(centers, centers.dropFirst()).map { ($0 + $1) * 0.5 }
    let lower = Tensor([centers[0]] + middles)
    let upper = Tensor(middles + [centers[count - 1]])
    guard let jitter else {
      return even.reshaped(to: [1, count]).broadcast(to: [rayCount, count])
    }
    return lower + (upper - lower) * jitter
  }
}

/// Distances along rays where something was found to be: drawn in proportion to weights of coarser samples.
///
/// Bins lie between the middles of the coarse samples, and weights are those of all but the first and the last.
///
/// Source: B. Mildenhall et al., "NeRF", ECCV 2020, section 5.2, as in the released code.
public enum HierarchicalSampling {
  /// The coarse distances and the drawn ones together, ascending along each ray.
  ///
  /// - Parameters:
  ///   - distances: Of the coarse samples, of shape [rays, coarse samples].
  ///   - weights: Theirs, of the same shape.
  ///   - uniform: Numbers from 0 to 1 that say where to draw, of shape [rays, samples].
  /// - Returns: Shape: [rays, coarse samples + samples].
  /// - Precondition: The shapes agree, and there are at least three coarse samples.
  public static func refined<Scalar: TensorScalar>(
    _ distances: Tensor<Scalar>, weights: Tensor<Scalar>, uniform: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let coarse = distances.shape[1]
    precondition(
      coarse >= 3 && weights.shape == distances.shape && uniform.shape[0] == distances.shape[0],
      "distances of shape \(distances.shape), weights of shape \(weights.shape), numbers of shape "
        + "\(uniform.shape)")
    let bins =
      (distances.slice(1..<coarse, alongAxis: 1) + distances.slice(0..<(coarse - 1), alongAxis: 1))
      * 0.5
    let drawn = resampled(
      bins: bins, weights: weights.slice(1..<(coarse - 1), alongAxis: 1), uniform: uniform)
    let (rays, count) = (distances.shape[0], coarse + uniform.shape[1])
    let all = Tensor.concatenated([distances, drawn], alongAxis: 1)
    return all.withUnsafeElements { all in
      Tensor(shape: [rays, count]) { elements in
        for ray in 0..<rays {
          // As numbers of one type, which sort several times as fast.
          let row = all[(ray * count)..<((ray + 1) * count)].map { Double($0) }.sorted()
          for index in 0..<count { elements[ray * count + index] = Scalar(row[index]) }
        }
      }
    }
  }

  /// Places in bins, in proportion to the bins' weights: the inverse of their cumulative distribution.
  ///
  /// Each weight has 1e-5 added to it. Where a bin has less than 1e-5 of all weight, a number that falls into it
  /// is spread over a width of 1, as released.
  ///
  /// - Parameters:
  ///   - bins: The bounds of bins, ascending, of shape [rays, bins + 1].
  ///   - weights: Not negative, of shape [rays, bins].
  ///   - uniform: From 0 to 1, of shape [rays, samples].
  /// - Returns: Shape: [rays, samples].
  public static func resampled<Scalar: TensorScalar>(
    bins: Tensor<Scalar>, weights: Tensor<Scalar>, uniform: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let (rays, bounds, samples) = (bins.shape[0], bins.shape[1], uniform.shape[1])
    precondition(
      weights.shape == [rays, bounds - 1] && uniform.shape[0] == rays,
      "bins of shape \(bins.shape), weights of shape \(weights.shape), numbers of shape "
        + "\(uniform.shape)")
    var cumulative = [Scalar](repeating: 0, count: bounds)
    return Tensor(shape: [rays, samples]) { elements in
      bins.withUnsafeElements { bins in
        weights.withUnsafeElements { weights in
          uniform.withUnsafeElements { uniform in
            for ray in 0..<rays {
              let row = (ray * (bounds - 1))..<((ray + 1) * (bounds - 1))
              let total = row.reduce(Scalar(0)) { $0 + weights[$1] + 1e-5 }
              for (bin, index) in row.enumerated() {
                cumulative[bin + 1] = cumulative[bin] + (weights[index] + 1e-5) / total
              }
              for sample in 0..<samples {
                let number = uniform[ray * samples + sample]
                let above = cumulative.firstIndexAbove(number)
                let (low, high) = (max(above - 1, 0), min(above, bounds - 1))
                let share = cumulative[high] - cumulative[low]
                let place = (number - cumulative[low]) / (share < 1e-5 ? 1 : share)
                let (start, end) = (bins[ray * bounds + low], bins[ray * bounds + high])
                elements[ray * samples + sample] = start + place * (end - start)
              }
            }
          }
        }
      }
    }
  }
}

extension Array where Element: Comparable {
  /// The index of the first element of an ascending array that is larger than a value; the count if none is.
  fileprivate func firstIndexAbove(_ value: Element) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
