import TensorKit

/// Where a first-order pullback puts its results: sums over all uses of a variable.
///
/// Products and column sums are added in place, without a temporary of their own.
public struct PullbackResults<Scalar: TensorScalar>: Sendable {
  /// One sum for each node of a sweep; nil while nothing was added.
  var sums: [Tensor<Scalar>?]
  /// The sum that belongs to each input of the current operation; nil if it is not needed.
  var sumOfInput: [Int?] = []

  init(sums: [Tensor<Scalar>?]) { self.sums = sums }

  /// Which inputs of the current operation need their cotangent.
  public var needed: [Bool] { sumOfInput.map { $0 != nil } }

  /// Whether an input of the current operation needs its cotangent.
  public func isNeeded(_ input: Int) -> Bool { sumOfInput[input] != nil }

  /// Adds to an input's cotangent; does nothing if it is not needed.
  public mutating func add(_ cotangent: consuming Tensor<Scalar>, toInput input: Int) {
    guard let index = sumOfInput[input] else { return }
    guard var sum = take(index) else {
      sums[index] = cotangent
      return
    }
    sum += cotangent
    sums[index] = sum
  }

  /// Adds the product of two matrices to an input's cotangent; does nothing if it is not needed.
  public mutating func addProduct(
    _ left: Tensor<Scalar>, _ right: Tensor<Scalar>, transposingLeft: Bool = false,
    transposingRight: Bool = false, toInput input: Int
  ) {
    guard let index = sumOfInput[input] else { return }
    guard var sum = take(index) else {
      sums[index] = .matrixProduct(
        left, right, transposingLeft: transposingLeft, transposingRight: transposingRight)
      return
    }
    sum.addProduct(
      left, right, transposingLeft: transposingLeft, transposingRight: transposingRight)
    sums[index] = sum
  }

  /// Adds the sums of a matrix's columns to an input's cotangent; does nothing if it is not needed.
  public mutating func addColumnSums(of matrix: Tensor<Scalar>, toInput input: Int) {
    guard let index = sumOfInput[input] else { return }
    var sum = take(index) ?? Tensor(zeros: [matrix.shape[1]])
    sum.addColumnSums(of: matrix)
    sums[index] = sum
  }

  /// Moves a sum out, so that it is changed in place rather than copied.
  mutating func take(_ index: Int) -> Tensor<Scalar>? {
    var sum: Tensor<Scalar>?
    swap(&sum, &sums[index])
    return sum
  }
}
