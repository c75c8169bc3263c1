import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

// GradientAdjusters, "Equalizing bands", and the documentation of `Bands`

/// The constant and all the rest.
struct ConstantAndRest<Scalar: TensorScalar>: Bands {
  let rowCount: Int
  var bands: [Band] {
    [Band("constant", rank: 1), Band("rest", rank: rowCount - 1)]
  }
  func weighting(by factors: [Double]) -> BandWeighting<Scalar> {
    let (constant, rest) = (Scalar(factors[0]), Scalar(factors[1]))
    return BandWeighting { rows, _ in
      rows * rest + rows.mean(alongAxis: 0) * (constant - rest)
    }
  }
}

/// A small network and all points of a small picture, in patches that leave a border.
struct BandProblem<Scalar: TensorScalar> {
  let signal: PictureSignal<Scalar>
  let model: CoordinateNetwork<Scalar>

  init(height: Int = 9, width: Int = 7, outputs: Int = 3) {
    var generator = SeededGenerator(seed: 6)
    signal = PictureSignal(
      values: .uniform(over: 0...1, shape: [height, width, outputs], using: &generator), patch: 4)
    model = .siren(
      inputs: 2, outputs: outputs, width: 12, hiddenLayers: 1, frequency: 8, using: &generator)
  }

  var batch: Batch<Scalar> { signal.batch }

  var moved: CoordinateNetwork<Scalar> {
    var copy = model
    copy.parameters.values *= -1
    return copy
  }

  func step(
    _ model: CoordinateNetwork<Scalar>? = nil, threads: Int = 2, rowsPerTile: Int? = 16
  ) -> TrainingStep<CoordinateNetwork<Scalar>> {
    TrainingStep(
      model: model ?? self.model, batch: batch, workers: Workers(threads: threads),
      rowsPerTile: rowsPerTile)
  }

  var nested: NestedMeanBands<Scalar> {
    NestedMeanBands(.blocks(of: signal.grid), rowsPerTile: 4)
  }
  var cosine: CosineBands<Scalar> { CosineBands(signal.grid, count: 6) }
  var block: BlockCosineBands<Scalar> { BlockCosineBands(signal.grid, side: 4, count: 3) }
  var all: [any Bands<Scalar>] { [nested, cosine, block] }
}

/// Bands of every kind, on odd sizes and unequal groups.
enum BandsExample: String, CaseIterable, CustomTestStringConvertible {
  case blocks, blocksInPatches, volumeBlocks, tree, treeOfDuplicates, labels, flatLabels, onePoint
  case cosineLine, cosinePlane, cosinePlaneInPatches, cosineVolume, cosinePoint
  case blockLine, blockPlane, blockPlaneInPatches, blockVolume, blockPoint, blockWhole
  case custom

  var testDescription: String { rawValue }

  /// 13 x 11 points, patch after patch.
  private var patches: RowGrid {
    PictureSignal<Float>(values: Tensor(zeros: [13, 11, 1]), patch: 4).grid
  }

  private func points<Scalar: TensorScalar>(_ count: Int) -> Tensor<Scalar> {
    var generator = SeededGenerator(seed: 5)
    return .normal(shape: [count, 2], using: &generator)
  }

  func bands<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) -> any Bands<Scalar> {
    func nested(_ groups: RowPartition, _ rowsPerTile: Int) -> any Bands<Scalar> {
      NestedMeanBands<Scalar>(groups, rowsPerTile: rowsPerTile)
    }
    func grid(_ extents: Int...) -> RowGrid { RowGrid(extents: extents) }
    switch self {
    case .blocks: return nested(.blocks(of: grid(13, 11)), 16)
    case .blocksInPatches: return nested(.blocks(of: patches, sides: [6, 3]), 9)
    case .volumeBlocks: return nested(.blocks(of: grid(5, 4, 3)), 8)
    case .tree: return nested(.bisecting(points(37) as Tensor<Scalar>), 10)
    case .treeOfDuplicates:
      return nested(.bisecting(Tensor<Scalar>(zeros: [7, 2]), cutsPerLevel: 1), 1000)
    case .labels:
      let groups = RowPartition(
        rowCount: 9,
        labels: [
          [0, 0, 1, 1, 1, 0, 1, 1, 1], [7, 7, 0, 0, 0, 7, 5, 5, 5], [1, 2, 3, 4, 4, 1, 3, 3, 4],
        ])
      return nested(groups, 4)
    case .flatLabels:
      return nested(RowPartition(rowCount: 6, labels: [[1, 0, 1, 1, 0, 2]], names: ["kinds"]), 1)
    case .onePoint: return nested(.bisecting(points(1) as Tensor<Scalar>), 256)
    case .cosineLine: return CosineBands<Scalar>(grid(17), count: 5)
    case .cosinePlane: return CosineBands<Scalar>(grid(13, 11))
    case .cosinePlaneInPatches: return CosineBands<Scalar>(patches, count: 6)
    case .cosineVolume: return CosineBands<Scalar>(grid(5, 4, 3), count: 4)
    case .cosinePoint: return CosineBands<Scalar>(grid(1, 1))
    case .blockLine: return BlockCosineBands<Scalar>(grid(19), side: 5, count: 3)
    case .blockPlane: return BlockCosineBands<Scalar>(grid(13, 11), side: 4)
    case .blockPlaneInPatches: return BlockCosineBands<Scalar>(patches, side: 5, count: 4)
    case .blockVolume: return BlockCosineBands<Scalar>(grid(5, 4, 3), side: 2, count: 2)
    case .blockPoint: return BlockCosineBands<Scalar>(grid(1))
    case .blockWhole: return BlockCosineBands<Scalar>(grid(6, 5))
    case .custom: return ConstantAndRest<Scalar>(rowCount: 12)
    }
  }
}

extension Bands where Scalar == Double {
  /// The projection on each band as a matrix, found by projecting unit vectors.
  func projections() throws -> [Tensor<Double>] {
    try bands.indices.map { try projection(of: .identity(rowCount), onBand: $0) }
  }
}

/// The largest absolute value of a tensor's elements.
func largestMagnitude(_ tensor: Tensor<Double>) -> Double { tensor.absoluteValue().largest() }
