import AutoDiff
import TensorKit

/// What rays show of a field: light that is emitted and absorbed along them, summed up.
///
/// With σ the density at a ray's samples, δ their intervals and c their colours,
///
///     αᵢ = 1 - exp(-σᵢ δᵢ),   Tᵢ = Π_{j<i} (1 - αⱼ),   wᵢ = Tᵢ αᵢ,
///
/// and the ray shows Σ wᵢ cᵢ and what is left of the background, 1 - Σ wᵢ of it.
///
/// Source: B. Mildenhall et al., "NeRF: representing scenes as neural radiance fields for view synthesis", ECCV
/// 2020, equation 3.
public struct VolumeRendering<Scalar: TensorScalar>: Sendable {
  /// The samples.
  public let samples: RaySamples<Scalar>
  /// How much each sample contributes, wᵢ, of shape [samples, 1].
  public let weights: Variable<Scalar>
  /// Σ wᵢ, of shape [rays, 1].
  public let opacity: Variable<Scalar>

  /// The weights of samples with some density.
  ///
  /// - Parameters:
  ///   - samples: The samples.
  ///   - density: σ, not negative, of shape [samples, 1].
  ///   - floor: What is added to each 1 - α in the product T, so that its logarithm stays finite: 0, or 1e-10 as
  ///     in the code released with NeRF.
  /// - Precondition: There is a density for each sample.
  public init(_ samples: RaySamples<Scalar>, density: Variable<Scalar>, floor: Double = 0) {
    precondition(
      density.shape == samples.distances.shape,
      "densities of shape \(density.shape) at samples of shape \(samples.distances.shape)")
    self.samples = samples
    let depth = density * Variable(samples.intervals)
    let passed = (-depth).exponential()
    let opticalDepth = floor > 0 ? -(passed + Scalar(floor)).logarithm() : depth
    let transmittance =
      (-opticalDepth.exclusiveSumsOverRuns(bounds: samples.bounds)).exponential()
    weights = transmittance * (1 - passed)
    opacity = weights.summedOverRuns(bounds: samples.bounds)
  }

  /// What the rays show, of shape [rays, 3].
  ///
  /// - Parameters:
  ///   - colors: Of all samples, or of some, of shape [samples, 3].
  ///   - chosen: Which samples have the colours, ascending; all by default. Others count as black, and hide
  ///     what is behind them all the same.
  ///   - background: What is behind each ray, of shape [rays, 3] or [1, 3]; black by default.
  public func color(
    of colors: Variable<Scalar>, at chosen: [Int]? = nil, over background: Variable<Scalar>? = nil
  ) -> Variable<Scalar> {
    let seen: Variable<Scalar>
    if let chosen {
      seen = (weights.rows(at: chosen) * colors)
        .summedOverRuns(bounds: samples.runs(of: chosen))
    } else {
      seen = (weights * colors).summedOverRuns(bounds: samples.bounds)
    }
    return background.map { seen + (1 - opacity) * $0 } ?? seen
  }

  /// Σ wᵢ zᵢ, the mean distance of what is seen times the opacity, of shape [rays, 1].
  public var depth: Variable<Scalar> {
    (weights * Variable(samples.distances)).summedOverRuns(bounds: samples.bounds)
  }

  /// The sample of each ray with the largest weight, the first of equal ones.
  ///
  /// - Precondition: Each ray has a sample.
  public var samplesOfLargestWeight: [Int] {
    weights.value.withUnsafeElements { weights in
      (0..<samples.rayCount).map { ray in
        let run = samples.bounds[ray]..<samples.bounds[ray + 1]
        precondition(!run.isEmpty, "ray \(ray) has no sample")
        return run.reduce(run.lowerBound) { weights[$1] > weights[$0] ? $1 : $0 }
      }
    }
  }
}
