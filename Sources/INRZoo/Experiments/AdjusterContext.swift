import AutoDiff
import GradientAdjusters
import TensorKit

/// What adjusters are made for: a model, a batch and a seed.
public struct AdjusterContext<Scalar: TensorScalar> {
  /// Where the rows of batches lie.
  public enum Places: Sendable {
    /// All rows of a batch that is the same at every step make a grid.
    case grid(RowGrid)
    /// Batches differ, and the rows of each form groups within groups, the whole batch on the coarsest level.
    case nested(@Sendable (Batch<Scalar>) -> RowPartition)
  }

  /// The network.
  public var model: ModelRecipe
  /// The batch's inputs, of shape [samples, coordinates].
  public var inputs: Tensor<Scalar>
  /// Where the batch's rows lie.
  public var places: Places
  /// Seeds what adjusters draw.
  public var seed: UInt64
  /// How many bands are asked for; nil for as many as there are by default.
  public var bandCount: Int?
  /// Whether bursts scale gradients down in proportion, as suits rates that fall.
  public var dampsInProportion: Bool

  /// A context.
  public init(
    model: ModelRecipe, inputs: Tensor<Scalar>, places: Places, seed: UInt64,
    bandCount: Int? = nil, dampsInProportion: Bool = false
  ) {
    self.model = model
    self.inputs = inputs
    self.places = places
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

  /// The adjuster that evens out bands of blocks within blocks.
  func equalizerOfNestedBands(_ settings: AdjusterSettings) -> BandEqualizer<Scalar> {
    switch places {
    case .grid(let grid):
      return equalizer(
        NestedMeanBands(.blocks(of: grid, sides: blockSides(of: grid))), settings)
    case .nested(let groups):
      return BandEqualizer(settings: seeded(settings)) { NestedMeanBands(groups($0)) }
    }
  }

  /// The adjuster that evens out bands of a grid.
  ///
  /// - Precondition: The rows lie on a grid: ``AdjusterKind/needsGrid``.
  func equalizer<Made: Bands<Scalar>>(
    _ settings: AdjusterSettings, _ bands: (RowGrid, _ count: Int?) -> Made
  ) -> BandEqualizer<Scalar> {
    guard case .grid(let grid) = places else {
      preconditionFailure("bands of a grid for rows that lie on none")
    }
    return equalizer(bands(grid, bandCount), settings)
  }

  private func equalizer(
    _ bands: any Bands<Scalar>, _ settings: AdjusterSettings
  ) -> BandEqualizer<Scalar> { BandEqualizer(bands, settings: seeded(settings)) }

  private func seeded(_ settings: AdjusterSettings) -> EqualizerSettings {
    var equalization = settings.equalization
    equalization.seed = seed
    return equalization
  }

  /// The sides of blocks that make as many bands as asked for; nil for all.
  private func blockSides(of grid: RowGrid) -> [Int]? {
    let sides = Array(sequence(first: 2) { $0 * 2 }.prefix { $0 < grid.longest }.reversed())
    // The constant and single points are bands as well.
    guard let count = bandCount.map({ $0 - 2 }), count < sides.count else { return nil }
    return (0..<count).map { sides[(2 * $0 + 1) * sides.count / (2 * count)] }
  }
}
