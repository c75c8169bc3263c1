import Foundation
import INRZoo

/// A scale of colours for a value from 0 to 1.
package enum ColorMap: String, Sendable, CaseIterable {
  /// From dark blue over green to yellow, perceptually uniform: for values from low to high.
  case viridis
  /// From blue over white to red: for values around a middle, such as errors with a sign.
  case blueRed

  /// The red, green and blue of a value; values outside 0 to 1 take the colours of the ends.
  package func color(at value: Double) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let t = value.isNaN ? 0 : min(max(value, 0), 1)
    switch self {
    case .viridis: return Self.bytes(Self.viridis(t))
    case .blueRed: return Self.bytes(Self.blueRed(t))
    }
  }

  /// A PNG file of values as colours; one that is not a number is transparent.
  ///
  /// - Parameters:
  ///   - values: From 0 to 1, row after row.
  ///   - width: The number of values in a row.
  /// - Returns: The file.
  /// - Throws: `FileError` if there are no values, or too many for a file.
  package func png(_ values: [Double], width: Int) throws -> Data {
    let hasGaps = values.contains(where: \.isNaN)
    let samples = values.flatMap { value in
      let color = color(at: value)
      return [color.red, color.green, color.blue] + (hasGaps ? [value.isNaN ? 0 : .max] : [])
    }
    return Data(
      try Picture.pngBytes(of: samples, shape: [values.count / width, width, hasGaps ? 4 : 3]))
  }

  /// Matt Zucker's polynomial of degree six, package domain, a fit to Matplotlib's viridis.
  private static func viridis(_ t: Double) -> SIMD3<Double> {
    let coefficients: [SIMD3<Double>] = [
      SIMD3(0.2777273272234177, 0.005407344544966578, 0.3340998053353061),
      SIMD3(0.1050930431085774, 1.404613529898575, 1.384590162594685),
      SIMD3(-0.3308618287255563, 0.214847559468213, 0.09509516302823659),
      SIMD3(-4.634230498983486, -5.799100973351585, -19.33244095627987),
      SIMD3(6.228269936347081, 14.17993336680509, 56.69055260068105),
      SIMD3(4.776384997670288, -13.74514537774601, -65.35303263337234),
      SIMD3(-5.435455855934631, 4.645852612178535, 26.3124352495832),
    ]
    return coefficients.reversed().reduce(SIMD3<Double>()) { $0 * t + $1 }
  }

  private static func blueRed(_ t: Double) -> SIMD3<Double> {
    let stops: [SIMD3<Double>] = [
      SIMD3(0.129, 0.263, 0.541), SIMD3(0.412, 0.643, 0.824), SIMD3(0.957, 0.957, 0.949),
      SIMD3(0.918, 0.541, 0.412), SIMD3(0.584, 0.106, 0.161),
    ]
    let position = t * Double(stops.count - 1)
    let index = min(Int(position), stops.count - 2)
    let part = position - Double(index)
    return stops[index] * (1 - part) + stops[index + 1] * part
  }

  private static func bytes(_ color: SIMD3<Double>) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let scaled = (color.clamped(lowerBound: SIMD3(), upperBound: SIMD3(repeating: 1)) * 255)
      .rounded(.toNearestOrAwayFromZero)
    return (UInt8(scaled.x), UInt8(scaled.y), UInt8(scaled.z))
  }
}
