import TensorKit

/// Where a first-order pullback puts its results: sums over all uses of a variable.
///
/// Products, column sums and rows of tables are added in place, without a temporary of their own.
public struct PullbackResults<Scalar: TensorScalar>: Sendable {
  /// One sum for each node of a sweep.
  var sums: [CotangentSum<Scalar>]
  /// The sum that belongs to each input of the current operation; nil if it is not needed.
  var sumOfInput: [Int?] = []

  init(count: Int) { sums = [CotangentSum<Scalar>](repeating: CotangentSum(), count: count) }

  /// Which inputs of the current operation need their cotangent.
  public var needed: [Bool] { sumOfInput.map { $0 != nil } }

  /// Whether an input of the current operation needs its cotangent.
  public func isNeeded(_ input: Int) -> Bool { sumOfInput[input] != nil }

  /// Adds to an input's cotangent; does nothing if it is not needed.
  public mutating func add(_ cotangent: consuming Tensor<Scalar>, toInput input: Int) {
    guard let index = sumOfInput[input] else { return }
    sums[index].add(cotangent)
  }

  /// Adds the product of two matrices to an input's cotangent; does nothing if it is not needed.
  public mutating func addProduct(
    _ left: Tensor<Scalar>, _ right: Tensor<Scalar>, transposingLeft: Bool = false,
    transposingRight: Bool = false, toInput input: Int
  ) {
    guard let index = sumOfInput[input] else { return }
    sums[index].addProduct(
      left, right, transposingLeft: transposingLeft, transposingRight: transposingRight)
  }

  /// Adds the sums of a matrix's columns to an input's cotangent; does nothing if it is not needed.
  public mutating func addColumnSums(of matrix: Tensor<Scalar>, toInput input: Int) {
    guard let index = sumOfInput[input] else { return }
    sums[index].addColumnSums(of: matrix)
  }

  /// Adds rows, each times its weights, to rows of an input's cotangent; does nothing if it is not needed.
  ///
  /// `cotangent[indices[i · corners + c], j] += weights[i, c] · rows[i, j]`. No tensor of the input's size is
  /// made, unless more rows are added than the input has.
  ///
  /// - Parameters:
  ///   - rows: Shape: [rows, columns].
  ///   - indices: As many as there are weights, in their order; one may recur.
  ///   - weights: Shape: [rows, corners]; nil for ones, and one corner.
  ///   - rowCount: How many rows the input has, a matrix with as many columns.
  ///   - input: The input's index.
  public mutating func addRows(
    _ rows: Tensor<Scalar>, at indices: [Int], weightedBy weights: Tensor<Scalar>? = nil,
    ofRowCount rowCount: Int, toInput input: Int
  ) {
    guard let index = sumOfInput[input] else { return }
    sums[index].add(RowAddition(rows, at: indices, weightedBy: weights, rowCount: rowCount))
  }

  /// Adds the pullback of interpolation in a table's grid; does nothing if it is not needed.
  ///
  /// - Parameters:
  ///   - cotangents: Those of the interpolated rows, of shape [points, levels · columns].
  ///   - grid: The grid, whose table the input is.
  ///   - points: Shape: [points, 3].
  ///   - input: The input's index.
  package mutating func addInterpolated(
    _ cotangents: Tensor<Scalar>, through grid: TableGrid, at points: Tensor<Scalar>,
    toInput input: Int
  ) {
    guard let index = sumOfInput[input] else { return }
    sums[index].add(RowAddition(cotangents, through: grid, at: points))
  }
}
