import AutoDiff
import GradientAdjusters
import TensorKit

/// The settings of all adjusters of an experiment; each takes what concerns it.
public struct AdjusterSettings: Codable, Hashable, Sendable {
  /// How many leading eigenvalues are equalized.
  public var end = 20
  /// Which sample stands for each group in IGA's kernel.
  public var sampling = GroupSampling.largestResidual
  /// Where the eigenvalues are sent.
  public var target = EqualizationTarget.next
  /// Kernels are computed every so many steps.
  public var refreshInterval = 1
  /// Fourier reparameterization.
  public var fourier = FourierRecipe()
  /// Batch normalization.
  public var normalization = NormalizationRecipe()
  /// How bands are evened out; the seed is the run's.
  public var equalization = EqualizerSettings()
  /// Which runs have gradients that suddenly grow damped.
  public var damping = DampedRuns.adjusted

  /// The defaults.
  public init() {}

  /// Whether a run's gradients are damped.
  public func damps(_ choice: AdjusterChoice) -> Bool {
    if choice.contains(.damped) { return true }
    return switch damping {
    case .adjusted: choice.parts.contains { $0.effect != .none }
    case .all: true
    case .none: false
    }
  }
}

/// Which runs have gradients that suddenly grow damped.
public enum DampedRuns: String, CaseIterable, Codable, Sendable {
  /// Those whose residuals are adjusted.
  case adjusted
  /// Every run.
  case all
  /// No run, as published.
  case none
}

/// Fourier reparameterization: its basis, with the published amplitude of a network unless one is given.
public struct FourierRecipe: Codable, Hashable, Sendable {
  /// The frequencies up to 1: fractions with this denominator.
  public var low: Int
  /// The whole frequencies, from 1 on.
  public var high: Int
  /// The phases of each frequency.
  public var phases: Int
  /// The cosines' amplitude; nil for the published one.
  public var amplitude: Double?
  /// The full names of the layers that are reparameterized; nil for all from hidden units to hidden units.
  public var layers: [String]?

  /// A basis; that of the published experiments on pictures by default.
  public init(low: Int = 128, high: Int = 128, phases: Int = 32, amplitude: Double? = nil) {
    self.low = low
    self.high = high
    self.phases = phases
    self.amplitude = amplitude
  }

  /// The amplitude for networks for which none is published.
  public static let otherAmplitude = 0.01

  /// The amplitude for a network.
  public func amplitude(for kind: ModelKind) -> Double {
    amplitude ?? kind.fourierAmplitude ?? Self.otherAmplitude
  }

  /// A fresh adjuster for a network.
  public func adjuster<Scalar: TensorScalar>(
    for model: ModelRecipe
  ) -> FourierReparameterization<Scalar> {
    FourierReparameterization(
      lowFrequencies: low, highFrequencies: high, phases: phases,
      amplitude: amplitude(for: model.kind), layers: layers)
  }
}

/// Batch normalization: where it goes; unless units are rectified linear, it starts as the identity.
public struct NormalizationRecipe: Codable, Hashable, Sendable {
  /// What is normalized.
  public enum Placement: String, CaseIterable, Codable, Sendable {
    /// What enters the activation.
    case before
    /// What the activation gives.
    case after
  }

  /// What is normalized; nil for what is published for the network.
  public var placement: Placement?

  /// Normalization of something, or of what is published.
  public init(_ placement: Placement? = nil) { self.placement = placement }

  /// What is normalized in a network.
  public func placement(for kind: ModelKind) -> Placement {
    placement ?? kind.normalizationPlacement
  }

  /// A fresh adjuster for a network.
  ///
  /// - Parameters:
  ///   - model: The network.
  ///   - inputs: The inputs over which it starts as the identity, unless units are rectified linear; nil for
  ///     normalizations that are yet to be read from a file. Shape: [samples, coordinates].
  /// - Returns: The adjuster.
  public func adjuster<Scalar: TensorScalar>(
    for model: ModelRecipe, over inputs: Tensor<Scalar>?
  ) -> BatchNormalization<Scalar> {
    let placement: Normalization<Scalar>.Placement =
      placement(for: model.kind) == .before ? .beforeActivation : .afterActivation
    guard let inputs, !model.kind.isRectified else {
      return BatchNormalization(placement: placement)
    }
    return BatchNormalization(placement: placement, preservingFunctionOver: inputs)
  }
}

extension GroupSampling: Codable {}
extension EqualizationTarget: Codable {}
