import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit

/// A small network, and a batch of random points with random targets in groups.
struct SmallProblem<Scalar: TensorScalar> {
  var model: CoordinateNetwork<Scalar>
  var batch: Batch<Scalar>

  init(
    rows: Int = 60, groupSize: Int = 6, outputs: Int = 3, seed: UInt64 = 1,
    activation: (any Activation<Scalar>)? = nil
  ) {
    var generator = SeededGenerator(seed: seed)
    model = .siren(
      inputs: 2, outputs: outputs, width: 16, hiddenLayers: 1, frequency: 10, using: &generator)
    if let activation { model = CoordinateNetwork(layers: model.layers, activation: activation) }
    batch = Batch(
      inputs: .uniform(over: -1...1, shape: [rows, 2], using: &generator),
      targets: .uniform(over: 0...1, shape: [rows, outputs], using: &generator),
      groups: RowPartition(rowCount: rows, groupSize: groupSize))
  }

  func step(threads: Int = 2, rowsPerTile: Int? = nil) -> TrainingStep<CoordinateNetwork<Scalar>> {
    TrainingStep(
      model: model, batch: batch, workers: Workers(threads: threads), rowsPerTile: rowsPerTile)
  }
}

/// Builds S densely from all eigenpairs: I - Σ (1 - target/λᵢ) vᵢ vᵢᵀ.
func denseTransform(
  _ kernel: Tensor<Double>, end: Int, target: EqualizationTarget
) throws -> Tensor<Double> {
  let pairs = try kernel.symmetricEigenpairs()
  let goal = target == .next ? pairs.values[end] : pairs.values[0]
  var result = Tensor<Double>.identity(kernel.shape[0])
  for index in 0..<end {
    let vector = pairs.vectors.slice(index..<(index + 1))
    let outer = Tensor.matrixProduct(vector, vector, transposingLeft: true)
    result -= outer * (1 - goal / pairs.values[index])
  }
  return result
}

/// A random symmetric positive definite matrix whose eigenvalues spread over some decades.
func randomKernel(size: Int, seed: UInt64 = 3) -> Tensor<Double> {
  var generator = SeededGenerator(seed: seed)
  let basis = Tensor<Double>.normal(shape: [size, size], using: &generator)
    .orthonormalizedColumns()
  let values = Tensor<Double>((0..<size).map { 1 / Double(1 + $0 * $0) })
  let scaled = basis * values
  let kernel = Tensor.matrixProduct(scaled, basis, transposingRight: true)
  return (kernel + kernel.transposed()) * 0.5
}
