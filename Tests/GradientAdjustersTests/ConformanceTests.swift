import AutoDiff
import GradientAdjusters
import INRZoo
import Synchronization
import TensorKit
import Testing

@Suite struct ConformanceTests {
  /// Damping that has seen enough gradients, short ones, to act on the next.
  private static func experiencedDamping<Scalar>() -> BurstDamping<Scalar> {
    let problem = SmallProblem<Scalar>()
    var damping = BurstDamping<Scalar>()
    for _ in 0..<20 {
      var gradient = ParameterVector<Scalar>(zeros: problem.model.parameterLayout)
      gradient.values[0] = 0.01
      damping.adjust(&gradient, for: problem.step())
    }
    return damping
  }

  /// Every adjuster of the package, in every way that it can be set up.
  static func adjusters<Scalar: TensorScalar>(
    _: Scalar.Type
  ) -> [(name: String, adjuster: any GradientAdjuster<Scalar>)] {
    var all: [(String, any GradientAdjuster<Scalar>)] = [
      ("none", IdentityAdjuster()),
      ("NTK", NTKAdjuster(end: 4) { TwoLayerRectifierNetwork.infiniteWidthKernel(at: $0) }),
      ("NTK, first", NTKAdjuster(end: 4, target: .first, matrix: .identity(61))),
      ("empirical NTK", EmpiricalNTKAdjuster(end: 4)),
      ("empirical NTK, first", EmpiricalNTKAdjuster(end: 4, target: .first)),
      ("empirical NTK, seldom", EmpiricalNTKAdjuster(end: 4, refreshInterval: 3)),
      ("IGA, seldom", InductiveGradientAdjuster(end: 4, refreshInterval: 3)),
      ("IGA, first", InductiveGradientAdjuster(end: 4, target: .first)),
      ("IGA, nothing", InductiveGradientAdjuster(end: 0)),
      (
        "composed",
        ComposedAdjuster([InductiveGradientAdjuster(end: 4), EmpiricalNTKAdjuster(end: 2)])
      ),
      ("centred", Centering()), ("zero biases", ZeroBiases()), ("averaging", GradientAveraging()),
      ("clipping", GradientClipping(norm: 1e-3)),
    ]
    let grid = RowGrid(extents: [61])
    let bands: [(String, any Bands<Scalar>)] = [
      ("nested", NestedMeanBands(.blocks(of: grid), rowsPerTile: 8)),
      ("in one group", NestedMeanBands(.blocks(of: grid))), ("cosine", CosineBands(grid)),
      ("block cosine", BlockCosineBands(grid, side: 8, count: 4)),
    ]
    for (name, bands) in bands {
      for residuals in EqualizerSettings.ResidualsUsed.allCases {
        all.append(
          (
            "\(name) bands, \(residuals)",
            BandEqualizer(
              bands, settings: EqualizerSettings(refreshInterval: 2, residuals: residuals))
          ))
      }
    }
    all += [
      ("bands of each batch", BandEqualizer { NestedMeanBands(.bisecting($0.inputs)) }),
      (
        "composed with bands",
        ComposedAdjuster([InductiveGradientAdjuster(end: 4), BandEqualizer(bands[0].1)])
      ),
      ("damped bands", ComposedAdjuster([BandEqualizer(bands[2].1), BurstDamping(settling: 70)])),
      ("centered, mildly", Centering(remaining: 0.5)), ("damped", BurstDamping()),
      ("damped at once", Self.experiencedDamping()),
    ]
    for sampling in GroupSampling.allCases {
      all.append(
        ("IGA, \(sampling.rawValue)", InductiveGradientAdjuster(end: 4, sampling: sampling)))
    }
    for placement in Normalization<Scalar>.Placement.allCases {
      let normalization = BatchNormalization<Scalar>(placement: placement)
      let name = "BN \(placement)"
      let fourier = FourierReparameterization<Scalar>(
        lowFrequencies: 4, highFrequencies: 4, phases: 3, amplitude: 0.05)
      let iga = InductiveGradientAdjuster<Scalar>(end: 4)
      all += [
        (name, normalization),
        ("\(name), one layer", BatchNormalization(placement: placement, layers: ["layers.1"])),
        ("\(name), IGA", ComposedAdjuster([normalization, iga])),
        (
          "\(name), IGA, seldom",
          ComposedAdjuster([
            normalization,
            InductiveGradientAdjuster(end: 4, sampling: .center, refreshInterval: 3),
          ])
        ),
        (
          "\(name), empirical NTK",
          ComposedAdjuster([normalization, EmpiricalNTKAdjuster(end: 4)])
        ),
        ("\(name), centred", ComposedAdjuster([normalization, Centring()])),
        ("\(name), bands", ComposedAdjuster([normalization, BandEqualizer(bands[0].1)])),
        (
          "\(name), block cosine bands",
          ComposedAdjuster([normalization, BandEqualizer(bands[3].1)])
        ),
        ("FR, \(name)", ComposedAdjuster([fourier, normalization])),
        ("FR, \(name), IGA", ComposedAdjuster([fourier, normalization, iga])),
      ]
    }
    return all
  }

