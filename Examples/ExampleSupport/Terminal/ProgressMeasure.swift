/// The measure of quality that a line of progress shows.
public struct ProgressMeasure: Sendable, Equatable {
  /// Its name, as `PSNR`.
  public let name: String
  /// Its unit, as `dB`; may be empty.
  public let unit: String
  /// Which value is the better one.
  public let better: BetterValue
  /// The number of decimals; nothing for three significant digits.
  public let decimals: Int?

  /// Describes a measure.
  public init(_ name: String, unit: String = "", better: BetterValue, decimals: Int? = nil) {
    self.name = name
    self.unit = unit
    self.better = better
    self.decimals = decimals
  }

  /// The peak signal-to-noise ratio in decibels, with two decimals.
  public static let psnr = ProgressMeasure("PSNR", unit: "dB", better: .higher, decimals: 2)
  /// A loss, with three significant digits.
  public static let loss = ProgressMeasure("loss", better: .lower)

  func text(_ value: Double, withUnit: Bool = true) -> String {
    let number =
      decimals.map { NumberText.fixed(value, $0) } ?? NumberText.significant(value, 3)
    return withUnit && !unit.isEmpty ? "\(number) \(unit)" : number
  }
}
