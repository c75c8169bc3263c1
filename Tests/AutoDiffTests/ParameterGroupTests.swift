import AutoDiff
import TensorKit
import Testing

@Suite struct ParameterGroupTests {
  private let network = Network([2, 5, 4, 1])

  private func gradient(_ network: Network) -> ParameterVector<Double> {
    let input = Variable(normal([9, 2], seed: 8))
    return AutoDiff.gradient(at: network) { ($0(input) - 1).squared().mean() }
  }

  /// Every kind of optimizer, with groups.
  private func optimizers(
    _ groups: [ParameterGroup], weightDecay: WeightDecay = .zero
  ) -> [any Optimizer<Double>] {
    [
      SGD(learningRate: 0.1, weightDecay: weightDecay, groups: groups),
      SGD(
        learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: weightDecay, groups: groups),
      Adam(learningRate: 0.1, weightDecay: weightDecay, groups: groups),
      Adam(learningRate: 0.1, amsGrad: true, weightDecay: weightDecay, groups: groups),
      Muon(learningRate: 0.1, weightDecay: weightDecay, groups: groups),
    ]
  }

  /// The network after some steps.
  private func trained(_ optimizer: any Optimizer<Double>, steps: Int = 6) -> Network {
    var (optimizer, network) = (optimizer, network)
    for _ in 0..<steps { optimizer.update(&network, along: gradient(network)) }
    return network
  }

  // MARK: - Selections

