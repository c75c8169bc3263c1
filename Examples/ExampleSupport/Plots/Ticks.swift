import Foundation

/// Round values for an axis, and their texts.
enum Ticks {
  /// The multiples of 1, 2 or 5 times a power of ten that lie in a range.
  static func linear(from low: Double, to high: Double, about count: Int = 6) -> [Double] {
    guard low.isFinite, high.isFinite, high > low, count > 0 else { return [] }
    let rough = (high - low) / Double(count)
    let power = pow(10, log10(rough).rounded(.down))
    guard power > 0, power.isFinite else { return [] }
    // The nearest of 1, 2, 5 and 10 on a logarithmic scale.
    let mantissa = rough / power
    let factor: Double = mantissa < 1.4142 ? 1 : mantissa < 3.1623 ? 2 : mantissa < 7.0711 ? 5 : 10
    let step = factor * power
    let first = (low / step - 1e-9).rounded(.up)
    let last = (high / step + 1e-9).rounded(.down)
    guard last >= first, last - first < 1000 else { return [] }
    return (0...Int(last - first)).map { (first + Double($0)) * step }
  }

  /// The powers of ten that lie in a range, with 2 and 5 times those where there are few.
  static func logarithmic(from low: Double, to high: Double, about count: Int = 6) -> [Double] {
    guard low > 0, high.isFinite, high > low else { return [] }
    // The quotient itself may overflow.
    let decades = log10(high) - log10(low)
    if decades < 0.7 { return linear(from: low, to: high, about: min(count, 4)) }
    let first = Int(log10(low).rounded(.down))
    let last = Int(log10(high).rounded(.up))
    let stride = max(1, Int((decades / (1.5 * Double(count))).rounded(.up)))
    let factors: [Double] = decades < 2.2 ? [1, 2, 5] : [1]
    let slack = 1 + 1e-9
    return (first...last).filter { $0 % stride == 0 }.flatMap { exponent in
      factors.map { $0 * pow(10, Double(exponent)) }
    }.filter { $0 * slack >= low && $0 <= high * slack }
  }

  /// The texts of an axis' ticks, all in the same notation.
  static func labels(for values: [Double], scale: PlotAxis.Scale) -> [String] {
    let sizes = values.map { abs($0) }.filter { $0 > 0 }
    guard let largest = sizes.max(), let smallest = sizes.min() else {
      return values.map { _ in "0" }
    }
    let limits = scale == .logarithmic ? (1e-3, 1e4) : (1e-4, 1e6)
    let finest =
      scale == .logarithmic
      ? smallest
      : zip(values.dropFirst(), values).map { $0 - $1 }.filter { $0 > 0 }.min() ?? smallest
    if largest >= limits.1 || finest < limits.0 * 0.999 {
      return values.map { scientific($0, step: finest) }
    }
    if scale == .logarithmic {
      return values.map { minus(NumberText.fixed($0, decimals(of: $0))) }
    }
    let shared = decimals(of: finest)
    return values.map { minus(NumberText.fixed($0, shared)) }
  }

  /// How many decimals a multiple of 1, 2 or 5 times a power of ten needs.
  private static func decimals(of step: Double) -> Int {
    for decimals in 0..<12 {
      let scaled = step * pow(10, Double(decimals))
      if abs(scaled - scaled.rounded()) < 1e-6 * scaled { return decimals }
    }
    return 12
  }

  private static func scientific(_ value: Double, step: Double) -> String {
    if value == 0 { return "0" }
    let exponent = Int((log10(abs(value)) + 1e-9).rounded(.down))
    let power = pow(10, Double(exponent))
    let mantissa = value / power
    let tens = "10" + superscript(exponent)
    if abs(abs(mantissa) - 1) < 1e-6 { return value < 0 ? "−" + tens : tens }
    let digits = min(max(0, exponent - Int((log10(step) + 1e-9).rounded(.down))), 6)
    var text = NumberText.fixed(mantissa, digits)
    if text.contains(".") {
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
    }
    return minus(text) + "×" + tens
  }

  private static func superscript(_ exponent: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return String(
      "\(exponent)".map { $0 == "-" ? "⁻" : digits[($0.wholeNumberValue ?? 0) % 10] })
  }

  private static func minus(_ text: String) -> String {
    text.replacing("-", with: "−")
  }
}
