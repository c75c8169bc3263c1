import TensorKit

/// The means and variances over a batch at each normalization of a model, in the order in which the
/// model meets them.
///
/// A model without normalizations has none.
public struct BatchStatistics<Scalar: TensorScalar>: Sendable {
  /// Those of each normalization.
  ///
  /// A layer that the model applies several times has several.
  public internal(set) var normalizations: [ColumnStatistics<Scalar>] = []

  init() {}
}

/// The mean and the biased variance of each column that a normalization receives.
public struct ColumnStatistics<Scalar: TensorScalar>: Sendable {
  /// The full name of the layer that is normalized.
  public let layer: String
  /// The means, of shape [columns].
  public let mean: Tensor<Double>
  /// The biased variances, of shape [columns].
  public let variance: Tensor<Double>
  /// The means as the numbers that the model computes with.
  let offset: Tensor<Scalar>
  /// 1 / √(variance + ε).
  let scale: Tensor<Scalar>

  init(layer: String, moments: ColumnMoments) {
    self.layer = layer
    mean = moments.mean
    variance = moments.squares / Double(max(moments.count, 1))
    offset = Tensor(mean)
    scale = Tensor((variance + Normalization<Scalar>.epsilon).squareRoot().reciprocal())
  }

  /// The standardized values x̂, each column multiplied by a factor; by one if there is none.
  func standardized(_ values: Tensor<Scalar>, scaledBy factor: Tensor<Scalar>?) -> Tensor<Scalar> {
    values.standardized(mean: offset, scale: factor.map { $0 * scale } ?? scale)
  }
}

/// The number of some rows, the means of their columns, and the columns' sums of squared deviations
/// from those means.
struct ColumnMoments: ShardResult {
  private(set) var count = 0
  private(set) var mean = Tensor<Double>(zeros: [0])
  private(set) var squares = Tensor<Double>(zeros: [0])

  /// Those of no rows.
  init() {}

  /// Those of a matrix, from deviations from a rounded mean, whose own mean is then made good.
  init<Scalar: TensorScalar>(of matrix: Tensor<Scalar>) {
    count = matrix.shape[0]
    let rows = Double(max(count, 1))
    let rounded = matrix.sum(alongAxis: 0) / Scalar(rows)
    let deviations = matrix.sumsOfDeviations(from: rounded)
    let correction = deviations.sums / rows
    mean = Tensor<Double>(rounded) + correction
    squares = Tensor.maximum(
      deviations.squares - correction * deviations.sums, Tensor(zeros: [matrix.shape[1]]))
  }

  /// Adds those of other rows.
  ///
  /// Source: T. Chan, G. Golub and R. LeVeque, "Algorithms for computing the sample variance", The
  /// American Statistician 37, 1983, equation 2.1.
  mutating func combine(_ other: ColumnMoments) {
    guard count > 0 else {
      self = other
      return
    }
    guard other.count > 0 else { return }
    let share = Double(other.count) / Double(count + other.count)
    let difference = other.mean - mean
    mean += difference * share
    squares += other.squares + difference.squared() * (share * Double(count))
    count += other.count
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&count, named: "count")
    try visitor.visit(&mean, named: "mean", keepingShape: false)
    try visitor.visit(&squares, named: "squares", keepingShape: false)
  }
}

/// What all rows of a batch together contribute to the derivatives at one normalization: the means over
/// the rows of v and of v ∘ x̂, for derivatives v of what it receives.
///
/// With J the Jacobian of a normalization by fixed statistics, its Jacobian with the dependence of the
/// statistics on the rows is J P, where `P v = v - mean(v) - x̂ ∘ mean(v ∘ x̂)` for each column. P is
/// symmetric, so that cotangents `Jᵀ u` and tangents v are corrected alike.
struct DerivativeMeans: ShardResult {
  private var rows = 0
  /// Sums over the rows.
  private var plain = Tensor<Double>(zeros: [0])
  private var weighted = Tensor<Double>(zeros: [0])

  /// Those of no rows.
  init() {}

  /// Those of some rows; nil derivatives are zeros.
  init<Scalar: TensorScalar>(
    of derivatives: Tensor<Scalar>?, at values: Tensor<Scalar>,
    _ statistics: ColumnStatistics<Scalar>
  ) {
    rows = values.shape[0]
    plain = Tensor(zeros: [values.shape[1]])
    weighted = plain
    guard let derivatives else { return }
    let (sums, products) = derivatives.sumsOfProducts(
      withDeviationsOf: values, from: statistics.offset)
    plain = sums
    weighted = products * Tensor(statistics.scale)
  }

  /// Adds those of other rows.
  mutating func combine(_ other: DerivativeMeans) {
    guard rows > 0 else {
      self = other
      return
    }
    guard other.rows > 0 else { return }
    rows += other.rows
    plain += other.plain
    weighted += other.weighted
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&rows, named: "rows")
    try visitor.visit(&plain, named: "plain", keepingShape: false)
    try visitor.visit(&weighted, named: "weighted", keepingShape: false)
  }

  /// P v for some rows; nil derivatives are zeros.
  func projected<Scalar: TensorScalar>(
    _ derivatives: consuming Tensor<Scalar>?, at values: Tensor<Scalar>,
    _ statistics: ColumnStatistics<Scalar>
  ) -> Tensor<Scalar> {
    let rows = Double(max(rows, 1))
    var result = derivatives ?? Tensor(zeros: values.shape)
    result.subtract(
      shift: Tensor(plain / rows), slope: statistics.scale * Tensor(weighted / rows),
      ofDeviationsOf: values, from: statistics.offset)
    return result
  }
}
