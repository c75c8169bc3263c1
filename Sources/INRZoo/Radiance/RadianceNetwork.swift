import AutoDiff
import TensorKit

/// NeRF's network: rectified linear units on encoded points, and a branch for the direction of view.
///
/// The encoded point is put before the hidden units once more after one of the layers. Density is a linear map of
/// the last of them; colours come from a linear feature and the encoded direction, through one layer of half as
/// many units. Parameters are named as in nerf-pytorch: `pts_linears.N`, `alpha_linear`, `feature_linear`,
/// `views_linears.0`, `rgb_linear`.
///
/// Source: B. Mildenhall et al., "NeRF: representing scenes as neural radiance fields for view synthesis", ECCV
/// 2020, figure 7.
public struct RadianceNetwork<Scalar: TensorScalar>: RadianceField {
  /// The sizes of a network.
  public struct Settings: Hashable, Codable, Sendable {
    /// The number of layers before the density.
    public var depth = 8
    /// The number of their units.
    public var width = 256
    /// The layer, counted from 0, after which the encoded point comes once more; nil for never.
    public var skip: Int? = 4
    /// The number of frequencies of an encoded point, from 1 radian on.
    public var pointFrequencies = 10
    /// The number of frequencies of an encoded direction.
    public var directionFrequencies = 4
    /// How a raw number becomes a density; rectified as published.
    public var density = DensityActivation.rectifier

    /// The published sizes.
    public init() {}

    /// Sizes of one's own.
    public init(
      depth: Int, width: Int, skip: Int?, pointFrequencies: Int = 10, directionFrequencies: Int = 4
    ) {
      self.depth = depth
      self.width = width
      self.skip = skip
      self.pointFrequencies = pointFrequencies
      self.directionFrequencies = directionFrequencies
    }
  }

  /// The layers on the encoded point.
  public var pointLayers: [Linear<Scalar>]
  /// From the last hidden units to the density.
  public var densityLayer: Linear<Scalar>
  /// From the last hidden units to what colours come from.
  public var featureLayer: Linear<Scalar>
  /// From the feature and the encoded direction to units.
  public var viewLayer: Linear<Scalar>
  /// From these to colours.
  public var colorLayer: Linear<Scalar>
  /// The network's sizes.
  public let settings: Settings
  private let pointEncoding: PositionalEncoding<Scalar>
  private let directionEncoding: PositionalEncoding<Scalar>

  /// A network with weights and biases drawn as PyTorch does, within ±1/√fan-in.
  ///
  /// - Precondition: There is a layer with a unit, and the skip is at one that another follows.
  public init(_ settings: Settings = Settings(), using generator: inout some RandomNumberGenerator)
  {
    precondition(
      settings.depth > 0 && settings.width > 1
        && settings.skip.map { (0..<max(settings.depth - 1, 0)).contains($0) } ?? true,
      "a radiance network of \(settings.depth) layers of \(settings.width), skip after "
        + "\(settings.skip.map(String.init) ?? "none")")
    self.settings = settings
    pointEncoding = PositionalEncoding(
      inputs: 3, frequencies: settings.pointFrequencies, convention: .radians)
    directionEncoding = PositionalEncoding(
      inputs: 3, frequencies: settings.directionFrequencies, convention: .radians)
    let (width, encoded) = (settings.width, pointEncoding.outputs)
    pointLayers = (0..<settings.depth).map { index in
      let inputs =
        index == 0 ? encoded : index - 1 == settings.skip ? width + encoded : width
      return Linear(inputs: inputs, outputs: width, using: &generator)
    }
    viewLayer = Linear(
      inputs: width + directionEncoding.outputs, outputs: width / 2, using: &generator)
    featureLayer = Linear(inputs: width, outputs: width, using: &generator)
    densityLayer = Linear(inputs: width, outputs: 1, using: &generator)
    colorLayer = Linear(inputs: width / 2, outputs: 3, using: &generator)
  }

  /// That of the settings.
  public var densityActivation: DensityActivation { settings.density }

  /// More where layers have few units, so that results in between have about one size.
  public var samplesPerTile: Int { 256 * min(max(256 / settings.width, 1), 8) }

  /// Raw densities and the last hidden units.
  public func densities(
    at points: Variable<Scalar>
  ) -> (density: Variable<Scalar>, features: Variable<Scalar>) {
    let encoded = pointEncoding(points)
    var hidden = encoded
    for (index, layer) in pointLayers.enumerated() {
      hidden = layer(hidden, then: Rectifier())
      if index == settings.skip { hidden = .concatenated([encoded, hidden], alongAxis: 1) }
    }
    return (densityLayer(hidden), hidden)
  }

  /// Raw colours.
  public func colors(
    of features: Variable<Scalar>, at points: Variable<Scalar>,
    along directions: Variable<Scalar>, bounds: [Int]
  ) -> Variable<Scalar> {
    let feature = featureLayer(features)
    let seen = directionEncoding(directions).repeatedOverRuns(bounds: bounds)
    let units = viewLayer(
      .concatenated([feature, seen], alongAxis: 1), then: Rectifier())
    return colorLayer(units)
  }

  /// Shows the layers.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(
      &pointLayers, named: "pts_linears",
      roles: pointLayers.indices.map { $0 == 0 ? .input : .hidden() })
    var views = [viewLayer]
    visitor.visit(&views, named: "views_linears", roles: [.hidden()])
    viewLayer = views[0]
    visitor.visit(&featureLayer, named: "feature_linear", role: .hidden())
    visitor.visit(&densityLayer, named: "alpha_linear", role: .output)
    visitor.visit(&colorLayer, named: "rgb_linear", role: .output)
  }
}
