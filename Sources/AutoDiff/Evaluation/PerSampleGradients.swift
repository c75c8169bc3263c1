import TensorKit

/// The gradients of a scalar for each of some samples with respect to a model's parameters: the rows
/// of a Jacobian, in factored form where the model's operations give one.
///
/// The scalar is a weighted sum of the sample's outputs, whose weights are its cotangents. They may be the same
/// for all samples, or each sample's own: those of its loss, for instance.
public struct PerSampleGradients<Scalar: TensorScalar>: Sendable {
  /// The parameters that have a factored form.
  public let factored: [Part]
  /// The rows with respect to all other parameters together, of shape [samples, numbers], if any.
  public let explicit: Tensor<Scalar>?
  /// The indices of those other parameters, in the order of the rows' numbers.
  public let explicitParameters: [Int]
  /// The model's outputs at the samples, of shape [samples, outputs].
  public let outputs: Tensor<Scalar>
  /// Whether the numbers are those of the gradients.
  ///
  /// Of coefficients in a basis that has more vectors than a layer has inputs, factors and explicit
  /// rows hold as many numbers as the weight has: they have the gradients' dot products alone.
  public let holdsGradients: Bool
  private let layout: ParameterLayout

  /// The number of samples.
  public var sampleCount: Int { outputs.shape[0] }

  /// The Gram matrix of the rows: `result[i, j]` is the dot product of rows i and j.
  ///
  /// For a linear layer it is `(A Aᵀ + 1) ∘ (D Dᵀ)`, with A the layer's inputs and D the cotangents of
  /// its outputs: two small Gram matrices, no Jacobian.
  ///
  /// The matrix of up to 512 samples is added up in double precision: that costs little there, and
  /// the smaller eigenvalues of a kernel are soon within the rounding errors of single precision.
  ///
  /// - Parameter runner: Works on blocks of the matrix.
  /// - Returns: Shape: [samples, samples], exactly symmetric.
  /// - Complexity: 2 · samples² · (columns of all factors), half of it saved by symmetry.
  public func gram(runner: any ShardRunner = Workers()) throws -> Tensor<Scalar> {
    if Scalar.self != Double.self && sampleCount <= 512 {
      return Tensor(try PerSampleGradients<Double>(self).gram(runner: runner))
    }
    return try .symmetric(size: sampleCount, runner: runner) { rows, columns in
      var block = Tensor<Scalar>(zeros: [rows.count, columns.count])
      for (index, part) in factored.enumerated() {
        part.addProducts(with: part, rows: rows, columns: columns, to: &block)
        for other in factored.dropFirst(index + 1) where other.parameter == part.parameter {
          part.addProducts(with: other, rows: rows, columns: columns, to: &block)
          other.addProducts(with: part, rows: rows, columns: columns, to: &block)
        }
      }
      if let explicit {
        block += Tensor.rowProducts(explicit, rows: rows, explicit, rows: columns)
      }
      return block
    }
  }

  /// The squared norm of each row: the diagonal of ``gram(runner:)``, without the rest of it.
  ///
  /// For a linear layer that is `(|a|² + 1) |d|²` for each sample, with a the layer's input and d the cotangent
  /// of its output.
  ///
  /// - Returns: Shape: [samples].
  /// - Complexity: The numbers in all factors, where one row of them belongs to a sample.
  public func squaredNorms(workers: Workers = Workers()) throws -> Tensor<Scalar> {
    let tiles = stride(from: 0, to: sampleCount, by: 256).map { $0..<min($0 + 256, sampleCount) }
    let norms = try workers.map(tiles.count) { tile in
      var norms = Tensor<Scalar>(zeros: [tiles[tile].count])
      for (index, part) in factored.enumerated() {
        norms += part.productsBySample(with: part, tiles[tile])
        for other in factored.dropFirst(index + 1) where other.parameter == part.parameter {
          norms += part.productsBySample(with: other, tiles[tile]) * 2
        }
      }
      if let explicit { norms += explicit.slice(tiles[tile]).squared().sum(alongAxis: 1) }
      return norms
    }
    return norms.isEmpty ? Tensor(zeros: [0]) : .concatenated(norms)
  }

  /// The sum of the samples' gradients, each times a weight.
  ///
  /// - Parameters:
  ///   - weights: Shape: [samples].
  ///   - workers: The threads that share the work.
  /// - Precondition: ``holdsGradients``.
  public func sum(
    weightedBy weights: Tensor<Scalar>, workers: Workers = Workers()
  ) throws -> ParameterVector<Scalar> {
    precondition(holdsGradients, "the sum of gradients of which only dot products are known")
    precondition(
      weights.shape == [sampleCount],
      "weights of shape \(weights.shape) for \(sampleCount) samples")
    let layout = layout
    let tiles = RowTiles(rowCount: sampleCount, rowsPerTile: 256)
    let sums: PartialGradients<Scalar>? = try workers.reduce(tiles.shardCount) { shard in
      var sums = PartialGradients<Scalar>(count: layout.entries.count)
      for rows in tiles.tiles(ofShard: shard) { add(rows, weights, to: &sums.leaves) }
      return sums
    }
    let leaves = sums ?? PartialGradients(count: layout.entries.count)
    return ParameterVector(gathering: leaves.leaves, layout: layout)
  }

  /// Adds some rows' weighted gradients to sums for each parameter.
  private func add(
    _ rows: RowTiles.Rows, _ weights: Tensor<Scalar>, to sums: inout [CotangentSum<Scalar>]
  ) {
    let weights = weights.reshaped(to: [-1, 1]).rows(in: rows)
    let entries = layout.entries
    for part in factored {
      part.addSum(of: rows, weightedBy: weights, to: &sums) { entries[$0].shape }
    }
    guard let explicit else { return }
    let sum = Tensor.matrixProduct(weights, explicit.rows(in: rows), transposingLeft: true)
    var start = 0
    for parameter in explicitParameters {
      let end = start + entries[parameter].count
      sums[parameter].add(
        sum.slice(start..<end, alongAxis: 1).reshaped(to: entries[parameter].shape))
      start = end
    }
  }

  /// The same numbers in another precision.
  private init<Other>(_ other: PerSampleGradients<Other>) {
    self.init(
      factored: other.factored.map { Part($0) },
      explicit: other.explicit.map { Tensor($0) }, explicitParameters: other.explicitParameters,
      outputs: Tensor(other.outputs), layout: other.layout,
      holdsGradients: other.holdsGradients)
  }

  init(
    factored: [Part], explicit: Tensor<Scalar>?, explicitParameters: [Int],
    outputs: Tensor<Scalar>, layout: ParameterLayout, holdsGradients: Bool
  ) {
    self.factored = factored
    self.explicit = explicit
    self.explicitParameters = explicitParameters
    self.outputs = outputs
    self.layout = layout
    self.holdsGradients = holdsGradients
  }
}
