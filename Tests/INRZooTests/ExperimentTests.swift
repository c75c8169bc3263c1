import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct ExperimentTests {
  private static let all =
    PublishedExperiment.pictures + PublishedExperiment.functions + PublishedExperiment.shapes
    + PublishedExperiment.scenes

  @Test func experimentsHaveNamesOfTheirOwnAndSurviveAFile() throws {
    #expect(Set(Self.all.map(\.name)).count == Self.all.count)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let data = try encoder.encode(Self.all)
    #expect(try JSONDecoder().decode([PublishedExperiment].self, from: data) == Self.all)
    let text = String(decoding: data, as: UTF8.self)
    for part in ["\"iga\"", "\"once:3000:0.1\"", "\"omega\":5", "\"symmetric\""] {
      #expect(text.contains(part), "\(part)")
    }
    let changed = text.replacing("\"iga\"", with: "\"iga+fr\"")
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([PublishedExperiment].self, from: Data(changed.utf8))
    }
  }

  /// The code of the overview of INRZoo.
  @Test func anExperimentIsFound() {
    let experiment = PublishedExperiment.pictures.first { $0.name == "iga-siren" }
    let rate = experiment?.recipe(.released).training.learningRate
    #expect(rate == 1e-3)
  }

  /// Published numbers, by name: learning rate, steps, width, layers between hidden units, and `end`.
  static let numbers: [(String, Fidelity, Double, Int, Int, Int, Int?)] = [
    ("plain-siren", .paper, 1e-3, 10_000, 256, 2, nil),
    ("iga-relu", .paper, 5e-3, 10_000, 256, 2, 25),
    ("iga-relu", .released, 5e-3, 10_000, 256, 2, 25),
    ("iga-pe", .paper, 5e-3, 10_000, 256, 2, 20), ("iga-pe", .released, 1e-3, 10_000, 256, 2, 20),
    ("iga-finer", .paper, 1e-3, 10_000, 256, 2, 20),
    ("iga-finer", .released, 1e-3, 10_000, 256, 2, 15),
    ("fr-relu", .paper, 1e-3, 10_000, 256, 2, nil),
    ("fr-relu", .released, 5e-3, 10_000, 256, 2, nil),
    ("bn-pe", .paper, 1e-3, 10_000, 256, 2, nil), ("bn-pe", .released, 3e-3, 10_000, 256, 2, nil),
    ("fr-inr-siren", .paper, 1e-4, 10_000, 256, 3, nil),
    ("wire-div2k", .paper, 5e-3, 5000, 256, 3, nil),
    ("circle", .paper, 0.1, 20_000, 1024, 0, 10),
    ("multisine-relu", .paper, 5e-5, 25_000, 256, 3, 7),
    ("multisine-siren", .paper, 5e-5, 25_000, 256, 3, 7),
    ("steps", .paper, 1e-6, 10_000, 128, 3, 7),
    ("occupancy-relu", .released, 2e-3, 1, 256, 2, nil),
    ("occupancy-iga-relu", .paper, 2e-3, 1, 256, 2, 7),
    ("occupancy-iga-relu", .released, 5e-3, 1, 256, 2, 7),
    ("occupancy-iga-pe", .released, 2e-3, 1, 256, 2, 6),
    ("occupancy-iga-siren", .paper, 5e-4, 1, 256, 2, 14),
    ("occupancy-iga-siren", .released, 5e-4, 1, 256, 2, 13),
    ("occupancy-bn-relu", .released, 5e-3, 1, 256, 2, nil),
    ("sdf-finer", .paper, 1e-4, 200_000, 256, 2, nil),
    ("sdf-pe", .paper, 5e-4, 200_000, 256, 2, nil),
    ("sdf-siren-eikonal", .paper, 1e-4, 1, 256, 3, nil),
  ]

  /// Published numbers of experiments on scenes: learning rate, steps, rays, and `end`.
  static let sceneNumbers: [(String, Fidelity, Double, Int, Int, Int?)] = [
    ("nerf", .paper, 5e-4, 200_000, 1024, nil), ("nerf-iga", .paper, 5e-4, 200_000, 1024, 25),
    ("nerf-iga", .released, 5e-4, 200_000, 1024, 5), ("ngp", .paper, 1e-2, 20_000, 8192, nil),
    ("ngp-fr", .paper, 1e-2, 110_000, 8192, nil), ("dvgo", .paper, 0.1, 20_000, 8192, nil),
    ("dvgo-fr", .paper, 0.1, 25_000, 8192, nil),
  ]

  @Test(arguments: sceneNumbers)
  func scenesHaveTheirPublishedNumbers(
    name: String, fidelity: Fidelity, rate: Double, steps: Int, rays: Int, end: Int?
  ) throws {
    let recipe = try #require(Self.all.first { $0.name == name }).recipe(fidelity)
    #expect(recipe.training.learningRate == rate && recipe.training.steps == steps)
    #expect(recipe.scene.drawing.count == rays && recipe.scene.drawing.blockSide == 1)
    if let end { #expect(recipe.settings.end == end) }
    #expect((recipe.training.zeroGradientsSkipped?.count ?? 0) == (name.hasPrefix("dvgo") ? 2 : 0))
    if recipe.scene.field == .nerf {
      let scene = recipe.scene
      #expect(scene.network == SceneRecipe.Network() && scene.network.depth == 8)
      #expect(scene.sampling == SceneRecipe.Sampling(coarse: 64, fine: 128))
      let released = fidelity == .released
      let rates = recipe.training.rates()
      #expect(abs(rates(1) / rates(0) - (released ? 0.1 : 1)) < 1e-5)
    }
  }

  @Test(arguments: numbers)
  func numbersAreThePublishedOnes(
    name: String, fidelity: Fidelity, rate: Double, steps: Int, width: Int, layers: Int, end: Int?
  ) throws {
    let recipe = try #require(Self.all.first { $0.name == name }).recipe(fidelity)
    #expect(recipe.training.learningRate == rate && recipe.training.steps == steps)
    #expect(recipe.model.width == width && recipe.model.hiddenLayers == layers)
    if let end { #expect(recipe.settings.end == end) }
  }

  @Test func shapesHaveTheirPublishedNumbers() throws {
    func shape(_ name: String, _ fidelity: Fidelity = .paper) throws -> Recipe {
      try #require(PublishedExperiment.shapes.first { $0.name == name }).recipe(fidelity)
    }
    let occupancy = try shape("occupancy-siren")
    #expect(occupancy.shape.groups == .runs(256) && occupancy.shape.groupsPerStep == 512)
    #expect(occupancy.shape.epochs == 200)
    #expect(occupancy.training.schedule.rawValue == "epochs:0.1:200")
    let rates = occupancy.training.schedule.schedule(from: 1, stepsPerEpoch: 7)
    #expect(rates(6) == 1 && abs(rates(7) - 0.1.raised(to: 1 / 200)) < 1e-12)
    #expect(abs(rates(1400) - 0.1) < 1e-12)
    #expect(try shape("occupancy-pe").model.value(of: .frequencies) == 10)
    let normalized = try shape("occupancy-bn-pe", .released)
    #expect(normalized.shape.groups == .runs(2) && normalized.shape.groupsPerStep == 100_000)
    let fourier = try shape("occupancy-fr-siren").settings.fourier
    #expect(fourier == FourierRecipe(low: 256, high: 256, phases: 8, amplitude: 0.001))
    let finer = try shape("sdf-finer")
    #expect(finer.training.optimizer == .amsgrad && finer.training.clipNorm == 1)
    #expect(finer.shape.pointsPerStep == 10_000 && finer.model.firstBiasBound == 1)
    #expect(try shape("sdf-wire").training.optimizer == .adam)
    let encoded = try shape("sdf-pe").training
    #expect(abs(encoded.schedule.schedule(from: encoded.learningRate)(200_000) - 1e-4) < 1e-12)
  }

  @Test func ratesFollowTheShareOfTheTraining() {
    let cosine = RateSchedule(rawValue: "cosine")
    #expect(cosine == .wholeCosine && cosine?.rawValue == "cosine")
    for (share, factor) in [(0.0, 1.0), (1 / 3.0, 0.75), (0.5, 0.5), (1, 0)] {
      let rate = RateSchedule.wholeCosine.rate(from: 2, atShare: share)
      #expect(abs((rate ?? -1) - 2 * factor) < 1e-12)
    }
    #expect(RateSchedule.falling(factor: 0.01).rate(from: 2, atShare: 0.5) == 0.2)
    #expect(RateSchedule.cosine(total: 9).rate(from: 2, atShare: 0.5) == nil)
  }

  /// The published constants of each model: ω, scale, bound of the first biases, units of 256.
  static let models: [(ModelKind, Double?, Double?, Double?, Int)] = [
    (.relu, nil, nil, nil, 256), (.pe, nil, nil, nil, 256), (.siren, 30, nil, nil, 256),
    (.finer, 30, nil, nil, 256), (.gauss, nil, 30, nil, 256), (.wire, 20, 10, nil, 181),
    (.realWire, 20, 10, nil, 256), (.gaussFiner, 10, 3, 1, 256), (.wireFiner, 5, 2, 1, 181),
    (.realWireFiner, 5, 2, 1, 181), (.randomFeatures, nil, 8, nil, 256),
    (.multiplicative, nil, 256, nil, 256), (.bandLimited, nil, nil, nil, 256),
    (.hashGrid, nil, nil, nil, 256),
  ]

  @Test(arguments: models)
  func modelsAreMadeAsPublished(
    kind: ModelKind, omega: Double?, scale: Double?, firstBias: Double?, units: Int
  ) {
    var recipe = ModelRecipe(kind, hiddenLayers: 1)
    #expect(recipe.value(of: .omega) == omega && recipe.value(of: .scale) == scale)
    #expect(recipe.firstBiasBound == firstBias && recipe.units == units)
    recipe.width = 8
    var generator = SeededGenerator(seed: 1)
    let network = recipe.network(
      ModelRecipe.Layout(bandwidths: [4, 4], outputs: 3), using: &generator, Double.self)
    #expect(network(Variable(Tensor<Double>(zeros: [5, 2]))).shape == [5, 3])
    #expect(Self.models.count == ModelKind.allCases.count)
  }

  private typealias Network = CoordinateNetwork<Double>
  private typealias Complex = ComplexCoordinateNetwork<Double>

  /// A model of two coordinates and three outputs by its factory, all of whose constants are the default ones.
  private func withDefaults(
    _ kind: ModelKind, units: Int, using generator: inout SeededGenerator
  ) -> any Module<Double> {
    switch kind {
    case .relu: Network.relu(inputs: 2, outputs: 3, width: units, using: &generator)
    case .pe: Network.positionallyEncoded(inputs: 2, outputs: 3, width: units, using: &generator)
    case .siren: Network.siren(inputs: 2, outputs: 3, width: units, using: &generator)
    case .finer: Network.finer(inputs: 2, outputs: 3, width: units, using: &generator)
    case .gauss: Network.gauss(inputs: 2, outputs: 3, width: units, using: &generator)
    case .wire: Complex.wire(inputs: 2, outputs: 3, width: units, using: &generator)
    case .realWire: Network.realWIRE(inputs: 2, outputs: 3, width: units, using: &generator)
    case .gaussFiner: Network.gaussFINER(inputs: 2, outputs: 3, width: units, using: &generator)
    case .wireFiner: Complex.wireFINER(inputs: 2, outputs: 3, width: units, using: &generator)
    case .realWireFiner:
      Network.realWIREFINER(inputs: 2, outputs: 3, width: units, using: &generator)
    case .randomFeatures:
      Network.randomFourierFeatures(inputs: 2, outputs: 3, width: units, using: &generator)
    case .multiplicative:
      MultiplicativeFilterNetwork<Double>.gabor(
        inputs: 2, outputs: 3, width: units, using: &generator)
    case .bandLimited:
      BandLimitedNetwork<Double>.bacon(
        bandwidths: [4, 4], outputs: 3, width: units, using: &generator)
    case .hashGrid:
      Network.hashGrid(
        .fitting(pixels: 16, log2RowsPerLevel: 16, dimensions: 2), outputs: 3, width: units,
        hiddenLayers: 2, using: &generator)
    }
  }

  @Test(arguments: ModelKind.allCases)
  func defaultsOfFactoriesAreTheCataloguesConstants(kind: ModelKind) {
    let recipe = ModelRecipe(kind, width: 12)
    let points = Tensor<Double>((0..<10).map { Double($0) / 5 - 0.9 }).reshaped(to: [5, 2])
    var (first, second) = (SeededGenerator(seed: 1), SeededGenerator(seed: 1))
    let made = recipe.network(
      ModelRecipe.Layout(bandwidths: [4, 4], outputs: 3), using: &first, Double.self)
    let plain = withDefaults(kind, units: recipe.units, using: &second)
    #expect(first == second)
    #expect(made(Variable(points)).value == plain(Variable(points)).value)
  }

  /// The type that each adjuster of the catalogue is.
  static let adjusters: [(AdjusterKind, any GradientAdjuster<Double>.Type)] = [
    (.none, IdentityAdjuster.self), (.iga, InductiveGradientAdjuster.self),
    (.fr, FourierReparameterization.self), (.bn, BatchNormalization.self),
    (.ntk, NTKAdjuster.self), (.empiricalNTK, EmpiricalNTKAdjuster.self),
    (.bands, BandEqualizer.self), (.bandsCosine, BandEqualizer.self),
    (.bandsBlock, BandEqualizer.self), (.centered, Centering.self), (.damped, BurstDamping.self),
  ]

  private func made(
    _ choice: AdjusterChoice, _ settings: AdjusterSettings
  ) -> any GradientAdjuster<Double> {
    choice.adjuster(
      settings,
      for: AdjusterContext(
        model: ModelRecipe(.siren), inputs: Tensor<Double>(zeros: [24, 2]),
        places: .grid(RowGrid(extents: [4, 6])), seed: 1))
  }

  @Test func adjustersAreThoseOfTheCatalogue() throws {
    #expect(Self.adjusters.map(\.0) == AdjusterKind.allCases)
    var settings = AdjusterSettings()
    settings.damping = .none
    for (kind, type) in Self.adjusters {
      let made = made(AdjusterChoice(kind), settings)
      #expect(ObjectIdentifier(Swift.type(of: made)) == ObjectIdentifier(type), "\(kind)")
    }
    settings.damping = .adjusted
    let damped = try #require(made(AdjusterChoice(.iga), settings) as? ComposedAdjuster<Double>)
    #expect((damped.adjusters.last as? BurstDamping<Double>)?.settling == 20)
    // The first factors of bands change the gradients' lengths.
    let bands = try #require(made(AdjusterChoice(.bands), settings) as? ComposedAdjuster<Double>)
    #expect(bands.adjusters.first is BandEqualizer<Double>)
    #expect((bands.adjusters.last as? BurstDamping<Double>)?.settling == 70)
    #expect(made(AdjusterChoice(.fr), settings) is FourierReparameterization<Double>)
  }

  @Test func namesOfAdjustersAndSchedulesAreRead() {
    for choice in AdjusterChoice.all(of: AdjusterKind.allCases) {
      #expect(AdjusterChoice(rawValue: choice.name) == choice)
    }
    for name in ["", "iga+", "iga+fr", "iga+iga", "none+iga", "other"] {
      #expect(AdjusterChoice(rawValue: name) == nil, "\(name)")
    }
    for name in [
      "constant", "steps:10:0.5", "once:3000:0.1", "exponential:0.1:5000", "cosine:9",
      "epochs:0.1:200",
    ] {
      #expect(RateSchedule(rawValue: name)?.rawValue == name)
    }
    for name in ["", "constant:1", "steps:0:0.5", "once:3:-1", "cosine:x", "epochs:0:2"] {
      #expect(RateSchedule(rawValue: name) == nil, "\(name)")
    }
  }
}
