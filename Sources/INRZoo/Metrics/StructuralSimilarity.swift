import TensorKit

/// The structural similarity of pictures whose values span [0, 1], averaged over windows and channels.
///
/// Means, variances and covariances are those of windows of 7 x 7 pixels that lie within the picture, all
/// pixels weighted alike and variances divided by 48 rather than 49: the conventions of scikit-image,
/// by which implicit representations are usually compared.
///
/// Source: Z. Wang et al., "Image quality assessment: from error visibility to structural similarity",
/// IEEE Transactions on Image Processing 13(4), 2004, equation 13.
///
/// - Parameters:
///   - values: Shape: [height, width, channels].
///   - reference: The same shape.
/// - Returns: 1 for equal pictures; nil for those smaller than a window.
/// - Precondition: The shapes are equal.
public func structuralSimilarity<Scalar>(
  of values: Tensor<Scalar>, against reference: Tensor<Scalar>
) -> Double? {
  let side = 7
  let window = SimilarityWindow(
    weights: Array(repeating: 1 / Double(side), count: side),
    varianceFactor: Double(side * side) / Double(side * side - 1))
  return meanOverChannels(values, reference) { first, second in
    window.means(of: first, against: second)?.similarity
  }
}

/// The mean of a measure of single channels; nil if it has no value.
///
/// - Parameter measure: Takes two pictures of shape [height, width, 1].
private func meanOverChannels<Scalar>(
  _ values: Tensor<Scalar>, _ reference: Tensor<Scalar>,
  _ measure: (Tensor<Double>, Tensor<Double>) -> Double?
) -> Double? {
  precondition(
    values.shape == reference.shape && values.rank == 3,
    "pictures of shapes \(values.shape) and \(reference.shape)")
  let channels = values.shape[2]
  var sum = 0.0
  // One at a time, since they are copied and made double.
  for channel in 0..<channels {
    let part = channel..<(channel + 1)
    guard
      let value = measure(
        Tensor(values.slice(part, alongAxis: 2)), Tensor(reference.slice(part, alongAxis: 2)))
    else { return nil }
    sum += value
  }
  return sum / Double(channels)
}

/// The structural similarity at five scales of pictures whose values span [0, 1].
///
/// Windows are Gaussian, of 11 x 11 pixels and a standard deviation of 1.5, and lie within the
/// picture; each scale halves the sides by averaging blocks of 2 x 2 pixels, with zeros before the first
/// row or column where their number is odd. The means over windows are taken to the
/// published powers, negative ones counting as zero, multiplied, and averaged over channels: the
/// conventions of pytorch-msssim.
///
/// Source: Z. Wang, E. P. Simoncelli and A. C. Bovik, "Multiscale structural similarity for image
/// quality assessment", Asilomar 2003, equation 7.
///
/// - Parameters:
///   - values: Shape: [height, width, channels].
///   - reference: The same shape.
/// - Returns: 1 for equal pictures; nil for those with a side of 160 pixels or less.
/// - Precondition: The shapes are equal.
public func multiscaleStructuralSimilarity<Scalar>(
  of values: Tensor<Scalar>, against reference: Tensor<Scalar>
) -> Double? {
  let powers = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
  let offsets = (-5...5).map { Double($0) }
  let bell = Tensor(offsets.map { -$0 * $0 / (2 * 1.5 * 1.5) }).exponential()
  let window = SimilarityWindow(
    weights: bell.elements.map { $0 / bell.sum() }, varianceFactor: 1)
  return meanOverChannels(values, reference) { first, second in
    guard min(first.shape[0], first.shape[1]) > 160 else { return nil }
    var (first, second) = (first, second)
    var product = 1.0
    for (scale, power) in powers.enumerated() {
      guard let means = window.means(of: first, against: second) else { return nil }
      let isLast = scale == powers.count - 1
      product *= max(isLast ? means.similarity : means.contrastAndStructure, 0).raised(to: power)
      if !isLast { (first, second) = (first.halvedInSize(), second.halvedInSize()) }
    }
    return product
  }
}

