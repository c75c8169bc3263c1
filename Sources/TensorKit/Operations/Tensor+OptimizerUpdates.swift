/// The numbers of one step of Adam.
package struct AdamCoefficients: Sendable {
  /// The learning rate of this step.
  package var rate: Double
  /// How much of the first moment is kept.
  package var firstDecay: Double
  /// How much of the second moment is kept.
  package var secondDecay: Double
  /// Added to the root of the second moment.
  package var epsilon: Double
  /// `1 - firstDecayᵗ` at step t, counted from one.
  package var firstCorrection: Double
  /// `1 - secondDecayᵗ` at step t, counted from one.
  package var secondCorrection: Double
  /// This multiple of the parameters is added to the gradient.
  package var weightDecay: Double
  /// The parameters shrink by this multiple of the rate, beside the gradient (AdamW).
  package var decoupledWeightDecay: Double

  /// The numbers of one step of Adam.
  package init(
    rate: Double, firstDecay: Double, secondDecay: Double, epsilon: Double,
    firstCorrection: Double, secondCorrection: Double, weightDecay: Double,
    decoupledWeightDecay: Double
  ) {
    self.rate = rate
    self.firstDecay = firstDecay
    self.secondDecay = secondDecay
    self.epsilon = epsilon
    self.firstCorrection = firstCorrection
    self.secondCorrection = secondCorrection
    self.weightDecay = weightDecay
    self.decoupledWeightDecay = decoupledWeightDecay
  }
}

// One sweep over memory for each optimizer's update.
extension Tensor {
  /// Moves parameters by one step of Adam, and its moments with them, in place.
  ///
  /// - Parameters:
  ///   - gradient: The gradient at the parameters.
  ///   - firstMoment: The running mean of the gradient.
  ///   - secondMoment: The running mean of its square.
  ///   - largestMoment: The largest second moment so far, for AMSGrad; nil without.
  ///   - c: The numbers of this step.
  ///   - elements: The elements that are moved, in row-major order; all by default.
  ///   - workers: The threads that share the elements.
  /// - Precondition: All tensors have the same shape, and the elements are among theirs.
  package mutating func moveByAdam(
    gradient: Tensor, firstMoment: inout Tensor, secondMoment: inout Tensor,
    largestMoment: inout Tensor?, coefficients c: AdamCoefficients,
    elements: Range<Int>? = nil, workers: Workers = Workers(threads: 1)
  ) {
    let elements = elements ?? 0..<count
    precondition(
      shape == gradient.shape && shape == firstMoment.shape && shape == secondMoment.shape
        && (largestMoment.map { $0.shape == shape } ?? true)
        && (0..<count).contains(elements),
      "Adam's update of elements \(elements) of parameters \(shape) with a gradient \(gradient.shape)"
    )
    makeUnique()
    firstMoment.makeUnique()
    secondMoment.makeUnique()
    largestMoment?.makeUnique()
    let (parameters, slope) = (storage, gradient.storage)
    let (first, second) = (firstMoment.storage, secondMoment.storage)
    let largest = largestMoment?.storage
    // A piece is a quarter of a megabyte or two; below that, waking a thread costs more than it saves.
    let piece = 1 << 16
    _ = workers.collect((elements.count + piece - 1) / piece) { index in
      let start = elements.lowerBound + index * piece
      Scalar.kernels.adam(
        parameters.elements + start, slope.elements + start, first.elements + start,
        second.elements + start, largest.map { $0.elements + start },
        min(piece, elements.upperBound - start),
        c.rate, c.firstDecay, c.secondDecay, c.epsilon, c.firstCorrection, c.secondCorrection,
        c.weightDecay, c.decoupledWeightDecay)
    }
  }

