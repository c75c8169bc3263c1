import AutoDiff
import GradientAdjusters
import TensorKit
import Testing

@testable import INRZoo

/// What all networks of the zoo have in common, and their published initializations.
@Suite struct ZooNetworkTests {
  struct Recipe: Sendable, CustomTestStringConvertible {
    let name: String
    let network: @Sendable (inout SeededGenerator) -> any Module<Double>
    let single: @Sendable (inout SeededGenerator) -> any Module<Float>

    var testDescription: String { name }
  }

  private static func recipe<Single: Module<Float>, Other: Module<Double>>(
    _ name: String, _ single: @escaping @Sendable (inout SeededGenerator) -> Single,
    _ double: @escaping @Sendable (inout SeededGenerator) -> Other
  ) -> Recipe {
    Recipe(name: name, network: { double(&$0) }, single: { single(&$0) })
  }

  static let recipes = [
    recipe(
      "relu",
      {
        CoordinateNetwork.relu(
          inputs: 2, outputs: 3, width: 9, hasWideLastLayer: false, using: &$0)
      },
      {
        CoordinateNetwork.relu(
          inputs: 2, outputs: 3, width: 9, hasWideLastLayer: false, using: &$0)
      }),
    recipe(
      "finer", { CoordinateNetwork.finer(inputs: 2, outputs: 3, width: 9, using: &$0) },
      { CoordinateNetwork.finer(inputs: 2, outputs: 3, width: 9, using: &$0) }),
    recipe(
      "gauss", { CoordinateNetwork.gauss(inputs: 2, outputs: 3, width: 9, using: &$0) },
      { CoordinateNetwork.gauss(inputs: 2, outputs: 3, width: 9, using: &$0) }),
    recipe(
      "wire-real", { CoordinateNetwork.realWIRE(inputs: 2, outputs: 3, width: 9, using: &$0) },
      { CoordinateNetwork.realWIRE(inputs: 2, outputs: 3, width: 9, using: &$0) }),
    recipe(
      "gauss-finer", { CoordinateNetwork.gaussFINER(inputs: 2, outputs: 3, width: 9, using: &$0) },
      { CoordinateNetwork.gaussFINER(inputs: 2, outputs: 3, width: 9, using: &$0) }),
    recipe(
      "wire-finer-real",
      { CoordinateNetwork.realWIREFINER(inputs: 2, outputs: 3, width: 9, using: &$0) },
      { CoordinateNetwork.realWIREFINER(inputs: 2, outputs: 3, width: 9, using: &$0) }),
    recipe(
      "rff",
      {
        CoordinateNetwork.randomFourierFeatures(
          inputs: 2, outputs: 3, width: 9, frequencies: 5, using: &$0)
      },
      {
        CoordinateNetwork.randomFourierFeatures(
          inputs: 2, outputs: 3, width: 9, frequencies: 5, using: &$0)
      }),
    recipe(
      "wire", { ComplexCoordinateNetwork.wire(inputs: 2, outputs: 3, width: 7, using: &$0) },
      { ComplexCoordinateNetwork.wire(inputs: 2, outputs: 3, width: 7, using: &$0) }),
    recipe(
      "wire-finer",
      { ComplexCoordinateNetwork.wireFINER(inputs: 2, outputs: 3, width: 7, using: &$0) },
      { ComplexCoordinateNetwork.wireFINER(inputs: 2, outputs: 3, width: 7, using: &$0) }),
    recipe(
      "mfn", { MultiplicativeFilterNetwork.gabor(inputs: 2, outputs: 3, width: 9, using: &$0) },
      { MultiplicativeFilterNetwork.gabor(inputs: 2, outputs: 3, width: 9, using: &$0) }),
    recipe(
      "mfn-fourier",
      { MultiplicativeFilterNetwork.fourier(inputs: 2, outputs: 3, width: 9, using: &$0) },
      { MultiplicativeFilterNetwork.fourier(inputs: 2, outputs: 3, width: 9, using: &$0) }),
    recipe(
      "bacon",
      { BandLimitedNetwork.bacon(bandwidths: [4, 4], outputs: 3, width: 9, using: &$0) },
      { BandLimitedNetwork.bacon(bandwidths: [4, 4], outputs: 3, width: 9, using: &$0) }),
  ]