  @Test(arguments: adjusters(Double.self).map(\.name)) func everyAdjusterConforms(name: String) {
    let double = Self.adjusters(Double.self).first { $0.name == name }
    let single = Self.adjusters(Float.self).first { $0.name == name }
    // Nothing is equalized: there is no eigenvalue to, or all of them are equal.
    let changes = !["NTK, first", "IGA, nothing"].contains(name)
    if let adjuster = double?.adjuster {
      #expect(checkConformance(of: adjuster, expectingChange: changes) == [])
    }
    if let adjuster = single?.adjuster {
      #expect(checkConformance(of: adjuster, expectingChange: changes) == [])
    }
    #expect(double != nil && single != nil)
  }

  @Test(arguments: Normalization<Double>.Placement.allCases)
  func normalizationsThatStartAsTheIdentityConform(
    _ placement: Normalization<Double>.Placement
  ) {
    let problem = SmallProblem<Double>()
    let normalization = BatchNormalization(
      placement: placement, preservingFunctionOver: problem.batch.inputs)
    let composed = ComposedAdjuster<Double>([
      normalization, InductiveGradientAdjuster(end: 4),
    ])
    #expect(checkConformance(of: normalization, on: problem.model, batch: problem.batch) == [])
    #expect(checkConformance(of: composed, on: problem.model, batch: problem.batch) == [])
  }

  @Test func adjustersAreCheckedOnAModelAndABatchOfOnesOwn() {
    let problem = SmallProblem<Double>(rows: 40)
    let adjuster = InductiveGradientAdjuster<Double>(end: 5)
    #expect(checkConformance(of: adjuster, on: problem.model, batch: problem.batch) == [])
    let demanding = InductiveGradientAdjuster<Double>(end: 6)
    let findings = checkConformance(of: demanding, on: problem.model, batch: problem.batch)
    #expect(findings.map(\.rule) == [.trains])
    #expect(findings.first?.description.contains("smaller groups") == true)
  }

  // MARK: - Adjusters that break a rule

  /// Does as its closures say.
  struct Closures: GradientAdjuster {
    typealias Scalar = Double
    var transform: @Sendable (Int, Int) -> CotangentTransform<Double> = { _, _ in .identity }
    var change: @Sendable (inout Tensor<Double>) -> Void = { _ in }

    mutating func cotangentTransform<Model: Module<Double>>(
      for step: TrainingStep<Model>
    ) -> CotangentTransform<Double> { transform(step.index, step.evaluation.workers.threads) }

    mutating func adjust<Model: Module<Double>>(
      _ gradient: inout ParameterVector<Double>, for step: TrainingStep<Model>
    ) { change(&gradient.values) }
  }

  private static func rules(_ adjuster: some GradientAdjuster<Double>) -> [AdjusterFinding.Rule] {
    checkConformance(of: adjuster).map(\.rule)
  }

