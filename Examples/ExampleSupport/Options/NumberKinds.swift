import Foundation

extension ValueKind where Value == Int {
  /// A whole number of any size.
  package static func integer(_ placeholder: String = "N") -> ValueKind {
    .integer(in: Int.min...Int.max, placeholder)
  }

  /// A whole number from a range.
  package static func integer(in range: ClosedRange<Int>, _ placeholder: String = "N") -> ValueKind
  {
    let bounds = boundsText(range)
    let remedy = "give an integer" + (bounds.map { " \($0.sentence)" } ?? "")
    return ValueKind(placeholder: placeholder, expectation: bounds?.short) {
      text throws(ValueProblem) in
      guard let value = Int(text) else {
        throw ValueProblem("which is not an integer", remedy: remedy)
      }
      guard range.contains(value) else {
        throw ValueProblem("which is out of range", remedy: remedy)
      }
      return value
    }
  }

  /// A whole number that is not below a bound.
  package static func integer(
    in range: PartialRangeFrom<Int>, _ placeholder: String = "N"
  ) -> ValueKind {
    .integer(in: range.lowerBound...Int.max, placeholder)
  }

  private static func boundsText(_ range: ClosedRange<Int>) -> (short: String, sentence: String)? {
    switch (range.lowerBound == .min, range.upperBound == .max) {
    case (true, true): nil
    case (false, true): ("\(range.lowerBound) or more", "that is \(range.lowerBound) or more")
    case (true, false): ("at most \(range.upperBound)", "that is at most \(range.upperBound)")
    case (false, false):
      (
        "\(range.lowerBound) to \(range.upperBound)",
        "from \(range.lowerBound) to \(range.upperBound)"
      )
    }
  }
}

/// Which real numbers an option accepts; never infinities and never not-a-number.
package struct NumberBounds: Sendable, Equatable {
  let lower: Double
  let upper: Double
  let includesLower: Bool

  /// Every finite number.
  package static let anyNumber = NumberBounds(
    lower: -.infinity, upper: .infinity, includesLower: true)
  /// Every number above zero.
  package static let positive = NumberBounds.above(0)
  /// Zero and every number above it.
  package static let notNegative = NumberBounds.atLeast(0)

  /// Every number above a bound, the bound itself left out.
  package static func above(_ bound: Double) -> NumberBounds {
    NumberBounds(lower: bound, upper: .infinity, includesLower: false)
  }

  /// A bound and every number above it.
  package static func atLeast(_ bound: Double) -> NumberBounds {
    NumberBounds(lower: bound, upper: .infinity, includesLower: true)
  }

  /// Every number from one bound to another, both included.
  package static func from(_ range: ClosedRange<Double>) -> NumberBounds {
    NumberBounds(lower: range.lowerBound, upper: range.upperBound, includesLower: true)
  }

  /// Every number above one bound and up to another, the lower left out.
  package static func above(_ bound: Double, upTo upper: Double) -> NumberBounds {
    NumberBounds(lower: bound, upper: upper, includesLower: false)
  }

  func contains(_ value: Double) -> Bool {
    value.isFinite && value <= upper && (value > lower || (includesLower && value == lower))
  }

  var phrase: String? {
    let low = NumberText.plain(lower)
    let high = NumberText.plain(upper)
    return switch (lower.isFinite, upper.isFinite) {
    case (false, false): nil
    case (true, false): includesLower ? "\(low) or more" : "above \(low)"
    case (false, true): "at most \(high)"
    case (true, true): includesLower ? "\(low) to \(high)" : "above \(low), up to \(high)"
    }
  }
}

extension ValueKind where Value == Double {
  /// A real number within bounds.
  package static func number(
    _ bounds: NumberBounds = .anyNumber, _ placeholder: String = "X"
  ) -> ValueKind {
    let phrase = bounds.phrase
    let remedy = "give a number" + (phrase.map { " that is \($0)" } ?? ", such as 0.5 or 1e-3")
    return ValueKind(
      placeholder: placeholder, expectation: phrase, describe: { NumberText.plain($0) }
    ) { text throws(ValueProblem) in
      guard let value = Double(text), value.isFinite else {
        throw ValueProblem("which is not a finite number", remedy: remedy)
      }
      guard bounds.contains(value) else {
        throw ValueProblem("which is out of range", remedy: remedy)
      }
      return value
    }
  }
}
