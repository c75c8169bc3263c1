import AutoDiff
import ExampleSupport
import Fitting
import GradientAdjusters
import INRZoo
import TensorKit

extension Options {
  static let exponent = RecipeOption(
    "exponent", .number(.notNegative, "A"), \.settings.equalization.exponent,
    where: \.evensOutBands,
    help: "How far bands are evened out: 0 only levels the constant, 1 evens out fully.")
  static let floor = RecipeOption(
    "floor", .number(.above(0, upTo: 1), "F"), \.settings.equalization.floor,
    where: \.evensOutBands,
    help: "Bands learned less than this share of the most learned one count as that.")
  static let refresh = RecipeOption(
    "refresh", .integer(in: 1..., "R"), \.settings.equalization.refreshInterval,
    where: \.evensOutBands,
    help: """
      How strongly bands are learned is measured every R steps, and at steps 0, 3, 10, 25 and 50.
      """)
  static let probes = RecipeOption(
    "probes", .integer(in: 1..., "N"), \.settings.equalization.probeCount, where: \.evensOutBands,
    help: "Each measurement is the mean over N random directions of the parameters.")
  static let bandResiduals = RecipeOption(
    "band-residuals",
    .choice { (residuals: EqualizerSettings.ResidualsUsed) in
      switch residuals {
      case .current: "this step's (exact), all outputs first"
      case .updated: "the previous step's, and their change at some pixels"
      }
    }, \.settings.equalization.residuals, where: \.evensOutBands,
    help: """
      Where bands that are wider than 256 pixels take their residuals from; bands-cosine takes all from \
      this step in any case.
      """)
  static let bandCount = Option(
    "band-count", .integer(in: 3...1000, "N"),
    help: """
      The number of bands, fewer if there are not as many; by default one for each size of blocks, 14 \
      for bands-cosine, and 8 within blocks for bands-block.
      """)

  /// What sets the equalization of bands up in a recipe.
  static let equalization: [RecipeOption] = [exponent, floor, refresh, probes, bandResiduals]
  /// What sets bands up.
  static let bandSettings: [any OptionDeclaration] = equalization + [bandCount]
}

extension Recipe {
  /// Whether one of the adjusters evens out bands.
  var evensOutBands: Bool {
    adjusters.contains { $0.parts.contains { $0.effect == .bands } }
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

  /// The energies as measured, and those after adjustment.
  var plots: [LinePlot] {
    [
      plot("Bands before adjustment: \(name)") { $0.energies },
      plot("Bands after adjustment: \(name)") { $0.adjustedEnergies },
    ]
  }

  /// What was measured, a line for each band and refresh.
  var table: CSVTable {
    var table = CSVTable(columns: [
      "step", "band", "frequency", "rank", "measured", "energy", "factor",
      "adjusted_energy",
    ])
    for spectrum in spectra {
      for (index, band) in spectrum.bands.enumerated() {
        table.append([
          .integer(spectrum.step), .text(band.name), .number(band.frequency), .integer(band.rank),
          .number(spectrum.measured[index]), .number(spectrum.energies[index]),
          .number(spectrum.factors[index]),
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