  @Test func changedShapesAreFound() {
    #expect(
      Self.rules(Closures(transform: { _, _ in .acrossGroups { $0.transposed() } }))
        == [.keepsShapes])
    #expect(
      Self.rules(Closures(change: { $0 = $0.slice(0..<($0.count - 1)) })) == [.keepsShapes])
  }

  @Test func randomnessWithoutASeedIsFound() {
    let rules = Self.rules(Closures(change: { $0 *= Double.random(in: 0.5...1) }))
    #expect(rules.contains(.isDeterministic) && rules.contains(.isAValue))
  }

  @Test func whatShardsNoteAsideIsFound() {
    /// Counts the rows whose cotangents are transformed in a step.
    final class Counter: Sendable { let rows = Mutex(0) }
    struct Aside: GradientAdjuster {
      typealias Scalar = Double
      private var counter = Counter()

      mutating func cotangentTransform<Model: Module<Double>>(
        for step: TrainingStep<Model>
      ) -> CotangentTransform<Double> {
        counter = Counter()
        return .rows { [counter] cotangents, _ in
          counter.rows.withLock { $0 += cotangents.shape[0] }
          return cotangents
        }
      }

      mutating func adjust<Model: Module<Double>>(
        _ gradient: inout ParameterVector<Double>, for step: TrainingStep<Model>
      ) { gradient.values *= Double(counter.rows.withLock { $0 }) / 60 }
    }
    #expect(Self.rules(Aside()) == [.ignoresProcesses])
  }

  @Test func sharedStateIsFound() {
    /// Counts the steps of all copies together.
    final class Counter: Sendable { let value = Mutex(0) }
    let counter = Counter()
    let rules = Self.rules(
      Closures(change: { values in
        // Starts anew every four steps, so that runs one after the other agree.
        let count = counter.value.withLock { value in
          value += 1
          return value
        }
        values *= 1 / Double(1 + (count - 1) % 4)
      }))
    #expect(rules.contains(.isAValue) && !rules.contains(.isDeterministic))
  }

  @Test func dependenceOnThreadsIsFound() {
    let adjuster = Closures(transform: { _, threads in .rows { $0 * Double(threads) } })
    #expect(Self.rules(adjuster) == [.ignoresThreads])
  }

  @Test func dependenceOnTilesIsFound() {
    // A map of rows that mixes them, and a map across groups that mixes its columns.
    #expect(
      Self.rules(
        Closures(transform: { _, _ in .rows { $0 - $0.mean(alongAxis: 0) } })) == [.ignoresTiles])
    #expect(
      Self.rules(
        Closures(transform: { _, _ in
          .acrossGroups { $0 - $0.mean(alongAxis: 1, keepingAxis: true) }
        })) == [.ignoresTiles])
  }

  @Test func divisionsByNothingAreFound() {
    // The sample standard deviation of one sample is 0 / 0.
    let adjuster = Closures(transform: { _, _ in
      .acrossBatch { cotangents in
        let count = Double(cotangents.shape[0])
        let centred = cotangents - cotangents.mean(alongAxis: 0)
        return centred / (centred.squared().sum() / (count - 1)).squareRoot()
      }
    })
    #expect(Self.rules(adjuster) == [.survivesOneSample])
  }

  @Test func stateThatIsSpoiltForGoodIsFound() {
    /// Averages the residuals' sizes over steps, without a look at what it takes in.
    struct Averaging: GradientAdjuster {
      typealias Scalar = Double
      var size = 1.0
      mutating func visitState(_ visitor: inout StateVisitor) throws {
        try visitor.visit(&size, named: "size")
      }
      mutating func cotangentTransform<Model: Module<Double>>(
        for step: TrainingStep<Model>
      ) throws -> CotangentTransform<Double> {
        size = 0.5 * size + 0.5 * Double(try step.cotangents().norm())
        return .rows { [size] in $0 / size }
      }
    }
    #expect(Self.rules(Averaging()) == [.survivesNonFiniteNumbers])
  }

  @Test func stateThatIsNotSavedIsFound() {
    /// Averages the residuals' sizes over steps, and saves as much of that as it is told to.
    struct Averaging: GradientAdjuster {
      typealias Scalar = Double
      var remembers = true
      private var size: Double?
      private var stepCount = 0
      init(remembers: Bool) { self.remembers = remembers }
      mutating func visitState(_ visitor: inout StateVisitor) throws {
        if remembers { try visitor.visit(&size, named: "size") }
        try visitor.visit(&stepCount, named: "stepCount")
      }
      mutating func adjust<Model: Module<Double>>(
        _ gradient: inout ParameterVector<Double>, for step: TrainingStep<Model>
      ) {
        let length = gradient.norm()
        size = size.map { 0.5 * $0 + 0.5 * length } ?? length
        stepCount += 1
        gradient *= 1 / (size ?? 1)
      }
    }
    #expect(checkConformance(of: Averaging(remembers: true)) == [])
    let findings = checkConformance(of: Averaging(remembers: false))
    #expect(findings.map(\.rule) == [.savesItsState])
    #expect(findings.first?.detail.contains("step 2 differ") == true)
  }

  @Test func cachesThatOutliveARestoreAreFound() {
    /// Remembers the scale that follows from its count, and forgets to forget it.
    struct Caching: GradientAdjuster {
      typealias Scalar = Double
      private var stepCount = 0
      private var scales: [Double] = []
      mutating func visitState(_ visitor: inout StateVisitor) throws {
        try visitor.visit(&stepCount, named: "stepCount")
      }
      mutating func adjust<Model: Module<Double>>(
        _ gradient: inout ParameterVector<Double>, for step: TrainingStep<Model>
      ) {
        if scales.isEmpty { scales = [1 / Double(1 + stepCount), 1 / Double(2 + stepCount)] }
        stepCount += 1
        gradient *= scales.removeFirst()
      }
    }
    let findings = checkConformance(of: Caching())
    #expect(findings.map(\.rule) == [.savesItsState])
    #expect(findings.first?.detail.contains("used otherwise") == true)
  }

  @Test func foldingToAnotherFunctionIsFound() {
    struct Forgetful: GradientAdjuster {
      typealias Scalar = Double
      func folded<Model: Module<Double>>(_ model: Model, over inputs: Tensor<Double>?) -> Model {
        var model = model
        var visitor = ModuleVisitor<Double>(onLayer: { _, _, layer in layer.bias = nil })
        model.visit(&visitor)
        return model
      }
    }
    #expect(Self.rules(Forgetful()) == [.foldsToTheSameFunction])
  }

  @Test func gradientsThatAreNotFiniteAreFound() {
    #expect(Self.rules(Closures(change: { $0 *= .infinity })) == [.trains])
    #expect(AdjusterFinding.Rule.allCases.allSatisfy { !$0.rawValue.isEmpty })
  }
}
