import AutoDiff
import TensorKit
import Testing

/// What the public check of derivatives finds.
@Suite struct DerivativeCheckTests {
  /// Squares, with a mistake of some kind.
  private struct Square: Primitive {
    enum Mistake: CaseIterable {
      case none, pushforward, pullback, firstOrder, detached, shape, missing
    }
    var mistake = Mistake.none

    func value(of inputs: [Tensor<Double>]) -> Tensor<Double> { inputs[0].squared() }

    func pushforward(
      _ tangents: [Variable<Double>?], at inputs: [Variable<Double>], output: Variable<Double>
    ) -> Variable<Double>? {
      tangents[0].map { $0 * inputs[0] * (mistake == .pushforward ? 3 : 2) }
    }

    func pullback(
      _ cotangent: Variable<Double>, at inputs: [Variable<Double>], output: Variable<Double>,
      needed: [Bool]
    ) -> [Variable<Double>?] {
      switch mistake {
      case .pullback: [cotangent * inputs[0] * 3]
      case .detached: [cotangent * inputs[0].detached() * 2]
      case .shape: [(cotangent * inputs[0]).sum()]
      case .missing: []
      default: [cotangent * inputs[0] * 2]
      }
    }

    func accumulatePullback(
      _ cotangent: consuming Tensor<Double>, of evaluation: Evaluation<Double>,
      at inputs: [Tensor<Double>], into results: inout PullbackResults<Double>
    ) {
      results.add(cotangent * inputs[0] * (mistake == .firstOrder ? 3 : 2), toInput: 0)
    }
  }

  private func rules(_ mistake: Square.Mistake) -> Set<DerivativeFinding.Rule> {
    let findings = checkDerivatives(ofPrimitive: Square(mistake: mistake), at: [normal([2, 3])])
    #expect(findings.allSatisfy { !$0.description.isEmpty })
    return Set(findings.map(\.rule))
  }

  @Test func mistakesOfPrimitivesAreFound() {
    #expect(rules(.none) == [])
    #expect(rules(.pushforward).isSuperset(of: [.pushforward, .adjoint]))
    #expect(rules(.pullback).contains(.recordedPullback))
    #expect(rules(.firstOrder).isSuperset(of: [.adjoint, .recordedPullback]))
    // Right to the first order alone.
    #expect(rules(.detached).contains(.secondOrder))
    #expect(rules(.detached).isDisjoint(with: [.pushforward, .adjoint, .recordedPullback]))
    #expect(rules(.shape) == [.shape] && rules(.missing) == [.shape])
    let first = checkDerivatives(
      ofPrimitive: Square(mistake: .detached), at: [normal([2, 3])], checksSecondOrder: false)
    #expect(first.isEmpty, "\(first)")
  }

  @Test func functionsAreChecked() {
    #expect(checkDerivatives(at: [normal([3])]) { ($0[0] * 3).sine() }.isEmpty)
    // A part that counts as a constant has other derivatives than differences show.
    let x = normal([3])
    let constant: @Sendable ([Variable<Double>]) -> Variable<Double> = {
      $0[0] * $0[0].detached()
    }
    #expect(checkDerivatives(at: [x], of: constant).contains { $0.rule == .pushforward })
    #expect(checkDerivatives(at: [x], differencing: { $0[0] * Variable(x) }, of: constant).isEmpty)
    #expect(!checkDerivatives(at: [x]) { ($0[0] * .nan).sine() }.isEmpty)
  }

  // MARK: - Modules

  /// Rows that see the mean of the batch.
  private struct Coupled: Module {
    var inner = Network([2, 3, 1])
    func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
      inner(input - input.mean())
    }
    mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
      visitor.visit(&inner, named: "inner")
    }
  }

  /// Factors of samples' gradients that are not theirs.
  private struct WrongFactors: Module {
    struct Scaling: Primitive {
      func value(of inputs: [Tensor<Double>]) -> Tensor<Double> { inputs[0] * inputs[1] }
      func pushforward(
        _ tangents: [Variable<Double>?], at inputs: [Variable<Double>], output: Variable<Double>
      ) -> Variable<Double>? {
        let parts = [
          tangents[0].map { $0 * inputs[1] }, tangents[1].map { $0 * inputs[0] },
        ].compactMap { $0 }
        return parts.dropFirst().reduce(parts.first) { sum, part in sum.map { $0 + part } }
      }
      func pullback(
        _ cotangent: Variable<Double>, at inputs: [Variable<Double>], output: Variable<Double>,
        needed: [Bool]
      ) -> [Variable<Double>?] {
        [cotangent * inputs[1], (cotangent * inputs[0]).summed(to: inputs[1].shape)]
      }
      func perSampleGradients(
        _ cotangent: Tensor<Double>, of evaluation: Evaluation<Double>,
        at inputs: [Tensor<Double>], needed: [Bool]
      ) -> [PerSampleGradient<Double>]? {
        [PerSampleGradient(ofInput: 1, outer: cotangent, inner: nil)]
      }
    }
    var scale = Variable(normal([2], seed: 4))
    func callAsFunction(_ input: Variable<Double>) -> Variable<Double> {
      .applying(Scaling(), to: input, scale)
    }
    mutating func visit(_ visitor: inout ModuleVisitor<Double>) {
      visitor.visit(&scale, named: "scale")
    }
  }

  private func rules(_ module: some Module<Double>) -> Set<DerivativeFinding.Rule> {
    Set(checkDerivatives(of: module, at: normal([3, 2], seed: 2)).map(\.rule))
  }

  @Test func modulesAreChecked() {
    #expect(rules(Network([2, 3, 1])) == [])
    var normalized = Network([2, 3, 1])
    normalized.layers[0].normalization = Normalization(columns: 3, placement: .beforeActivation)
    #expect(rules(normalized) == [])
    #expect(rules(Residual(inner: Linear(weight: normal([2, 2]), bias: nil))) == [])
    #expect(rules(Coupled()) == [.rows])
    #expect(rules(WrongFactors()) == [.samples])
  }
}
