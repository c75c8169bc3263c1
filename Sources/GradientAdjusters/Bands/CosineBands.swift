import TensorKit

/// Bands of spatial frequency over a regular grid: the orthonormal discrete cosine transform, cut by
/// radius.
///
/// A coefficient with the indices i, j and so on oscillates i / 2 times along the first axis, and so on;
/// its radius is √(i² + j² + …). The constant is alone, radii from 0.5 to 1.5 form a band, and larger
/// ones are cut on a logarithmic scale. Each axis counts by its own extent: where extents differ, the bands
/// are ellipses in cycles per sample. The transform (DCT-II) is a matrix product along each axis, so a
/// weighting takes 4 · samples · outputs · (sum of extents) operations, and a matrix is kept for each
/// extent: for long lines, ``NestedMeanBands`` and ``BlockCosineBands`` are cheaper. Every band reaches
/// over the whole grid, so all residuals are needed at once.
public struct CosineBands<Scalar: TensorScalar>: Bands {
  /// The grid.
  public let grid: RowGrid
  /// The bands, the constant first.
  public let bands: [Band]
  private let transform: GridCosineTransform<Scalar>
  /// The band of each coefficient, in row-major order.
  private let bandOfCoefficient: [Int]

  /// Bands of spatial frequency.
  ///
  /// - Parameters:
  ///   - grid: The grid.
  ///   - count: The number of bands, with the constant; small grids may have fewer, as none is empty.
  /// - Precondition: There are at least two bands.
  public init(_ grid: RowGrid, count: Int = 14) {
    precondition(count > 1, "\(count) cosine bands; at least two are needed")
    self.grid = grid
    transform = GridCosineTransform(extents: grid.extents)
    let radii = coefficientRadii(extents: grid.extents, units: grid.extents.map { _ in 1 })
    let radial = RadialBands(count: count - 1, radii: radii)
    let bandOfCoefficient = radii.map { radial.band(ofRadius: $0) }
    var ranks = [Int](repeating: 0, count: radial.count + 1)
    for band in bandOfCoefficient { ranks[band] += 1 }
    self.bandOfCoefficient = bandOfCoefficient
    bands = ranks.indices.map { band in
      guard band > 0 else { return Band("constant", rank: ranks[0], frequency: 0) }
      let middle = radial.middle(ofBand: band)
      return Band(
        "radius \(rounded(radial.bounds[band - 1])) to \(rounded(radial.bounds[band]))",
        rank: ranks[band], frequency: middle / 2)
    }
  }

  /// The number of rows of the batch.
  public var rowCount: Int { grid.count }

  /// The map `r → Σ_b factors[b] P_b r`, for all rows at once.
  public func weighting(by factors: [Double]) -> BandWeighting<Scalar> {
    check(factors)
    let (grid, transform) = (grid, transform)
    let weights = Tensor(factors.map { Scalar($0) }).reshaped(to: [-1, 1])
      .rows(at: bandOfCoefficient).reshaped(to: [1, -1])
    return BandWeighting { rows, workers in
      var spectrum = try transform(grid.inOrder(rows).transposed(), workers: workers)
      spectrum *= weights
      return grid.inBatchOrder(
        try transform.inverse(spectrum, workers: workers).transposed())
    }
  }

  /// The squared norm of each band's part of some rows, from one transform.
  public func energies(of rows: Tensor<Scalar>, workers: Workers) throws -> [Double] {
    let spectrum = try transform(grid.inOrder(rows).transposed(), workers: workers)
    let power = Tensor<Double>(spectrum).squared().sum(alongAxis: 0).reshaped(to: [-1, 1])
    var energies = Tensor<Double>(zeros: [bands.count, 1])
    energies.addRows(at: bandOfCoefficient, power)
    return energies.elements
  }
}

/// The radius of each cosine coefficient of a grid in row-major order, each index counted in units.
func coefficientRadii(extents: [Int], units: [Double]) -> [Double] {
  var squares = [0.0]
  for (extent, unit) in zip(extents, units) {
    squares = squares.flatMap { square in
      (0..<extent).map { square + (Double($0) * unit) * (Double($0) * unit) }
    }
  }
  return squares.map { $0.squareRoot() }
}

/// A number with one decimal, for names.
func rounded(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
