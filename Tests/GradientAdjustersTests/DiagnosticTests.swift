import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

// The code about rows and diagnostics in the article "Writing an adjuster", compiled and run; see
// `DocumentationTests`.

/// Weighs each row down by the length of its loss's gradient.
struct EvenRows<Scalar: TensorScalar>: GradientAdjuster {
  mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    let lengths = try step.squaredLossGradientNorms().squareRoot()
    return .weightingRows(by: lengths.mean() / (lengths + lengths.mean()))
  }
}

/// Notes how long gradients are, and changes nothing.
struct GradientLength<Scalar: TensorScalar>: GradientAdjuster {
  private var length = 0.0

  mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) { length = Double(gradient.norm()) }

  var diagnostics: [AdjusterDiagnostic] {
    let plot = AdjusterDiagnostic.Plot(
      "length", title: "Lengths of gradients", quantity: "norm", isLogarithmic: true)
    return [
      AdjusterDiagnostic(
        "gradients", of: "part", items: ["all parameters"],
        columns: [.init("length", [length], plot: plot)])
    ]
  }
}

@Suite struct DiagnosticTests {
  private let problem = SmallProblem<Double>()

  /// The numbers of a column, if it was published.
  private func values(
    _ column: String, of name: String, from adjuster: any GradientAdjuster<Double>
  ) -> [Double]? {
    adjuster.diagnostics.first { $0.name == name }?.columns.first { $0.name == column }?
      .values.compactMap { $0 }
  }

  @Test func adjustersOfTheArticleConform() {
    #expect(checkConformance(of: EvenRows<Double>()) == [])
    #expect(checkConformance(of: GradientLength<Double>(), expectingChange: false) == [])
  }

  @Test func rowsAreWeighedByTheirLossesGradients() throws {
    var adjuster = EvenRows<Double>()
    let found = try adjuster.lossWithGradient(for: problem.step()).gradient
    let step = problem.step()
    let lengths = try step.squaredLossGradientNorms().squareRoot()
    let weights = (lengths.mean() / (lengths + lengths.mean())).reshaped(to: [-1, 1])
    let expected = try step.pullback(of: step.cotangents() * weights)
    #expect(found.values.isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-12))
  }

  @Test func aLengthIsPublished() throws {
    var adjuster = GradientLength<Double>()
    let gradient = try adjuster.lossWithGradient(for: problem.step()).gradient
    #expect(values("length", of: "gradients", from: adjuster) == [gradient.norm()])
  }

  @Test func plainTrainingPublishesNothing() throws {
    var adjuster = IdentityAdjuster<Double>()
    _ = try adjuster.lossWithGradient(for: problem.step())
    #expect(adjuster.diagnostics.isEmpty)
  }

  @Test func eigenvaluesArePublishedWhenTheyAreNew() throws {
    var adjuster = InductiveGradientAdjuster<Double>(
      end: 3, sampling: .center, refreshInterval: 2)
    #expect(adjuster.diagnostics.isEmpty)
    _ = try adjuster.lossWithGradient(for: problem.step())
    var generator = SeededGenerator(seed: 0)
    let standing = try GroupSampling.center.representatives(
      in: problem.step(), using: &generator)
    let expected = try problem.step().empiricalKernel(of: standing).symmetricEigenpairs().values
    let before = try #require(values("before", of: "eigenvalues", from: adjuster))
    let after = try #require(values("after", of: "eigenvalues", from: adjuster))
    #expect(
      Tensor(before).isApproximatelyEqual(to: expected.slice(0..<3), relativeTolerance: 1e-12))
    for value in after { #expect(abs(value / expected[3] - 1) < 1e-12) }
    _ = try adjuster.lossWithGradient(for: problem.step())
    #expect(adjuster.diagnostics.isEmpty)
    _ = try adjuster.lossWithGradient(for: problem.step())
    #expect(adjuster.diagnostics.count == 1)
  }

  @Test func eigenvaluesOfAGivenKernelArePublishedOnce() throws {
    let step = problem.step()
    let matrix = try step.empiricalKernel(atRows: Array(0..<step.batch.rowCount))
    var adjuster = NTKAdjuster<Double>(end: 3, matrix: matrix)
    #expect(adjuster.diagnostics.isEmpty)
    _ = try adjuster.lossWithGradient(for: problem.step())
    let expected = try matrix.symmetricEigenpairs().values
    let before = try #require(values("before", of: "ntk-eigenvalues", from: adjuster))
    let after = try #require(values("after", of: "ntk-eigenvalues", from: adjuster))
    #expect(
      Tensor(before).isApproximatelyEqual(to: expected.slice(0..<3), relativeTolerance: 1e-12))
    #expect(after.count == 3)
    for value in after { #expect(abs(value / expected[3] - 1) < 1e-12) }
    // The kernel is not computed again, whether the run goes on or is resumed.
    var resumed = NTKAdjuster<Double>(end: 3, matrix: matrix)
    try resumed.restore(from: adjuster.savedState())
    #expect(resumed.diagnostics.isEmpty)
    for var adjuster in [adjuster, resumed] {
      _ = try adjuster.lossWithGradient(for: problem.step())
      #expect(adjuster.diagnostics.isEmpty)
    }
  }

  @Test func bandsArePublishedWhenTheyAreMeasured() throws {
    var adjuster = BandEqualizer(CosineBands<Double>(RowGrid(extents: [60]), count: 5))
    var published: [Int] = []
    for step in 0..<12 {
      _ = try adjuster.lossWithGradient(for: problem.step())
      guard let energies = values("energy", of: "bands", from: adjuster) else { continue }
      published.append(step)
      let spectrum = try #require(adjuster.spectrum)
      #expect(spectrum.step == step && energies == spectrum.energies)
      #expect(adjuster.diagnostics[0].items == spectrum.bands.map(\.name))
      #expect(values("adjusted_energy", of: "bands", from: adjuster) == spectrum.adjustedEnergies)
    }
    #expect(published == [0, 3, 10])
  }

  @Test func compositionsPublishAllPartsUnderNamesOfTheirOwn() throws {
    var adjuster = ComposedAdjuster<Double>([
      InductiveGradientAdjuster(end: 3), BurstDamping(), Centering(), BurstDamping(),
      EmpiricalNTKAdjuster(end: 2),
    ])
    _ = try adjuster.lossWithGradient(for: problem.step())
    #expect(
      adjuster.diagnostics.map(\.name) == [
        "eigenvalues", "damping", "damping-2", "kernel-eigenvalues",
      ])
    #expect(values("scale", of: "damping-2", from: adjuster) == [1])
  }
}
