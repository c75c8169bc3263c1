#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The factor of each band, by the formulas of ``BandEqualizer``; the largest is one.
///
/// - Parameters:
///   - energies: λ_b of each band, the constant first.
///   - exponent: How far energies are evened out.
///   - floor: Energies below this share of the largest above the constant count as that.
///   - levelsConstant: Whether the constant is brought level with the band next to it.
func bandFactors(
  energies: [Double], exponent: Double, floor: Double, levelsConstant: Bool
) -> [Double] {
  let top = energies.dropFirst().max() ?? 0
  // A network whose outputs nothing moves, or a single band: nothing to even out.
  guard top > 0 else { return energies.map { _ in 1 } }
  // Relative to the least learned band, whose factor is one, nothing overflows.
  let least = max((energies.min() ?? 0) / top, floor)
  func factor(_ energy: Double) -> Double { pow(max(energy / top, floor) / least, -exponent) }
  var factors = energies.map(factor)
  if levelsConstant {
    let level = max(energies[1], floor * top)
    factors[0] = factors[1] * (energies[0] > level ? level / energies[0] : 1)
  }
  let largest = factors.max() ?? 1
  return factors.map { max($0 / largest, smallestFactor) }
}

/// Factors are never so small that they vanish in single precision.
private let smallestFactor = 1e-30

/// A band's energy from a new measurement and the energy before: their logarithms' mean, with weights
/// of 0.7 and 0.3.
func smoothedEnergy(measured: Double, before: Double) -> Double {
  measured > 0 && before > 0 ? pow(measured, 0.7) * pow(before, 0.3) : measured
}
