import AutoDiff
import TensorKit

extension Bands {
  /// How strongly a network learns each band: `trace(P_b K P_b) / rank P_b`, by random probes.
  ///
  /// A direction v of the parameters, of independent standard normal numbers, is pushed forward for all bands
  /// at once: the mean of ‖P_b J v‖² over v is trace(P_b J Jᵀ P_b). Its relative standard error is √(2 / d), with
  /// d dimensions that are learned about alike, of which a band has at most its rank times the number of
  /// outputs. Bands of rank one, of which a single v says little, are pulled back instead: ‖Jᵀ z‖² / ‖z‖² for a
  /// random z in the band, exact for one output.
  func measuredEnergies<Model: Module<Scalar>>(
    in step: TrainingStep<Model>, probeCount: Int, using generator: inout SeededGenerator
  ) throws -> [Double] {
    var sums = [Double](repeating: 0, count: bands.count)
    for _ in 0..<probeCount {
      for (band, energy) in try probedEnergies(in: step, using: &generator).enumerated() {
        sums[band] += energy / Double(probeCount)
      }
    }
    return sums
  }

  private func probedEnergies<Model: Module<Scalar>>(
    in step: TrainingStep<Model>, using generator: inout SeededGenerator
  ) throws -> [Double] {
    let workers = step.evaluation.workers
    var energies = [Double](repeating: 0, count: bands.count)
    if bands.contains(where: { $0.rank > 1 }) {
      let layout = step.model.parameterLayout
      let direction = ParameterVector(
        Tensor<Scalar>.normal(shape: [layout.count], using: &generator), layout: layout)
      let change = try step.pushforward(of: direction)
      energies = zip(bands, try self.energies(of: change, workers: workers)).map {
        $1 / Double($0.rank * change.shape[1])
      }
    }
    for (index, band) in bands.enumerated() where band.rank == 1 {
      let shape = [step.batch.rowCount, try step.outputCount()]
      let noise = Tensor<Scalar>.normal(shape: shape, using: &generator)
      let probe = try projection(of: noise, onBand: index, workers: workers)
      let pulled = try step.pullback(of: probe)
      energies[index] = pulled.values.dotInDouble(pulled.values) / probe.dotInDouble(probe)
    }
    return energies
  }
}
