import Foundation
import INRZoo
import TensorKit
import Testing

/// Steps on some of the pixels, and runs that last for some time or to some end.
@Suite("FitImage's batches and budgets")
struct FitImageBatchTests {
  private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  /// The embedded picture at 48 x 32 pixels.
  private let small = [
    "--downscale", "4", "--width", "16", "--hidden-layers", "1", "--patch", "8", "--end", "3",
  ]

  static let batches = [
    ("blocks:4", ["none", "iga", "bands", "bands-cosine", "bands-block", "centered"]),
    ("patches:6", ["none", "iga", "bands", "centered"]),
    ("shuffled:100", ["none", "iga", "bands", "bn"]),
    ("residuals:100", ["none", "iga", "bands", "centered"]),
    // Blocks of 5 do not fit: rows have weights.
    ("blocks:5", ["none", "bands-cosine", "fr"]),
  ]

  @Test("Steps learn from some of the pixels, with each adjuster", arguments: batches)
  func someOfThePixels(batch: String, adjusters: [String]) throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        small + ["--batch", batch, "--steps", "60"] + adjusters.flatMap { ["--adjuster", $0] },
        in: root)
      #expect(run.program.code == 0, "\(run.program.standardError)")
      let report = try run.text("report.html")
      #expect(report.contains("of the pixels (\(batch))"))
      for adjuster in adjusters {
        // The final PSNR is that of all pixels, near that of the last steps' own ones.
        let losses = try run.losses("metrics-\(adjuster).csv")
        let late = losses.suffix(10).reduce(0, +) / 10
        let difference = try run.psnr(adjuster) + 10 * log10(late)
        #expect(losses.count == 60 && abs(difference) < 1.5, "\(adjuster)")
        #expect(late < 0.7 * losses[0], "\(adjuster)")
      }
    }
  }

  @Test("The same pixels are drawn in every run, by any number of threads")
  func repetition() throws {
    try withTemporaryFolder { root in
      let options = small + words("--batch blocks:4 --steps 12 --adjuster bands-cosine")
      let runs = try ["1", "2"].map {
        try FitImageFiles(options + ["--threads", $0], in: root, output: "threads-\($0)")
      }
      #expect(try runs[0].course() == runs[1].course())
      let other = try FitImageFiles(options + ["--seed", "1"], in: root, output: "other")
      #expect(try other.course() != runs[0].course())
    }
  }

  @Test("A run lasts for the time it was given")
  func seconds() throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        small + words("--seconds 0.4 --adjuster none --batch blocks:2"), in: root)
      #expect(run.program.code == 0, "\(run.program.standardError)")
      let result = try run.result("none")
      let time = try #require(result["training_seconds"] as? Double)
      let steps = try #require(result["steps"] as? Int)
      #expect(time >= 0.4 && steps > 1)
      #expect(try run.text("report.html").contains("in 0.4 seconds"))
      // Rates then fall with the time, and without a time with the steps.
      #expect(try run.text("summary.json").contains("\"cosine\""))
      let falling = words("--steps 12 --adjuster none --schedule")
      let whole = try FitImageFiles(small + falling + ["cosine"], in: root, output: "whole")
      let counted = try FitImageFiles(small + falling + ["cosine:12"], in: root, output: "counted")
      let losses = try zip(whole.losses(), counted.losses())
      #expect(losses.allSatisfy { abs($0 - $1) <= 1e-5 * $1 })
      let constant = try FitImageFiles(small + falling + ["constant"], in: root, output: "constant")
      #expect(try constant.losses() != whole.losses())
      // Steps that are given as well end it, too.
      let short = try FitImageFiles(
        small + words("--seconds 1000 --steps 3 --adjuster none"), in: root, output: "short")
      #expect(try short.losses().count == 3)
    }
  }

  @Test("A run ends once all pixels have the PSNR that was asked for")
  func target() throws {
    try withTemporaryFolder { root in
      for batch in ["all", "blocks:2"] {
        let run = try FitImageFiles(
          small + words("--target-psnr 18 --steps 5000 --adjuster none --batch \(batch)"), in: root,
          output: batch.replacing(":", with: ""))
        #expect(run.program.code == 0, "\(run.program.standardError)")
        #expect(try run.losses().count < 5000)
        #expect(try run.psnr("none") >= 18)
      }
    }
  }

  @Test("A small network on a hash grid takes its own width and learning rate")
  func hashGrid() throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        words(
          "--downscale 2 --model hash --hash-size 12 --batch blocks:2 --steps 300 --schedule cosine"
        )
          + ["--adjuster", "none"], in: root)
      #expect(run.program.code == 0, "\(run.program.standardError)")
      #expect(try run.psnr("none") > 25)
      let summary = try JSONSerialization.jsonObject(with: run.data("summary.json"))
      let settings = (summary as? [String: Any])?["settings"] as? [String: Any]
      #expect("\(settings?["width"] ?? "")" == "64")
      #expect("\(settings?["learning-rate"] ?? "")" == "0.01")
    }
  }

  @Test("A picture by itself is fitted in the way that is best in little time, which is said")
  func chosen() throws {
    try withTemporaryFolder { root in
      for (height, width, batch) in [(1, 1, "all"), (5, 300, "all"), (128, 192, "blocks:2")] {
        let picture = Picture.procedural(height: height, width: width)
        try Data(picture.pngBytes()).write(to: root.appendingPathComponent("p.png"))
        let run = try FitImageFiles(
          words("--image p.png --seconds 0.2 --hash-size 10"), in: root, output: "\(width)")
        #expect(run.program.code == 0, "\(run.program.standardError)")
        #expect(try FitImageTests.adjusters(run.program) == ["none"])
        let summary = try JSONSerialization.jsonObject(with: run.data("summary.json"))
        let settings = (summary as? [String: Any])?["settings"] as? [String: Any]
        #expect(settings?["model"] as? String == "hash" && settings?["batch"] as? String == batch)
        #expect(try run.text("report.html").contains("the pixels of a step were chosen"))
      }
      // Who names a network has it on all pixels, for so many steps.
      let run = try FitImageFiles(
        words("--image p.png --model siren --width 8 --steps 2 --adjuster none"), in: root)
      #expect(try !run.text("report.html").contains("the pixels of a step were chosen"))
    }
  }

  @Test("Weights averaged over the last steps are nearer where the rate does not fall")
  func average() throws {
    try withTemporaryFolder { root in
      let options =
        small + words("--batch blocks:4 --steps 200 --learning-rate 1e-2 --adjuster none")
      let last = try FitImageFiles(options, in: root, output: "last")
      let mean = try FitImageFiles(options + ["--average", "0.3"], in: root, output: "mean")
      #expect(mean.program.code == 0, "\(mean.program.standardError)")
      // Training is the same.
      #expect(try mean.course() == last.course())
      #expect(try mean.psnr("none") > last.psnr("none"))
    }
  }
}
