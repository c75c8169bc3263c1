import AutoDiff
import GradientAdjusters
import TensorKit
import Testing

/// What a conformance check says of adjusters without an effect, and of ones that lead uphill.
@Suite struct AdjusterEffectTests {
  private typealias Closures = ConformanceTests.Closures

  private static func rules(
    _ adjuster: some GradientAdjuster<Double>, expectingChange: Bool = true
  ) -> [AdjusterFinding.Rule] {
    checkConformance(of: adjuster, expectingChange: expectingChange).map(\.rule)
  }

  @Test func misspeltHooksAreFound() {
    struct Misspelt: GradientAdjuster {
      typealias Scalar = Double
      mutating func cotangentsTransform<Model: Module<Double>>(
        for step: TrainingStep<Model>
      ) -> CotangentTransform<Double> { .rows { $0 * 2 } }
    }
    /// The gradient is handed on without `inout`.
    struct WrongArgument: GradientAdjuster {
      typealias Scalar = Double
      func adjust<Model: Module<Double>>(
        _ gradient: ParameterVector<Double>, for step: TrainingStep<Model>
      ) -> ParameterVector<Double> {
        var gradient = gradient
        gradient *= 2
        return gradient
      }
    }
    #expect(Self.rules(Misspelt()) == [.changesSomething])
    #expect(Self.rules(WrongArgument()) == [.changesSomething])
    #expect(Self.rules(ComposedAdjuster([Misspelt(), WrongArgument()])) == [.changesSomething])
    #expect(Self.rules(Misspelt(), expectingChange: false) == [])
  }

  @Test func nothingIsExpectedOfPlainTrainingAlone() {
    #expect(Self.rules(IdentityAdjuster()) == [])
    #expect(Self.rules(ComposedAdjuster([])) == [.changesSomething])
    #expect(Self.rules(ComposedAdjuster([]), expectingChange: false) == [])
    #expect(Self.rules(Closures()) == [.changesSomething])
  }

  @Test func adjustersThatWaitAreNotFound() {
    let late = Closures(transform: { step, _ in step < 30 ? .identity : .rows { $0 * 0.5 } })
    #expect(Self.rules(late) == [])
    // Acts on bursts alone, after it has seen twenty gradients.
    #expect(Self.rules(BurstDamping()) == [])
  }

  @Test func ascentIsFound() {
    #expect(Self.rules(Closures(change: { $0 *= -1 })) == [.descends])
    #expect(Self.rules(Closures(transform: { _, _ in .rows { $0 * -0.1 } })) == [.descends])
    let later = Closures(transform: { step, _ in .rows { $0 * (step > 0 ? -1 : 1) } })
    let findings = checkConformance(of: later)
    #expect(findings.map(\.rule) == [.descends])
    // The cosines are named; opposite gradients have -1 up to rounding.
    let detail = findings.first?.detail ?? ""
    #expect(detail.contains("-1.0") || detail.contains("-0.999"))
  }

  @Test func aStepUphillAmongOthersIsNoAscent() {
    let once = Closures(transform: { step, _ in .rows { $0 * (step == 3 ? -1 : 1) } })
    #expect(Self.rules(once) == [])
  }

  @Test func aGradientOfNothingIsNoAscent() {
    #expect(Self.rules(Closures(change: { $0 *= 0 })) == [])
  }
}
