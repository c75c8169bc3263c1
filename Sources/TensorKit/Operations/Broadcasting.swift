import CTensorKernels

/// How two shapes combine elementwise: axes are aligned at the last one, and an extent of one
/// stretches to the other's extent (the rule of NumPy and of every array library since).
struct Broadcast {
  let shape: [Int]
  /// Element strides of each operand along each axis of the result; zero where it is stretched.
  let leftStrides: [Int]
  let rightStrides: [Int]

  init?(_ left: [Int], _ right: [Int]) {
    let rank = max(left.count, right.count)
    let paddedLeft = [Int](repeating: 1, count: rank - left.count) + left
    let paddedRight = [Int](repeating: 1, count: rank - right.count) + right
    var shape = [Int](repeating: 0, count: rank)
    for axis in 0..<rank {
      let (a, b) = (paddedLeft[axis], paddedRight[axis])
      guard a == b || a == 1 || b == 1 else { return nil }
      shape[axis] = a == 1 ? b : a
    }
    self.shape = shape
    self.leftStrides = Broadcast.strides(of: paddedLeft, stretchedTo: shape)
    self.rightStrides = Broadcast.strides(of: paddedRight, stretchedTo: shape)
  }

  private static func strides(of shape: [Int], stretchedTo result: [Int]) -> [Int] {
    var strides = [Int](repeating: 0, count: shape.count)
    var stride = 1
    for axis in shape.indices.reversed() {
      strides[axis] = shape[axis] == 1 && result[axis] != 1 ? 0 : stride
      stride *= shape[axis]
    }
    return strides
  }
}

extension Tensor {
  static func binary(_ operation: Int, _ left: Tensor, _ right: Tensor) -> Tensor {
    if left.shape == right.shape { return combine(operation, left, right) }
    guard let broadcast = Broadcast(left.shape, right.shape) else {
      preconditionFailure("tensors of shapes \(left.shape) and \(right.shape) do not broadcast")
    }
    let result = Tensor(uninitialized: broadcast.shape)
    combine(
      operation, left.storage.elements, right.storage.elements, result.storage.elements, broadcast,
      axis: 0)
    withExtendedLifetime((left, right)) {}
    return result
  }

  private static func combine(_ operation: Int, _ left: Tensor, _ right: Tensor) -> Tensor {
    let result = Tensor(uninitialized: left.shape)
    Scalar.kernels.binary(
      Int32(operation), Int32(tk_both_vectors), left.storage.elements, right.storage.elements,
      result.storage.elements, left.count)
    withExtendedLifetime((left, right)) {}
    return result
  }

  /// self = self op right, in place if no other tensor shares the elements.
  mutating func combine(_ operation: Int, with right: Tensor) {
    guard shape == right.shape else {
      let result = Tensor.binary(operation, self, right)
      precondition(
        result.shape == shape,
        "an operation in place cannot stretch a tensor of shape \(shape) to \(result.shape)")
      self = result
      return
    }
    makeUnique()
    Scalar.kernels.binary(
      Int32(operation), Int32(tk_both_vectors), storage.elements, right.storage.elements,
      storage.elements, count)
    withExtendedLifetime(right) {}
  }

  /// Walks the outer axes, and hands the longest run of inner axes that both operands traverse
  /// either contiguously or not at all to the vector kernel.
  private static func combine(
    _ operation: Int, _ left: UnsafeMutablePointer<Scalar>, _ right: UnsafeMutablePointer<Scalar>,
    _ result: UnsafeMutablePointer<Scalar>, _ broadcast: Broadcast, axis: Int
  ) {
    let shape = broadcast.shape
    let inner = shape[axis...].reduce(1, *)
    guard inner > 0 else { return }
    if let operands = operandKinds(broadcast, from: axis) {
      Scalar.kernels.binary(Int32(operation), Int32(operands), left, right, result, inner)
      return
    }
    if axis == shape.count - 2, let operands = matrixOperands(broadcast) {
      Scalar.kernels.binaryRows(
        Int32(operation), Int32(operands), left, right, result, shape[axis], shape[axis + 1])
      return
    }
    let step = inner / shape[axis]
    for index in 0..<shape[axis] {
      combine(
        operation, left + index * broadcast.leftStrides[axis],
        right + index * broadcast.rightStrides[axis], result + index * step, broadcast,
        axis: axis + 1)
    }
  }

  /// Which operands are vectors over all axes from `axis` on, or nil if one is neither a contiguous
  /// run nor a single number there.
  private static func operandKinds(_ broadcast: Broadcast, from axis: Int) -> Int? {
    func isContiguous(_ strides: [Int]) -> Bool {
      var expected = 1
      for inner in (axis..<strides.count).reversed() {
        if broadcast.shape[inner] != 1 && strides[inner] != expected { return false }
        expected *= broadcast.shape[inner]
      }
      return true
    }
    func isSingle(_ strides: [Int]) -> Bool {
      (axis..<strides.count).allSatisfy { broadcast.shape[$0] == 1 || strides[$0] == 0 }
    }
    let (left, right) = (broadcast.leftStrides, broadcast.rightStrides)
    switch (isContiguous(left), isContiguous(right)) {
    case (true, true): return tk_both_vectors
    case (true, false): return isSingle(right) ? tk_right_scalar : nil
    case (false, true): return isSingle(left) ? tk_left_scalar : nil
    case (false, false): return nil
    }
  }

  /// Which operand stretches over the columns or the rows of a matrix, its last two axes, where rows are short; nil if
  /// none does.
  private static func matrixOperands(_ broadcast: Broadcast) -> Int? {
    let rank = broadcast.shape.count
    let columns = broadcast.shape[rank - 1]
    guard columns <= tk_most_short_columns else { return nil }
    func isWhole(_ strides: [Int]) -> Bool {
      strides[rank - 2] == columns && strides[rank - 1] == 1
    }
    func isColumn(_ strides: [Int]) -> Bool {
      strides[rank - 2] == 1 && strides[rank - 1] == 0
    }
    func isRow(_ strides: [Int]) -> Bool { strides[rank - 2] == 0 && strides[rank - 1] == 1 }
    let (left, right) = (broadcast.leftStrides, broadcast.rightStrides)
    if isWhole(left) {
      return isColumn(right) ? tk_right_column : isRow(right) ? tk_right_row : nil
    }
    if isWhole(right) { return isColumn(left) ? tk_left_column : isRow(left) ? tk_left_row : nil }
    return nil
  }

  static func binary(_ operation: Int, _ left: Tensor, _ right: Scalar) -> Tensor {
    let result = Tensor(uninitialized: left.shape)
    withUnsafePointer(to: right) {
      Scalar.kernels.binary(
        Int32(operation), Int32(tk_right_scalar), left.storage.elements, $0,
        result.storage.elements, left.count)
    }
    withExtendedLifetime(left) {}
    return result
  }

  static func binary(_ operation: Int, _ left: Scalar, _ right: Tensor) -> Tensor {
    let result = Tensor(uninitialized: right.shape)
    withUnsafePointer(to: left) {
      Scalar.kernels.binary(
        Int32(operation), Int32(tk_left_scalar), $0, right.storage.elements,
        result.storage.elements, right.count)
    }
    withExtendedLifetime(right) {}
    return result
  }
}
