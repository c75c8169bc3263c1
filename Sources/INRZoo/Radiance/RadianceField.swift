import AutoDiff
import TensorKit

/// A field that says how dense and of what colour space is, seen along a direction.
///
/// Densities come first and colours second, so that a renderer can leave colours out where nothing is seen. Both
/// are raw: the renderer applies ``densityActivation`` to densities, and a sigmoid to colours.
///
/// As a module on its own a field maps points with directions, of shape [samples, 6], to raw red, green, blue and
/// density, of shape [samples, 4].
public protocol RadianceField<Scalar>: Module {
  /// How raw densities become densities.
  var densityActivation: DensityActivation { get }

  /// Raw densities, and what colours are computed from.
  ///
  /// - Parameter points: Shape: [samples, 3].
  /// - Returns: Raw densities of shape [samples, 1], and features of shape [samples, any number].
  func densities(
    at points: Variable<Scalar>
  ) -> (density: Variable<Scalar>, features: Variable<Scalar>)

  /// Raw colours, of shape [samples, 3].
  ///
  /// - Parameters:
  ///   - features: What ``densities(at:)`` gave for these points, or for some of those it was asked for.
  ///   - points: Shape: [samples, 3].
  ///   - directions: Of unit length, of shape [rays, 3].
  ///   - bounds: Which samples lie along each ray: its first one, from 0 on, and the number of samples at the
  ///     end.
  func colors(
    of features: Variable<Scalar>, at points: Variable<Scalar>,
    along directions: Variable<Scalar>, bounds: [Int]
  ) -> Variable<Scalar>

  /// About how many samples are evaluated at once; 256 by default.
  var samplesPerTile: Int { get }

  /// Becomes finer where a renderer that steps along rays is far enough in its training; nothing by default.
  ///
  /// - Parameters:
  ///   - index: How many steps of the training were made.
  ///   - share: Which share of the training is done, from 0 to 1.
  ///   - occupancy: Where the field is not empty, which may become finer with it.
  ///   - step: The length of a renderer's step, which may become shorter.
  /// - Returns: What has changed.
  mutating func refine(
    beforeStep index: Int, share: Double, occupancy: inout OccupancyGrid, step: inout Double
  ) -> RendererChange
}

extension RadianceField {
  /// 256 samples.
  public var samplesPerTile: Int { 256 }

  /// Nothing.
  public mutating func refine(
    beforeStep index: Int, share: Double, occupancy: inout OccupancyGrid, step: inout Double
  ) -> RendererChange { .nothing }

  /// Raw red, green, blue and density.
  ///
  /// - Parameter input: Points and directions, of shape [samples, 6].
  /// - Returns: Shape: [samples, 4].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    precondition(
      input.shape.count == 2 && input.shape[1] == 6,
      "an input of shape \(input.shape) to a radiance field; points and directions are 6 numbers")
    let points = input.slice(0..<3, alongAxis: 1)
    let (density, features) = densities(at: points)
    let colors = colors(
      of: features, at: points, along: input.slice(3..<6, alongAxis: 1),
      bounds: Array(0...input.shape[0]))
    return .concatenated([colors, density], alongAxis: 1)
  }
}

/// How a raw number becomes a density, which is not negative.
public enum DensityActivation: Hashable, Codable, Sendable {
  /// max(x, 0), as in NeRF.
  case rectifier
  /// log(1 + exp(x + shift)) for each unit of length, as in DirectVoxGO, whose unit is a voxel's side.
  case softplus(shift: Double, unit: Double = 1)
  /// exp(x) with a derivative that stays within bounds, as in Instant-NGP.
  case exponential

  /// The densities of raw numbers, of the same shape.
  public func callAsFunction<Scalar: TensorScalar>(_ raw: Variable<Scalar>) -> Variable<Scalar> {
    switch self {
    case .rectifier: raw.rectified()
    case .softplus(let shift, let unit):
      (shift == 0 ? raw : raw + Scalar(shift)).softplus().divided(by: unit)
    case .exponential: raw.truncatedExponential()
    }
  }
}

extension Variable {
  /// The variable itself where the divisor is one, so that nothing is recorded.
  fileprivate func divided(by divisor: Double) -> Variable {
    divisor == 1 ? self : self * Scalar(1 / divisor)
  }
}
