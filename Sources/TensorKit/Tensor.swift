/// A rectangular array of real numbers, of any number of axes.
///
/// Tensors are values: a copy never changes when the original does, and copying costs nothing until
/// one of the two is written. Elements are stored contiguously in row-major order, the last axis
/// fastest, aligned to 64 bytes.
///
/// ```swift
/// let weights = Tensor<Float>([[1, 2], [3, 4]])
/// let doubled = weights * 2 + 1                  // [[3, 5], [7, 9]]
/// let rowSums = doubled.sum(alongAxis: 1)        // [8, 16]
/// ```
///
/// Whole-tensor operations run compiled, vectorized kernels. Reading single elements in a loop is
/// correct and slow; use ``withUnsafeElements(_:)`` where a loop over elements cannot be avoided.
public struct Tensor<Scalar: TensorScalar>: Sendable {
  /// The extent of each axis; empty for a single number.
  public private(set) var shape: [Int]
  var storage: TensorStorage<Scalar>

  /// The number of elements: the product of the extents.
  public var count: Int { storage.count }

  /// The number of axes.
  public var rank: Int { shape.count }

  /// Makes a tensor by writing its elements into an uninitialized buffer.
  ///
  /// - Parameters:
  ///   - shape: The extent of each axis.
  ///   - initialize: Writes every element, in row-major order.
  public init(
    shape: [Int], initializingWith initialize: (UnsafeMutableBufferPointer<Scalar>) throws -> Void
  ) rethrows {
    self.init(uninitialized: shape)
    try initialize(UnsafeMutableBufferPointer(start: storage.elements, count: storage.count))
  }

  init(uninitialized shape: [Int]) {
    precondition(shape.allSatisfy { $0 >= 0 }, "an extent is negative in the shape \(shape)")
    self.shape = shape
    self.storage = TensorStorage(count: shape.reduce(1, *))
  }

  init(shape: [Int], storage: TensorStorage<Scalar>) {
    self.shape = shape
    self.storage = storage
  }

  /// Makes a tensor with every element equal.
  public init(repeating value: Scalar, shape: [Int]) {
    self.init(uninitialized: shape)
    Scalar.kernels.fill(value, storage.elements, storage.count)
  }

  /// Makes a tensor of zeros.
  public init(zeros shape: [Int]) {
    self.init(repeating: 0, shape: shape)
  }

  /// Makes a tensor without axes that holds a single number.
  public init(_ value: Scalar) {
    self.init(repeating: value, shape: [])
  }

  /// Makes a tensor from its elements in row-major order.
  ///
  /// - Precondition: There are as many elements as the shape says.
  public init(_ elements: some Collection<Scalar>, shape: [Int]) {
    let expected = shape.reduce(1, *)
    precondition(
      elements.count == expected,
      "\(elements.count) elements do not fill the shape \(shape), which holds \(expected)")
    self.init(uninitialized: shape)
    _ = UnsafeMutableBufferPointer(start: storage.elements, count: expected)
      .initialize(from: elements)
  }

  /// Makes a vector from its elements.
  public init(_ elements: [Scalar]) {
    self.init(elements, shape: [elements.count])
  }

  /// Makes a matrix from its rows.
  ///
  /// - Precondition: The rows are of equal length.
  public init(_ rows: [[Scalar]]) {
    let columns = rows.first?.count ?? 0
    precondition(rows.allSatisfy { $0.count == columns }, "the rows of a matrix differ in length")
    self.init(Array(rows.joined()), shape: [rows.count, columns])
  }

  /// Makes a tensor with the elements of one of another precision, each rounded to nearest.
  public init<Other: TensorScalar>(_ other: Tensor<Other>) {
    if let same = other as? Tensor<Scalar> {
      self = same
      return
    }
    self.init(uninitialized: other.shape)
    convertElements(from: other.storage.elements, to: storage.elements, count: other.count)
    withExtendedLifetime(other) {}
  }

  /// The single number of a tensor with one element.
  ///
  /// - Precondition: The tensor has exactly one element.
  public var scalar: Scalar {
    precondition(count == 1, "a tensor of shape \(shape) is not a single number")
    return storage.elements[0]
  }

  /// The elements in row-major order, as an array.
  public var elements: [Scalar] {
    withUnsafeElements { Array($0) }
  }

  /// Calls a closure with the elements in row-major order.
  public func withUnsafeElements<Result>(
    _ body: (UnsafeBufferPointer<Scalar>) throws -> Result
  ) rethrows -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.elements, count: storage.count))
  }

  /// Calls a closure that may change the elements, which are in row-major order.
  ///
  /// Copies the elements first if another tensor shares them.
  public mutating func withUnsafeMutableElements<Result>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws -> Result
  ) rethrows -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: storage.elements, count: storage.count))
  }

  /// Whether no other tensor shares the elements, so that they may be overwritten in place.
  mutating func isUnique() -> Bool {
    isKnownUniquelyReferenced(&storage)
  }

  mutating func makeUnique() {
    guard !isUnique() else { return }
    let copy = TensorStorage<Scalar>(count: storage.count)
    copy.elements.update(from: storage.elements, count: storage.count)
    storage = copy
  }

  /// Reads or writes one element by its index along each axis.
  ///
  /// - Precondition: There is one index for each axis, each within its extent.
  public subscript(_ indices: Int...) -> Scalar {
    get { storage.elements[offset(of: indices)] }
    set {
      let offset = offset(of: indices)
      makeUnique()
      storage.elements[offset] = newValue
    }
  }

  private func offset(of indices: [Int]) -> Int {
    precondition(
      indices.count == shape.count, "\(indices.count) indices for a tensor of shape \(shape)")
    var offset = 0
    for (index, extent) in zip(indices, shape) {
      precondition(
        index >= 0 && index < extent, "the index \(indices) is outside the shape \(shape)")
      offset = offset * extent + index
    }
    return offset
  }

  /// The same elements under another shape; one extent may be -1, and is then worked out.
  ///
  /// - Precondition: The shape holds as many elements as the tensor.
  /// - Complexity: O(1); the elements are shared.
  public func reshaped(to newShape: [Int]) -> Tensor {
    var result = newShape
    if let unknown = newShape.firstIndex(of: -1) {
      let known = newShape.reduce(1) { $1 == -1 ? $0 : $0 * $1 }
      result[unknown] = known == 0 ? 0 : count / known
    }
    precondition(
      result.reduce(1, *) == count && !result.contains(where: { $0 < 0 }),
      "a tensor of shape \(shape) cannot be reshaped to \(newShape)")
    return Tensor(shape: result, storage: storage)
  }
}

extension Tensor: Equatable {
  /// Whether two tensors have the same shape and equal elements.
  public static func == (left: Tensor, right: Tensor) -> Bool {
    left.shape == right.shape
      && left.withUnsafeElements { a in right.withUnsafeElements { b in a.elementsEqual(b) } }
  }
}

/// Converts through concrete types, because a generic loop would not be specialized.
private func convertElements<From: TensorScalar, To: TensorScalar>(
  from source: UnsafeMutablePointer<From>, to destination: UnsafeMutablePointer<To>, count: Int
) {
  if let source = source as? UnsafeMutablePointer<Float>,
    let destination = destination as? UnsafeMutablePointer<Double>
  {
    for index in 0..<count { destination[index] = Double(source[index]) }
  } else if let source = source as? UnsafeMutablePointer<Double>,
    let destination = destination as? UnsafeMutablePointer<Float>
  {
    for index in 0..<count { destination[index] = Float(source[index]) }
  }
}
