import AutoDiff
import ExampleSupport
import GradientAdjusters
import INRZoo
import TensorKit

extension FitImageSettings {
  /// The adjuster that evens out bands of some kind over the picture's pixels.
  func bandEqualizer<Scalar: TensorScalar>(
    _ name: AdjusterName, _: Scalar.Type
  ) -> BandEqualizer<Scalar> {
    let grid = PictureSignal<Scalar>(picture, patch: patch).grid
    let bands: any Bands<Scalar> =
      switch name {
      case .bandsCosine: CosineBands(grid)
      case .bandsBlock: BlockCosineBands(grid)
      default: NestedMeanBands(.blocks(of: grid))
      }
    return BandEqualizer(
      bands, exponent: values[Options.exponent], floor: values[Options.floor],
      refreshInterval: values[Options.refresh],
      coarseResiduals: values[Options.coarseResiduals], seed: UInt64(values[Options.seed]))
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

/// Plots of how strongly the network learned each band, over the steps of a run.
struct BandPlots {
  let name: String
  /// What was measured at each refresh, in order.
  let spectra: [BandSpectrum]

  /// The energies that were measured, and those after adjustment.
  var plots: [LinePlot] {
    [
      plot("Bands before adjustment: \(name)") { $0.energies },
      plot("Bands after adjustment: \(name)") { $0.adjustedEnergies },
    ]
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
