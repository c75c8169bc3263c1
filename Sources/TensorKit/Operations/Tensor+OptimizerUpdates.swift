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

/// What the moments of Adam are multiplied by at each step of an entry, as they start from zero.
///
/// At its step n an entry moves by `rate · factors[n - 1] · m / (√(v · inverses[n - 1]) + ε)`.
package struct AdamCorrections<Scalar: TensorScalar>: Sendable {
  /// That of the first moment, and whatever does not depend on ε.
  package private(set) var factors: [Scalar] = []
  /// That of the second moment beneath the root.
  package private(set) var inverses: [Scalar] = []

  /// None so far.
  package init() {}

  /// Those of one step, which all entries share.
  package init(first: Double, second: Double) { append(first: first, second: second) }

  /// Adds those of the next step, by what the two moments are divided by.
  package mutating func append(first: Double, second: Double) {
    factors.append(Scalar(1 / first))
    inverses.append(Scalar(1 / second))
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

  /// Moves the parameters whose gradient is not exactly zero by one step of Adam, in place.
  ///
  /// All others keep their moments, and do not decay.
  ///
  /// - Parameters:
  ///   - gradient: The gradient at the parameters.
  ///   - firstMoment: The running mean of the gradient.
  ///   - secondMoment: The running mean of its square.
  ///   - largestMoment: The largest second moment so far, for AMSGrad; nil without.
  ///   - counts: How many steps each parameter has made; nil if all share one count.
  ///   - c: The numbers of this step, whose corrections are not looked at.
  ///   - corrections: The corrections of each step; the last also of later ones, and of all without counts.
  ///   - elements: The elements that are moved, in row-major order.
  ///   - workers: The threads that share the elements.
  /// - Precondition: All tensors have the same shape, the elements are among theirs, and there is a correction.
  package mutating func moveTouchedByAdam(
    gradient: Tensor, firstMoment: inout Tensor, secondMoment: inout Tensor,
    largestMoment: inout Tensor?, counts: inout Tensor?, coefficients c: AdamCoefficients,
    corrections: AdamCorrections<Scalar>, elements: Range<Int>,
    workers: Workers = Workers(threads: 1)
  ) {
    precondition(
      shape == gradient.shape && shape == firstMoment.shape && shape == secondMoment.shape
        && (largestMoment.map { $0.shape == shape } ?? true)
        && (counts.map { $0.shape == shape } ?? true) && (0..<count).contains(elements)
        && !corrections.factors.isEmpty,
      """
      Adam's update of touched elements among \(elements) of parameters \(shape) with a gradient \(gradient.shape) \
      and \(corrections.factors.count) corrections
      """)
    makeUnique()
    firstMoment.makeUnique()
    secondMoment.makeUnique()
    largestMoment?.makeUnique()
    counts?.makeUnique()
    let (parameters, slope) = (storage, gradient.storage)
    let (first, second) = (firstMoment.storage, secondMoment.storage)
    let (largest, steps) = (largestMoment?.storage, counts?.storage)
    let piece = 1 << 16
    _ = workers.collect((elements.count + piece - 1) / piece) { index in
      let start = elements.lowerBound + index * piece
      corrections.factors.withUnsafeBufferPointer { factors in
        corrections.inverses.withUnsafeBufferPointer { inverses in
          guard let factor = factors.baseAddress, let inverse = inverses.baseAddress else { return }
          Scalar.kernels.sparseAdam(
            parameters.elements + start, slope.elements + start, first.elements + start,
            second.elements + start, largest.map { $0.elements + start },
            steps.map { $0.elements + start }, min(piece, elements.upperBound - start),
            c.rate, c.firstDecay, c.secondDecay, c.epsilon, factor, inverse, factors.count,
            c.weightDecay, c.decoupledWeightDecay)
        }
      }
    }
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
