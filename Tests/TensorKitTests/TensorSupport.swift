import TensorKit

/// Every index of a shape, in row-major order.
func allIndices(_ shape: [Int]) -> [[Int]] {
  shape.reduce([[]]) { found, extent in
    found.flatMap { index in (0..<extent).map { index + [$0] } }
  }
}

/// The place of an index among the elements of a shape in row-major order.
func place(of index: [Int], in shape: [Int]) -> Int {
  zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
}

/// A tensor made element by element from a function of the index.
func tensor<Scalar>(_ shape: [Int], _ element: ([Int]) -> Scalar) -> Tensor<Scalar> {
  Tensor(allIndices(shape).map(element), shape: shape)
}

/// A tensor of normal numbers that belongs to a shape and a seed.
func randomTensor<Scalar: TensorScalar>(
  _ shape: [Int], seed: UInt64 = 1, as type: Scalar.Type = Scalar.self
) -> Tensor<Scalar> {
  var generator = SeededGenerator(seed: seed)
  return .normal(shape: shape, using: &generator)
}

/// The tensor 0, 1, 2, … of a shape.
func counting<Scalar: TensorScalar>(
  _ shape: [Int], as type: Scalar.Type = Scalar.self
) -> Tensor<Scalar> {
  Tensor((0..<shape.reduce(1, *)).map { Scalar($0) }, shape: shape)
}

/// The distance between one and the next number of a type.
func unit<Scalar: TensorScalar>(_ type: Scalar.Type) -> Scalar { Scalar.ulpOfOne }