  private static let points = Tensor<Double>.normal(
    standardDeviation: 0.6, shape: [21, 2], seed: 4)

  @Test(arguments: recipes) func theStructuredKernelIsTheExplicitOne(_ recipe: Recipe) throws {
    func check(_ model: some Module<Double>) throws {
      let evaluation = TiledEvaluation(of: model, workers: Workers(threads: 2), rowsPerTile: 8)
      let explicit = try evaluation.explicitEmpiricalKernel(at: Self.points)
      let structured = try evaluation.empiricalKernel(at: Self.points)
      #expect(structured.isApproximatelyEqual(to: explicit, relativeTolerance: 1e-10))
      #expect(explicit.absoluteValue().largest() > 0)
      // No part of the kernel came from explicit rows itself.
      #expect(try evaluation.perSampleGradients(for: Self.points).explicit == nil)
    }
    var generator = SeededGenerator(seed: 5)
    try check(recipe.network(&generator))
  }

  @Test(arguments: recipes) func bothPrecisionsDrawAndComputeTheSame(_ recipe: Recipe) throws {
    var (first, second) = (SeededGenerator(seed: 9), SeededGenerator(seed: 9))
    let (single, double) = (recipe.single(&first), recipe.network(&second))
    #expect(first == second)
    for (one, two) in zip(single.namedParameters, double.namedParameters) {
      #expect(one.name == two.name)
      #expect(one.value == Tensor(two.value))
    }
    let outputs = Tensor<Double>(single(Variable(Tensor(Self.points))).value)
    let expected = double(Variable(Self.points)).value
    #expect(outputs.shape == [21, 3])
    #expect(outputs.isApproximatelyEqual(to: expected, relativeTolerance: 2e-3))
  }

  @Test(arguments: recipes) func resultsDoNotDependOnTheThreads(_ recipe: Recipe) throws {
    func gradient(_ model: some Module<Double>, threads: Int) throws -> Tensor<Double> {
      let targets = Tensor<Double>.normal(standardDeviation: 1, shape: [21, 3], seed: 6)
      var trainer = try Trainer(
        model, optimizer: Adam(learningRate: .constant(1e-3)), adjuster: IdentityAdjuster(),
        workers: Workers(threads: threads))
      for _ in 0..<3 {
        _ = try trainer.advance(on: Batch(inputs: Self.points, targets: targets))
      }
      return trainer.model.parameters.values
    }
    var generator = SeededGenerator(seed: 5)
    let model = recipe.network(&generator)
    #expect(try gradient(model, threads: 1) == gradient(model, threads: 3))
  }

  // MARK: Initializations

  private func isUniform(_ tensor: Tensor<Double>?, bound: Double) -> Bool {
    guard let tensor else { return false }
    let largest = tensor.absoluteValue().largest()
    let variance = tensor.squared().mean()
    return largest <= bound && largest > 0.95 * bound
      && abs(variance / (bound * bound / 3) - 1) < 0.25
  }

