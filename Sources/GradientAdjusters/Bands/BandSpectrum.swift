import TensorKit

/// How strongly a network learns each band, and what an equalizer makes of it.
public struct BandSpectrum: Sendable, Equatable {
  /// How many steps the equalizer had seen when it measured this.
  public private(set) var step: Int
  /// The bands, the constant first.
  public private(set) var bands: [Band]
  /// λ_b, the mean eigenvalue of the kernel in each band as just measured: trace(P_b K P_b) / rank P_b.
  public private(set) var measured: [Double]
  /// The same, averaged over refreshes: what factors follow from.
  public private(set) var energies: [Double]
  /// F_b, the factor of each band; the largest is one.
  public private(set) var factors: [Double]

  /// F_b λ_b: how strongly each band is learned after adjustment.
  public var adjustedEnergies: [Double] { zip(factors, energies).map { $0 * $1 } }

  /// A spectrum of nothing, which a saved one can be read into.
  static var empty: BandSpectrum {
    BandSpectrum(step: 0, bands: [], measured: [], energies: [], factors: [])
  }
}

extension BandSpectrum {
  /// The share of its energy that the constant keeps at least when it is brought level.
  ///
  /// Some networks learn the constant thousands of times as strongly as anything else, and every change they
  /// make changes it too: with a factor as small as that it would never be put right.
  static var smallestLevel: Double { 1.0 / 5 }

  /// What follows from a new measurement.
  ///
  /// - Parameters:
  ///   - step: How many steps came before.
  ///   - bands: The bands, the constant first.
  ///   - measured: λ_b of each.
  ///   - previous: What was known before. Logarithms are averaged with weights of 0.7 and 0.3.
  ///   - settings: The exponent, the floor and whether the constant is brought level; see
  ///     ``BandEqualizer``.
  init(
    step: Int, bands: [Band], measured: [Double], previous: BandSpectrum?,
    settings: EqualizerSettings
  ) {
    let energies =
      previous.map { zip(measured, $0.energies).map(averagedEnergy) } ?? measured
    self.init(
      step: step, bands: bands, measured: measured, energies: energies,
      factors: Self.factors(energies: energies, settings: settings))
  }

  /// The factor of each band; the largest is one.
  static func factors(energies: [Double], settings: EqualizerSettings) -> [Double] {
    let top = energies.dropFirst().max() ?? 0
    // A network whose outputs nothing moves, or a single band: nothing to even out.
    guard top > 0 else { return energies.map { _ in 1 } }
    let floor = settings.floor
    // Relative to the least learned band, whose factor is one, nothing overflows.
    let least = max((energies.min() ?? 0) / top, floor)
    var factors = energies.map { (max($0 / top, floor) / least).raised(to: -settings.exponent) }
    if settings.levelsConstant {
      let level = max(energies[1], floor * top)
      let share = energies[0] > level ? level / energies[0] : 1
      factors[0] = factors[1] * max(share, smallestLevel)
    }
    let largest = factors.max() ?? 1
    // None vanishes in single precision.
    return factors.map { max($0 / largest, 1e-30) }
  }
}

/// The mean of a new measurement's logarithm and that of the energy before.
private func averagedEnergy(measured: Double, before: Double) -> Double {
  measured > 0 && before > 0 ? measured.raised(to: 0.7) * before.raised(to: 0.3) : measured
}

extension BandSpectrum: Checkpointable {
  /// Shows the bands and all numbers.
  ///
  /// - Throws: `StateError` if there is not a number for each band.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&step, named: "step")
    try visitor.visit(&bands, named: "bands", startingFrom: Band("", rank: 1))
    for (name, path) in [
      ("measured", \BandSpectrum.measured), ("energies", \.energies), ("factors", \.factors),
    ] {
      try visitor.visit(&self[keyPath: path], named: name)
      try visitor.requireShape([self[keyPath: path].count], toBe: [bands.count], of: name)
    }
  }
}

extension Band: Checkpointable {
  /// Shows the name, the rank and the frequency.
  ///
  /// - Throws: `StateError` if the rank is not positive.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&name, named: "name")
    try visitor.visit(&rank, named: "rank")
    try visitor.require(rank > 0, of: "rank", "a band cannot have the rank \(rank)")
    try visitor.visit(&frequency, named: "frequency")
  }
}
