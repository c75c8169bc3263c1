import GradientAdjusters
import TensorKit
import Testing

@Suite struct SpectralTransformTests {
  @Test(arguments: EqualizationTarget.allCases, [0, 1, 5, 11])
  func equalsTheDenseConstruction(target: EqualizationTarget, end: Int) throws {
    let kernel = randomKernel(size: 12)
    let transform = try SpectralTransform(equalizing: end, of: kernel, to: target)
    let dense = try denseTransform(kernel, end: end, target: target)
    #expect(transform.matrix.isApproximatelyEqual(to: dense, relativeTolerance: 1e-12))
    var generator = SeededGenerator(seed: 5)
    let columns = Tensor<Double>.normal(shape: [12, 7], using: &generator)
    #expect(
      transform.applied(to: columns).isApproximatelyEqual(
        to: .matrixProduct(dense, columns), relativeTolerance: 1e-12))
  }

  @Test(arguments: EqualizationTarget.allCases)
  func equalizesTheLeadingSpectrum(target: EqualizationTarget) throws {
    let (size, end) = (12, 4)
    let kernel = randomKernel(size: size)
    let values = try kernel.symmetricEigenpairs().values.elements
    let transform = try SpectralTransform(equalizing: end, of: kernel, to: target)
    // K and S commute, so K S is symmetric up to rounding.
    let product = Tensor.matrixProduct(kernel, transform.matrix)
    let adjusted = try ((product + product.transposed()) * 0.5).symmetricEigenpairs().values
    let goal = target == .next ? values[end] : values[0]
    let expected = ((0..<end).map { _ in goal } + values[end...]).sorted(by: >)
    #expect(
      adjusted.isApproximatelyEqual(to: Tensor(expected), relativeTolerance: 1e-12))
  }

  @Test func isTheIdentityForNoEigenvalues() throws {
    let transform = try SpectralTransform(equalizing: 0, of: randomKernel(size: 6), to: .next)
    let columns = Tensor<Double>([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11, 12]])
    #expect(transform.applied(to: columns) == columns)
  }

  @Test(arguments: EqualizationTarget.allCases)
  func neverRemovesOrReversesADirection(target: EqualizationTarget) throws {
    // Rank 3, and a slightly negative eigenvalue as rounding leaves them.
    let basis = Tensor<Double>.cosineTransform(size: 8)
    let values = Tensor<Double>([5, 3, 1, 1e-18, 0, -1e-17, -1e-3, 0])
    let kernel = Tensor.matrixProduct(
      basis * values.reshaped(to: [-1, 1]), basis, transposingLeft: true)
    let transform = try SpectralTransform(equalizing: 6, of: kernel, to: target)
    let spectrum = try transform.matrix.symmetricEigenpairs().values
    #expect(spectrum.smallest() > 0)
    #expect(transform.dampings.count == (target == .next ? 2 : 3))
  }

  /// f(λ) for the first eigenvalues and a factor for the others, by all eigenpairs.
  private func denseFunction(
    _ kernel: Tensor<Double>, leading: Int, rest: Double, _ mapping: (Double) -> Double
  ) throws -> Tensor<Double> {
    let pairs = try kernel.symmetricEigenpairs()
    let factors = Tensor(
      pairs.values.elements.enumerated().map { $0 < leading ? mapping($1) : rest })
    return .matrixProduct(
      pairs.vectors * factors.reshaped(to: [-1, 1]), pairs.vectors, transposingLeft: true)
  }

  @Test(arguments: [0, 1, 5, 12], [1, 0.25])
  func isAnyFunctionOfTheLeadingEigenvalues(count: Int, rest: Double) throws {
    let kernel = randomKernel(size: 12)
    let transform = try SpectralTransform(of: kernel, leading: count, rest: rest) {
      1 / $0.squareRoot()
    }
    let dense = try denseFunction(kernel, leading: count, rest: rest) { 1 / $0.squareRoot() }
    #expect(transform.matrix.isApproximatelyEqual(to: dense, relativeTolerance: 1e-12))
    #expect(
      try #require(transform.eigenvalues).isApproximatelyEqual(
        to: try kernel.symmetricEigenpairs().values.slice(0..<count), relativeTolerance: 1e-13))
    // A restored transform does the same.
    var restored = try SpectralTransform(equalizing: 2, of: randomKernel(size: 12), to: .next)
    try restored.restore(from: transform.savedState())
    #expect(restored.matrix == transform.matrix && restored.eigenvalues == transform.eigenvalues)
  }

  @Test func largeKernelsAreMappedFromTheirLeadingEigenpairs() throws {
    let kernel = randomKernel(size: 800)
    let transform = try SpectralTransform(of: kernel, leading: 3, rest: 2) { 3 + $0 }
    let dense = try denseFunction(kernel, leading: 3, rest: 2) { 3 + $0 }
    #expect(transform.matrix.largestDifference(from: dense) < 1e-8)
  }

  @Test func equalizationIsTheFunctionOfItsTarget() throws {
    let kernel = randomKernel(size: 12)
    let next = try kernel.symmetricEigenpairs().values[4]
    let equalized = try SpectralTransform(equalizing: 4, of: kernel, to: .next)
    let mapped = try SpectralTransform(of: kernel, leading: 4) { next / $0 }
    #expect(mapped.matrix.isApproximatelyEqual(to: equalized.matrix, relativeTolerance: 1e-13))
  }

  @Test func rejectsFactorsThatRemoveOrReverseADirection() throws {
    let kernel = randomKernel(size: 4)
    for factor in [0, -1, .infinity] {
      #expect(throws: AdjusterError.factorNotPositive(factor)) {
        try SpectralTransform(of: kernel, leading: 2) { _ in factor }
      }
      #expect(throws: AdjusterError.factorNotPositive(factor)) {
        try SpectralTransform(of: kernel, leading: 2, rest: factor) { _ in 1 }
      }
    }
    #expect(throws: AdjusterError.self) {
      try SpectralTransform(of: kernel, leading: 2) { _ in .nan }
    }
    #expect(throws: AdjusterError.tooFewEigenvalues(wanted: 5, size: 4)) {
      try SpectralTransform(of: kernel, leading: 5) { $0 }
    }
  }

  @Test func rejectsWhatCannotBeEqualized() throws {
    let kernel = randomKernel(size: 4)
    #expect(throws: AdjusterError.endNotBelowGroups(end: 4, groups: 4)) {
      try SpectralTransform(equalizing: 4, of: kernel, to: .next)
    }
    var broken = kernel
    broken[1, 2] = .nan
    #expect(throws: AdjusterError.nonFinite("kernel")) {
      try SpectralTransform(equalizing: 2, of: broken, to: .next)
    }
  }
}
