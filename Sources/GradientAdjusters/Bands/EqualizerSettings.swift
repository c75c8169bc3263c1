/// How a ``BandEqualizer`` weights bands, and when it measures them.
public struct EqualizerSettings: Sendable, Hashable, Codable {
  /// How far energies are evened out: 0 not at all, 1 fully.
  public var exponent: Double
  /// Energies below this share of the largest above the constant count as that.
  public var floor: Double
  /// Whether the constant is learned no more strongly than the band next to it.
  public var levelsConstant: Bool
  /// Energies are measured before the steps 0, 3, 10, 25, 50 and then every so many.
  public var refreshInterval: Int
  /// How many random directions a measurement is the mean over.
  public var probeCount: Int
  /// Which residuals bands are taken from.
  public var residuals: ResidualsUsed
  /// Seeds the probes.
  public var seed: UInt64

  /// Which residuals bands are taken from.
  ///
  /// It matters to bands within groups of a few hundred rows, such as ``NestedMeanBands``; others use the
  /// step's own in any case.
  public enum ResidualsUsed: String, Sendable, Codable, CaseIterable {
    /// This step's: exact, by a forward sweep over the batch first.
    case current
    /// This step's within groups. The groups' means are those of the previous step and their change since,
    /// seen at a sixteenth of the rows.
    case updated
  }

  /// Settings, with defaults that suit pictures.
  ///
  /// - Precondition: The exponent is not negative, the floor within (0, 1], and the other numbers positive.
  public init(
    exponent: Double = 0.5, floor: Double = 1e-3, levelsConstant: Bool = true,
    refreshInterval: Int = 100, probeCount: Int = 1, residuals: ResidualsUsed = .updated,
    seed: UInt64 = 0
  ) {
    self.exponent = exponent
    self.floor = floor
    self.levelsConstant = levelsConstant
    self.refreshInterval = refreshInterval
    self.probeCount = probeCount
    self.residuals = residuals
    self.seed = seed
    check()
  }

  /// Stops at settings that cannot work, which may have been changed or read since they were made.
  func check() {
    precondition(
      exponent >= 0 && exponent.isFinite, "bands evened out with the exponent \(exponent)")
    precondition(floor > 0 && floor <= 1, "energies below \(floor) of the largest count as that")
    precondition(
      refreshInterval > 0 && probeCount > 0,
      "bands measured by \(probeCount) probes every \(refreshInterval) steps")
  }
}
