import AutoDiff
import TensorKit
import Testing

// As in the documentation of `Primitive`.
private struct Cube: Primitive {
  func value(of inputs: [Tensor<Float>]) -> Tensor<Float> { inputs[0] * inputs[0] * inputs[0] }
  func pushforward(
    _ tangents: [Variable<Float>?], at inputs: [Variable<Float>], output: Variable<Float>
  ) -> Variable<Float>? { tangents[0].map { $0 * inputs[0].squared() * 3 } }
  func pullback(
    _ cotangent: Variable<Float>, at inputs: [Variable<Float>], output: Variable<Float>,
    needed: [Bool]
  ) -> [Variable<Float>?] { [cotangent * inputs[0].squared() * 3] }
}

/// The same in any precision.
struct GeneralCube<Scalar: TensorScalar>: Primitive {
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0] * inputs[0] * inputs[0] }
  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? { tangents[0].map { $0 * inputs[0].squared() * 3 } }
  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] { [cotangent * inputs[0].squared() * 3] }
}

@Suite struct CustomPrimitiveTests {
  @Test func theExampleOfTheDocumentationHasItsDerivatives() {
    let x = Variable(Tensor<Float>([1, -2]))
    #expect(Variable.applying(Cube(), to: x).value.elements == [1, -8])
    let slope = gradient(at: x) { Variable.applying(Cube(), to: $0).sum() }
    #expect(slope.value.elements == [3, 12])
    let curvature = gradient(at: x) { x in
      gradient(at: x) { Variable.applying(Cube(), to: $0).sum() }.sum()
    }
    #expect(curvature.value.elements == [6, -12])
    let third = gradient(at: x) { x in
      gradient(at: x) { x in
        gradient(at: x) { Variable.applying(Cube(), to: $0).sum() }.sum()
      }.sum()
    }
    #expect(third.value.elements == [6, 6])
  }

  @Test func itsDefaultsSufficeForEveryDerivative() {
    let findings = checkDerivatives(ofPrimitive: GeneralCube(), at: [normal([2, 3])])
    #expect(findings.isEmpty, "\(findings)")
    expectDerivatives(of: "cube of sine, twice", at: [normal([2, 3])]) {
      let cube = Variable.applying(GeneralCube(), to: $0[0].sine())
      return cube * .applying(GeneralCube(), to: $0)
    }
  }
}