  @Test func parametersAreChosenByRoleAndByName() {
    let layout = network.parameterLayout
    func names(_ selection: ParameterSelection) -> [String] {
      selection.indices(in: layout).map { layout.entries[$0].name }
    }
    let all = (0..<3).flatMap { ["layers.\($0).weight", "layers.\($0).bias"] }
    #expect(names(.all) == all && names(.none) == [])
    #expect(names(.inputs) == ["layers.0.weight"])
    #expect(names(.hidden) == ["layers.1.weight"])
    #expect(names(.outputs) == ["layers.2.weight"])
    #expect(names(.biases) == all.filter { $0.hasSuffix("bias") })
    #expect(names(.tables) == [])
    #expect(
      names(.named("layers.2", "layers.0.bias"))
        == ["layers.0.bias", "layers.2.weight", "layers.2.bias"])
    #expect(
      names(ParameterSelection("small") { $0.count < 5 }) == ["layers.1.bias"] + all.suffix(2))
    #expect(ParameterSelection.named("a", "b").description == "parameters named a, b")
  }

  @Test func choicesWithoutMeaningAreMistakes() async {
    await #expect(processExitsWith: .failure) {
      _ = ParameterSelection.named("layers.7").indices(in: Network([2, 1]).parameterLayout)
    }
    // Not a prefix of whole names.
    await #expect(processExitsWith: .failure) {
      _ = ParameterSelection.named("layers.0.w").indices(in: Network([2, 1]).parameterLayout)
    }
    await #expect(processExitsWith: .failure) {
      let layout = Linear(weight: normal([2, 2]), bias: nil).parameterLayout
      _ = ParameterSelection.hidden.indices(in: layout)
    }
    await #expect(processExitsWith: .failure) { _ = ParameterGroup(.all, learningRate: -1) }
    await #expect(processExitsWith: .failure) {
      _ = ParameterGroup(.all, weightDecay: .decoupled(-1))
    }
    await #expect(processExitsWith: .failure) {
      _ = Adam<Float>(learningRate: 0.1, weightDecay: .coupled(-1))
    }
    await #expect(processExitsWith: .failure) {
      _ = Muon<Float>(learningRate: 0.1, weightDecay: .decoupled(-1))
    }
  }

  // MARK: - Rates

  @Test func aFactorOfZeroFreezes() {
    let groups = [
      ParameterGroup(.named("layers.1"), learningRate: 0, weightDecay: .decoupled(0.5)),
      ParameterGroup(.outputs, learningRate: 0),
    ]
    for optimizer in optimizers(groups, weightDecay: .decoupled(0.1)) {
      let moved = trained(optimizer)
      for (new, old) in zip(moved.namedParameters, network.namedParameters) {
        let isFrozen = new.name.hasPrefix("layers.1") || new.name == "layers.2.weight"
        #expect((new.value == old.value) == isFrozen, "\(optimizer): \(new.name)")
      }
    }
  }

  @Test func factorsOfOneChangeNothing() {
    let groups = [ParameterGroup(.biases), ParameterGroup(.hidden, learningRate: 1)]
    for (grouped, plain) in zip(optimizers(groups), optimizers([])) {
      #expect(trained(grouped).parameters == trained(plain).parameters)
    }
  }

  @Test func theFirstGroupCounts() {
    let groups = [
      ParameterGroup(.biases, learningRate: 0), ParameterGroup(.named("layers.0"), learningRate: 2),
    ]
    let moved = trained(SGD<Double>(learningRate: 0.1, groups: groups), steps: 1)
    let slopes = gradient(network)
    #expect(moved.layers[0].bias?.value == network.layers[0].bias?.value)
    expectClose(
      moved.layers[0].weight.value,
      network.layers[0].weight.value - slopes.tensor(at: 0) * 0.2, 1e-15, "the weight")
    expectClose(
      moved.layers[1].weight.value,
      network.layers[1].weight.value - slopes.tensor(at: 2) * 0.1, 1e-15, "a weight in no group")
  }

  // As in PyTorch: a group is an optimizer of its own with its own settings.
  @Test func groupsMoveLikeOptimizersOfTheirOwn() {
    let names = ["layers.1.weight", "layers.2.bias"]
    for decay in [WeightDecay.coupled(0.3), .decoupled(0.3)] {
      let group = ParameterGroup(.named(names[0], names[1]), learningRate: 0.5, weightDecay: decay)
      // At half the rate; the schedule says what the factor says.
      let alone: [any Optimizer<Double>] = [
        SGD(learningRate: 0.05, weightDecay: decay),
        SGD(learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: decay),
        Adam(learningRate: 0.05, weightDecay: decay),
        Adam(learningRate: 0.05, amsGrad: true, weightDecay: decay),
        Muon(learningRate: 0.05, weightDecay: decay),
      ]
      for ((grouped, alone), plain) in zip(zip(optimizers([group]), alone), optimizers([])) {
        var network = network
        var (grouped, alone, plain) = (grouped, alone, plain)
        for step in 0..<5 {
          let slopes = gradient(network)
          var (inGroup, outside) = (network, network)
          grouped.update(&network, along: slopes)
          alone.update(&inGroup, along: slopes)
          plain.update(&outside, along: slopes)
          for (index, entry) in slopes.layout.entries.enumerated() {
            let expected = names.contains(entry.name) ? inGroup : outside
            expectClose(
              network.parameters.tensor(at: index), expected.parameters.tensor(at: index), 1e-14,
              "\(grouped), step \(step), \(entry.name)")
          }
        }
      }
    }
  }

  // MARK: - Decay

  @Test func decoupledDecayShrinksBesideTheStep() {
    let groups = [ParameterGroup(.biases, weightDecay: .zero)]
    for (decaying, plain) in zip(
      optimizers(groups, weightDecay: .decoupled(0.25)), optimizers([]))
    {
      let (decayed, other) = (trained(decaying, steps: 1), trained(plain, steps: 1))
      for ((name, value), (start, expected)) in zip(
        decayed.namedParameters,
        zip(network.namedParameters.map(\.value), other.namedParameters.map(\.value)))
      {
        // θ ← θ - rate λ θ, then the step as it would be without.
        let shrunk = name.hasSuffix("bias") ? expected : expected - start * (0.1 * 0.25)
        expectClose(value, shrunk, 1e-14, "\(decaying): \(name)")
      }
    }
  }

  @Test func coupledDecayIsThePenaltysGradient() {
    for (decaying, plain) in zip(optimizers([], weightDecay: .coupled(0.3)), optimizers([])) {
      var (decaying, plain) = (decaying, plain)
      var (decayed, expected) = (network, network)
      for _ in 0..<4 {
        decaying.update(&decayed, along: gradient(decayed))
        var slopes = gradient(expected)
        slopes.add(expected.parameters, scaledBy: 0.3)
        plain.update(&expected, along: slopes)
      }
      expectClose(
        decayed.parameters.values, expected.parameters.values, 1e-13, "\(decaying)")
    }
  }

  // MARK: - State

  @Test func groupsAreConfigurationAndResume() throws {
    let groups = [ParameterGroup(.biases, learningRate: 0.3, weightDecay: .decoupled(0.2))]
    for (grouped, plain) in zip(optimizers(groups), optimizers([])) {
      var (optimizer, network, other, moved) = (grouped, network, plain, network)
      for _ in 0..<3 {
        optimizer.update(&network, along: gradient(network))
        other.update(&moved, along: gradient(moved))
      }
      #expect(try optimizer.savedState().names == other.savedState().names)
      var resumed = grouped
      try resumed.restore(from: optimizer.savedState())
      var copy = network
      for _ in 0..<3 {
        optimizer.update(&network, along: gradient(network))
        resumed.update(&copy, along: gradient(copy))
      }
      #expect(network.parameters == copy.parameters)
    }
  }
}
