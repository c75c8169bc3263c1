import Fitting
import GradientAdjusters
import INRZoo

/// The published experiments that can be run.
enum Preset: String, CaseIterable, Sendable {
  case circle
  case sinesOfRectifiers = "multisine-relu"
  case sinesOfSines = "multisine-siren"
  case steps

  var about: String {
    switch self {
    case .circle: "IGA's experiment 1: sines on a circle, a two-layer network, gradient descent"
    case .sinesOfRectifiers: "IGA's experiment 2: a sum of sines, rectified linear units, Adam"
    case .sinesOfSines: "the same with SIREN and twice the frequencies"
    case .steps: "FR-INR's stepped function, rectified linear units, Adam"
    }
  }

  /// What the report calls the function.
  var functionName: String {
    switch self {
    case .circle: "four sines on a circle"
    case .sinesOfRectifiers, .sinesOfSines: "a sum of six sines"
    case .steps: "a stepped function"
    }
  }

  var networkName: String {
    switch self {
    case .circle: "two-layer network of rectified linear units"
    case .sinesOfRectifiers, .steps: "network of rectified linear units"
    case .sinesOfSines: "SIREN"
    }
  }
}

/// The numbers of an experiment, which options can replace.
struct PresetNumbers {
  var samples: Int
  var width: Int
  var steps: Int
  var learningRate: Double
  var group: Int
  var end: Int
  var target: EqualizationTarget
  var optimizer: OptimizerName
  var errors: FrequencyErrors.Definition
  var adjusters: [AdjusterChoice]
  /// How many of the strongest frequencies are followed.
  var frequencyCount: Int
}

extension Preset {
  /// The sines' frequencies; nothing for the other functions.
  var sineFrequencies: [Double] {
    switch self {
    case .sinesOfRectifiers: [5, 10, 15, 20, 25, 30]
    case .sinesOfSines: [10, 20, 30, 40, 50, 60]
    case .circle, .steps: []
    }
  }

  /// The published numbers, or for a quick run fewer samples, units and steps, with rates that go with
  /// them.
  func numbers(isQuick: Bool) -> PresetNumbers {
    switch self {
    case .circle:
      PresetNumbers(
        samples: isQuick ? 256 : 1024, width: isQuick ? 512 : 1024,
        steps: isQuick ? 6000 : 20_000, learningRate: 0.1, group: 8, end: 10, target: .first,
        optimizer: .sgd, errors: .complex,
        adjusters: [.init(.none), .init(.ntk), .init(.empiricalNTK), .init(.iga)], frequencyCount: 4
      )
    case .sinesOfRectifiers, .sinesOfSines:
      PresetNumbers(
        samples: isQuick ? 512 : 2048, width: isQuick ? 128 : 256,
        steps: isQuick ? 8000 : 25_000, learningRate: isQuick ? 1e-4 : 5e-5, group: 8, end: 7,
        target: .next, optimizer: .adam, errors: .complex, adjusters: [.init(.none), .init(.iga)],
        frequencyCount: 6)
    case .steps:
      PresetNumbers(
        samples: 300, width: isQuick ? 64 : 128, steps: isQuick ? 6000 : 10_000,
        learningRate: isQuick ? 3e-5 : 1e-6, group: 4, end: 7, target: .next, optimizer: .adam,
        errors: .magnitude, adjusters: [.init(.none), .init(.fr), .init(.iga)], frequencyCount: 4)
    }
  }
}

/// The adjusters that can be compared.
enum AdjusterName: String, AdjusterNaming {
  case none
  case ntk
  case empiricalNTK = "full-entk"
  case iga
  case fr
  case bn

  var stage: AdjusterStage {
    switch self {
    case .fr: .weights
    case .bn: .normalization
    case .none, .ntk, .empiricalNTK, .iga: .gradients
    }
  }

  var about: String {
    switch self {
    case .none: "plain training"
    case .ntk: "the closed-form kernel of the infinitely wide network; circle only"
    case .empiricalNTK: "the empirical kernel of all samples"
    case .iga: "inductive gradient adjustment (Shi et al. 2025)"
    case .fr: "Fourier reparameterization (Shi et al. 2024); not for circle"
    case .bn: "batch normalization (Ioffe and Szegedy 2015); of SIREN from the identity"
    }
  }

  /// What a caption calls it.
  var title: String {
    switch self {
    case .none: "plain training"
    case .ntk: "adjustment by the closed-form kernel"
    case .empiricalNTK: "adjustment by the empirical kernel of all samples"
    case .iga: "inductive gradient adjustment"
    case .fr: "Fourier reparameterization"
    case .bn: "batch normalization"
    }
  }
}

/// An adjuster, or several that act in order.
typealias AdjusterChoice = AdjusterComposition<AdjusterName>
