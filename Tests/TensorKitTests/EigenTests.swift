import Foundation
import TensorKit
import Testing

@Suite struct EigenTests {
  /// A symmetric matrix with given eigenvalues, in a basis that belongs to a seed.
  private func matrix<Scalar: TensorScalar>(
    spectrum: [Double], seed: UInt64 = 1, as type: Scalar.Type = Scalar.self
  ) -> Tensor<Scalar> {
    let size = spectrum.count
    let basis = randomTensor([size, size], seed: seed, as: Double.self).orthonormalizedColumns()
    let product = Tensor<Double>.matrixProduct(
      basis * Tensor(spectrum), basis, transposingRight: true)
    return Tensor<Scalar>((product + product.transposed()) * 0.5)
  }

  /// Checks ‖A v − λ v‖, orthonormality, order and signs, and returns the eigenvalues.
  @discardableResult
  private func expectEigenpairs<Scalar: TensorScalar>(
    of matrix: Tensor<Scalar>, count: Int? = nil
  ) throws -> Tensor<Scalar> {
    let size = matrix.shape[0]
    let pairs = try matrix.symmetricEigenpairs(count)
    #expect(pairs.values.shape == [count ?? size])
    #expect(pairs.vectors.shape == [count ?? size, size])
    let scale = Swift.max(pairs.values.absoluteValue().largest(), matrix.norm())
    let tolerance = Scalar(8 * size) * Scalar.ulpOfOne
    let images = Tensor.matrixProduct(pairs.vectors, matrix)
    let residual = images - pairs.vectors * pairs.values.reshaped(to: [-1, 1])
    #expect(residual.absoluteValue().largest() <= tolerance * scale)
    let products = Tensor.matrixProduct(pairs.vectors, pairs.vectors, transposingRight: true)
    #expect(products.largestDifference(from: .identity(count ?? size)) <= tolerance)
    for (larger, smaller) in zip(pairs.values.elements, pairs.values.elements.dropFirst()) {
      #expect(larger >= smaller)
    }
    for row in 0..<(count ?? size) {
      let vector = pairs.vectors.slice(row..<(row + 1))
      #expect(vector.largest() >= -vector.smallest())
    }
    return pairs.values
  }

