import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// What the networks of the zoo say of their parameters.
@Suite struct RoleTests {
  private func roles(
    _ network: (inout SeededGenerator) -> some Module<Float>
  ) -> [String: ParameterRole] {
    var generator = SeededGenerator(seed: 1)
    let entries = network(&generator).parameterLayout.entries
    return Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.role) })
  }

  private func expectChain(
    _ frequency: Double?, sourceLocation: SourceLocation = #_sourceLocation,
    _ network: (inout SeededGenerator) -> some Module<Float>
  ) {
    let found = roles(network).filter { $0.key.hasSuffix("weight") }
    let expected: [String: ParameterRole] = [
      "layers.0.weight": .input, "layers.1.weight": .hidden(frequency: frequency),
      "layers.2.weight": .hidden(frequency: frequency), "layers.3.weight": .output,
    ]
    #expect(found == expected, sourceLocation: sourceLocation)
  }

  @Test func layersOfCoordinateNetworksAreAChain() {
    typealias Network = CoordinateNetwork<Float>
    expectChain(nil) { Network.relu(inputs: 2, outputs: 1, width: 4, using: &$0) }
    expectChain(nil) { Network.positionallyEncoded(inputs: 2, outputs: 1, width: 4, using: &$0) }
    expectChain(nil) { Network.randomFourierFeatures(inputs: 2, outputs: 1, width: 4, using: &$0) }
    expectChain(nil) { Network.gauss(inputs: 2, outputs: 1, width: 4, using: &$0) }
    expectChain(nil) { Network.realWIRE(inputs: 2, outputs: 1, width: 4, using: &$0) }
    // The frequency is that by which the initial weights are divided.
    expectChain(30) { Network.siren(inputs: 2, outputs: 1, width: 4, using: &$0) }
    expectChain(8) { Network.finer(inputs: 2, outputs: 1, width: 4, frequency: 8, using: &$0) }
    expectChain(10) { Network.gaussFINER(inputs: 2, outputs: 1, width: 4, using: &$0) }
    expectChain(20) { Network.realWIREFINER(inputs: 2, outputs: 1, width: 4, using: &$0) }
    expectChain(nil) {
      ComplexCoordinateNetwork<Float>.wire(inputs: 2, outputs: 1, width: 4, using: &$0)
    }
    expectChain(5) {
      ComplexCoordinateNetwork<Float>.wireFINER(inputs: 2, outputs: 1, width: 4, using: &$0)
    }
  }

  @Test func filtersAreNoLayersOfTheChain() {
    let gabor = roles {
      MultiplicativeFilterNetwork<Float>.gabor(inputs: 2, outputs: 1, width: 4, using: &$0)
    }
    #expect(gabor["filters.0.linear.weight"] == .other && gabor["filters.1.mu"] == .other)
    #expect(gabor["filters.0.linear.bias"] == .bias && gabor["layers.1.bias"] == .bias)
    #expect(gabor["layers.0.weight"] == .hidden() && gabor["layers.1.weight"] == .hidden())
    #expect(gabor["layers.2.weight"] == .output)
    let bacon = roles {
      BandLimitedNetwork<Float>.bacon(
        bandwidths: [4, 4], outputs: 1, width: 4, outputLevels: [1, 2], using: &$0)
    }
    #expect(bacon["layers.0.weight"] == .hidden() && bacon["layers.1.weight"] == .hidden())
    #expect(bacon["outputs.0.weight"] == .output && bacon["outputs.1.weight"] == .output)
    #expect(bacon["filters.0.bias"] == .bias)
    let two = roles { TwoLayerRectifierNetwork<Float>(inputs: 2, width: 4, using: &$0) }
    #expect(two == ["hidden.weight": .input, "hidden.bias": .bias])
  }

  @Test func adjustersChooseTheLayersOfTheChain() throws {
    var generator = SeededGenerator(seed: 1)
    var network = MultiplicativeFilterNetwork<Float>.gabor(
      inputs: 2, outputs: 1, width: 4, using: &generator)
    var adjusters = ComposedAdjuster<Float>([
      FourierReparameterization(amplitude: 0.01), BatchNormalization(placement: .afterActivation),
    ])
    try adjusters.prepare(&network, using: &generator)
    #expect(network.layers.map { $0.basis != nil } == [true, true, false])
    #expect(network.layers.map { $0.normalization != nil } == [true, true, false])
    #expect(
      network.filters.allSatisfy { $0.linear.basis == nil && $0.linear.normalization == nil })
  }
}
