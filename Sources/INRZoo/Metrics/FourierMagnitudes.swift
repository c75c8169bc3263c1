import TensorKit

/// The magnitudes of a picture's two-dimensional discrete Fourier transform, frequency zero in the
/// middle.
///
/// `result[i, j] = |Σ_{y,x} plane[y, x] exp(-2πi (u y / height + v x / width))|` with
/// u = i - ⌊height/2⌋ and v = j - ⌊width/2⌋ cycles over the picture, which is taken as periodic.
///
/// - Parameter plane: Shape: [height, width].
/// - Returns: The same shape.
/// - Precondition: There are two axes.
/// - Complexity: That of six products of matrices of the sides' sizes.
public func fourierMagnitudes(of plane: Tensor<Double>) -> Tensor<Double> {
  precondition(plane.rank == 2, "the transform of a plane of shape \(plane.shape)")
  // exp(-i (a + b)): cos a cos b - sin a sin b, and (up to its sign) sin a cos b + cos a sin b.
  let (cosines, sines) = alongRows(of: plane)
  let columns = waves(plane.shape[1])
  var real = Tensor.matrixProduct(cosines, columns.cosines, transposingRight: true)
  real.addProduct(-sines, columns.sines, transposingRight: true)
  var imaginary = Tensor.matrixProduct(sines, columns.cosines, transposingRight: true)
  imaginary.addProduct(cosines, columns.sines, transposingRight: true)
  return (real.squared() + imaginary.squared()).squareRoot()
}

private func alongRows(
  of plane: Tensor<Double>
) -> (cosines: Tensor<Double>, sines: Tensor<Double>) {
  let rows = waves(plane.shape[0])
  return (.matrixProduct(rows.cosines, plane), .matrixProduct(rows.sines, plane))
}

/// Cosines and sines of each frequency from -⌊size/2⌋ on, as rows.
private func waves(_ size: Int) -> (cosines: Tensor<Double>, sines: Tensor<Double>) {
  func matrix(_ function: (Double) -> Double) -> Tensor<Double> {
    Tensor(shape: [size, size]) { elements in
      for row in 0..<size {
        for place in 0..<size {
          // Reduced in integers, so that large products lose nothing.
          let product = (row - size / 2) * place % size
          elements[row * size + place] = function(2 * .pi * Double(product) / Double(size))
        }
      }
    }
  }
  return (matrix { $0.cosine() }, matrix { $0.sine() })
}
