import TensorKit

/// The sum of the cotangents of a variable's uses.
///
/// Rows that are gathered from a table have cotangents that touch few of its rows. They are kept as they
/// came, as long as they take less memory than the table: neither a tile nor a shard then makes a tensor of
/// its size. When they are added up it is in the order in which they came.
struct CotangentSum<Scalar: TensorScalar>: ShardResult {
  /// The sum; nil as long as nothing was added to it.
  private var tensor: Tensor<Scalar>?
  /// What is still to be added to zeros; nothing if there is a tensor.
  private var additions: [RowAddition<Scalar>] = []
  /// How many numbers they hold.
  private var heldNumbers = 0

  /// A sum of nothing.
  init() {}

  /// What is known of a sum already.
  init(_ tensor: Tensor<Scalar>?) { self.tensor = tensor }

  /// The sum; nil if nothing was added.
  var total: Tensor<Scalar>? {
    var sum = self
    return sum.take()
  }

  /// Writes the sum into the part of a vector of zeros that belongs to a parameter.
  ///
  /// - Precondition: The sum has the parameter's shape.
  func write(
    to vector: inout ParameterVector<Scalar>, at parameter: Int, workers: Workers
  ) {
    if let tensor { vector.set(tensor, at: parameter) }
    let entry = vector.layout.entries[parameter]
    for addition in additions { addition.add(to: &vector.values, at: entry, workers: workers) }
  }

  /// Moves the sum out, so that it is changed in place rather than copied.
  mutating func take() -> Tensor<Scalar>? {
    addUp()
    var sum: Tensor<Scalar>?
    swap(&sum, &tensor)
    return sum
  }

  /// Adds a cotangent.
  mutating func add(_ cotangent: consuming Tensor<Scalar>) {
    guard var sum = take() else {
      tensor = cotangent
      return
    }
    sum += cotangent
    tensor = sum
  }

  /// Adds a product of two matrices, without a temporary if it is not the first.
  mutating func addProduct(
    _ left: Tensor<Scalar>, _ right: Tensor<Scalar>, transposingLeft: Bool, transposingRight: Bool
  ) {
    guard var sum = take() else {
      tensor = .matrixProduct(
        left, right, transposingLeft: transposingLeft, transposingRight: transposingRight)
      return
    }
    sum.addProduct(
      left, right, transposingLeft: transposingLeft, transposingRight: transposingRight)
    tensor = sum
  }

  /// Adds the sums of a matrix's columns.
  mutating func addColumnSums(of matrix: Tensor<Scalar>) {
    var sum = take() ?? Tensor(zeros: [matrix.shape[1]])
    sum.addColumnSums(of: matrix)
    tensor = sum
  }

  /// Adds to some rows.
  mutating func add(_ addition: RowAddition<Scalar>) {
    if tensor == nil {
      additions.append(addition)
      heldNumbers += addition.heldNumbers
      if heldNumbers > addition.shape[0] * addition.shape[1] { addUp() }
    } else {
      addition.add(to: &tensor)
    }
  }

  /// Adds the sum of the shards that follow.
  mutating func combine(_ next: CotangentSum) {
    if let tensor = next.tensor { add(tensor) }
    for addition in next.additions { add(addition) }
  }

  private mutating func addUp() {
    guard !additions.isEmpty else { return }
    for addition in additions { addition.add(to: &tensor) }
    additions = []
    heldNumbers = 0
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&tensor, named: "tensor")
    try visitor.visit(&additions, named: "additions", startingFrom: RowAddition())
    if visitor.isReading { heldNumbers = additions.reduce(0) { $0 + $1.heldNumbers } }
  }
}

/// Rows that are to be added to rows of a table, each with weights.
struct RowAddition<Scalar: TensorScalar>: Checkpointable {
  /// The table's shape.
  private(set) var shape: [Int] = [0, 0]
  private var places = Places.listed([], weights: nil)
  /// Shape: [rows, columns]; of points in a grid [points, levels · columns].
  private var rows = Tensor<Scalar>(zeros: [0, 0])

  /// Which rows of the table, and with which weights.
  private enum Places: Sendable {
    /// As many as there are weights, of shape [rows, corners]; nil for ones, and one corner.
    case listed([Int], weights: Tensor<Scalar>?)
    /// Those of the corners of points' cells. To find them again is faster than to keep them.
    case interpolated(TableGrid, at: Tensor<Scalar>)
  }

  /// Nothing, for a state to be read into.
  init() {}

  /// Rows with the indices of the rows that they are added to.
  init(
    _ rows: Tensor<Scalar>, at indices: [Int], weightedBy weights: Tensor<Scalar>?, rowCount: Int
  ) {
    shape = [rowCount, rows.shape[1]]
    places = .listed(indices, weights: weights)
    self.rows = rows
  }

  /// The cotangents of a table's rows interpolated at points.
  ///
  /// - Parameters:
  ///   - cotangents: Shape: [points, levels · columns].
  ///   - grid: The grid, whose table it is.
  ///   - points: Shape: [points, 3].
  init(_ cotangents: Tensor<Scalar>, through grid: TableGrid, at points: Tensor<Scalar>) {
    shape = [grid.rowCount, cotangents.shape[1] / grid.levelCount]
    places = .interpolated(grid, at: points)
    rows = cotangents
  }

  /// How many numbers the rows, their indices and their weights are.
  var heldNumbers: Int {
    switch places {
    case .listed(let indices, let weights):
      rows.count + indices.count * MemoryLayout<Int>.stride / MemoryLayout<Scalar>.stride
        + (weights?.count ?? 0)
    case .interpolated(_, let points): rows.count + points.count
    }
  }

  /// Adds the rows to a sum in place; nil stands for zeros.
  func add(to sum: inout Tensor<Scalar>?) {
    if sum == nil { sum = Tensor(zeros: shape) }
    guard var table = sum.take() else { return }
    add(to: &table, from: 0, workers: Workers(threads: 1))
    sum = table
  }

  /// Adds the rows to the part of a vector of all parameters that belongs to the table.
  func add(
    to values: inout Tensor<Scalar>, at entry: ParameterLayout.Entry, workers: Workers
  ) {
    precondition(
      entry.shape == shape,
      "a tensor of shape \(shape) for the parameter \(entry.name) of shape \(entry.shape)")
    add(to: &values, from: entry.offset, workers: workers)
  }

  private func add(to values: inout Tensor<Scalar>, from start: Int, workers: Workers) {
    switch places {
    case .listed(let indices, let weights):
      values.addRows(
        at: indices, weightedBy: weights, rows, toMatrixOf: shape[0], from: start,
        workers: workers)
    case .interpolated(let grid, let points):
      grid.addPullback(of: rows, at: points, to: &values, from: start, workers: workers)
    }
  }

  /// Shows the rows, with their indices and weights listed: another process has not the grid.
  mutating func visitState(_ visitor: inout StateVisitor) throws {
    if case .interpolated(let grid, let points) = places {
      let corners = grid.corners(at: points)
      places = .listed(corners.indices, weights: corners.weights)
      rows = rows.reshaped(to: [-1, shape[1]])
    }
    guard case .listed(var indices, var weights) = places else { return }
    try visitor.visit(&shape, named: "shape")
    try visitor.visit(&indices, named: "indices")
    try visitor.visit(&weights, named: "weights")
    try visitor.visit(&rows, named: "rows", keepingShape: false)
    places = .listed(indices, weights: weights)
  }
}
