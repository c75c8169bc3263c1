import AutoDiff
import GradientAdjusters
import TensorKit

/// The catalogue of adjusters: each under a name.
///
/// An adjuster's row in `row(_:)` is all that a program knows of it: the help, when it acts among
/// others and how it is made.
public enum AdjusterKind: String, CaseIterable, Codable, Sendable {
  /// No adjuster at all.
  case none
  /// Inductive gradient adjustment.
  case iga
  /// Fourier reparameterization.
  case fr
  /// Batch normalization.
  case bn
  /// Adjustment by the closed-form kernel of an infinitely wide network.
  case ntk
  /// Adjustment by the empirical kernel of all samples.
  case empiricalNTK = "full-entk"
  /// Equalized bands of blocks within blocks.
  case bands
  /// Equalized bands of frequency.
  case bandsCosine = "bands-cosine"
  /// Equalized bands of frequency within blocks.
  case bandsBlock = "bands-block"
  /// Centred residuals.
  case centered
  /// Damped bursts of the gradient.
  case damped

  /// When an adjuster acts, among adjusters that are joined.
  public enum Stage: Int, Comparable, Sendable {
    /// It makes the weights.
    case weights
    /// It normalizes what layers with these weights compute.
    case normalization
    /// It adjusts the gradients of what the model learns.
    case gradients

    /// Whether one acts before another.
    public static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
  }

  /// What an adjuster does to what is pulled back from the outputs.
  public enum Effect: Sendable {
    /// Nothing: it acts elsewhere.
    case none
    /// It adjusts residuals.
    case residuals
    /// It adjusts residuals band by band.
    case bands
  }

  /// A line of explanation, and part of sentences.
  public var about: String { row(Float.self).about }

  /// When it acts, among adjusters that are joined.
  public var stage: Stage { row(Float.self).stage }

  /// What it does to what is pulled back from the outputs.
  public var effect: Effect { row(Float.self).effect }

  /// Whether all rows must lie on a grid, the same at every step.
  public var needsGrid: Bool { row(Float.self).needsGrid }
}

extension AdjusterKind {
  /// What the catalogue says of an adjuster.
  struct Row<Scalar: TensorScalar> {
    let about: String
    var stage = Stage.gradients
    var effect = Effect.residuals
    var needsGrid = false
    let make: (AdjusterSettings, AdjusterContext<Scalar>) -> any GradientAdjuster<Scalar>
  }

  func row<Scalar: TensorScalar>(_: Scalar.Type) -> Row<Scalar> {
    switch self {
    case .none:
      Row(about: "plain training", effect: .none) { _, _ in IdentityAdjuster() }
    case .iga:
      Row(about: "inductive gradient adjustment (Shi et al. 2025)") {
        InductiveGradientAdjuster(
          end: $0.end, sampling: $0.sampling, target: $0.target,
          refreshInterval: $0.refreshInterval, seed: $1.seed)
      }
    case .fr:
      Row(
        about: "Fourier reparameterization (Shi et al. 2024)", stage: .weights, effect: .none
      ) { $0.fourier.adjuster(for: $1.model) }
    case .bn:
      Row(
        about: "batch normalization (Ioffe and Szegedy 2015)", stage: .normalization, effect: .none
      ) { $0.normalization.adjuster(for: $1.model, over: $1.inputs) }
    case .ntk:
      Row(about: "adjustment by the closed-form kernel of the infinitely wide network") {
        settings, _ in
        NTKAdjuster(end: settings.end, target: settings.target) {
          TwoLayerRectifierNetwork.infiniteWidthKernel(at: $0)
        }
      }
    case .empiricalNTK:
      Row(about: "adjustment by the empirical kernel of all samples") { settings, _ in
        EmpiricalNTKAdjuster(
          end: settings.end, target: settings.target, refreshInterval: settings.refreshInterval)
      }
    case .bands:
      Row(about: "equalized bands of blocks within blocks", effect: .bands) {
        $1.equalizerOfNestedBands($0)
      }
    case .bandsCosine:
      Row(about: "equalized bands of frequency", effect: .bands, needsGrid: true) {
        $1.equalizer($0) { grid, count in
          count.map { CosineBands(grid, count: $0) } ?? CosineBands(grid)
        }
      }
    case .bandsBlock:
      Row(about: "equalized bands of frequency within blocks", effect: .bands, needsGrid: true) {
        $1.equalizer($0) { grid, count in
          count.map { BlockCosineBands(grid, count: $0) } ?? BlockCosineBands(grid)
        }
      }
    case .centered:
      Row(about: "residuals less most of their mean") { _, _ in Centering() }
    case .damped:
      Row(about: "gradients that suddenly grow are shortened", effect: .none) { _, context in
        context.burstDamping()
      }
    }
  }
}
