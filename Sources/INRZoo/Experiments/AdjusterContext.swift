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
  /// Makes the adjuster that evens out bands.
  public var equalize: (any Bands<Scalar>) -> any GradientAdjuster<Scalar>

  /// A context, in which bands are equalized with the library's defaults and without damping unless
  /// something else is given.
  public init(
    model: ModelRecipe, inputs: Tensor<Scalar>, grid: RowGrid, seed: UInt64, bandCount: Int? = nil,
    dampsInProportion: Bool = false,
    equalize: ((any Bands<Scalar>) -> any GradientAdjuster<Scalar>)? = nil
  ) {
    self.model = model
    self.inputs = inputs
    self.grid = grid
    self.seed = seed
    self.bandCount = bandCount
    self.dampsInProportion = dampsInProportion
    self.equalize = equalize ?? { BandEqualizer($0, damping: nil, seed: seed) }
  }

  /// Damping that suits the learning rates.
  public var burstDamping: BurstDamping<Scalar> { BurstDamping(isProportional: dampsInProportion) }

  /// The sides of blocks that make as many bands as asked for; nil for all.
  var blockSides: [Int]? {
    let sides = Array(sequence(first: 2) { $0 * 2 }.prefix { $0 < grid.longest }.reversed())
    // The constant and single points are bands as well.
    guard let count = bandCount.map({ $0 - 2 }), count < sides.count else { return nil }
    return (0..<count).map { sides[(2 * $0 + 1) * sides.count / (2 * count)] }
  }
}
