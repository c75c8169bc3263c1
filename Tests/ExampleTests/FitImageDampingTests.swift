import ExampleSupport
import Foundation
import GradientAdjusters
import INRZoo
import Testing

@testable import ImageFitting

@Suite("FitImage with damped gradients")
struct FitImageDampingTests {
  private static let adjusters = [
    "none", "damped", "iga", "iga+damped", "centered", "bands", "fr",
  ]

  /// The losses of each adjuster in runs whose gradients grow: after 90 small steps the rate becomes so
  /// large that a step changes every weight by about its own size.
  private func losses(_ options: [String], in root: URL) throws -> [String: [Double]] {
    let run = try FitImageFiles(
      [
        "--width", "8", "--downscale", "8", "--patch", "4", "--end", "4", "--steps", "110",
        "--learning-rate", "0.002", "--schedule", "once:90:500", "--fr-low", "4", "--fr-high", "4",
        "--fr-phases", "4",
      ] + options + Self.adjusters.flatMap { ["--adjuster", $0] }, in: root)
    #expect(run.program.code == 0)
    return Dictionary(
      uniqueKeysWithValues: try Self.adjusters.map { ($0, try run.losses("metrics-\($0).csv")) })
  }

  @Test("By default what adjusts residuals is damped, and otherwise what is asked for")
  func runs() throws {
    try withTemporaryFolder { root in
      let adjusted = try losses([], in: root)
      let all = try losses(["--damping", "all"], in: root)
      let none = try losses(["--damping", "none"], in: root)
      // The first gradients are only looked at.
      for name in Self.adjusters {
        #expect(adjusted[name]?.prefix(20) == none[name]?.prefix(20), "\(name)")
      }
      #expect(adjusted["none"] == none["none"] && adjusted["fr"] == none["fr"])
      #expect(none["damped"] != none["none"] && all["none"] == none["damped"])
      #expect(adjusted["damped"] == none["damped"])
      #expect(all["fr"] != none["fr"])
      #expect(adjusted["iga"] != none["iga"] && adjusted["iga"] == all["iga"])
      // By itself it is part of what was asked for.
      for losses in [adjusted, all, none] { #expect(losses["iga+damped"] == adjusted["iga"]) }
      for name in ["centered", "bands"] {
        #expect(adjusted[name] != none[name] && adjusted[name] == all[name], "\(name)")
      }
    }
  }

  @Test(
    "Where rates fall, damping is in proportion to bursts",
    arguments: [
      ([], false), (["--schedule", "constant"], false), (["--schedule", "once:1000:0.1"], true),
      (["--schedule", "cosine:100"], true),
    ])
  func proportion(options: [String], isProportional: Bool) throws {
    try withTemporaryFolder { root in
      let arguments = ["--width", "8", "--output", root.appendingPathComponent("o").path] + options
      guard case .run(let values) = try ImageFitting.Options.command.parse(arguments) else {
        throw ExampleFailure.software("asked for help")
      }
      let adjuster = try FitImageSettings(values)
        .adjuster(
          AdjusterChoice(.damped), over: Tensor<Float>(zeros: [1, 2]),
          at: .grid(RowGrid(extents: [1])))
      let damping = try #require(adjuster as? BurstDamping<Float>)
      #expect(damping.isProportional == isProportional)
    }
  }
}
