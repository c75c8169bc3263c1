#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Energies of bands above the constant, smoothed over neighbours as far as errors of measurement explain
/// what is not smooth.
///
/// Coarse bands have few dimensions, so that a measurement of theirs says little. The logarithms x over
/// the bands are taken for a curve whose second differences Δ x are independent, of the variance t, and
/// seen as y with errors of known variances R. Then Δ y has the covariance `S = Δ R Δᵀ + t`, and the
/// expected curve is `y - R Δᵀ S⁻¹ Δ y` (E. T. Whittaker, "On a new method of graduation", 1923). The
/// variance t is the one for which Δ y is as large as it should be, `(Δ y)ᵀ S⁻¹ Δ y` its number of entries
/// (R. C. Paule and J. Mandel, "Consensus values and weighting factors", 1982), or zero if errors alone
/// explain as much. So energies that are measured well stay, and others follow from those beside them.
/// There is one t for all bands: a spectrum that falls off abruptly somewhere stays about as measured
/// everywhere.
///
/// - Parameters:
///   - energies: λ_b of each band, the constant first; it stays as it is, and so do zeros, and all if
///     fewer than three others are left.
///   - variances: The variance of the error of each λ_b's logarithm.
func shrunkEnergies(_ energies: [Double], variances: [Double]) -> [Double] {
  let seen = energies.indices.dropFirst().filter { energies[$0] > 0 }
  guard seen.count > 2 else { return energies }
  let logarithms = seen.map { log(energies[$0]) }
  // Even an exact energy is rounded.
  let errors = seen.map { max(variances[$0], 1e-8) }
  let slopes: [Double] = zip(logarithms, logarithms.dropFirst()).map { $1 - $0 }
  let bends: [Double] = zip(slopes, slopes.dropFirst()).map { $1 - $0 }
  let pulls = solution(
    for: bends, errors: errors, variance: bendVariance(of: bends, errors: errors))
  var result = energies
  for (index, band) in seen.enumerated() {
    var pull = index < bends.count ? pulls[index] : 0
    if index >= 1 && index <= bends.count { pull -= 2 * pulls[index - 1] }
    if index >= 2 { pull += pulls[index - 2] }
    result[band] = min(exp(logarithms[index] - errors[index] * pull), .greatestFiniteMagnitude)
  }
  return result
}

/// The variance t that makes second differences as large as they should be.
private func bendVariance(of bends: [Double], errors: [Double]) -> Double {
  func size(_ variance: Double) -> Double {
    zip(bends, solution(for: bends, errors: errors, variance: variance)).reduce(0) {
      $0 + $1.0 * $1.1
    }
  }
  let expected = Double(bends.count)
  guard size(0) > expected else { return 0 }
  // The size falls as the variance grows, and is no more than expected at the upper end.
  var (low, high) = (0.0, bends.reduce(0) { $0 + $1 * $1 } / expected)
  for _ in 0..<60 {
    let middle = (low + high) / 2
    if size(middle) > expected { low = middle } else { high = middle }
  }
  return high
}

/// `(Δ R Δᵀ + t)⁻¹ b`, with Δ the second differences, R the errors' variances and t another one: a system
/// of five diagonals.
private func solution(for bends: [Double], errors: [Double], variance: Double) -> [Double] {
  // The triangular factor has ones on its diagonal, `near` next to it and `far` after that.
  var (pivots, near, far, result) = (bends, bends, bends, bends)
  for row in bends.indices {
    var pivot = errors[row] + 4 * errors[row + 1] + errors[row + 2] + variance
    if row >= 2 {
      far[row] = errors[row] / pivots[row - 2]
      pivot -= far[row] * errors[row]
      result[row] -= far[row] * result[row - 2]
    }
    if row >= 1 {
      var entry = -2 * (errors[row] + errors[row + 1])
      if row >= 2 { entry -= errors[row] * near[row - 1] }
      near[row] = entry / pivots[row - 1]
      pivot -= near[row] * entry
      result[row] -= near[row] * result[row - 1]
    }
    pivots[row] = pivot
  }
  for row in bends.indices.reversed() {
    result[row] /= pivots[row]
    if row + 1 < bends.count { result[row] -= near[row + 1] * result[row + 1] }
    if row + 2 < bends.count { result[row] -= far[row + 2] * result[row + 2] }
  }
  return result
}
