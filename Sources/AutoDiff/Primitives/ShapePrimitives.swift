import TensorKit

/// The sum down to a shape that broadcasts to the input's.
struct SumToShape<Scalar: TensorScalar>: Primitive {
  let shape: [Int]

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0].summed(to: shape) }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? { tangents[0]?.summed(to: shape) }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] { [cotangent.broadcast(to: inputs[0].shape)] }
}

/// Stretching to a shape that the input's broadcasts to.
struct BroadcastToShape<Scalar: TensorScalar>: Primitive {
  let shape: [Int]

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0].broadcast(to: shape) }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? { tangents[0]?.broadcast(to: shape) }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] { [cotangent.summed(to: inputs[0].shape)] }
}

/// The same elements under another shape.
struct Reshaping<Scalar: TensorScalar>: Primitive {
  let shape: [Int]

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0].reshaped(to: shape) }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? { tangents[0]?.reshaped(to: shape) }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] { [cotangent.reshaped(to: inputs[0].shape)] }
}

/// The transpose of a matrix.
struct Transposition<Scalar: TensorScalar>: Primitive {
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0].transposed() }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? { tangents[0]?.transposed() }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] { [cotangent.transposed()] }
}

/// A contiguous part along one axis.
struct Slice<Scalar: TensorScalar>: Primitive {
  let range: Range<Int>
  let axis: Int

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    inputs[0].slice(range, alongAxis: axis)
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? { tangents[0]?.slice(range, alongAxis: axis) }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    func zeros(_ extent: Int) -> Variable<Scalar> {
      var shape = inputs[0].shape
      shape[axis] = extent
      return Variable(Tensor(zeros: shape))
    }
    let (before, after) = (range.lowerBound, inputs[0].shape[axis] - range.upperBound)
    let parts =
      (before > 0 ? [zeros(before)] : []) + [cotangent] + (after > 0 ? [zeros(after)] : [])
    return [.concatenated(parts, alongAxis: axis)]
  }
}

/// Variables put one after the other along one axis.
struct Concatenation<Scalar: TensorScalar>: Primitive {
  let axis: Int

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    .concatenated(inputs, alongAxis: axis)
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    .concatenated(
      zip(tangents, inputs).map { $0 ?? Variable(Tensor(zeros: $1.shape)) }, alongAxis: axis)
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    var start = 0
    return zip(inputs, needed).map { input, isNeeded in
      defer { start += input.shape[axis] }
      return isNeeded
        ? cotangent.slice(start..<(start + input.shape[axis]), alongAxis: axis) : nil
    }
  }
}

/// The rows with given indices.
struct Gathering<Scalar: TensorScalar>: Primitive {
  let indices: [Int]

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0].rows(at: indices) }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? { tangents[0]?.rows(at: indices) }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    [.applying(Scattering(indices: indices, rowCount: inputs[0].shape[0]), to: cotangent)]
  }

  func accumulatePullback(
    _ cotangent: consuming Tensor<Scalar>, of evaluation: Evaluation<Scalar>,
    at inputs: [Tensor<Scalar>], into results: inout PullbackResults<Scalar>
  ) {
    let shape = inputs[0].shape
    if shape.count == 2 {
      results.addRows(cotangent, at: indices, ofRowCount: shape[0], toInput: 0)
    } else {
      var sum = Tensor<Scalar>(zeros: shape)
      sum.addRows(at: indices, cotangent)
      results.add(sum, toInput: 0)
    }
  }
}

/// Rows added into a tensor of zeros at given indices: the transpose of gathering.
struct Scattering<Scalar: TensorScalar>: Primitive {
  let indices: [Int]
  let rowCount: Int

  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
    var result = Tensor<Scalar>(zeros: [rowCount] + inputs[0].shape[1...])
    result.addRows(at: indices, inputs[0])
    return result
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? { tangents[0].map { .applying(self, to: $0) } }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] { [cotangent.rows(at: indices)] }
}

extension Variable {
  /// The sum of all elements, as a variable without axes.
  public func sum() -> Variable { summed(to: []) }

  /// The mean of all elements, as a variable without axes.
  public func mean() -> Variable { sum() / Scalar(value.count) }

  /// The sums along one axis; a negative one counts from the last.
  ///
  /// - Parameters:
  ///   - axis: The axis that is summed over.
  ///   - keepingAxis: Whether the axis remains, with an extent of one.
  /// - Precondition: The axis exists.
  public func sum(alongAxis axis: Int, keepingAxis: Bool = false) -> Variable {
    let axis = resolved(axis, shape)
    var kept = shape
    kept[axis] = 1
    let sums = summed(to: kept)
    if keepingAxis { return sums }
    kept.remove(at: axis)
    return sums.reshaped(to: kept)
  }

  /// The means along one axis; a negative one counts from the last.
  ///
  /// - Parameters:
  ///   - axis: The axis that is averaged over.
  ///   - keepingAxis: Whether the axis remains, with an extent of one.
  /// - Precondition: The axis exists.
  public func mean(alongAxis axis: Int, keepingAxis: Bool = false) -> Variable {
    sum(alongAxis: axis, keepingAxis: keepingAxis) / Scalar(shape[resolved(axis, shape)])
  }

  /// The sums down to a shape that broadcasts to this one's.
  ///
  /// - Precondition: `shape` broadcasts to the variable's shape.
  public func summed(to shape: [Int]) -> Variable {
    self.shape == shape ? self : .applying(SumToShape(shape: shape), to: self)
  }

  /// The variable stretched to a shape that its own broadcasts to.
  ///
  /// - Precondition: The variable's shape broadcasts to `shape`.
  public func broadcast(to shape: [Int]) -> Variable {
    self.shape == shape ? self : .applying(BroadcastToShape(shape: shape), to: self)
  }

  /// The same elements under another shape; one extent may be -1, and is then worked out.
  ///
  /// - Precondition: The shape holds as many elements.
  public func reshaped(to shape: [Int]) -> Variable {
    .applying(Reshaping(shape: shape), to: self)
  }

  /// The transpose of a matrix.
  ///
  /// - Precondition: The variable has two axes.
  public func transposed() -> Variable { .applying(Transposition(), to: self) }

  /// A contiguous part along one axis.
  ///
  /// - Precondition: The axis exists and the range is within its extent.
  public func slice(_ range: Range<Int>, alongAxis axis: Int = 0) -> Variable {
    .applying(Slice(range: range, axis: resolved(axis, shape)), to: self)
  }

  /// Variables put one after the other along one axis.
  ///
  /// - Precondition: There is at least one, and all extents agree but those of the axis.
  public static func concatenated(_ variables: [Variable], alongAxis axis: Int = 0) -> Variable {
    guard let first = variables.first else {
      preconditionFailure("at least one variable is needed to concatenate")
    }
    return applying(Concatenation(axis: resolved(axis, first.shape)), to: variables)
  }

  /// The rows with the given indices, in their order; an index may recur.
  ///
  /// - Precondition: Every index is within the first axis's extent.
  public func rows(at indices: [Int]) -> Variable {
    .applying(Gathering(indices: indices), to: self)
  }
}

/// An axis counted from the first, where a negative one counts from the last.
private func resolved(_ axis: Int, _ shape: [Int]) -> Int {
  let resolved = axis < 0 ? axis + shape.count : axis
  precondition(
    shape.indices.contains(resolved), "a variable of shape \(shape) has no axis \(axis)")
  return resolved
}
