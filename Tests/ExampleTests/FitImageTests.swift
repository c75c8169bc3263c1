import Foundation
import INRZoo
import TensorKit
import Testing

@Suite("FitImage")
struct FitImageTests {
  static let tinyAtFullSize = ["--width", "8", "--patch", "8", "--steps", "5"]
  static let tiny = ["--downscale", "4"] + tinyAtFullSize

  /// The adjusters of the lines on standard output, of which there must be no others.
  static func adjusters(_ run: ProgramRun) throws -> [String] {
    #expect(run.standardOutput.hasSuffix("\n"))
    let number = /(?:-?\d+\.\d+|nan|-?inf)/
    return try run.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast().map { line in
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map {
          $0.split(separator: "=", omittingEmptySubsequences: false)
        }
        #expect(
          words.map(\.first) == ["adjuster", "psnr", "seconds_per_step", "peak_memory_mb"],
          "\(line)")
        for word in words.dropFirst() {
          #expect(word.count == 2 && word[1].wholeMatch(of: number) != nil, "\(line)")
        }
        return String(try #require(words.first?.last))
      }
  }

  @Test(
    "A run prints a line for each adjuster and writes its files",
    arguments: [
      ["none"], ["iga"], ["none", "iga"], ["iga", "none"], ["fr"], ["none", "fr+iga"],
      ["bands"], ["bands-cosine", "bands-block", "centered", "fr+bands"],
    ])
  func files(adjusters: [String]) throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        Self.tiny + adjusters.flatMap { ["--adjuster", $0] } + ["--save-weights", "w.safetensors"],
        in: root)
      #expect(run.program.code == 0)
      #expect(try Self.adjusters(run.program) == adjusters)
      let suffixes = adjusters.count == 1 ? [""] : adjusters.map { "-\($0)" }
      let expected = suffixes.flatMap {
        ["metrics\($0).csv", "reconstruction\($0).png", "error\($0).png"]
      }
      // What adjusters publish; all but plain and reparameterized training are damped.
      let published = zip(adjusters, suffixes).flatMap { adjuster, suffix in
        var stems: [String] = []
        for (part, name) in [("bands", "bands"), ("iga", "eigenvalues")]
        where adjuster.contains(part) {
          stems += ["\(name)\(suffix).csv", "\(name)-before\(suffix).svg"]
          stems += ["\(name)-after\(suffix).svg"]
        }
        if !["none", "fr"].contains(adjuster) {
          stems += ["damping\(suffix).csv", "damping-scale\(suffix).svg"]
        }
        return stems
      }
      let shared = ["checkpoints", "comparison.png", "psnr.svg", "report.html", "summary.json"]
      #expect(try names(in: run.folder) == (expected + published + shared).sorted())
      let report = try run.text("report.html")
      for adjuster in adjusters {
        let (hasKernel, isDamped) = (adjuster.contains("iga"), !["none", "fr"].contains(adjuster))
        #expect(report.contains("Eigenvalues after adjustment: \(adjuster)<") == hasKernel)
        #expect(report.contains("Damping: \(adjuster)<") == isDamped)
      }
      #expect(try names(in: root) == (["output"] + suffixes.map { "w\($0).safetensors" }).sorted())
      for (adjuster, suffix) in zip(adjusters, suffixes) {
        let metrics = try run.text("metrics\(suffix).csv").split(separator: "\n")
        #expect(metrics.first == "step,loss,psnr,seconds")
        #expect(metrics.dropFirst().map { $0.prefix { $0 != "," } } == ["0", "1", "2", "3", "4"])
        for (loss, line) in zip(try run.losses("metrics\(suffix).csv"), metrics.dropFirst()) {
          #expect(Double(line.split(separator: ",")[2]) == -10 * log10(loss))
        }
        let shown = String(format: "adjuster=\(adjuster) psnr=%.3f ", try run.psnr(adjuster))
        #expect(run.program.standardOutput.contains(shown))
      }
    }
  }

  /// Options, and whether they change the results of plain training and of IGA.
  static let variations: [(options: String, changesPlain: Bool, changesAdjusted: Bool)] = [
    ("--seed 0 --schedule constant --downscale 1", false, false),
    ("--omega 29", true, true),
    ("--precision double", true, true),
    ("--model relu", true, true),
    ("--model pe", true, true),
    ("--model pe --pe-frequencies 0", true, true),
    ("--hidden-layers 0", true, true),
    ("--seed 1", true, true),
    ("--downscale 2 --end 3", true, true),
    ("--sampling largest-residual-previous", false, true),
    ("--sampling center", false, true),
    ("--sampling random", false, true),
    ("--sampling random-once", false, true),
    ("--sampling aggregate", false, true),
    ("--convention first", false, true),
    ("--end 12", false, true),
    ("--optimizer sgd", true, true),
    ("--optimizer muon", true, true),
    ("--schedule steps:2:0.1", true, true),
    ("--schedule exponential:0.1:5", true, true),
    ("--schedule cosine:5", true, true),
  ]

  @Test("Every option does its work", arguments: variations)
  func options(options: String, changesPlain: Bool, changesAdjusted: Bool) throws {
    try withTemporaryFolder { root in
      let common = options.contains("--downscale") ? Self.tinyAtFullSize : Self.tiny
      let plain = try FitImageFiles(common, in: root)
      let run = try FitImageFiles(
        common + options.split(separator: " ").map(String.init), in: root, output: "other")
      #expect(run.program.code == 0)
      #expect(try Self.adjusters(run.program) == ["none", "iga", "bands"])
      #expect(try run.losses("metrics-iga.csv").count == 5)
      #expect(try (run.psnr("none") != plain.psnr("none")) == changesPlain)
      #expect(try (run.psnr("iga") != plain.psnr("iga")) == changesAdjusted)
    }
  }

  @Test(
    "Pictures of every kind are fitted, and their reconstructions are of the same kind",
    arguments: [
      "grey-1", "grey-8-transparent", "grey-16", "grey-alpha-8", "palette-4",
      "palette-8-transparent", "rgb-8-interlaced", "rgb-16", "rgba-16",
    ])
  func pictures(name: String) throws {
    try withTemporaryFolder { root in
      // 13 x 11 pixels: patches of 2 leave a row and a column over.
      let file = Repository.fixture("pictures/\(name).png").path
      let run = try FitImageFiles(
        [
          "--image", file, "--model", "siren", "--width", "8", "--patch", "2", "--end", "3",
          "--steps", "2",
        ],
        in: root)
      #expect(run.program.code == 0)
      let original = try Picture(contentsOf: file)
      for adjuster in ["none", "iga", "bands"] {
        let reconstruction = try Picture(
          pngBytes: [UInt8](run.data("reconstruction-\(adjuster).png")))
        #expect(reconstruction.samples.shape == original.samples.shape)
        #expect(reconstruction.bitDepth == original.bitDepth)
        let errors = try Picture(pngBytes: [UInt8](run.data("error-\(adjuster).png")))
        #expect(errors.samples.shape == [11, 13, 3])
      }
    }
  }

  @Test(
    "A single pixel and a picture smaller than a patch are fitted",
    arguments: [
      "--image PIXEL --adjuster none", "--image PIXEL --patch 1 --end 0",
      "--adjuster none --patch 1000", "--image PIXEL --adjuster none --precision double",
    ])
  func small(options: String) throws {
    try withTemporaryFolder { root in
      let pixel = Repository.fixture("pictures/rgba-8-one-pixel.png").path
      let arguments = options.split(separator: " ").map { $0 == "PIXEL" ? pixel : String($0) }
      let run = try FitImageFiles(["--width", "8", "--steps", "2"] + arguments, in: root)
      #expect(run.program.code == 0)
      #expect(try names(in: run.folder).contains("report.html"))
    }
  }

  @Test(
    "Results do not depend on the number of threads",
    arguments: ["none", "iga", "fr+iga", "bands", "bands-cosine", "bands-block"])
  func threads(adjuster: String) throws {
    try withTemporaryFolder { root in
      // Patches of 7 leave a border over; a width that is not a multiple of any vector's.
      let runs = try ["1", "2", "5"].map { threads in
        try FitImageFiles(
          [
            "--adjuster", adjuster, "--width", "19", "--patch", "7", "--steps", "8", "--threads",
            threads, "--save-weights", "\(threads).safetensors",
          ], in: root, output: threads)
      }
      for run in runs {
        #expect(run.program.code == 0)
        #expect(try run.course() == runs[0].course())
        #expect(try run.data("reconstruction.png") == runs[0].data("reconstruction.png"))
      }
      let weights = try ["1", "2", "5"].map {
        try Data(contentsOf: root.appendingPathComponent("\($0).safetensors"))
      }
      #expect(Set(weights).count == 1)
    }
  }

  @Test(
    "Training continues from saved weights",
    arguments: [("float", "float"), ("double", "double"), ("double", "float"), ("float", "double")])
  func weights(saved: String, loaded: String) throws {
    try withTemporaryFolder { root in
      let first = try FitImageFiles(
        Self.tiny + ["--precision", saved, "--save-weights", "output/w"], in: root)
      #expect(first.program.code == 0)
      for adjuster in ["none", "iga", "bands"] {
        let next = try FitImageFiles(
          Self.tiny + [
            "--precision", loaded, "--adjuster", "none", "--initial-weights",
            "output/w-\(adjuster).safetensors",
          ], in: root, output: adjuster)
        let start = try #require(try next.losses().first)
        // 1e-5 dB is 2.3e-6 relative: some units in the last place of single precision.
        #expect(abs(-10 * log10(start) - (try first.psnr(adjuster))) < 1e-5)
        #expect(try next.psnr("none") > first.psnr(adjuster))
      }
    }
  }

  @Test(
    "A run that diverges says so, and still writes what there is",
    arguments: [
      ("--learning-rate 100 --optimizer sgd --steps 40", "--learning-rate"),
      ("--learning-rate 1e300 --steps 1", "--learning-rate"), ("--omega 1e300", "--omega"),
      // Its second rate is infinite.
      ("--learning-rate 1e3 --schedule once:1:1e308 --steps 3", "--schedule"),
    ])
  func divergence(options: String, remedy: String) throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        ["--width", "8"] + options.split(separator: " ").map(String.init), in: root)
      #expect(run.program.code == 70)
      #expect(try Self.adjusters(run.program) == ["none", "iga", "bands"])
      #expect(run.program.standardOutput.ranges(of: "psnr=nan ").count == 3)
      let last = try #require(run.program.errorLines.last)
      for part in ["error: none diverged at step ", ", and bands diverged at step ", remedy] {
        #expect(last.contains(part), "\(last)")
      }
      // What was published is in files of its own once a step was made.
      let files = try names(in: run.folder)
      let published = files.filter { file in
        ["bands", "eigenvalues", "damping"].contains { file.hasPrefix($0) }
      }
      #expect(files.count - published.count == 14)
      let (iga, bands) = (
        try run.losses("metrics-iga.csv").isEmpty, try run.losses("metrics-bands.csv").isEmpty
      )
      #expect(published.count { $0.contains("-iga.") } == (iga ? 0 : 5))
      #expect(published.count { $0.contains("-bands.") } == (bands ? 0 : 5))
      #expect(try run.losses("metrics-none.csv").allSatisfy(\.isFinite))
      #expect(try run.result("none")["psnr"] is NSNull)
      #expect(try (run.result("iga")["failure"] as? String)?.contains("diverged") == true)
    }
  }

  @Test(
    "Help and version",
    arguments: [
      ("--help", "FitImage [options]\n\nExamples:"), ("--help-all", "--pe-convention"),
      ("--version", "FitImage "),
    ])
  func information(option: String, text: String) throws {
    try withTemporaryFolder { root in
      let run = try ProgramRun("FitImage", [option], in: root)
      #expect(run.code == 0 && run.standardError.isEmpty && run.standardOutput.contains(text))
      #expect(try names(in: root) == [])
    }
  }

  static let photograph = Repository.root.deletingLastPathComponent()
    .appendingPathComponent("shared/data/kodak/kodim03.png")

  @Test(
    "A photograph is fitted",
    .enabled(
      if: FileManager.default.fileExists(atPath: photograph.path),
      "the Kodak pictures are not in ../shared/data/kodak"))
  func kodak() throws {
    try withTemporaryFolder { root in
      let run = try FitImageFiles(
        [
          "--image", Self.photograph.path, "--model", "siren", "--downscale", "8", "--width", "32",
          "--patch", "8",
          "--steps", "40",
        ], in: root)
      #expect(run.program.code == 0)
      for adjuster in ["none", "iga"] {
        let losses = try run.losses("metrics-\(adjuster).csv")
        #expect(try run.psnr(adjuster) > 12 && losses[39] < losses[0] / 2)
        let reconstruction = try Picture(
          pngBytes: [UInt8](run.data("reconstruction-\(adjuster).png")))
        #expect(reconstruction.samples.shape == [64, 96, 3])
      }
    }
  }
}