  private func expectSpectrum<Scalar: TensorScalar>(
    _ spectrum: [Double], _ type: Scalar.Type
  ) throws {
    let values = try expectEigenpairs(of: matrix(spectrum: spectrum, as: Scalar.self))
    let expected = Tensor<Scalar>(Tensor<Double>(spectrum.sorted(by: >)))
    let tolerance = Scalar(8 * spectrum.count) * Scalar.ulpOfOne
    #expect(
      values.isApproximatelyEqual(
        to: expected, relativeTolerance: tolerance, absoluteTolerance: tolerance * 1e-3))
  }

  /// Eigenvalues that are a function of their index.
  private static func spectrum(_ size: Int, _ value: (Double) -> Double) -> [Double] {
    (0..<size).map { value(Double($0)) }
  }

  private static let spectra: [[Double]] = [
    [3.0, 1, -2], [5, 5, 5, 5], [1, 1, 1, 0, 0, -1, -1], [0, 0, 0], [-4, -3, -2, -1],
    [1e8, 1, -1e8, 1e-8], spectrum(40) { pow(0.5, $0) }, spectrum(30) { 1 + 1e-9 * $0 },
    spectrum(25) { $0 < 12 ? 2 : $0 },
  ]

  @Test(arguments: spectra)
  func eigenvaluesAreThoseOfTheConstruction(_ spectrum: [Double]) throws {
    try expectSpectrum(spectrum, Double.self)
    try expectSpectrum(spectrum, Float.self)
  }

  /// The second differences on n points have the eigenvalues 2 - 2 cos(k π / (n + 1)).
  @Test func secondDifferencesHaveTheirKnownSpectrum() throws {
    let size = 25
    let matrix = tensor([size, size]) { index -> Double in
      index[0] == index[1] ? 2 : abs(index[0] - index[1]) == 1 ? -1 : 0
    }
    let values = try expectEigenpairs(of: matrix)
    let expected = Tensor<Double>(
      (1...size).reversed().map { 2 - 2 * cos(Double($0) * .pi / Double(size + 1)) })
    #expect(values.largestDifference(from: expected) < 1e-13)
  }

  @Test(arguments: [1, 2, 9, 29, 30])
  func theLargestPairsAreTheFirstOfAll(_ count: Int) throws {
    let spectra = [
      Self.spectrum(30) { 10 - $0 },  // indefinite
      Self.spectrum(30) { $0 < 5 ? 3 : 1 },  // degenerate
      Self.spectrum(30) { exp(-$0) },
    ]
    for spectrum in spectra {
      let matrix = matrix(spectrum: spectrum, as: Double.self)
      let some = try expectEigenpairs(of: matrix, count: count)
      let all = try matrix.symmetricEigenpairs().values
      #expect(some.largestDifference(from: all.slice(0..<count)) < 1e-12 * 10)
      try expectEigenpairs(of: Tensor<Float>(matrix), count: count)
    }
  }

  @Test func vectorsOfSeparatedValuesAreTheFirstOfAll() throws {
    let matrix = matrix(spectrum: Self.spectrum(12) { 20 - $0 }, as: Double.self)
    let some = try matrix.symmetricEigenpairs(4).vectors
    let all = try matrix.symmetricEigenpairs().vectors
    #expect(some.largestDifference(from: all.slice(0..<4)) < 1e-11)
  }

  @Test(arguments: [5, 63, 200]) func everyInstructionSetDecomposes(_ size: Int) throws {
    let spectrum = Self.spectrum(size) { 1 / ($0 + 1) - 0.01 }
    try withEachInstructionSet { _ in
      try expectSpectrum(spectrum, Double.self)
      try expectSpectrum(spectrum, Float.self)
      try expectEigenpairs(of: matrix(spectrum: spectrum, as: Float.self), count: 3)
    }
  }

  /// Eigenvalues scale with the matrix, up to the ends of the type's range.
  @Test func theScaleOfAMatrixDoesNotMatter() throws {
    func check<Scalar: TensorScalar>(_ exponents: [Scalar.Exponent], _ type: Scalar.Type) throws {
      let matrix = matrix(spectrum: Self.spectrum(30) { exp(-$0 / 4) }, as: Scalar.self)
      let pairs = try matrix.symmetricEigenpairs(4)
      let (leading, _) = try matrix.leadingEigenpairs(2, tolerance: 1e-4)
      for exponent in exponents {
        let scale = Scalar(sign: .plus, exponent: exponent, significand: 1)
        let scaled = try (matrix * scale).symmetricEigenpairs(4)
        #expect(scaled.values == pairs.values * scale && scaled.vectors == pairs.vectors)
        let (scaledLeading, _) = try (matrix * scale).leadingEigenpairs(2, tolerance: 1e-4)
        #expect(scaledLeading.values == leading.values * scale)
        let columns = matrix.slice(0..<9, alongAxis: 1)
        #expect((columns * scale).orthonormalizedColumns() == columns.orthonormalizedColumns())
      }
    }
    // Powers of two, so that nothing is rounded; squares of such matrices leave the type's range.
    try check([-66, 40, 100], Float.self)
    try check([-900, 700, 1000], Double.self)
  }

  @Test func oneByOne() throws {
    for value in [-3.0, 0, 7] {
      let pairs = try Tensor<Double>([[value]]).symmetricEigenpairs()
      #expect(pairs.values.elements == [value])
      #expect(pairs.vectors.elements == [1])
    }
    #expect(try Tensor<Float>([[2]]).symmetricEigenpairs(1).values.elements == [2])
  }

  @Test func theMatrixIsLeftAlone() throws {
    let matrix = matrix(spectrum: [3, 2, 1], as: Double.self)
    let before = matrix.elements
    _ = try matrix.symmetricEigenpairs()
    #expect(matrix.elements == before)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func aMatrixThatIsNotFiniteIsATypedError(_ value: Double) {
    var matrix = Tensor<Double>.identity(4)
    matrix[2, 1] = value
    #expect(throws: EigenError.nonFinite) { try matrix.symmetricEigenpairs() }
    #expect(throws: EigenError.nonFinite) { try Tensor<Float>(matrix).symmetricEigenpairs(2) }
    #expect(EigenError.nonFinite.description.contains("NaN"))
    #expect(EigenError.notConverged(code: 3).description.contains("code 3"))
  }
}

@Suite struct QRTests {
  private func check<Scalar: TensorScalar>(_ shape: [Int], _ type: Scalar.Type) {
    let matrix = randomTensor(shape, seed: 7, as: Scalar.self)
    let (orthonormal, upper) = matrix.qrFactors()
    #expect(orthonormal.shape == shape)
    #expect(upper.shape == [shape[1], shape[1]])
    let tolerance = Scalar(8 * (shape[0] + 1)) * Scalar.ulpOfOne
    #expect(
      Tensor.matrixProduct(orthonormal, upper).isApproximatelyEqual(
        to: matrix, relativeTolerance: tolerance))
    let products = Tensor.matrixProduct(orthonormal, orthonormal, transposingLeft: true)
    #expect(products.isApproximatelyEqual(to: .identity(shape[1]), relativeTolerance: tolerance))
    for row in 0..<shape[1] {
      for column in 0..<row { #expect(upper[row, column] == 0) }
    }
    #expect(matrix.orthonormalizedColumns() == orthonormal)
  }

  @Test(arguments: [[1, 1], [4, 1], [3, 3], [17, 5], [40, 40], [5, 0], [0, 0]])
  func factorsMultiplyToTheMatrix(_ shape: [Int]) {
    check(shape, Float.self)
    check(shape, Double.self)
  }

  @Test func columnsThatDependOnEachOtherStillGiveABasis() {
    let matrix = Tensor<Double>([[1, 2, 0], [1, 2, 0], [1, 2, 0], [1, 2, 0]])
    let basis = matrix.orthonormalizedColumns()
    let products = Tensor.matrixProduct(basis, basis, transposingLeft: true)
    #expect(products.largestDifference(from: .identity(3)) < 1e-14)
    let (orthonormal, upper) = matrix.qrFactors()
    #expect(Tensor.matrixProduct(orthonormal, upper).largestDifference(from: matrix) < 1e-14)
  }
}
