import AutoDiff
import Foundation
import GradientAdjusters
import TensorKit
import Testing

@testable import CustomAdjuster

@Suite("CustomAdjuster")
struct CustomAdjusterTests {
  @Test("A twentieth of the residuals' mean is left, for each output, and all of the rest")
  func damping() throws {
    var generator = SeededGenerator(seed: 1)
    let layer = Linear<Double>(inputs: 2, outputs: 3, using: &generator)
    let step = TrainingStep(
      model: layer,
      batch: Batch(
        inputs: .uniform(over: -1...1, shape: [50, 2], using: &generator),
        targets: .uniform(over: 0...1, shape: [50, 3], using: &generator)))
    for share in [0.05, 0, 1] {
      var adjuster = DampedMean<Double>(leaving: share)
      let transform = adjuster.cotangentTransform(for: step)
      let before = try step.cotangents()
      let after = try transform.applied(to: before, groups: step.batch.groups)
      let (mean, damped) = (before.mean(alongAxis: 0), after.mean(alongAxis: 0))
      #expect((damped - mean * share).absoluteValue().largest() < 1e-15)
      #expect((after - damped).isApproximatelyEqual(to: before - mean, relativeTolerance: 1e-13))
      // A linear layer's bias has the sum of its outputs' cotangents as its gradient.
      let gradient = try adjuster.lossWithGradient(for: step).gradient["bias"]
      #expect(gradient?.isApproximatelyEqual(to: damped * 50, relativeTolerance: 1e-13) == true)
    }
  }

  @Test("It is a good adjuster", arguments: [0, 0.05, 1])
  func conformance(share: Double) {
    // One that leaves all of the mean changes nothing, and the check says so unless it is told.
    let changes = share < 1
    #expect(
      checkConformance(of: DampedMean<Double>(leaving: share), expectingChange: changes) == [])
    #expect(
      checkConformance(of: DampedMean<Float>(leaving: Float(share)), expectingChange: changes)
        == [])
    let rules = checkConformance(of: DampedMean<Double>(leaving: share)).map(\.rule)
    #expect(rules == (changes ? [] : [.changesSomething]))
  }

  /// The PSNR of each line on standard output.
  private func psnrs(_ options: String) throws -> [String: Double] {
    var found: [String: Double] = [:]
    try withTemporaryFolder { root in
      let run = try ProgramRun(
        "CustomAdjuster", options.split(separator: " ").map(String.init), in: root)
      #expect(run.code == 0)
      for line in run.outputLines {
        let match = try #require(line.wholeMatch(of: /adjuster=([a-z-]+) psnr=([0-9.]+)/))
        found[String(match.1)] = Double(match.2)
      }
      #expect(try names(in: root) == [])
    }
    return found
  }

  @Test("It is worth having: on the embedded picture it gains some decibels")
  func gain() throws {
    let psnrs = try psnrs("--width 48 --steps 150")
    let (plain, damped) = (try #require(psnrs["none"]), try #require(psnrs["damped-mean"]))
    #expect(psnrs.count == 2 && damped > plain + 1.5)
  }

  @Test("Leaving all of the mean is plain training, and threads change nothing")
  func shares() throws {
    let all = try psnrs("--width 8 --steps 30 --share 1 --threads 2")
    #expect(all["none"] == all["damped-mean"])
    #expect(try psnrs("--width 8 --steps 30 --share 1 --threads 1") == all)
    let half = try psnrs("--width 8 --steps 30 --share 0.5")
    #expect(half["none"] == all["none"] && half["damped-mean"] != all["damped-mean"])
  }

  @Test("A share that is none is refused")
  func refusal() throws {
    try withTemporaryFolder { root in
      let run = try ProgramRun("CustomAdjuster", ["--share", "1.5"], in: root)
      #expect(run.code == 64 && run.standardError.contains("0 to 1"))
    }
  }
}
