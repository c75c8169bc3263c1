import TensorKit

/// Bands of spatial frequency within the blocks of a regular grid, and of the blocks' means across them.
///
/// The grid is cut into blocks, clipped at its far ends. The coarse bands are those of the blocks' means:
/// the constant, then means over ever smaller blocks of blocks, as in ``NestedMeanBands``. The fine
/// bands are those of the orthonormal discrete cosine transform within each block, cut by radius as in
/// ``CosineBands``, where a clipped block's indices are stretched to the whole block's. Nothing reaches
/// further than a block but means, so this suits grids too large for a global transform.
///
/// A weighting is a matrix of [points, points] for each of the at most eight shapes of blocks, and takes
/// 2 · samples · outputs · points operations.
public struct BlockCosineBands<Scalar: TensorScalar>: Bands {
  /// The grid.
  public let grid: RowGrid
  /// The blocks' side.
  public let side: Int
  /// The bands, the constant first.
  public let bands: [Band]
  private let means: NestedMeans<Scalar>
  /// How many bands there are down to the blocks' means.
  private let coarseCount: Int
  /// The index of each block's transform.
  private let kinds: [Int]
  private let transforms: [BlockTransform<Scalar>]

  /// Bands of spatial frequency within blocks, and of their means.
  ///
  /// - Parameters:
  ///   - grid: The grid.
  ///   - side: The blocks' side; by default 256 on a line, 16 in a plane and 8 in space.
  ///   - count: The number of bands within blocks; small blocks may have fewer, as none is empty.
  /// - Precondition: The side is at least two, and the count positive.
  public init(_ grid: RowGrid, side: Int? = nil, count: Int = 8) {
    let side = side ?? [256, 16, 8][grid.extents.count - 1]
    precondition(side > 1 && count > 0, "\(count) bands within blocks of side \(side)")
    let sides = Array(sequence(first: side) { $0 * 2 < grid.longest ? $0 * 2 : nil })
    let groups = RowPartition.blocks(of: grid, sides: sides.reversed())

    var shapes: [[Int]] = []
    let kinds = groups.firstPoints(of: grid).map { point in
      let shape = grid.blockShape(atPoint: point, side: side)
      if let kind = shapes.firstIndex(of: shape) { return kind }
      shapes.append(shape)
      return shapes.count - 1
    }
    let radii = shapes.map { shape in
      coefficientRadii(extents: shape, units: shape.map { Double(side) / Double($0) })
    }
    let radial = RadialBands(count: count, radii: Array(radii.joined()))
    transforms = zip(shapes, radii).map { shape, radii in
      BlockTransform(shape: shape, bands: radii.map { radial.band(ofRadius: $0) })
    }
    var ranks = [Int](repeating: 0, count: radial.count + 1)
    for kind in kinds {
      for band in transforms[kind].bands { ranks[band] += 1 }
    }
    let blocksPerAxis = Double(grid.longest) / Double(side)
    let fine = ranks.indices.dropFirst().map { band in
      Band(
        "radius \(rounded(radial.bounds[band - 1])) to \(rounded(radial.bounds[band])) in blocks",
        rank: ranks[band], frequency: radial.middle(ofBand: band) / 2 * blocksPerAxis)
    }
    let coarse = NestedMeanBands<Scalar>(groups).bands.prefix(groups.levels.count)
    self.grid = grid
    self.side = side
    self.kinds = kinds
    means = NestedMeans(groups, splitLevel: groups.levels.count - 1)
    coarseCount = coarse.count
    bands = coarse + fine
  }

  /// The number of rows of the batch.
  public var rowCount: Int { grid.count }

