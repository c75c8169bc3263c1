import AutoDiff
import TensorKit

// Losses of the weights with which samples along rays are composited. Rays are runs of samples of any lengths,
// given by the first sample of each and the number of samples at the end; a ray without samples has loss zero. Each
// gives the losses of single rays: their mean is what is usually added to a photometric loss, times a factor.
extension Variable {
  /// The distortion of the rays' weights: how far a ray is from all weight being in one short interval.
  ///
  /// `Σᵢⱼ wᵢ wⱼ |tᵢ − tⱼ| + ⅓ Σᵢ wᵢ² δᵢ`, in linear time: samples ascend along a ray, so the first sum is `2 Σᵢ wᵢ
  /// (tᵢ Σ_{j<i} wⱼ − Σ_{j<i} wⱼ tⱼ)`.
  ///
  /// Source: J. Barron et al., "Mip-NeRF 360: unbounded anti-aliased neural radiance fields", CVPR 2022, equation
  /// 15. ngp_pl advises the factor 10⁻³ for real and 10⁻² for synthetic scenes.
  ///
  /// - Parameters:
  ///   - weights: w. Shape: [samples, 1].
  ///   - midpoints: t, the middle of each sample's interval, ascending along each ray. Shape: [samples, 1].
  ///   - intervals: δ, the intervals' lengths in the same units. Shape: [samples, 1].
  ///   - bounds: The first sample of each ray, from 0 on, and the number of samples at the end.
  /// - Returns: Shape: [rays, 1].
  /// - Precondition: The shapes are as said, and the bounds ascend from 0 to the number of samples.
  public static func distortionLoss(
    weights: Variable, midpoints: Variable, intervals: Variable, bounds: [Int]
  ) -> Variable {
    requireColumns([weights, midpoints, intervals])
    // Distances from the ray's first sample, so that differences of sums lose fewer digits.
    let starts = bounds.dropLast().enumerated().map { $1 < bounds[$0 + 1] ? $1 : 0 }
    let places =
      midpoints.shape[0] == 0
      ? midpoints : midpoints - midpoints.rows(at: starts).repeatedOverRuns(bounds: bounds)
    let weightBefore = weights.exclusiveSumsOverRuns(bounds: bounds)
    let momentBefore = (weights * places).exclusiveSumsOverRuns(bounds: bounds)
    let between = weights * (places * weightBefore - momentBefore) * 2
    let within = weights.squared() * intervals * (1 / 3)
    return (between + within).summedOverRuns(bounds: bounds)
  }

  /// The entropy of the rays' opacities, which pushes each of them to 0 or 1: `−o ln o`, with o = opacity + 10⁻¹⁰.
  ///
  /// Source: ngp_pl, which gives it the factor 10⁻³.
  ///
  /// - Parameter opacity: The sum of each ray's weights. Shape: [rays, 1].
  /// - Returns: Shape: that of the opacities.
  public static func opacityLoss(_ opacity: Variable) -> Variable {
    let positive = opacity + 1e-10
    return -(positive * positive.logarithm())
  }

  /// The entropy of what remains of the rays behind their last samples: `−(q ln q + (1 − q) ln (1 − q))`.
  ///
  /// q is the remaining transmittance, clamped to [10⁻⁶, 1 − 10⁻⁶]; at and beyond the bounds the gradient is zero.
  ///
  /// Source: C. Sun, M. Sun and H.-T. Chen, "Direct voxel grid optimization", CVPR 2022, equation 12, with the
  /// factors 10⁻² for the coarse and 10⁻³ for the fine stage.
  ///
  /// - Parameter remaining: The transmittance behind each ray's last sample. Shape: [rays, 1].
  /// - Returns: Shape: that of the transmittances.
  public static func backgroundEntropyLoss(_ remaining: Variable) -> Variable {
    let clamped = remaining.clamped(to: 1e-6...(1 - 1e-6))
    let other = 1 - clamped
    return -(clamped * clamped.logarithm() + other * other.logarithm())
  }

  /// The squared errors of the samples' colours themselves, weighted as they are composited: `Σᵢ wᵢ |cᵢ −
  /// target|²`.
  ///
  /// The weights count as constants.
  ///
  /// Source: C. Sun, M. Sun and H.-T. Chen, "Direct voxel grid optimization", CVPR 2022, equation 11, with the
  /// factors 10⁻¹ for the coarse and 10⁻² for the fine stage.
  ///
  /// - Parameters:
  ///   - weights: w. Shape: [samples, 1].
  ///   - colors: c. Shape: [samples, channels].
  ///   - targets: The rays' true colours. Shape: [rays, channels].
  ///   - bounds: The first sample of each ray, from 0 on, and the number of samples at the end.
  /// - Returns: Shape: [rays, 1].
  /// - Precondition: The shapes are as said, and the bounds ascend from 0 to the number of samples.
  public static func sampleColorLoss(
    weights: Variable, colors: Variable, targets: Variable, bounds: [Int]
  ) -> Variable {
    requireColumns([weights])
    precondition(
      colors.shape.count == 2 && targets.shape.count == 2 && colors.shape[1] == targets.shape[1]
        && colors.shape[0] == weights.shape[0],
      "colours of shape \(colors.shape) and targets of shape \(targets.shape)")
    let errors = colors - targets.repeatedOverRuns(bounds: bounds)
    return (weights.detached() * errors.squared().sum(alongAxis: 1, keepingAxis: true))
      .summedOverRuns(bounds: bounds)
  }

  private static func requireColumns(_ variables: [Variable]) {
    precondition(
      variables.allSatisfy {
        $0.shape.count == 2 && $0.shape[1] == 1 && $0.shape == variables[0].shape
      },
      "samples' numbers of shapes \(variables.map(\.shape)); equal columns are needed")
  }
}
