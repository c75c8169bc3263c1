import TensorKit

/// Where equalized eigenvalues are sent.
public enum EqualizationTarget: String, Sendable, CaseIterable {
  /// To the first eigenvalue not equalized, λ_{end+1}: the published rule for Adam.
  case next
  /// To the largest eigenvalue, λ₁: the published rule for gradient descent.
  case first
}

/// S = ρ I + Σᵢ (fᵢ - ρ) vᵢ vᵢᵀ over the leading eigenpairs of a kernel, kept as those pairs.
///
/// The spectrum of K S is that of K with each leading eigenvalue λᵢ multiplied by a factor fᵢ of its own, and all
/// others by ρ, mostly one. Equalization has fᵢ = target/λᵢ. S is applied in 4 · pairs · size operations for
/// each column; the matrix is never formed.
///
/// Source: K. Shi et al., "Inductive gradient adjustment for spectral bias in implicit neural
/// representations", ICML 2025, section 3.2. S has the form of EigenPro's preconditioner (S. Ma and
/// M. Belkin, NeurIPS 2017).
public struct SpectralTransform<Scalar: TensorScalar>: Checkpointable {
  /// Orthonormal eigenvectors as rows, of shape [pairs, size].
  public private(set) var vectors: Tensor<Scalar>
  /// ρ - fᵢ for each of them, of shape [pairs].
  public private(set) var dampings: Tensor<Scalar>
  /// ρ, the factor of all directions that are orthogonal to the vectors.
  public private(set) var rest: Scalar = 1
  /// λᵢ for each vector, of shape [pairs]; nil if the transform was not made from a kernel.
  public private(set) var eigenvalues: Tensor<Scalar>?
  /// Vectors near the leading eigenvectors, as rows, where the next kernel's computation can start.
  private var block: Tensor<Scalar>?

  /// A transform from orthonormal vectors and how much of each is taken out.
  ///
  /// - Precondition: There are as many dampings as vectors.
  public init(vectors: Tensor<Scalar>, dampings: Tensor<Scalar>) {
    precondition(
      vectors.rank == 2 && dampings.shape == [vectors.shape[0]],
      "dampings of shape \(dampings.shape) for vectors of shape \(vectors.shape)")
    self.vectors = vectors
    self.dampings = dampings
  }

  /// The transform that equalizes the leading eigenvalues of a kernel.
  ///
  /// An eigenvalue that is not safely positive ends the list: with `next`, equalization stops before
  /// the first eigenvalue whose successor is within rounding of zero, so that no direction is ever
  /// removed or reversed.
  ///
  /// - Parameters:
  ///   - end: How many eigenvalues are equalized.
  ///   - kernel: A symmetric positive semidefinite matrix, of shape [size, size].
  ///   - target: Where they are sent.
  ///   - previous: The transform of a kernel that differs little, such as the last step's. Large
  ///     kernels are then decomposed from its vectors on, to a tolerance of 10⁻⁵ of the largest
  ///     eigenvalue in single precision and 10⁻¹¹ in double.
  ///   - workers: The threads that share the work.
  /// - Throws: ``AdjusterError`` if `end` is not below the size, or the kernel is not finite.
  public init(
    equalizing end: Int, of kernel: Tensor<Scalar>, to target: EqualizationTarget,
    near previous: SpectralTransform? = nil, workers: Workers = Workers()
  ) throws {
    let size = kernel.shape[0]
    guard end >= 0 && end < size else {
      throw AdjusterError.endNotBelowGroups(end: end, groups: size)
    }
    try self.init(of: kernel, pairCount: end + 1, rest: 1, near: previous, workers: workers) {
      values in
      let floor = values[0] * Scalar.ulpOfOne * Scalar(size)
      var count = 0
      while count < end && values[target == .next ? count + 1 : count] > floor { count += 1 }
      let goal = target == .next ? values[count] : values[0]
      return values[..<count].map { goal / $0 }
    }
  }

