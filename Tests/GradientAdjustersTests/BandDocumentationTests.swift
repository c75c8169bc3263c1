import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// The code of the article "Equalizing bands", compiled and run; see `DocumentationTests`.
@Suite struct BandDocumentationTests {
  @Test func equalizingBands() throws {
    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 64, using: &generator)
    let signal = PictureSignal<Float>(.procedural(height: 64, width: 96), patch: 8)
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: .cosine(from: 1e-3, over: 150)),
      adjuster: BandEqualizer(CosineBands(signal.grid)))
    for _ in 0..<150 { try trainer.advance(on: signal.batch) }

    let equalizer = try #require(trainer.adjuster as? BandEqualizer<Float>)
    let spectrum = try #require(equalizer.spectrum)
    var lines: [String] = []
    func print(_ line: String) { lines.append(line) }

    for (band, energy) in zip(spectrum.bands, spectrum.energies) {
      let cycles = band.frequency.map { "\($0)" } ?? "some"
      print("\(band.name), around \(cycles) cycles, \(band.rank) dimensions: \(energy)")
    }
    let ratio = spectrum.adjustedEnergies[1] / spectrum.adjustedEnergies[0]

    #expect(lines.count == spectrum.bands.count && lines[0].hasPrefix("constant, around 0.0"))
    // The constant is learned more strongly than the band next to it, and brought level, or to a fifth.
    #expect(spectrum.energies[0] > 1.2 * spectrum.energies[1])
    #expect(abs(ratio - min(1, 5 * spectrum.energies[1] / spectrum.energies[0])) < 1e-12)

    // It has come nearer than plain training.
    var plain = try Trainer(
      model, optimizer: Adam(learningRate: .cosine(from: 1e-3, over: 150)))
    for _ in 0..<150 { try plain.advance(on: signal.batch) }
    func error(_ outputs: Tensor<Float>) -> Float { (outputs - signal.batch.targets).norm() }
    #expect(
      try error(trainer.outputs(for: signal.batch.inputs))
        < error(plain.outputs(for: signal.batch.inputs)))
  }

  @Test func bandsOfBatchesDrawnAnew() throws {
    let adjuster = BandEqualizer<Float> { batch in
      NestedMeanBands(.bisecting(batch.inputs))
    }

    let problem = SmallProblem<Float>()
    do {
      let signal = PictureSignal<Float>(.procedural(height: 16, width: 16), patch: 8)
      let adjuster = ComposedAdjuster<Float>([
        BandEqualizer(CosineBands(signal.grid)), BurstDamping(settling: 70),
      ])
      #expect(adjuster.adjusters.count == 2)
    }
    var trainer = try Trainer(
      problem.model, optimizer: Adam(learningRate: 1e-3), adjuster: adjuster)
    let losses = try (0..<20).map { _ in try trainer.advance(on: problem.batch) }
    #expect(losses[19] < losses[0])
  }
}