  @Test func finerAndItsRelatives() {
    var generator = SeededGenerator(seed: 1)
    let plain = CoordinateNetwork<Double>.finer(
      inputs: 2, outputs: 3, width: 128, frequency: 20, using: &generator)
    #expect(isUniform(plain.layers[0].weight.value, bound: 0.5))
    #expect(isUniform(plain.layers[0].bias?.value, bound: 1 / 2.0.squareRoot()))
    #expect(isUniform(plain.layers[2].weight.value, bound: (6.0 / 128).squareRoot() / 20))
    let spread = CoordinateNetwork<Double>.finer(
      inputs: 2, outputs: 3, width: 128, firstBiasBound: 7, using: &generator)
    #expect(isUniform(spread.layers[0].bias?.value, bound: 7))
    #expect(isUniform(spread.layers[1].bias?.value, bound: 1 / 128.0.squareRoot()))
    let gauss = CoordinateNetwork<Double>.gaussFINER(
      inputs: 2, outputs: 3, width: 128, using: &generator)
    #expect(isUniform(gauss.layers[0].bias?.value, bound: 1))
    #expect(isUniform(gauss.layers[1].weight.value, bound: (6.0 / 128).squareRoot() / 10))
    let wire = CoordinateNetwork<Double>.realWIREFINER(inputs: 2, outputs: 3, using: &generator)
    #expect(wire.layers[0].outputs == 181)
    #expect(isUniform(wire.layers[2].weight.value, bound: (6.0 / 181).squareRoot() / 20))
  }

  @Test func networksOfBumpsStartLikePyTorchsLayers() {
    var generator = SeededGenerator(seed: 1)
    for network in [
      CoordinateNetwork<Double>.gauss(inputs: 2, outputs: 40, width: 128, using: &generator),
      .realWIRE(inputs: 2, outputs: 40, width: 128, using: &generator),
    ] {
      for layer in network.layers {
        #expect(isUniform(layer.weight.value, bound: 1 / Double(layer.inputs).squareRoot()))
      }
    }
  }

  @Test func encodedNetworksFollowTheirConvention() {
    var generator = SeededGenerator(seed: 1)
    let nerf = CoordinateNetwork<Double>.positionallyEncoded(
      inputs: 3, outputs: 40, width: 128, frequencies: 10, convention: .radians, using: &generator)
    #expect(nerf.layers[0].inputs == 63)
    #expect(isUniform(nerf.layers[3].weight.value, bound: 1 / 128.0.squareRoot()))
    let features = CoordinateNetwork<Double>.randomFourierFeatures(
      inputs: 2, outputs: 40, width: 128, frequencies: 500, scale: 8, using: &generator)
    #expect(features.layers[0].inputs == 1000)
    #expect(isUniform(features.layers[3].weight.value, bound: (6 / 128.0).squareRoot()))
    let encoding = features.encoding as? RandomFourierFeatures<Double>
    let variance = encoding?.frequencies.squared().mean() ?? 0
    #expect(abs(variance / 64 - 1) < 0.15)
    // The frequencies are stored with the weights, and stay as they are.
    #expect(features.namedParameters.first?.name == "encoding.frequencies")
    #expect(features.parameterLayout.entries.first?.name == "layers.0.weight")
  }

  @Test func complexNetworksSpreadBothParts() {
    var generator = SeededGenerator(seed: 1)
    let wire = ComplexCoordinateNetwork<Double>.wire(inputs: 2, outputs: 3, using: &generator)
    #expect(wire.firstLayer.outputs == 181)
    #expect(wire.layers.map(\.weight.shape) == [[362, 181], [362, 181], [6, 181]])
    for layer in wire.layers {
      #expect(isUniform(layer.weight.value, bound: 1 / 181.0.squareRoot()))
      #expect(layer.bias.value.absoluteValue().largest() <= 1 / 181.0.squareRoot())
    }
    let finer = ComplexCoordinateNetwork<Double>.wireFINER(
      inputs: 2, outputs: 3, using: &generator)
    #expect(isUniform(finer.firstLayer.bias?.value, bound: 1))
    #expect(isUniform(finer.layers[1].weight.value, bound: (6 / 181.0).squareRoot() / 20))
    let names = finer.namedParameters.map(\.name)
    #expect(names == (0..<4).flatMap { ["layers.\($0).weight", "layers.\($0).bias"] })
  }

