import CTensorKernels

extension Tensor {
  /// The sum of all elements, accumulated in double precision in a fixed order.
  public func sum() -> Scalar {
    defer { withExtendedLifetime(self) {} }
    return Scalar(Scalar.kernels.sum(storage.elements, count))
  }

  /// The mean of all elements; NaN if there are none.
  public func mean() -> Scalar {
    defer { withExtendedLifetime(self) {} }
    return Scalar(Scalar.kernels.sum(storage.elements, count) / Double(count))
  }

  /// The sum of the products of corresponding elements, accumulated in double precision.
  ///
  /// - Precondition: The two tensors have equally many elements.
  public func dot(_ other: Tensor) -> Scalar {
    precondition(
      count == other.count, "the dot product of tensors of shapes \(shape) and \(other.shape)")
    defer { withExtendedLifetime((self, other)) {} }
    return Scalar(Scalar.kernels.dot(storage.elements, other.storage.elements, count))
  }

  /// The sum of the products of corresponding elements in double precision, where those of single precision
  /// neither vanish nor overflow.
  ///
  /// - Precondition: The two tensors have equally many elements.
  package func dotInDouble(_ other: Tensor) -> Double {
    precondition(
      count == other.count, "the dot product of tensors of shapes \(shape) and \(other.shape)")
    defer { withExtendedLifetime((self, other)) {} }
    return Scalar.kernels.dot(storage.elements, other.storage.elements, count)
  }

  /// The sum of the squares of all elements, accumulated in double precision; infinite or no number where that
  /// overflows.
  ///
  /// - Parameter workers: The threads that share the elements. The bits do not depend on their number.
  package func sumOfSquares(workers: Workers) -> Double {
    let (storage, count, piece) = (storage, count, 1 << 18)
    let sums = workers.collect((count + piece - 1) / piece) { index in
      let start = storage.elements + index * piece
      return Scalar.kernels.dot(start, start, min(piece, count - index * piece))
    }
    return sums.reduce(0, +)
  }

  /// The Euclidean norm of all elements, however small or large they are.
  public func norm() -> Scalar {
    let squares = dotInDouble(self)
    // Squares of doubles may have vanished or overflowed; those of single precision cannot.
    guard squares > 0x1p-900, squares < .infinity else {
      let (scaled, exponent) = scaledToUnitMagnitude()
      return Scalar(
        Double(
          sign: .plus, exponent: Int(exponent), significand: scaled.dotInDouble(scaled).squareRoot()
        ))
    }
    return Scalar(squares.squareRoot())
  }

  /// The largest element; NaN if there is one.
  ///
  /// - Precondition: The tensor has an element.
  public func largest() -> Scalar {
    precondition(count > 0, "an empty tensor has no largest element")
    defer { withExtendedLifetime(self) {} }
    return Scalar.kernels.largest(storage.elements, count)
  }

  /// The smallest element; NaN if there is one.
  ///
  /// - Precondition: The tensor has an element.
  public func smallest() -> Scalar {
    precondition(count > 0, "an empty tensor has no smallest element")
    defer { withExtendedLifetime(self) {} }
    return Scalar.kernels.smallest(storage.elements, count)
  }

  /// Whether no element is an infinity or NaN.
  public var isFinite: Bool {
    defer { withExtendedLifetime(self) {} }
    return Scalar.kernels.allFinite(storage.elements, count)
  }

  /// The sums along one axis.
  ///
  /// - Parameters:
  ///   - axis: The axis that is summed over; negative counts from the last.
  ///   - keepingAxis: Whether the axis remains, with an extent of one.
  public func sum(alongAxis axis: Int, keepingAxis: Bool = false) -> Tensor {
    let axis = resolved(axis)
    let outer = shape[..<axis].reduce(1, *)
    let extent = shape[axis]
    let inner = shape[(axis + 1)...].reduce(1, *)
    var resultShape = shape
    resultShape[axis] = 1
    let result = Tensor(zeros: resultShape)
    if inner == 1 {
      for index in 0..<outer {
        result.storage.elements[index] = Scalar(
          Scalar.kernels.sum(storage.elements + index * extent, extent))
      }
    } else {
      for index in 0..<outer {
        Scalar.kernels.addColumnSums(
          storage.elements + index * extent * inner, result.storage.elements + index * inner,
          extent, inner)
      }
    }
    withExtendedLifetime(self) {}
    if keepingAxis { return result }
    resultShape.remove(at: axis)
    return result.reshaped(to: resultShape)
  }

  /// The means along one axis.
  ///
  /// - Parameters:
  ///   - axis: The axis that is averaged over; negative counts from the last.
  ///   - keepingAxis: Whether the axis remains, with an extent of one.
  public func mean(alongAxis axis: Int, keepingAxis: Bool = false) -> Tensor {
    sum(alongAxis: axis, keepingAxis: keepingAxis) / Scalar(shape[resolved(axis)])
  }

  /// The sum of absolute values of each row of a matrix, as a vector.
  ///
  /// - Precondition: The tensor has two axes.
  public func absoluteRowSums() -> Tensor {
    precondition(rank == 2, "rows of a tensor of shape \(shape)")
    let columns = shape[1]
    defer { withExtendedLifetime(self) {} }
    return Tensor(shape: [shape[0]]) { sums in
      for row in sums.indices {
        sums[row] = Scalar(Scalar.kernels.absoluteSum(storage.elements + row * columns, columns))
      }
    }
  }

  /// Sums a tensor down to a shape that broadcasts to its own: the pullback of broadcasting.
  ///
  /// - Precondition: `target` broadcasts to the tensor's shape.
  public func summed(to target: [Int]) -> Tensor {
    guard shape != target else { return self }
    let padded = [Int](repeating: 1, count: max(0, rank - target.count)) + target
    precondition(
      padded.count == rank && zip(padded, shape).allSatisfy { $0 == $1 || $0 == 1 },
      "a tensor of shape \(shape) cannot be summed to \(target)")
    var result = self
    if target.reduce(1, *) == 1 {
      result = Tensor(sum())
    } else {
      for axis in padded.indices where padded[axis] == 1 && result.shape[axis] != 1 {
        result = result.sum(alongAxis: axis, keepingAxis: true)
      }
    }
    return result.reshaped(to: target)
  }

  func resolved(_ axis: Int) -> Int {
    let resolved = axis < 0 ? axis + rank : axis
    precondition(
      resolved >= 0 && resolved < rank, "a tensor of shape \(shape) has no axis \(axis)")
    return resolved
  }
}
