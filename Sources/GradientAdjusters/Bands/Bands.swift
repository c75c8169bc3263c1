import TensorKit

/// One of the orthogonal parts that a batch's residuals are split into.
public struct Band: Sendable, Equatable {
  /// What the band holds, in words for a report.
  public internal(set) var name: String
  /// The dimension of the band, for each output: the rank of its projection.
  public internal(set) var rank: Int
  /// The middle of the band, in cycles over the whole extent; nil where that has no meaning.
  public internal(set) var frequency: Double?

  /// A band of some rank.
  ///
  /// - Precondition: The rank is positive.
  public init(_ name: String, rank: Int, frequency: Double? = nil) {
    precondition(rank > 0, "the band \(name) of rank \(rank)")
    self.name = name
    self.rank = rank
    self.frequency = frequency
  }
}

/// A split of the residuals of a batch into orthogonal bands, for ``BandEqualizer``.
///
/// With the projections P_b of the bands, `P_b P_c = 0` for b ≠ c, `Σ_b P_b = I`, and each acts alike on
/// every output. The first band is the constant, `P_0 r` the mean of all rows; the next one is what the constant is
/// brought level with. Three splits come with the package: ``NestedMeanBands``, ``CosineBands`` and
/// ``BlockCosineBands``. One of your own has to
/// weight bands, and nothing else:
///
/// ```swift
/// /// The constant and all the rest.
/// struct ConstantAndRest<Scalar: TensorScalar>: Bands {
///   let rowCount: Int
///   var bands: [Band] {
///     [Band("constant", rank: 1), Band("rest", rank: rowCount - 1)]
///   }
///   func weighting(by factors: [Double]) -> BandWeighting<Scalar> {
///     let (constant, rest) = (Scalar(factors[0]), Scalar(factors[1]))
///     return BandWeighting { rows, _ in
///       rows * rest + rows.mean(alongAxis: 0) * (constant - rest)
///     }
///   }
/// }
/// ```
public protocol Bands<Scalar>: Sendable {
  /// The type of numbers that residuals have.
  associatedtype Scalar: TensorScalar

  /// The number of rows of the batch.
  var rowCount: Int { get }

  /// The bands, the constant first, then from coarse to fine.
  var bands: [Band] { get }

  /// The map `r → Σ_b factors[b] P_b r`.
  ///
  /// - Precondition: There is a factor for each band.
  func weighting(by factors: [Double]) -> BandWeighting<Scalar>

  /// The squared norm of each band's part of some rows, over all outputs: `‖P_b r‖²`.
  ///
  /// - Parameters:
  ///   - rows: Shape: [samples, outputs].
  ///   - workers: The threads that share the work.
  func energies(of rows: Tensor<Scalar>, workers: Workers) throws -> [Double]
}

extension Bands {
  /// The squared norms of the bands' parts, each taken out by a weighting of its own.
  public func energies(of rows: Tensor<Scalar>, workers: Workers) throws -> [Double] {
    try bands.indices.map { band in
      let part = try projection(of: rows, onBand: band, workers: workers)
      return part.dotInDouble(part)
    }
  }

  /// The part of some rows that lies in a band: `P_b r`.
  ///
  /// - Parameters:
  ///   - rows: Shape: [samples, outputs].
  ///   - band: The index of the band.
  ///   - workers: The threads that share the work.
  public func projection(
    of rows: Tensor<Scalar>, onBand band: Int, workers: Workers = Workers()
  ) throws -> Tensor<Scalar> {
    try weighting(by: bands.indices.map { $0 == band ? 1 : 0 })(rows, workers: workers)
  }

  /// Checks that there is a factor for each band.
  func check(_ factors: [Double]) {
    precondition(
      factors.count == bands.count, "\(factors.count) factors for \(bands.count) bands")
  }
}
