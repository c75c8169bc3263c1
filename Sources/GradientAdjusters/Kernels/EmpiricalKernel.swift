import AutoDiff
import TensorKit

extension TiledEvaluation {
  /// The empirical neural tangent kernel of the model at some inputs.
  ///
  /// `result[i, j] = ⟨∇θ s(x_i), ∇θ s(x_j)⟩`, where s is the sum of the outputs divided by the root of
  /// their number, as published. Computed from Gram matrices of the layers' inputs and cotangents;
  /// no Jacobian is formed (A. Jacot et al., NeurIPS 2018; R. Novak et al., ICML 2022).
  ///
  /// - Parameters:
  ///   - inputs: Shape: [samples, inputs].
  ///   - outputWeights: The weight of each output in s; 1/√C each by default. Shape: [outputs].
  /// - Returns: Shape: [samples, samples], exactly symmetric.
  public func empiricalKernel(
    at inputs: Tensor<Scalar>, outputWeights: Tensor<Scalar>? = nil
  ) throws -> Tensor<Scalar> {
    try perSampleGradients(for: inputs, outputWeights: outputWeights).gram(runner: runner)
  }

  /// The empirical neural tangent kernel from explicit per-sample gradients.
  ///
  /// The same numbers as ``empiricalKernel(at:outputWeights:)`` up to rounding, from an independent
  /// computation: a sweep for each sample, and memory for samples · parameters numbers.
  public func explicitEmpiricalKernel(
    at inputs: Tensor<Scalar>, outputWeights: Tensor<Scalar>? = nil
  ) throws -> Tensor<Scalar> {
    let rows = try jacobianRows(for: inputs, outputWeights: outputWeights)
    return .matrixProduct(rows, rows, transposingRight: true)
  }
}
