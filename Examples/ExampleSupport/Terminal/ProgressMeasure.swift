/// The measure of quality that a line of progress shows.
package struct ProgressMeasure: Sendable, Equatable {
  /// Its name, as `PSNR`.
  package let name: String
  /// Its unit, as `dB`; may be empty.
  package let unit: String
  /// Which value is the better one.
  package let better: BetterValue
  /// The number of decimals; nothing for three significant digits.
  package let decimals: Int?

  /// Describes a measure.
  package init(_ name: String, unit: String = "", better: BetterValue, decimals: Int? = nil) {
    self.name = name
    self.unit = unit
    self.better = better
    self.decimals = decimals
  }

  /// The peak signal-to-noise ratio in decibels, with two decimals.
  package static let psnr = ProgressMeasure("PSNR", unit: "dB", better: .higher, decimals: 2)
  /// A loss, with three significant digits.
  package static let loss = ProgressMeasure("loss", better: .lower)

  func text(_ value: Double, withUnit: Bool = true) -> String {
    let number =
      decimals.map { NumberText.fixed(value, $0) } ?? NumberText.significant(value, 3)
    return withUnit && !unit.isEmpty ? "\(number) \(unit)" : number
  }
}
