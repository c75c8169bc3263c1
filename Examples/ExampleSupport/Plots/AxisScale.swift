import Foundation

/// Places values between 0 and 1 along an axis.
struct AxisScale {
  let low: Double
  let high: Double
  let scale: PlotAxis.Scale

  /// Fits a scale to an axis and its data.
  ///
  /// - Parameters:
  ///   - axis: The axis, whose own range comes first.
  ///   - values: The data; what cannot be placed is left out.
  ///   - padding: The part of the range that is added at either end.
  init(_ axis: PlotAxis, values: some Sequence<Double>, padding: Double) {
    scale = axis.scale
    let isLogarithmic = axis.scale == .logarithmic
    if let range = axis.range, !isLogarithmic || range.lowerBound > 0,
      range.upperBound > range.lowerBound
    {
      low = range.lowerBound
      high = range.upperBound
      return
    }
    var smallest = Double.infinity
    var largest = -Double.infinity
    for value in values where value.isFinite && (!isLogarithmic || value > 0) {
      smallest = min(smallest, value)
      largest = max(largest, value)
    }
    guard smallest <= largest else {
      low = isLogarithmic ? 1 : 0
      high = isLogarithmic ? 10 : 1
      return
    }
    if isLogarithmic {
      // The quotient itself may overflow.
      let extra = largest > smallest ? exp((log(largest) - log(smallest)) * padding) : 2
      low = max(smallest / extra, .leastNormalMagnitude)
      high = min(largest * extra, .greatestFiniteMagnitude)
    } else if largest > smallest {
      let extra = (largest / 2 - smallest / 2) * 2 * padding
      // A measure that is never negative should not seem to be.
      low = smallest >= 0 && smallest - extra < 0 ? 0 : smallest - extra
      high = largest + extra
    } else {
      let extra = max(abs(smallest) * 0.05, 0.5)
      low = smallest - extra
      high = largest + extra
    }
  }

  /// Whether a value has a place.
  func accepts(_ value: Double) -> Bool {
    !value.isNaN && (scale == .linear || value > 0)
  }

  /// A value's place, from 0 to 1 within the range; infinities are at its ends.
  func position(_ value: Double) -> Double {
    if value.isInfinite { return value > 0 ? 1 : 0 }
    return switch scale {
    case .linear: (value - low) / (high - low)
    case .logarithmic: (log(value) - log(low)) / (log(high) - log(low))
    }
  }

  func ticks(about count: Int) -> [(value: Double, label: String)] {
    let values =
      switch scale {
      case .linear: Ticks.linear(from: low, to: high, about: count)
      case .logarithmic: Ticks.logarithmic(from: low, to: high, about: count)
      }
    return Array(zip(values, Ticks.labels(for: values, scale: scale)))
  }
}
