import Foundation
import INRZoo
import TensorKit
import Testing

@Suite("RenderImage")
struct RenderImageTests {
  private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  /// Fits the embedded picture and saves the weights.
  private func fit(_ options: String, in root: URL) throws -> FitImageFiles {
    let files = try FitImageFiles(
      FitImageTests.tiny + words("\(options) --save-weights fitted"), in: root)
    #expect(files.program.code == 0, "\(files.program.standardError)")
    return files
  }

  private func render(_ options: String, in root: URL) throws -> ProgramRun {
    try ProgramRun("RenderImage", words("--weights fitted --output shown \(options)"), in: root)
  }

  private func shown(in root: URL) throws -> Picture {
    try Picture(contentsOf: root.appendingPathComponent("shown/image.png").path)
  }

  @Test(
    "At its own size a fitted picture is the one that was reconstructed",
    arguments: [
      "--adjuster none", "--adjuster fr --fr-low 2 --fr-high 2 --fr-phases 2",
      "--adjuster none --pixel-range symmetric", "--adjuster none --model bacon",
      "--adjuster none --model hash --hash-size 6", "--adjuster bn",
    ])
  func ownSize(options: String) throws {
    try withTemporaryFolder { root in
      let files = try fit(options, in: root)
      let run = try render("", in: root)
      #expect(run.code == 0, "\(run.standardError)")
      let expected = try Picture(pngBytes: [UInt8](files.data("reconstruction.png")))
      let picture = try shown(in: root)
      #expect(picture.samples.shape == expected.samples.shape)
      // Tiles end at other rows, so that last bits and with them a rounding may differ.
      let difference = (picture.samples - expected.samples).absoluteValue().largest()
      #expect(difference <= 1)
    }
  }

  @Test("Other sizes have the same corners and pixels between, and a part is that part")
  func sizesAndParts() throws {
    try withTemporaryFolder { root in
      _ = try fit("--adjuster none", in: root)
      #expect(try render("", in: root).code == 0)
      let own = try shown(in: root)
      let (height, width) = (own.height, own.width)
      // Twice as many steps from pixel to pixel.
      #expect(try render("--width \(2 * width - 1)", in: root).code == 0)
      let wide = try shown(in: root)
      #expect(wide.width == 2 * width - 1)
      #expect(try render("--scale 3", in: root).code == 0)
      #expect(try shown(in: root).samples.shape == [3 * height, 3 * width, 3])
      for column in 0..<width {
        for channel in 0..<3 {
          #expect(abs(own.samples[0, column, channel] - wide.samples[0, 2 * column, channel]) <= 1)
        }
      }
      #expect(try render("--crop 5,2,7,4", in: root).code == 0)
      let part = try shown(in: root)
      let expected = own.samples.slice(2..<6).slice(5..<12, alongAxis: 1)
      #expect(part.samples.shape == [4, 7, 3])
      #expect((part.samples - expected).absoluteValue().largest() <= 1)
      #expect(part.samples.largest() > part.samples.smallest())
    }
  }

  @Test("What cannot be shown is refused, with what to do")
  func refusals() throws {
    try withTemporaryFolder { root in
      _ = try fit("--adjuster none", in: root)
      let cases: [(String, Int32, String)] = [
        ("--scale 2 --width 7", 64, "give one of them"), ("--crop 1,2,3", 64, "give its left"),
        ("--crop 0,0,100000,1", 64, "reaches beyond the"), ("--crop 0,0,0,1", 64, "no part"),
        ("--crop 9223372036854775807,0,1,1", 64, "reaches beyond the"),
        ("--crop 1,0,9223372036854775807,1", 64, "reaches beyond the"),
        ("--scale 1e9", 64, "is too large"), ("--width 65536 --scale", 64, "--scale"),
      ]
      for (options, code, part) in cases {
        let run = try render(options, in: root)
        #expect(run.code == code && run.standardError.contains(part), "\(run.standardError)")
        #expect(!FileManager.default.fileExists(atPath: root.path + "/shown"))
      }
      let none = try ProgramRun("RenderImage", ["--output", "shown"], in: root)
      #expect(none.code == 64 && none.standardError.contains("--weights is missing"))
      // Weights that do not say what they are of, and a size that is none.
      var file = try SafeTensorsFile(
        contentsOf: root.appendingPathComponent("fitted.safetensors").path)
      file.metadata["picture-size"] = "0x9999999999999999999x3"
      try file.write(to: root.appendingPathComponent("odd.safetensors").path)
      file.metadata["picture-size"] = nil
      try file.write(to: root.appendingPathComponent("old.safetensors").path)
      file.metadata = [:]
      try file.write(to: root.appendingPathComponent("plain.safetensors").path)
      for (name, part) in [
        ("odd", "is no size"), ("old", "does not note the size"),
        ("plain", "does not note the network"),
      ] {
        let run = try ProgramRun(
          "RenderImage", ["--weights", name, "--output", "shown"], in: root)
        #expect(run.code == 65 && run.standardError.contains(part), "\(run.standardError)")
      }
    }
  }
}