/// What local moments of two pictures say about their similarity.
private struct SimilarityWindow {
  /// Of a row and of a column of the window alike.
  let weights: [Double]
  /// What variances and covariances are multiplied by.
  let varianceFactor: Double

  /// The means over all places of the window of (2 σσ' + c₂) / (σ² + σ'² + c₂), and of that times
  /// (2 μ μ' + c₁) / (μ² + μ'² + c₁); nil for pictures smaller than the window.
  ///
  /// In strips of rows: the moments of windows take the memory of a dozen pictures.
  func means(
    of first: Tensor<Double>, against second: Tensor<Double>
  ) -> (similarity: Double, contrastAndStructure: Double)? {
    precondition(
      first.shape == second.shape && first.rank == 3,
      "pictures of shapes \(first.shape) and \(second.shape)")
    guard min(first.shape[0], first.shape[1]) >= weights.count else { return nil }
    let places = first.shape[0] - weights.count + 1
    let rowsOfStrip = 64
    var (similarity, contrastAndStructure) = (0.0, 0.0)
    for start in stride(from: 0, to: places, by: rowsOfStrip) {
      let rows = start..<(min(start + rowsOfStrip, places) + weights.count - 1)
      let parts = parts(of: first.slice(rows), against: second.slice(rows))
      similarity += (parts.luminance * parts.contrastAndStructure).sum()
      contrastAndStructure += parts.contrastAndStructure.sum()
    }
    let count = Double(places * (first.shape[1] - weights.count + 1) * first.shape[2])
    return (similarity / count, contrastAndStructure / count)
  }

  /// (2 μ μ' + c₁) / (μ² + μ'² + c₁) and (2 σσ' + c₂) / (σ² + σ'² + c₂) at each place of the window.
  private func parts(
    of first: Tensor<Double>, against second: Tensor<Double>
  ) -> (luminance: Tensor<Double>, contrastAndStructure: Tensor<Double>) {
    let (firstMean, secondMean) = (averaged(first), averaged(second))
    let (firstSquare, secondSquare) = (firstMean.squared(), secondMean.squared())
    let products = firstMean * secondMean
    let variances =
      (averaged(first.squared()) - firstSquare + averaged(second.squared()) - secondSquare)
      * varianceFactor
    let covariance = (averaged(first * second) - products) * varianceFactor
    let (luminanceFloor, contrastFloor) = (0.01 * 0.01, 0.03 * 0.03)
    return (
      (products * 2 + luminanceFloor) / (firstSquare + secondSquare + luminanceFloor),
      (covariance * 2 + contrastFloor) / (variances + contrastFloor)
    )
  }

  /// Weighted means over the window at each place where it lies within the picture.
  private func averaged(_ picture: Tensor<Double>) -> Tensor<Double> {
    (0...1).reduce(picture) { picture, axis in
      let places = picture.shape[axis] - weights.count + 1
      var shape = picture.shape
      shape[axis] = places
      return weights.enumerated().reduce(Tensor<Double>(zeros: shape)) { sum, tap in
        sum + picture.slice(tap.offset..<(tap.offset + places), alongAxis: axis) * tap.element
      }
    }
  }
}

extension Tensor<Double> {
  /// The means of blocks of 2 x 2 pixels, with a row or column of zeros first where the number is odd.
  fileprivate func halvedInSize() -> Tensor {
    (0...1).reduce(self) { picture, axis in
      var padded = picture
      if picture.shape[axis] % 2 == 1 {
        var shape = picture.shape
        shape[axis] = 1
        padded = .concatenated([Tensor(zeros: shape), picture], alongAxis: axis)
      }
      var pairs = padded.shape
      pairs[axis] /= 2
      pairs.insert(2, at: axis + 1)
      return padded.reshaped(to: pairs).mean(alongAxis: axis + 1)
    }
  }
}
