import TensorKit

/// How far predictions of a one-dimensional signal are from it, frequency by frequency.
///
/// The signal is taken as one period of evenly spaced samples: bin k of its discrete Fourier transform
/// `F[k] = Σₙ y[n] exp(-2πi k n / N)` oscillates k times over the samples.
///
/// ```swift
/// let bins = FrequencyErrors.strongestBins(of: target, count: 6)
/// let errors = FrequencyErrors(of: target, bins: bins)
/// errors.relativeErrors(of: outputs)                          // |F - G| / |F| at each of them
/// errors.relativeErrors(of: outputs, definition: .magnitude)  // ||F| - |G|| / |F|
/// ```
public struct FrequencyErrors: Sendable {
  /// What a relative error compares.
  public enum Definition: String, Sendable, CaseIterable {
    /// `|F_target - F_prediction| / |F_target|`: amplitude and phase, as published with IGA (K. Shi
    /// et al., ICML 2025).
    case complex
    /// `||F_target| - |F_prediction|| / |F_target|`: amplitude alone, as published with Fourier
    /// reparameterized training (K. Shi et al., CVPR 2024).
    case magnitude
  }

  /// The bins that are compared.
  public let bins: [Int]
  private let transform: Tensor<Double>
  private let target: [(real: Double, imaginary: Double)]

  /// Prepares to compare predictions with a signal.
  ///
  /// - Parameters:
  ///   - target: The signal. Shape: [samples] or [samples, 1].
  ///   - bins: The bins, each from 0 to samples / 2.
  /// - Precondition: There is one value a sample, and the bins are within that range.
  public init<Scalar>(of target: Tensor<Scalar>, bins: [Int]) {
    let signal = FrequencyErrors.column(target)
    precondition(
      bins.allSatisfy { (0...(signal.count / 2)).contains($0) },
      "bins \(bins) of a signal of \(signal.count) samples")
    self.bins = bins
    transform = FrequencyErrors.transform(bins: bins, samples: signal.count)
    self.target = FrequencyErrors.coefficients(of: signal, by: transform)
  }

  /// The relative error at each bin; infinite or NaN where the signal has nothing there.
  ///
  /// - Parameters:
  ///   - prediction: As many values as the signal has.
  ///   - definition: What is compared; amplitude and phase by default.
  public func relativeErrors<Scalar>(
    of prediction: Tensor<Scalar>, definition: Definition = .complex
  ) -> [Double] {
    let signal = FrequencyErrors.column(prediction)
    precondition(
      signal.count == transform.shape[1],
      "a prediction of shape \(prediction.shape) for a signal of \(transform.shape[1]) samples")
    return zip(target, FrequencyErrors.coefficients(of: signal, by: transform)).map {
      let size = Double.length($0.real, $0.imaginary)
      return switch definition {
      case .complex: Double.length($0.real - $1.real, $0.imaginary - $1.imaginary) / size
      case .magnitude: abs(size - Double.length($1.real, $1.imaginary)) / size
      }
    }
  }

  /// The bins where a signal's transform is largest, in ascending order.
  ///
  /// - Parameters:
  ///   - target: The signal. Shape: [samples] or [samples, 1].
  ///   - count: How many.
  /// - Precondition: There are that many bins from 0 to samples / 2.
  public static func strongestBins<Scalar>(of target: Tensor<Scalar>, count: Int) -> [Int] {
    let signal = column(target)
    let all = Array(0...(signal.count / 2))
    precondition(count >= 0 && count <= all.count, "\(count) of \(all.count) bins")
    // Some bins at a time: the whole transform holds samples² numbers.
    let sizes = stride(from: 0, to: all.count, by: 64).flatMap { start in
      let bins = Array(all[start..<min(start + 64, all.count)])
      return coefficients(of: signal, by: transform(bins: bins, samples: signal.count))
        .map { Double.length($0.real, $0.imaginary) }
    }
    return all.sorted { sizes[$0] > sizes[$1] }.prefix(count).sorted()
  }

  private static func column<Scalar>(_ values: Tensor<Scalar>) -> Tensor<Double> {
    precondition(
      values.count > 0 && values.shape[0] == values.count,
      "a signal of shape \(values.shape); one value a sample is needed")
    return Tensor<Double>(values).reshaped(to: [values.count, 1])
  }

  /// Cosines of each bin, then sines of each, of shape [2 · bins, samples].
  private static func transform(bins: [Int], samples: Int) -> Tensor<Double> {
    Tensor(shape: [2 * bins.count, samples]) { elements in
      for (row, bin) in bins.enumerated() {
        for sample in 0..<samples {
          // Reduced in integers, so that large products lose nothing.
          let angle = 2 * Double.pi * Double(bin * sample % samples) / Double(samples)
          elements[row * samples + sample] = angle.cosine()
          elements[(bins.count + row) * samples + sample] = -angle.sine()
        }
      }
    }
  }

  private static func coefficients(
    of signal: Tensor<Double>, by transform: Tensor<Double>
  ) -> [(real: Double, imaginary: Double)] {
    let values = Tensor.matrixProduct(transform, signal).elements
    let count = values.count / 2
    return (0..<count).map { (values[$0], values[count + $0]) }
  }
}
