import Foundation
import GradientAdjusters

// The adjusters of the article "Four adjusters from the literature", as they stand there; see
// `DocumentationTests`.

/// Lets the leading directions between groups be learned at a power of their eigenvalues.
struct KernelPower<Scalar: TensorScalar>: GradientAdjuster {
  var exponent = 0.5
  var floor = 1e-4

  mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    var unused = SeededGenerator(seed: 0)
    let standing = try GroupSampling.center.representatives(in: step, using: &unused)
    guard !standing.rows.isEmpty else { return .identity }
    let kernel = try step.empiricalKernel(of: standing)
    var largest: Double?
    let transform = try SpectralTransform(of: kernel, leading: kernel.shape[0]) { eigenvalue in
      // They come in order, the largest first.
      let share = largest.map { Double(eigenvalue) / $0 } ?? 1
      largest = largest ?? Double(eigenvalue)
      return Scalar(pow(max(share, floor), exponent - 1))
    }
    return .acrossGroups(transform)
  }
}

/// Learns from some rows, drawn in proportion to how long the gradients of their losses are.
struct GradientNormImportance<Scalar: TensorScalar>: GradientAdjuster {
  var share = 0.5
  private var generator = SeededGenerator(seed: 0)

  init(share: Double = 0.5) { self.share = share }

  mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    let norms = Tensor<Double>(try step.squaredLossGradientNorms().squareRoot())
    guard norms.mean() > 0 else { return .identity }
    // A tenth of the draws goes to all rows alike, so that no weight is very large.
    let expected = (norms * (0.9 / norms.mean()) + 0.1) * share
    var sum = Double.random(in: 0..<1, using: &generator)
    let weights = expected.elements.map { expected in
      let before = sum.rounded(.down)
      sum += expected
      return Scalar((sum.rounded(.down) - before) / expected)
    }
    return .weightingRows(by: Tensor(weights))
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
  }
}

/// Divides the gradient by a running estimate of the Gauss-Newton matrix's diagonal.
struct GaussNewtonDiagonal<Scalar: TensorScalar>: GradientAdjuster {
  var interval = 10
  var memory: Scalar = 0.9
  var damping: Scalar = 0.1
  private(set) var diagonal: ParameterVector<Scalar>?
  private var generator = SeededGenerator(seed: 0)

  init(interval: Int = 10) { self.interval = interval }

  mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) throws {
    if diagonal == nil || step.index.isMultiple(of: interval) {
      // With z of random signs the mean of (Jᵀ z)² is the diagonal of Jᵀ J.
      let signs = Tensor<Scalar>.uniform(
        over: -1...1, shape: [step.batch.rowCount, try step.outputCount()], using: &generator
      ).sign()
      var squares = try step.pullback(of: signs)
      squares.values = squares.values.squared() * (1 / Scalar(signs.count))
      guard squares.values.isFinite else { throw AdjusterError.nonFinite("Gauss-Newton diagonal") }
      if let diagonal {
        squares *= 1 - memory
        squares.add(diagonal, scaledBy: memory)
      }
      diagonal = squares
    }
    guard let values = diagonal?.values, values.mean() > 0 else { return }
    gradient.values /= values * (1 / values.mean()) + damping
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&diagonal, named: "diagonal")
    try visitor.visit(&generator, named: "generator")
  }
}

/// Learns from the rows whose steps would change the outputs most, by the kernel.
struct KernelGuidedRows<Scalar: TensorScalar>: GradientAdjuster {
  var share = 0.25
  var probes = 4
  private var generator = SeededGenerator(seed: 0)

  init(share: Double = 0.25, probes: Int = 4) { (self.share, self.probes) = (share, probes) }

  /// Estimates of ‖J Jᵢᵀ rᵢ‖² for each row: how far a step on it alone would move all outputs.
  mutating func scores<Model: Module<Scalar>>(
    in step: TrainingStep<Model>
  ) throws -> Tensor<Scalar> {
    let residuals = try step.cotangents()
    var scores = Tensor<Scalar>(zeros: [step.batch.rowCount])
    for _ in 0..<probes {
      // With z of random signs the mean of ((J Jᵀ z)ᵢ · rᵢ)² is that.
      let signs = Tensor<Scalar>.uniform(
        over: -1...1, shape: residuals.shape, using: &generator
      ).sign()
      let coupled = try step.pushforward(of: step.pullback(of: signs))
      scores += (coupled * residuals).sum(alongAxis: 1).squared()
    }
    return scores * (1 / Scalar(probes))
  }

  mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    let scores = try scores(in: step).elements
    let count = max(1, Int(share * Double(scores.count)))
    let least = scores.sorted(by: >)[count - 1]
    let weight = Scalar(scores.count) / Scalar(count)
    return .weightingRows(by: Tensor(scores.map { $0 >= least ? weight : 0 }))
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
  }
}
