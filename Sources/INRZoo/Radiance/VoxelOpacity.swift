import AutoDiff
import Foundation
import TensorKit

// The activation of densities on voxel grids.
extension Variable {
  /// The opacity of intervals from raw densities on a voxel grid: `1 − (1 + e^(d + shift))^(−interval)`.
  ///
  /// This is `1 − e^(−interval · softplus(d + shift))`, the opacity of an interval whose density is a softplus, and
  /// is computed as such, without overflow. Applied after raw densities are interpolated, it lets one cell hold a
  /// sharp surface.
  ///
  /// Source: C. Sun, M. Sun and H.-T. Chen, "Direct voxel grid optimization", CVPR 2022, equations 4 to 6. The
  /// published code replaces e^(d + shift) by at most 10¹⁰ in the derivative, which differs where the derivative is
  /// below interval · 10^(−10 · interval).
  ///
  /// - Parameters:
  ///   - shift: What is added to raw densities, see ``voxelDensityShift(initialOpacity:)``.
  ///   - interval: The length of an interval in units in which the grid's base voxel is 1.
  /// - Returns: Shape: that of the variable.
  public func voxelOpacity(shift: Scalar, interval: Scalar) -> Variable {
    1 - ((self + shift).softplus() * -interval).exponential()
  }
}

/// The shift of raw densities with which a raw density of zero has some opacity over an interval of length one.
///
/// `ln(1 / (1 − opacity) − 1)`; 10⁻⁶ is published for the coarse stage and 10⁻² for the fine one.
///
/// - Precondition: The opacity is above 0 and below 1.
public func voxelDensityShift(initialOpacity opacity: Double) -> Double {
  precondition(opacity > 0 && opacity < 1, "an initial opacity of \(opacity)")
  // As published; rounding loses some digits of a small opacity.
  return log(1 / (1 - opacity) - 1)
}
