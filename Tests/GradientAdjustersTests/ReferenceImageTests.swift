import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Pictures fitted by PyTorch in float64, compared number by number.
///
/// The fixtures' own description gives the tolerances: 1e-9 relative for the first 20 losses, 1e-4
/// for later ones, since the choice of the largest residual is discontinuous; in single precision
/// 1e-3 for the first 10.
@Suite struct ReferenceImageTests {
  static let cases = ["relu", "pe", "siren", "finer", "gauss", "gauss-finer", "wire-finer"].map {
    "image-\($0)"
  }

  @Test(arguments: cases) func outputs(name: String) throws {
    let reference = try ReferenceImageCase(name)
    let outputs = try TiledEvaluation(of: reference.network("init", Double.self))
      .outputs(for: reference.batch().inputs)
    let expected = try reference.tensor("output0", as: Double.self).reshaped(to: [-1, 3])
    #expect(outputs.isApproximatelyEqual(to: expected, relativeTolerance: 1e-12))
  }

  @Test(arguments: cases) func jacobianRows(name: String) throws {
    let reference = try ReferenceImageCase(name)
    let batch = try reference.batch(Double.self)
    let firstOfGroup = batch.inputs.rows(at: (0..<2).map { batch.groups.row(group: $0, place: 0) })
    let rows = try TiledEvaluation(of: reference.network("init", Double.self))
      .jacobianRows(for: firstOfGroup)
    let expected = try reference.tensor("jacobian0.rows_0_and_1", as: Double.self)
    #expect(rows.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
  }

  @Test(arguments: cases) func empiricalKernel(name: String) throws {
    let reference = try ReferenceImageCase(name)
    let batch = try reference.batch(Double.self)
    let inputs = batch.inputs.rows(
      at: (0..<batch.groups.count).map { batch.groups.row(group: $0, place: 0) })
    let evaluation = TiledEvaluation(of: try reference.network("init", Double.self))
    let expected = try reference.tensor("entk0.first_of_group", as: Double.self)
    for kernel in [
      try evaluation.empiricalKernel(at: inputs),
      try evaluation.explicitEmpiricalKernel(at: inputs),
    ] {
      #expect(kernel.isApproximatelyEqual(to: expected, relativeTolerance: 1e-11))
    }
  }

  @Test(
    arguments: cases, ["identity", "iga-largest-residual", "iga-center"])
  func losses(name: String, run: String) throws {
    let reference = try ReferenceImageCase(name)
    let expected = try reference.tensor("losses.\(run)", as: Double.self).elements
    let (losses, model) = try reference.losses(adjuster: adjuster(run, reference, Double.self))
    #expect(losses.count == expected.count)
    #expect(largestRelativeDifference(losses.prefix(20), expected.prefix(20)) < 1e-9)
    #expect(largestRelativeDifference(losses, expected) < 1e-4)
    if run == "iga-largest-residual" {
      let final = try reference.network("final", Double.self).parameters.values
      #expect(model.parameters.values.isApproximatelyEqual(to: final, relativeTolerance: 1e-4))
    }
  }

  /// The first gradient differs by rounding: about 1e-7, times the ratio of the kernel's eigenvalues that
  /// the transform divides by, at most 3000 here.
  @Test(
    arguments: cases, ["identity", "iga-largest-residual", "iga-center"])
  func theFirstGradientInSinglePrecision(name: String, run: String) throws {
    let reference = try ReferenceImageCase(name)
    func gradient<Scalar: TensorScalar>(_ type: Scalar.Type) throws -> Tensor<Double> {
      var adjuster = adjuster(run, reference, Scalar.self)
      let (_, gradient) = try adjuster.lossWithGradient(
        of: reference.network("init", Scalar.self), on: reference.batch(Scalar.self))
      return Tensor<Double>(gradient.values)
    }
    let (single, double) = (try gradient(Float.self), try gradient(Double.self))
    #expect((single - double).norm() < 1e-3 * double.norm())
  }

  /// Adam divides a gradient by its own size, so that one which is all rounding moves its parameter as far
  /// as any other: losses of ReLU's ten steps differ by up to 1e-2, by processor.
  @Test(
    arguments: cases, ["identity", "iga-largest-residual", "iga-center"])
  func lossesInSinglePrecision(name: String, run: String) throws {
    let reference = try ReferenceImageCase(name)
    let expected = try reference.tensor("losses.\(run)", as: Double.self).elements
    let (losses, _) = try reference.losses(
      adjuster: adjuster(run, reference, Float.self), steps: 10)
    #expect(largestRelativeDifference(losses.prefix(1), expected.prefix(1)) < 1e-5)
    #expect(largestRelativeDifference(losses, expected.prefix(10)) < 0.05)
  }

  private func adjuster<Scalar: TensorScalar>(
    _ run: String, _ reference: ReferenceImageCase, _ type: Scalar.Type
  ) -> any GradientAdjuster<Scalar> {
    run == "identity"
      ? IdentityAdjuster()
      : InductiveGradientAdjuster(
        end: reference.settings.end,
        sampling: run == "iga-center" ? .center : .largestResidual)
  }
}
