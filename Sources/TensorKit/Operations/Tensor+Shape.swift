extension Tensor {
  /// The transpose of a matrix.
  ///
  /// - Precondition: The tensor has two axes.
  public func transposed() -> Tensor {
    precondition(rank == 2, "the transpose of a tensor of shape \(shape); a matrix is needed")
    let result = Tensor(uninitialized: [shape[1], shape[0]])
    Scalar.kernels.transpose(storage.elements, result.storage.elements, shape[0], shape[1])
    withExtendedLifetime(self) {}
    return result
  }

  /// The axes in another order: axis `i` of the result is axis `order[i]` of the tensor.
  ///
  /// - Precondition: `order` holds every axis once.
  public func permutingAxes(_ order: [Int]) -> Tensor {
    precondition(
      order.sorted() == Array(0..<rank), "\(order) is not an order of the axes of \(shape)")
    var strides = [Int](repeating: 1, count: rank)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    let result = Tensor(uninitialized: order.map { shape[$0] })
    guard count > 0 else { return result }
    // Trailing axes that stay in place move as one run.
    var fixed = 0
    while fixed < rank && order[rank - 1 - fixed] == rank - 1 - fixed { fixed += 1 }
    let run = shape[(rank - fixed)...].reduce(1, *)
    let outer = rank - fixed
    var index = [Int](repeating: 0, count: outer)
    var source = 0
    for destination in stride(from: 0, to: count, by: run) {
      (result.storage.elements + destination).update(from: storage.elements + source, count: run)
      var axis = outer - 1
      while axis >= 0 {
        index[axis] += 1
        source += strides[order[axis]]
        if index[axis] < result.shape[axis] { break }
        source -= strides[order[axis]] * result.shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    withExtendedLifetime(self) {}
    return result
  }

  /// A contiguous part along one axis.
  ///
  /// - Parameters:
  ///   - range: The indices that are kept.
  ///   - axis: The axis; negative counts from the last.
  /// - Precondition: The range is within the axis's extent.
  public func slice(_ range: Range<Int>, alongAxis axis: Int = 0) -> Tensor {
    let axis = resolved(axis)
    precondition(
      range.lowerBound >= 0 && range.upperBound <= shape[axis],
      "the range \(range) is outside axis \(axis) of the shape \(shape)")
    var resultShape = shape
    resultShape[axis] = range.count
    let result = Tensor(uninitialized: resultShape)
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    let run = range.count * inner
    for index in 0..<outer {
      (result.storage.elements + index * run).update(
        from: storage.elements + (index * shape[axis] + range.lowerBound) * inner, count: run)
    }
    withExtendedLifetime(self) {}
    return result
  }

  /// Tensors put one after the other along one axis.
  ///
  /// - Precondition: There is at least one, and all extents agree but those of the axis.
  public static func concatenated(_ tensors: [Tensor], alongAxis axis: Int = 0) -> Tensor {
    guard let first = tensors.first else {
      preconditionFailure("at least one tensor is needed to concatenate")
    }
    let axis = first.resolved(axis)
    var resultShape = first.shape
    resultShape[axis] = 0
    for tensor in tensors {
      var others = tensor.shape
      precondition(tensor.rank == first.rank, "shapes \(first.shape) and \(tensor.shape) differ")
      others[axis] = first.shape[axis]
      precondition(
        others == first.shape,
        "shapes \(first.shape) and \(tensor.shape) differ in another axis than \(axis)")
      resultShape[axis] += tensor.shape[axis]
    }
    let result = Tensor(uninitialized: resultShape)
    let inner = first.shape[(axis + 1)...].reduce(1, *)
    let outer = first.shape[..<axis].reduce(1, *)
    var destination = result.storage.elements
    for index in 0..<outer {
      for tensor in tensors {
        let run = tensor.shape[axis] * inner
        destination.update(from: tensor.storage.elements + index * run, count: run)
        destination += run
      }
    }
    withExtendedLifetime(tensors) {}
    return result
  }

  /// The rows (parts along the first axis) with the given indices, in their order; an index may recur.
  ///
  /// - Precondition: Every index is within the first axis's extent.
  public func rows(at indices: some Collection<Int>) -> Tensor {
    precondition(rank >= 1, "a single number has no rows")
    let run = shape[1...].reduce(1, *)
    // An array, and bytes: loops over generic types take longer than to copy short rows.
    let indices = Array(indices)
    let result = Tensor(uninitialized: [indices.count] + shape[1...])
    let (count, bytes) = (shape[0], run * MemoryLayout<Scalar>.stride)
    var destination = UnsafeMutableRawPointer(result.storage.elements)
    let source = UnsafeRawPointer(storage.elements)
    for index in indices {
      precondition(
        index >= 0 && index < count, "there is no row \(index) in a tensor of shape \(shape)")
      destination.copyMemory(from: source + index * bytes, byteCount: bytes)
      destination += bytes
    }
    withExtendedLifetime(self) {}
    return result
  }

  /// Overwrites the rows with the given indices.
  ///
  /// - Precondition: `rows` has one row for each index, each of this tensor's row shape.
  public mutating func setRows(at indices: some Collection<Int>, to rows: Tensor) {
    let run = checkedRowLength(indices.count, rows)
    makeUnique()
    var source = rows.storage.elements
    for index in indices {
      precondition(
        index >= 0 && index < shape[0], "there is no row \(index) in a tensor of shape \(shape)")
      (storage.elements + index * run).update(from: source, count: run)
      source += run
    }
    withExtendedLifetime(rows) {}
  }

  /// Adds to the rows with the given indices; an index may recur.
  ///
  /// This is the pullback of ``rows(at:)``.
  ///
  /// - Precondition: `rows` has one row for each index, each of this tensor's row shape.
  public mutating func addRows(at indices: some Collection<Int>, _ rows: Tensor) {
    let run = checkedRowLength(indices.count, rows)
    makeUnique()
    var source = rows.storage.elements
    for index in indices {
      precondition(
        index >= 0 && index < shape[0], "there is no row \(index) in a tensor of shape \(shape)")
      Scalar.kernels.accumulate(1, source, storage.elements + index * run, run)
      source += run
    }
    withExtendedLifetime(rows) {}
  }

  /// Overwrites a run of elements, counted in row-major order.
  ///
  /// - Precondition: The run lies within the tensor.
  public mutating func setElements(from start: Int, to other: Tensor) {
    precondition(
      start >= 0 && start + other.count <= count,
      "\(other.count) elements from the \(start)th on of a tensor of shape \(shape)")
    makeUnique()
    (storage.elements + start).update(from: other.storage.elements, count: other.count)
    withExtendedLifetime(other) {}
  }

  private func checkedRowLength(_ indexCount: Int, _ rows: Tensor) -> Int {
    precondition(
      rank >= 1 && rows.shape == [indexCount] + shape[1...],
      "\(indexCount) rows of a tensor of shape \(shape) cannot be taken from shape \(rows.shape)")
    return shape[1...].reduce(1, *)
  }

  /// The tensor stretched to a shape that its own broadcasts to.
  ///
  /// - Precondition: The tensor's shape broadcasts to `target`.
  public func broadcast(to target: [Int]) -> Tensor {
    guard shape != target else { return self }
    precondition(
      Broadcast(shape, target)?.shape == target, "shape \(shape) does not broadcast to \(target)")
    return self + Tensor(zeros: target)
  }

  /// A vector of evenly spaced numbers, both ends included.
  ///
  /// - Precondition: `count` is positive.
  public static func evenlySpaced(over range: ClosedRange<Scalar>, count: Int) -> Tensor {
    precondition(count > 0, "\(count) evenly spaced numbers; at least one is needed")
    let (low, high) = (range.lowerBound, range.upperBound)
    return Tensor(shape: [count]) { numbers in
      for index in numbers.indices {
        // Symmetric from both ends, so that the last is exactly the upper bound.
        let step = count > 1 ? (high - low) / Scalar(count - 1) : 0
        numbers[index] =
          index < (count + 1) / 2
          ? low + Scalar(index) * step : high - Scalar(count - 1 - index) * step
      }
    }
  }

  /// The identity matrix.
  public static func identity(_ size: Int) -> Tensor {
    var result = Tensor(zeros: [size, size])
    result.withUnsafeMutableElements { elements in
      for index in 0..<size { elements[index * size + index] = 1 }
    }
    return result
  }
}
