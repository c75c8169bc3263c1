import AutoDiff
import ExampleSupport
import GradientAdjusters
import INRZoo
import TensorKit

extension Options {
  static let exponent = Option(
    "exponent", .number(.notNegative, "A"), default: 0.5,
    help: "How far bands are evened out: 0 only levels the constant, 1 evens out fully.")
  static let floor = Option(
    "floor", .number(.above(0, upTo: 1), "F"), default: 1e-3,
    help: "Bands learned less than this share of the most learned one count as that.")
  static let bandCount = Option(
    "band-count", .integer(in: 3...1000, "N"),
    help: """
      The number of bands, fewer if there are not as many; by default one for each size of blocks, 14 \
      for bands-cosine, and 8 within blocks for bands-block.
      """)
  static let refresh = Option(
    "refresh", .integer(in: 1..., "R"), default: 100,
    help: """
      How strongly bands are learned is measured every R steps, and at steps 0, 3, 10, 25 and 50.
      """)
  static let probes = Option(
    "probes", .integer(in: 1..., "N"), default: 1,
    help: "Each measurement is the mean over N random directions of the parameters.")
  static let coarseResiduals = Option(
    "coarse-residuals",
    .choice { (residuals: CoarseResiduals) in
      switch residuals {
      case .current: "this step's, by a forward sweep (exact)"
      case .updated: "the previous step's, and their change at some pixels"
      case .previous: "the previous step's (cheaper, and unstable at high rates)"
      }
    }, default: .updated,
    help: """
      Where bands that are wider than 256 pixels take their residuals from; bands-cosine takes all from \
      this step in any case.
      """)

  /// What sets the equalization of bands up.
  static let bandSettings: [any OptionDeclaration] = [
    exponent, floor, bandCount, refresh, probes, coarseResiduals,
  ]
}

extension FitImageSettings {
  /// The adjuster that evens out some bands.
  func bandEqualizer<Scalar: TensorScalar>(
    _ bands: any Bands<Scalar>, damping: BurstDamping<Scalar>?
  ) -> BandEqualizer<Scalar> {
    BandEqualizer(
      bands, exponent: values[Options.exponent], floor: values[Options.floor],
      refreshInterval: values[Options.refresh],
      coarseResiduals: values[Options.coarseResiduals], probeCount: values[Options.probes],
      damping: damping, seed: seed)
  }
}

/// What a band equalizer last measured, if an adjuster is one or has one among its parts.
func bandSpectrum<Scalar: TensorScalar>(
  of adjuster: any GradientAdjuster<Scalar>
) -> BandSpectrum? {
  if let equalizer = adjuster as? BandEqualizer<Scalar> { return equalizer.spectrum }
  let parts = (adjuster as? ComposedAdjuster<Scalar>)?.adjusters ?? []
  return parts.lazy.compactMap { bandSpectrum(of: $0) }.first
}

/// How strongly the network learned each band, over the steps of a run.
struct BandCourse {
  let name: String
  /// What was measured at each refresh, in order.
  let spectra: [BandSpectrum]

  /// The energies as estimated from measurements, and those after adjustment.
  var plots: [LinePlot] {
    [
      plot("Bands before adjustment: \(name)") { $0.estimates },
      plot("Bands after adjustment: \(name)") { $0.adjustedEnergies },
    ]
  }

  /// What was measured, a line for each band and refresh.
  var table: CSVTable {
    var table = CSVTable(columns: [
      "step", "band", "frequency", "rank", "measured", "energy", "estimate", "factor",
      "adjusted_energy",
    ])
    for spectrum in spectra {
      for (index, band) in spectrum.bands.enumerated() {
        table.append([
          .integer(spectrum.step), .text(band.name), .number(band.frequency), .integer(band.rank),
          .number(spectrum.measured[index]), .number(spectrum.energies[index]),
          .number(spectrum.estimates[index]), .number(spectrum.factors[index]),
          .number(spectrum.adjustedEnergies[index]),
        ])
      }
    }
    return table
  }

  private func plot(_ title: String, _ energies: (BandSpectrum) -> [Double]) -> LinePlot {
    let steps = spectra.map { Double($0.step) }
    return LinePlot(
      title, x: PlotAxis("step"), y: PlotAxis("kernel energy", scale: .logarithmic),
      series: (spectra.first?.bands ?? []).enumerated().map { index, band in
        PlotSeries(band.name, x: steps, y: spectra.map { energies($0)[index] })
      })
  }
}
