/// How strongly a network learns each band, and what an equalizer makes of it.
public struct BandSpectrum: Sendable, Equatable {
  /// How many steps the equalizer had seen when it measured this.
  public internal(set) var step: Int
  /// The bands, the constant first.
  public internal(set) var bands: [Band]
  /// λ_b, the mean eigenvalue of the kernel in each band as just measured: trace(P_b K P_b) / rank P_b.
  public internal(set) var measured: [Double]
  /// The same, smoothed over refreshes.
  public internal(set) var energies: [Double]
  /// The energies that factors follow from: those above the constant smoothed over the bands as well, if
  /// there are three or more, as far as errors of measurement explain what is not smooth.
  public internal(set) var estimates: [Double]
  /// F_b, the factor of each band; the largest is one.
  public internal(set) var factors: [Double]

  /// F_b λ_b: how strongly each band is learned after adjustment, by the ``estimates``.
  public var adjustedEnergies: [Double] { zip(factors, estimates).map { $0 * $1 } }
}
