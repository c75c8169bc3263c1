import Foundation

/// Numbers as text, always with a decimal point and never depending on the locale.
package enum NumberText {
  /// A fixed number of decimals, as `31.20`; `∞` for what is infinite, and a dash for what is no number.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return notFinite(value) }
    return withoutSignOfZero(String(format: "%.\(max(0, decimals))f", value))
  }

  private static func notFinite(_ value: Double) -> String {
    value.isNaN ? "–" : value < 0 ? "-∞" : "∞"
  }

  /// What is rounded to zero has no sign.
  private static func withoutSignOfZero(_ text: String) -> String {
    text.hasPrefix("-") && text.dropFirst().allSatisfy { "0.".contains($0) }
      ? String(text.dropFirst()) : text
  }

  /// A number of things with their noun, as `1 step` and `20 steps`.
  ///
  /// - Parameters:
  ///   - number: How many there are.
  ///   - noun: What one of them is called.
  ///   - plural: What several are called; the noun with an s by default.
  /// - Returns: The number and the noun that fits it.
  package static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
  }

  /// A fixed number of decimals for programs to read: `nan` and `inf` rather than signs.
  package static func field(_ value: Double?, _ decimals: Int) -> String {
    let value = value ?? .nan
    return value.isFinite ? fixed(value, decimals) : plain(value)
  }

  /// The shortest text that reads back as the same number, whole numbers without `.0`.
  package static func plain(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A number of significant digits, as `0.0123` or `1.2e-05`; `∞` for what is infinite, and a dash for what
  /// is no number.
  package static func significant(_ value: Double, _ digits: Int = 3) -> String {
    guard value.isFinite else { return notFinite(value) }
    if value != 0, abs(value) >= 1e-4, abs(value) < 1e6 {
      // The exponent after rounding: 9.996 has three significant digits as 10.0.
      let rounded = Double(String(format: "%.\(max(0, digits - 1))e", abs(value))) ?? abs(value)
      return fixed(value, digits - 1 - Int(log10(rounded).rounded(.down)))
    }
    return withoutSignOfZero(String(format: "%.\(max(1, digits))g", value))
  }

  /// A duration as `h:mm:ss`.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–:––:––" }
    let whole = Int(seconds.rounded())
    return String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
  }

  /// A time for one step with three significant digits, as `12.3 ms` or `1.25 s`.
  package static func shortTime(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0 else { return "–" }
    if seconds >= 0.9995 { return significant(seconds, 3) + " s" }
    if seconds >= 0.9995e-3 { return significant(seconds * 1e3, 3) + " ms" }
    return fixed(seconds * 1e6, 0) + " µs"
  }
}
