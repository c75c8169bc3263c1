import TensorKit

/// How much of a picture lies at each spatial frequency.
///
/// Computed with the orthonormal discrete cosine transform, which makes no edges at the borders as the
/// Fourier transform does. Frequencies (i, j) of equal √(i² + j²) are taken together in bands one
/// cycle wide, and channels are added up. Those above half a cycle per sample of the longer side, towards
/// the corners of the spectrum, are left out.
public struct RadialSpectrum: Sendable {
  /// The middle of each band, in cycles over the picture's longer side.
  public let frequencies: [Double]
  /// The energy in each band: the sum of squared coefficients, all channels.
  public let energies: [Double]

  /// The spectrum of a picture.
  ///
  /// - Parameter values: Shape: [height, width, channels].
  /// - Precondition: There are three axes.
  public init<Scalar>(of values: Tensor<Scalar>) {
    precondition(values.rank == 3, "the spectrum of values of shape \(values.shape)")
    let (height, width, channels) = (values.shape[0], values.shape[1], values.shape[2])
    let longer = Double(max(height, width))
    // Coefficient k oscillates k / 2 times over its side.
    let bandCount = Int((longer / 2).rounded(.up)) + 1
    var energies = [Double](repeating: 0, count: bandCount)
    for channel in 0..<channels {
      let plane = Tensor<Double>(values.slice(channel..<(channel + 1), alongAxis: 2))
        .reshaped(to: [height, width])
      let columns = Tensor.matrixProduct(.cosineTransform(size: height), plane)
      let coefficients = Tensor.matrixProduct(
        columns, .cosineTransform(size: width), transposingRight: true)
      coefficients.withUnsafeElements { coefficients in
        for row in 0..<height {
          for column in 0..<width {
            let vertical = Double(row) / 2 * longer / Double(height)
            let horizontal = Double(column) / 2 * longer / Double(width)
            let radius = (vertical * vertical + horizontal * horizontal).squareRoot()
            guard Int(radius.rounded()) < bandCount else { continue }
            let coefficient = coefficients[row * width + column]
            energies[Int(radius.rounded())] += coefficient * coefficient
          }
        }
      }
    }
    self.frequencies = energies.indices.map(Double.init)
    self.energies = energies
  }

  /// The amplitude of a residual at each frequency, relative to that of what it is the residual of.
  ///
  /// - Returns: √(energy of the residual / energy of the reference) for each band; NaN where the
  ///   reference has none.
  /// - Precondition: Both are spectra of pictures of the same size.
  public static func relativeAmplitudes(
    of residual: RadialSpectrum, to reference: RadialSpectrum
  ) -> [Double] {
    precondition(
      residual.energies.count == reference.energies.count, "spectra of pictures of two sizes")
    return zip(residual.energies, reference.energies).map {
      $1 > 0 ? ($0 / $1).squareRoot() : .nan
    }
  }
}