  /// The map `r → Σ_b factors[b] P_b r`, block by block.
  public func weighting(by factors: [Double]) -> BandWeighting<Scalar> {
    check(factors)
    let (means, kinds, factors) = (means, kinds, factors.map { Scalar($0) })
    let operators = transforms.map { $0.weighting(by: [0] + factors[coarseCount...]) }
    return BandWeighting(
      GroupWeighting(
        groups: means.split, coarse: { means.coarse($0, factors) },
        fine: { rows, blocks, coarse in
          let bounds = means.split.localBounds(ofGroups: blocks)
          var result = Tensor.concatenated(
            blocks.enumerated().map { index, block in
              .matrixProduct(
                operators[kinds[block]], rows.slice(bounds[index]..<bounds[index + 1]))
            })
          result.addToRowRuns(coarse, bounds: bounds)
          return result
        }))
  }

  /// The squared norm of each band's part of some rows.
  public func energies(of rows: Tensor<Scalar>, workers: Workers) throws -> [Double] {
    let (blocks, kinds, transforms, fineCount) = (means.split, kinds, transforms, fineCount)
    let coarse = means.coarseEnergies(
      try blocks.means(of: rows, workers: workers), bandCount: coarseCount)
    // The first is that of the blocks' means, which are not taken out before the transform.
    var fine = [Double](repeating: 0, count: fineCount + 1)
    let parts = try blocks.map(rows, workers: workers) { rows, range in
      let bounds = blocks.localBounds(ofGroups: range)
      var sums = [Double](repeating: 0, count: fineCount + 1)
      for (index, block) in range.enumerated() {
        transforms[kinds[block]].addEnergies(
          of: rows.slice(bounds[index]..<bounds[index + 1]), to: &sums)
      }
      return sums
    }
    for part in parts { for band in fine.indices { fine[band] += part[band] } }
    return coarse + fine.dropFirst()
  }

  /// The number of bands within blocks.
  private var fineCount: Int { bands.count - coarseCount }
}

/// The cosine transform of a block's points as one matrix, and the bands of its coefficients.
private struct BlockTransform<Scalar: TensorScalar>: Sendable {
  /// Shape: [coefficients, points].
  let matrix: Tensor<Scalar>
  /// The band of each coefficient within blocks; 0 is the block's mean.
  let bands: [Int]

  init(shape: [Int], bands: [Int]) {
    self.bands = bands
    matrix = shape.reduce(Tensor(repeating: 1, shape: [1, 1])) { product, extent in
      // Kronecker's product, of axes [coefficients, 1, points, 1] and [1, more, 1, more].
      let (size, next) = (product.shape[0], Tensor<Scalar>.cosineTransform(size: extent))
      return
        (product.reshaped(to: [size, 1, size, 1]) * next.reshaped(to: [1, extent, 1, extent]))
        .reshaped(to: [size * extent, size * extent])
    }
  }

  /// The matrix Σ_b factors[b] Q_b of the block's weighted bands.
  func weighting(by factors: [Scalar]) -> Tensor<Scalar> {
    let weights = Tensor(bands.map { factors[$0] }).reshaped(to: [-1, 1])
    return .matrixProduct(matrix * weights, matrix, transposingLeft: true)
  }

  func addEnergies(of rows: Tensor<Scalar>, to sums: inout [Double]) {
    let power = Tensor<Double>(Tensor.matrixProduct(matrix, rows)).squared().sum(alongAxis: 1)
    power.withUnsafeElements { power in
      for (index, band) in bands.enumerated() { sums[band] += power[index] }
    }
  }
}

extension RowGrid {
  /// The extents of the block that holds a point, clipped at the grid's far ends.
  fileprivate func blockShape(atPoint point: Int, side: Int) -> [Int] {
    zip(indices(ofPoint: point), extents).map { index, extent in
      min(side, extent - index / side * side)
    }
  }
}

extension RowPartition {
  /// The grid's point that the first row of each group holds.
  fileprivate func firstPoints(of grid: RowGrid) -> [Int] {
    (0..<count).map { group in
      let row = row(group: group, place: 0)
      return grid.points.map { $0[row] } ?? row
    }
  }
}