  @Test func multiplicativeFiltersReachAsFarAsTheirScale() {
    var generator = SeededGenerator(seed: 1)
    let fourier = MultiplicativeFilterNetwork<Double>.fourier(
      inputs: 2, outputs: 3, width: 128, hiddenLayers: 3, scale: 100, using: &generator)
    #expect(fourier.filters.count == 4)
    #expect(isUniform(fourier.filters[1].linear.weight.value, bound: 50 / 2.0.squareRoot()))
    #expect(isUniform(fourier.filters[1].linear.bias?.value, bound: .pi))
    let gabor = MultiplicativeFilterNetwork<Double>.gabor(
      inputs: 2, outputs: 3, width: 500, hiddenLayers: 3, scale: 100, using: &generator)
    let filter = gabor.filters[2]
    #expect(isUniform(filter.centers?.value, bound: 1))
    // A gamma distribution of shape 6/4 and rate 1 has that mean and variance.
    let gammas = filter.sharpness?.value ?? Tensor([0])
    #expect(abs(gammas.mean() - 1.5) < 0.2)
    #expect(abs((gammas - gammas.mean()).squared().mean() - 1.5) < 0.5)
    let whitened =
      filter.linear.weight.value / gammas.squareRoot().reshaped(to: [500, 1])
    #expect(isUniform(whitened, bound: 50 / 2.0.squareRoot()))
  }

  @Test(arguments: [0.4, 1, 1.5, 6]) func gammaNumbers(shape: Double) {
    var generator = SeededGenerator(seed: 3)
    let numbers = (0..<40_000).map { _ in gammaDistributed(shape: shape, using: &generator) }
    let mean = numbers.reduce(0, +) / 40_000
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 40_000
    let skewness = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) * ($1 - mean) } / 40_000
    #expect(numbers.allSatisfy { $0 > 0 })
    #expect(abs(mean / shape - 1) < 0.03)
    #expect(abs(variance / shape - 1) < 0.06)
    #expect(abs(skewness / (2 * shape) - 1) < 0.2)
  }

  @Test func frequenciesOfBandLimitedNetworksLieOnTheirGrid() {
    var generator = SeededGenerator(seed: 1)
    let network = BandLimitedNetwork<Double>.bacon(
      bandwidths: [16, 7], outputs: 3, width: 256, hiddenLayers: 3, period: 2,
      outputLevels: [1, 3], using: &generator)
    #expect(network.filters.count == 4)
    #expect(network.outputLayers.count == 2)
    for filter in network.filters {
      // Multiples of π, of at most a quarter of 16 and 7 cycles: 8 π and, rounded, 4 π.
      let multiples = filter.frequencies * (1 / Double.pi)
      for (index, multiple) in multiples.elements.enumerated() {
        #expect(abs(multiple - multiple.rounded()) < 1e-12)
        #expect(abs(multiple) < (index % 2 == 0 ? 8.5 : 4.5))
      }
      let found = Set(multiples.elements.map { Int($0.rounded()) })
      #expect(found == Set(-8...8))
    }
    #expect(isUniform(network.layers[0].weight.value, bound: (6 / 256.0).squareRoot()))
    #expect(isUniform(network.outputLayers[1].weight.value, bound: (6 / 256.0).squareRoot()))
    let trained = network.parameterLayout.entries.map(\.name)
    #expect(trained.first == "filters.0.bias")
    #expect(!trained.contains("filters.0.weight"))
    // Period 2, along both coordinates.
    let outputs = network(Variable(Tensor([[0.3, -0.2], [2.3, -0.2], [0.3, 1.8]]))).value
    #expect(outputs.shape == [3, 6])
    for row in 1...2 {
      #expect((outputs.slice(row..<(row + 1)) - outputs.slice(0..<1)).norm() < 1e-10)
    }
  }
}

extension Tensor {
  /// Normal numbers that belong to a seed.
  fileprivate static func normal(standardDeviation: Double, shape: [Int], seed: UInt64) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return .normal(standardDeviation: standardDeviation, shape: shape, using: &generator)
  }
}