  /// The transform that multiplies the leading eigenvalues of a kernel by a function of them.
  ///
  /// With factors `λ^(-1/2)` the leading directions are learned as strongly as the roots of their eigenvalues,
  /// for instance:
  ///
  /// ```swift
  /// let transform = try SpectralTransform(of: kernel, leading: 10) { 1 / $0.squareRoot() }
  /// ```
  ///
  /// - Parameters:
  ///   - kernel: A symmetric positive semidefinite matrix, of shape [size, size].
  ///   - count: How many eigenvalues are mapped, the largest first.
  ///   - rest: The factor of all others.
  ///   - previous: As for ``init(equalizing:of:to:near:workers:)``.
  ///   - workers: The threads that share the work.
  ///   - mapping: The factor of an eigenvalue. One that is within rounding of zero may be negative.
  /// - Throws: ``AdjusterError`` if there are fewer eigenvalues, the kernel is not finite, or a factor is not
  ///   finite and positive; and what `mapping` throws.
  public init(
    of kernel: Tensor<Scalar>, leading count: Int, rest: Scalar = 1,
    near previous: SpectralTransform? = nil, workers: Workers = Workers(),
    mapping: (_ eigenvalue: Scalar) throws -> Scalar
  ) throws {
    let size = kernel.shape[0]
    guard count >= 0 && count <= size && size > 0 else {
      throw AdjusterError.tooFewEigenvalues(wanted: count, size: size)
    }
    try self.init(
      of: kernel, pairCount: max(count, 1), rest: rest, near: previous, workers: workers
    ) { values in try values.prefix(count).map(mapping) }
  }

  /// The transform with the factors that a function gives for the first of some leading eigenvalues.
  private init(
    of kernel: Tensor<Scalar>, pairCount: Int, rest: Scalar, near previous: SpectralTransform?,
    workers: Workers, factors: (_ eigenvalues: [Scalar]) throws -> [Scalar]
  ) throws {
    let pairs: SymmetricEigenpairs<Scalar>
    var block: Tensor<Scalar>?
    do {
      if SpectralTransform.iterates(size: kernel.shape[0], count: pairCount) {
        (pairs, block) = try kernel.leadingEigenpairs(
          pairCount, startingFrom: previous?.block,
          tolerance: Scalar.self == Float.self ? 1e-5 : 1e-11, workers: workers)
      } else {
        pairs = try kernel.symmetricEigenpairs(pairCount)
      }
    } catch EigenError.nonFinite {
      throw AdjusterError.nonFinite("kernel")
    } catch {
      throw AdjusterError.notDecomposed("\(error)")
    }
    let values = pairs.values.elements
    let factors = try factors(values)
    for factor in factors + [rest] where !(factor > 0 && factor.isFinite) {
      throw AdjusterError.factorNotPositive(Double(factor))
    }
    self.init(
      vectors: pairs.vectors.slice(0..<factors.count),
      dampings: Tensor(factors.map { rest - $0 }))
    self.rest = rest
    self.eigenvalues = Tensor(Array(values.prefix(factors.count)))
    self.block = block
  }

  /// Whether a block iteration is faster than a reduction of the whole kernel, as measured.
  private static func iterates(size: Int, count: Int) -> Bool {
    size >= 768 && count * 12 <= size
  }

  /// S times a matrix of columns.
  ///
  /// - Parameter columns: Shape: [size, columns].
  public func applied(to columns: Tensor<Scalar>) -> Tensor<Scalar> {
    var result = columns
    if rest != 1 { result *= rest }
    guard dampings.count > 0 else { return result }
    var coefficients = Tensor.matrixProduct(vectors, columns)
    coefficients *= (-dampings).reshaped(to: [-1, 1])
    result.addProduct(vectors, coefficients, transposingLeft: true)
    return result
  }

  /// Shows the eigenpairs, the dampings, and where the next kernel's computation can start.
  ///
  /// - Throws: `StateError` if they do not fit each other.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&vectors, named: "vectors", keepingShape: false)
    try visitor.require(vectors.rank == 2, of: "vectors", "they have shape \(vectors.shape)")
    try visitor.visit(&dampings, named: "dampings", keepingShape: false)
    try visitor.requireShape(dampings.shape, toBe: [vectors.shape[0]], of: "dampings")
    try visitor.visit(&rest, named: "rest")
    try visitor.require(
      rest > 0 && rest.isFinite, of: "rest", "directions cannot be multiplied by \(rest)")
    try visitor.visit(&eigenvalues, named: "eigenvalues")
    if let eigenvalues {
      try visitor.requireShape(eigenvalues.shape, toBe: dampings.shape, of: "eigenvalues")
    }
    try visitor.visit(&block, named: "block")
    if let block {
      try visitor.requireShape(
        block.shape, toBe: [block.shape.first ?? 0, vectors.shape[1]], of: "block")
    }
  }

  /// A transform of nothing, which a saved one can be read into.
  static var empty: SpectralTransform {
    SpectralTransform(vectors: Tensor(zeros: [0, 0]), dampings: Tensor(zeros: [0]))
  }

  /// S as a matrix, for inspection and tests.
  public var matrix: Tensor<Scalar> { applied(to: .identity(vectors.shape[1])) }
}
