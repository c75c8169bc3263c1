import AutoDiff
import TensorKit

/// Instant-NGP's radiance field: a hash grid, a small network for density and features, and one for colours.
///
/// The first network maps the grid's features to 16 numbers. The first of them is the raw density, and all of them
/// go to the second network, behind the spherical harmonics of the direction of view. All hidden units are
/// rectified, and no layer has a bias. Parameters are named `encoder.table`, `sigma_net.N.weight` and
/// `color_net.N.weight`.
///
/// Source: T. Müller, A. Evans, C. Schied and A. Keller, "Instant neural graphics primitives with a multiresolution
/// hash encoding", SIGGRAPH 2022, section 5.4 and appendix E; ngp_pl, whose colours see the density's number too.
public struct HashField<Scalar: TensorScalar>: RadianceField {
  /// The sizes of a field.
  public struct Settings: Hashable, Codable, Sendable {
    /// The grid's.
    public var grid: HashGridSettings
    /// The number of units of a hidden layer.
    public var width = 64
    /// The number of hidden layers before the density.
    public var densityLayers = 1
    /// The number of features beside and with the density.
    public var features = 16
    /// The number of hidden layers before colours.
    public var colorLayers = 2
    /// The largest degree of the direction's harmonics.
    public var degree = 3

    /// The published networks on a grid.
    public init(grid: HashGridSettings = .ngpPyTorch) { self.grid = grid }
  }

  /// The sizes.
  public let settings: Settings
  /// From points to features.
  public var encoding: HashGrid<Scalar>
  /// From the grid's features to the density and features for colours.
  public var densityLayers: [Linear<Scalar>]
  /// From the direction's harmonics and these to colours.
  public var colorLayers: [Linear<Scalar>]
  private let harmonics: SphericalHarmonics<Scalar>

  /// A field with the published initialization: a table within ± 10⁻⁴, and weights within ±√(6 / (inputs +
  /// outputs)).
  ///
  /// In the last bound outputs count as a multiple of 16, as tiny-cuda-nn pads its layers.
  ///
  /// - Parameters:
  ///   - settings: The sizes.
  ///   - box: The box whose points the grid's resolutions belong to.
  ///   - generator: Draws the table, then the layers in order.
  /// - Precondition: There are units and features, and numbers of layers are not negative.
  public init(
    _ settings: Settings = Settings(), box: BoundingBox,
    using generator: inout some RandomNumberGenerator
  ) {
    precondition(
      settings.width > 0 && settings.features > 0 && settings.densityLayers >= 0
        && settings.colorLayers >= 0,
      "a field of \(settings.width) units, \(settings.features) features")
    self.settings = settings
    encoding = HashGrid(settings.grid, box: box, using: &generator)
    harmonics = SphericalHarmonics(degree: settings.degree)
    densityLayers = Self.layers(
      from: encoding.outputs, hidden: settings.densityLayers, to: settings.features, settings,
      using: &generator)
    colorLayers = Self.layers(
      from: harmonics.outputs + settings.features, hidden: settings.colorLayers, to: 3, settings,
      using: &generator)
  }

  private static func layers(
    from inputs: Int, hidden: Int, to outputs: Int, _ settings: Settings,
    using generator: inout some RandomNumberGenerator
  ) -> [Linear<Scalar>] {
    let sizes = [inputs] + Array(repeating: settings.width, count: hidden) + [outputs]
    return zip(sizes, sizes.dropFirst()).map { inputs, outputs in
      let padded = (outputs + 15) / 16 * 16
      let bound = (6 / Double(inputs + padded)).squareRoot()
      return Linear(
        weight: .uniform(over: -bound...bound, shape: [outputs, inputs], using: &generator),
        bias: nil)
    }
  }

  /// e to the power of the raw density.
  public var densityActivation: DensityActivation { .exponential }

  /// Raw densities, and features whose first is the raw density.
  public func densities(
    at points: Variable<Scalar>
  ) -> (density: Variable<Scalar>, features: Variable<Scalar>) {
    let features = densityLayers.rectified(encoding(points))
    return (features.slice(0..<1, alongAxis: 1), features)
  }

  /// Raw colours.
  public func colors(
    of features: Variable<Scalar>, at points: Variable<Scalar>,
    along directions: Variable<Scalar>, bounds: [Int]
  ) -> Variable<Scalar> {
    let seen = harmonics(directions).repeatedOverRuns(bounds: bounds)
    return colorLayers.rectified(.concatenated([seen, features], alongAxis: 1))
  }

  /// Shows the grid and both networks.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&encoding, named: "encoder")
    visitor.visit(
      &densityLayers, named: "sigma_net", roles: ParameterRole.chain(of: densityLayers.count))
    visitor.visit(
      &colorLayers, named: "color_net", roles: ParameterRole.chain(of: colorLayers.count))
  }
}

extension Array {
  /// The layers one after the other, each but the last followed by a rectifier.
  func rectified<Scalar>(_ input: Variable<Scalar>) -> Variable<Scalar>
  where Element == Linear<Scalar> {
    var hidden = input
    for layer in dropLast() { hidden = layer(hidden, then: Rectifier()) }
    return last.map { $0(hidden) } ?? hidden
  }
}