  /// Moves those parameters by one step of Adam whose gradient is not zero; others keep their moments, too.
  ///
  /// ε is added to the root of the second moment as it is, not to that of the corrected one.
  ///
  /// - Parameters:
  ///   - gradient: The gradient at the parameters.
  ///   - firstMoment: The running mean of the gradient.
  ///   - secondMoment: The running mean of its square.
  ///   - counts: How often each parameter has been moved; nil where one count serves for all.
  ///   - steps: How many steps there were, this one included: no count is larger.
  ///   - c: The numbers of this step.
  ///   - elements: The elements that are moved, in row-major order.
  ///   - workers: The threads that share the elements.
  /// - Precondition: All tensors have the same shape, and the elements are among theirs.
  package mutating func moveTouchedByAdam(
    gradient: Tensor, firstMoment: inout Tensor, secondMoment: inout Tensor,
    counts: inout Tensor?, steps: Int, coefficients c: AdamCoefficients,
    elements: Range<Int>, workers: Workers = Workers(threads: 1)
  ) {
    precondition(
      shape == gradient.shape && shape == firstMoment.shape && shape == secondMoment.shape
        && (counts.map { $0.shape == shape } ?? true) && (0..<count).contains(elements),
      "Adam's update of elements \(elements) of parameters \(shape) with a gradient \(gradient.shape)"
    )
    makeUnique()
    firstMoment.makeUnique()
    secondMoment.makeUnique()
    counts?.makeUnique()
    // After n steps 1 - β₁ⁿ and the root of 1 - β₂ⁿ; with one count those of this step alone.
    let times = counts == nil ? [steps] : Array(0...steps)
    func corrections(_ correction: (Double) -> Double) -> Tensor {
      Tensor(times.map { Scalar($0 == 0 ? 1 : correction(Double($0))) })
    }
    let first = corrections { 1 - c.firstDecay.raised(to: $0) }
    let second = corrections { (1 - c.secondDecay.raised(to: $0)).squareRoot() }
    let (parameters, slope) = (storage, gradient.storage)
    let (mean, spread, counted) = (firstMoment.storage, secondMoment.storage, counts?.storage)
    let piece = 1 << 16
    _ = workers.collect((elements.count + piece - 1) / piece) { index in
      let start = elements.lowerBound + index * piece
      Scalar.kernels.adamTouched(
        parameters.elements + start, slope.elements + start, mean.elements + start,
        spread.elements + start, counted.map { $0.elements + start },
        min(piece, elements.upperBound - start), c.rate, c.firstDecay, c.secondDecay, c.epsilon,
        first.storage.elements, second.storage.elements, c.weightDecay, c.decoupledWeightDecay)
    }
    withExtendedLifetime((first, second)) {}
  }

  /// Moves parameters by one step of gradient descent with momentum, in place.
  ///
  /// - Parameters:
  ///   - gradient: The gradient at the parameters.
  ///   - velocity: The running sum of gradients; nil without momentum.
  ///   - rate: The learning rate.
  ///   - momentum: How much of the velocity is kept.
  ///   - nesterov: Whether the gradient is looked at ahead, after Nesterov.
  ///   - weightDecay: This multiple of the parameters is added to the gradient.
  ///   - elements: The elements that are moved, in row-major order; all by default.
  /// - Precondition: All tensors have the same shape, and the elements are among theirs.
  package mutating func moveByMomentum(
    gradient: Tensor, velocity: inout Tensor?, rate: Double, momentum: Double, nesterov: Bool,
    weightDecay: Double, elements: Range<Int>? = nil
  ) {
    let elements = elements ?? 0..<count
    precondition(
      shape == gradient.shape && (velocity.map { $0.shape == shape } ?? true)
        && (0..<count).contains(elements),
      "an update of elements \(elements) of parameters \(shape) with a gradient \(gradient.shape)")
    makeUnique()
    velocity?.makeUnique()
    let start = elements.lowerBound
    Scalar.kernels.momentum(
      storage.elements + start, gradient.storage.elements + start,
      velocity.map { $0.storage.elements + start }, elements.count, rate, momentum, nesterov,
      weightDecay)
    withExtendedLifetime(gradient) {}
  }
}
