import Foundation
import Testing

@Suite("FitImage with equalized bands")
struct FitImageBandsTests {
  private static let adjusters = ["none", "centered", "bands", "bands-cosine", "bands-block"]

  private func run(_ options: String, in root: URL, output: String = "output") throws
    -> FitImageFiles
  {
    // 24 x 16 pixels, and enough steps for three refreshes.
    try FitImageFiles(
      ["--width", "8", "--downscale", "8", "--steps", "12"]
        + options.split(separator: " ").map(String.init)
        + Self.adjusters.flatMap { ["--adjuster", $0] }, in: root, output: output)
  }

  /// Options, and the adjusters that they change.
  static let variations: [(options: String, changed: [String])] = [
    ("--exponent 0.5 --floor 1e-3 --refresh 50 --probes 1 --band-residuals updated", []),
    ("--exponent 0.25", ["bands", "bands-cosine", "bands-block"]),
    ("--exponent 0", ["bands", "bands-cosine", "bands-block"]),
    ("--floor 0.9", ["bands", "bands-cosine", "bands-block"]),
    ("--refresh 2", ["bands", "bands-cosine", "bands-block"]),
    ("--probes 4", ["bands", "bands-cosine", "bands-block"]),
    // No gradient is long enough within these steps.
    ("--damping none", []),
    ("--band-count 4", ["bands", "bands-cosine", "bands-block"]),
    ("--band-count 1000", ["bands-cosine", "bands-block"]),
    // Frequencies over the whole picture need this step's residuals in any case.
    ("--band-residuals current", ["bands", "bands-block"]),
    // What is kept in memory changes no bit.
    ("--memory 0", []),
  ]

  @Test("Every option does its work, and leaves other adjusters alone", arguments: variations)
  func options(options: String, changed: [String]) throws {
    try withTemporaryFolder { root in
      let plain = try run("", in: root)
      let other = try run(options, in: root, output: "other")
      #expect(plain.program.code == 0 && other.program.code == 0)
      for name in Self.adjusters {
        let differs =
          try plain.losses("metrics-\(name).csv") != other.losses("metrics-\(name).csv")
        #expect(differs == changed.contains(name), "\(name)")
      }
    }
  }

  @Test("The report shows the bands' energies before and after adjustment")
  func report() throws {
    try withTemporaryFolder { root in
      let report = try run("", in: root).text("report.html")
      for name in Self.adjusters {
        let isEqualizer = name.hasPrefix("bands")
        #expect(report.contains("Bands before adjustment: \(name)<") == isEqualizer, "\(name)")
        #expect(report.contains("Bands after adjustment: \(name)<") == isEqualizer, "\(name)")
      }
      // Three refreshes of the constant, blocks of 16, 8, 4 and 2, and single pixels.
      let files = try run("", in: root)
      #expect(try files.text("bands-before-bands.svg").contains("blocks of 16"))
      #expect(try files.text("bands-bands-cosine.csv").contains("radius 0.5 to 1.5"))
      // Of many bands, which have an order, some are named.
      let names = try files.text("bands-after-bands-cosine.svg").count(of: "class=\"plot-name\"")
      #expect((4...9).contains(names))
      let rows = try files.text("bands-bands.csv").split(separator: "\n")
      #expect(rows.count == 1 + 3 * 6)
      #expect(rows[0] == "step,band,frequency,rank,measured,energy,factor,adjusted_energy")
      #expect(rows[8].hasPrefix("3,blocks of 16,") && rows[13].hasPrefix("10,constant,"))
      #expect(report.contains("blocks of 4"))
    }
  }

  @Test("Bands of a reparameterized network are found within the composition")
  func composition() throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        [
          "--width", "8", "--downscale", "8", "--steps", "4", "--adjuster", "fr", "--adjuster",
          "fr+bands", "--fr-low", "4", "--fr-high", "4", "--fr-phases", "4",
        ], in: root)
      #expect(run.program.code == 0)
      #expect(try run.text("report.html").contains("Bands before adjustment: fr+bands<"))
      let losses = try ["fr", "fr+bands"].map { try run.losses("metrics-\($0).csv") }
      #expect(losses[0].first == losses[1].first && losses[0] != losses[1])
    }
  }
}
