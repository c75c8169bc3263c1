import AutoDiff
import GradientAdjusters
import TensorKit

/// What adjusters are made for: a model, a batch and a seed.
public struct AdjusterContext<Scalar: TensorScalar> {
  /// The network.
  public var model: ModelRecipe
  /// The batch's inputs, of shape [samples, coordinates].
  public var inputs: Tensor<Scalar>
  /// Where the batch's rows lie.
  public var grid: RowGrid
  /// Seeds what adjusters draw.
  public var seed: UInt64
  /// How many bands are asked for; nil for as many as there are by default.
  public var bandCount: Int?
  /// Whether bursts scale gradients down in proportion, as suits rates that fall.
  public var dampsInProportion: Bool

  /// A context.
  public init(
    model: ModelRecipe, inputs: Tensor<Scalar>, grid: RowGrid, seed: UInt64, bandCount: Int? = nil,
    dampsInProportion: Bool = false
  ) {
    self.model = model
    self.inputs = inputs
    self.grid = grid
    self.seed = seed
    self.bandCount = bandCount
    self.dampsInProportion = dampsInProportion
  }

  /// Damping that suits the learning rates.
  ///
  /// - Parameter settling: How many gradients it only looks at; 70 where bands are evened out, whose first
  ///   factors change the gradients' lengths.
  public func burstDamping(settling: Int = 20) -> BurstDamping<Scalar> {
    BurstDamping(isProportional: dampsInProportion, settling: settling)
  }

  /// The adjuster that evens out bands.
  func equalizer(
    _ bands: any Bands<Scalar>, _ settings: AdjusterSettings
  ) -> BandEqualizer<Scalar> {
    var equalization = settings.equalization
    equalization.seed = seed
    return BandEqualizer(bands, settings: equalization)
  }

  /// The sides of blocks that make as many bands as asked for; nil for all.
  var blockSides: [Int]? {
    let sides = Array(sequence(first: 2) { $0 * 2 }.prefix { $0 < grid.longest }.reversed())
    // The constant and single points are bands as well.
    guard let count = bandCount.map({ $0 - 2 }), count < sides.count else { return nil }
    return (0..<count).map { sides[(2 * $0 + 1) * sides.count / (2 * count)] }
  }
}
