import TensorKit
import Testing

@Suite struct LeadingEigenpairsTests {
  /// A symmetric matrix with given eigenvalues.
  private func matrix(_ values: [Double], seed: UInt64 = 1) -> Tensor<Double> {
    var generator = SeededGenerator(seed: seed)
    let basis = Tensor<Double>.normal(shape: [values.count, values.count], using: &generator)
      .orthonormalizedColumns()
    let product = Tensor.matrixProduct(basis * Tensor(values), basis, transposingRight: true)
    return (product + product.transposed()) * 0.5
  }

  private func decaying(_ size: Int) -> [Double] {
    (0..<size).map { 1 / Double(($0 + 1) * ($0 + 1)) }
  }

  @Test(arguments: [1, 5, 20]) func equalsTheFullDecomposition(count: Int) throws {
    let kernel = matrix(decaying(150))
    let full = try kernel.symmetricEigenpairs(count)
    let (pairs, block) = try kernel.leadingEigenpairs(count, tolerance: 1e-6)
    // An eigenvalue's error is the square of the residual over the gap.
    #expect(pairs.values.isApproximatelyEqual(to: full.values, relativeTolerance: 1e-9))
    // Vectors up to sign: the products of corresponding ones are ±1.
    let products = Tensor.matrixProduct(pairs.vectors, full.vectors, transposingRight: true)
    #expect(
      products.absoluteValue().isApproximatelyEqual(
        to: .identity(count), relativeTolerance: 1e-2))
    #expect(block.shape[0] > count && block.shape[1] == 150)
  }

  @Test func startsFromTheLastAnswer() throws {
    let kernel = matrix(decaying(200))
    let (_, block) = try kernel.leadingEigenpairs(10, tolerance: 1e-10)
    let changed = kernel + matrix(decaying(200), seed: 2) * 1e-3
    let full = try changed.symmetricEigenpairs(10)
    let (pairs, _) = try changed.leadingEigenpairs(10, startingFrom: block, tolerance: 1e-10)
    #expect(pairs.values.isApproximatelyEqual(to: full.values, relativeTolerance: 1e-10))
    let residual =
      Tensor.matrixProduct(pairs.vectors, changed)
      - pairs.vectors * pairs.values.reshaped(to: [-1, 1])
    #expect(residual.absoluteValue().largest() < 1e-9)
  }

  @Test func aSpectrumThatDoesNotDecayIsStillSolved() throws {
    // Neighbours differ by 1e-5 of the largest: the iteration gives up, and the reduction answers.
    let values = (0..<120).map { 1 - 1e-5 * Double($0) }
    let kernel = matrix(values)
    let (pairs, _) = try kernel.leadingEigenpairs(6, tolerance: 1e-13)
    #expect(
      pairs.values.isApproximatelyEqual(to: Tensor(Array(values[..<6])), relativeTolerance: 1e-12))
  }

  @Test func doesNotDependOnThreads() throws {
    let kernel = Tensor<Float>(matrix(decaying(600)))
    let answers = try [1, 2, 3].map {
      try kernel.leadingEigenpairs(8, tolerance: 1e-5, workers: Workers(threads: $0)).pairs
    }
    #expect(answers.allSatisfy { $0.values == answers[0].values })
    #expect(answers.allSatisfy { $0.vectors == answers[0].vectors })
  }

  @Test(arguments: [-120, -66, -40, -20, 20, 66, 100])
  func doesNotDependOnTheMatrixsScale(_ exponent: Int) throws {
    let kernel = Tensor<Float>(matrix(decaying(300)))
    let unit = Float(sign: .plus, exponent: exponent, significand: 1)
    let expected = try kernel.leadingEigenpairs(10, tolerance: 1e-5).pairs
    let found = try (kernel * unit).leadingEigenpairs(10, tolerance: 1e-5).pairs
    let values = found.values.elements.map { $0 / unit }
    #expect(Tensor(values).isApproximatelyEqual(to: expected.values, relativeTolerance: 1e-5))
    let full = try matrix(decaying(300)).symmetricEigenpairs(10)
    #expect(
      Tensor<Double>(Tensor(values)).isApproximatelyEqual(to: full.values, relativeTolerance: 1e-4))
  }

  @Test func aMatrixThatIsNotFiniteIsATypedError() {
    var kernel = matrix(decaying(20))
    kernel[3, 4] = .nan
    #expect(throws: EigenError.nonFinite) { try kernel.leadingEigenpairs(2, tolerance: 1e-8) }
  }
}
