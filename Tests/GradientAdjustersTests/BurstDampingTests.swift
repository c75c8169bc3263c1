import AutoDiff
import GradientAdjusters
import TensorKit
import Testing

@Suite struct BurstDampingTests {
  private let problem = SmallProblem<Double>()

  /// What a gradient of a length comes out as.
  private func length(_ damping: inout BurstDamping<Double>, _ length: Double) -> Double {
    var gradient = ParameterVector<Double>(zeros: problem.model.parameterLayout)
    gradient.values[3] = -length
    damping.adjust(&gradient, for: problem.step())
    #expect(gradient.values[3] <= 0 && gradient.norm() == abs(gradient.values[3]))
    return gradient.norm()
  }

  @Test func ordinaryGradientsStayAsTheyAre() {
    var damping = BurstDamping<Double>()
    for step in 0..<200 {
      // Longer and shorter by turns, and on the whole shorter and shorter.
      let given = (step % 2 == 0 ? 1.5 : 1) * 0.99 * Double(200 - step)
      #expect(length(&damping, given) == given)
    }
    #expect(damping.scale == 1)
  }

  @Test func aBurstIsShortenedAndLaterGradientsAreScaledForAWhile() {
    var damping = BurstDamping<Double>(growth: 3, cooling: 0.5)
    for _ in 0..<30 { _ = length(&damping, 2) }
    // Three times the usual two, and half of that; the length that was let through counts as usual.
    #expect(abs(length(&damping, 500) - 3) < 1e-12)
    let usual = (0.95 * 4 + 0.05 * 36).squareRoot()
    let next = length(&damping, 500)
    #expect(abs(next - 3 * usual * damping.scale) < 1e-12)
    // Within twenty steps the scale falls no further; it comes back slowly.
    #expect(damping.scale > 0.5 && damping.scale < 0.501)
    for _ in 0..<18 { _ = length(&damping, 500) }
    #expect(damping.scale > 0.5)
    _ = length(&damping, 500)
    #expect(damping.scale < 0.26)
    for _ in 0..<5000 { _ = length(&damping, 1) }
    #expect(damping.scale > 0.98)
  }

  @Test func aMildBurstScalesByAsMuchAsItIsShortenedIfInProportion() {
    var damping = BurstDamping<Double>(growth: 2, cooling: 0.5, isProportional: true)
    for _ in 0..<30 { _ = length(&damping, 1) }
    #expect(abs(length(&damping, 2.5) - 2 * 0.8) < 1e-12)
    #expect(abs(damping.scale - 0.8) < 1e-12)
    // Its longest gradient counts: neither a milder one nor the number of them.
    var usual = (0.95 + 0.05 * 4).squareRoot()
    _ = length(&damping, 2.2 * usual)
    #expect(abs(damping.scale - 0.8) < 1e-3)
    usual = (0.95 * usual * usual + 0.05 * 4 * usual * usual).squareRoot()
    _ = length(&damping, 3 * usual)
    #expect(abs(damping.scale - 2 / 3.0) < 1e-3)
    for _ in 0..<18 { _ = length(&damping, 1) }
    // The next one is a burst of its own.
    let before = damping.scale
    #expect(before < 0.68)
    for _ in 0..<60 { _ = length(&damping, 1) }
    _ = length(&damping, 2.5)
    #expect(damping.scale < 0.83 * before && damping.scale > 0.75 * before)
  }

  @Test func theFirstGradientsAreOnlyLookedAt() {
    var damping = BurstDamping<Double>()
    for step in 0..<20 {
      let given = Double(1 << step)
      #expect(length(&damping, given) == given)
    }
    #expect(length(&damping, 1e9) < 1e6)
    let scale = damping.scale
    damping.restart()
    #expect(abs(length(&damping, 1e12) / 1e12 - scale) < 1e-3)
  }

  @Test func gradientsThatWereZeroMayGrow() {
    var damping = BurstDamping<Double>()
    for _ in 0..<30 { #expect(length(&damping, 0) == 0) }
    #expect(length(&damping, 1) == 1)
  }

  @Test func theScaleHasALeastValue() {
    var damping = BurstDamping<Double>(growth: 1.5, cooling: 0.1)
    var given = 1.0
    for step in 0..<400 {
      if step % 21 == 20 { given *= 100 }
      _ = length(&damping, given)
    }
    #expect(damping.scale > 0.0499 && damping.scale < 0.06)
  }

  @Test func aBurstWhileOthersSettleIsOnlyLookedAt() throws {
    let bands = BandEqualizer<Double>(CosineBands(RowGrid(extents: [60])))
    /// The scale after gradients of unusual length in ten steps, which follow from targets far away.
    func scale(burstFrom start: Int) throws -> Double? {
      var adjuster = ComposedAdjuster<Double>([bands, BurstDamping(settling: 70)])
      for step in 0..<start + 10 {
        let batch = problem.batch
        let far = Batch(inputs: batch.inputs, targets: batch.targets * 100)
        _ = try adjuster.lossWithGradient(of: problem.model, on: step < start ? batch : far)
      }
      return (adjuster.adjusters[1] as? BurstDamping<Double>)?.scale
    }
    #expect(try scale(burstFrom: 55) == 1)
    #expect(try scale(burstFrom: 100) ?? 1 < 0.71)
  }

  @Test func settingsThatMakeNoSenseAreMistakes() async {
    await #expect(processExitsWith: .failure) { _ = BurstDamping<Float>(growth: 1) }
    await #expect(processExitsWith: .failure) { _ = BurstDamping<Float>(cooling: 0) }
  }
}
