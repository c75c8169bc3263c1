import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// Evaluates a network that FitImage has fitted to a picture, at any size and of any part.
package enum RenderImageProgram {
  static let weights = Option<URL?>(
    "weights", .existingWeights(),
    help: "The network: a .safetensors file that FitImage --save-weights wrote.")
  static let scale = Option(
    "scale", .number(.positive, "K"), default: 1,
    help: "How many pixels stand for one of the picture that was fitted, along each side.")
  static let width = Option<Int?>(
    "width", .integer(in: 1...longestSide, "W"),
    help: "The pixels in a row, in the place of --scale; rows are as many as keep the proportions.")
  static let crop = Option<FittedPicture.Part?>(
    "crop", cropKind,
    help: """
      The part that is shown, in pixels of the picture that was fitted: its left, its top, its width and its \
      height; all by default.
      """)
  static let threads = Option<Int?>(
    "threads", .integer(in: 1...1024, "T"), help: "Processor cores to use; all by default.")
  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output"),
    help: "The folder for \(fileName).")

  static let command = Command(
    "RenderImage", summary: "Shows a fitted picture at any size, or a part of it.",
    discussion: [
      """
      A network that was fitted to a picture has a value at every point, between pixels too. The picture itself is \
      not needed.
      """
    ],
    groups: [
      OptionGroup("Network", weights),
      OptionGroup("Picture", scale, width, crop),
      OptionGroup("Files", threads, output),
    ],
    examples: [
      UsageExample(
        "RenderImage --weights photo --scale 4", "Show a fitted picture at four times its size:"),
      UsageExample(
        "RenderImage --weights photo --crop 100,80,64,48 --width 1024",
        "Magnify a part of 64 x 48 pixels to 1024 x 768:"),
    ])

  static let fileName = "image.png"
  static let longestSide = 65_536
  /// No picture has more values, which take four bytes each at first and eight to be written.
  private static let mostValues = 400_000_000

  private static let cropKind = ValueKind<FittedPicture.Part>(
    placeholder: "L,T,W,H",
    describe: { "\($0.left),\($0.top),\($0.width),\($0.height)" }
  ) { text throws(ValueProblem) in
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 4, let left = numbers[0], let top = numbers[1], let width = numbers[2],
      let height = numbers[3], left >= 0, top >= 0, width > 0, height > 0
    else {
      throw ValueProblem(
        "which is no part of a picture",
        remedy: "give its left, top, width and height in pixels, as 100,80,64,48")
    }
    return FittedPicture.Part(left: left, top: top, width: width, height: height)
  }

  /// Reads the process's arguments, runs the program and ends the process.
  package static func run() -> Never {
    command.run { values in
      let request = try RenderImageRequest(values)
      let folder = try request.folder.claim(for: request.plan)
      let picture = try request.picture()
      try folder.finish(
        [OutputFile(fileName) { () -> Data in Data(try picture.pngBytes()) }], lines: [])
    }
  }

  /// Refuses sizes that no picture can have.
  static func check(width: Int, height: Int, channels: Int) throws(ExampleFailure) {
    guard width <= longestSide, height <= longestSide, width * height * channels <= mostValues
    else {
      throw .usage(
        """
        a picture of \(width) x \(height) pixels is too large; choose a smaller --scale or --width, or a --crop
        """)
    }
  }
}

/// What the command line of `RenderImage` asks for, checked before any work.
struct RenderImageRequest {
  let values: OptionValues
  let weights: URL
  let folder: OutputFolder

  init(_ values: OptionValues) throws {
    self.values = values
    guard let weights = values[RenderImageProgram.weights] else {
      throw ExampleFailure.usage(
        "--weights is missing; give a file that FitImage --save-weights wrote")
    }
    if values.gives(RenderImageProgram.scale), values.gives(RenderImageProgram.width) {
      throw ExampleFailure.usage("--scale and --width both set the size; give one of them")
    }
    self.weights = weights
    folder = OutputFolder(values[RenderImageProgram.output])
    try folder.checkWritable()
    try plan.check(in: folder)
  }

  /// What is read and written.
  var plan: FilePlan {
    FilePlan(
      inputs: [.init(RenderImageProgram.weights.name, weights)],
      names: [RenderImageProgram.fileName])
  }

  /// The picture that is asked for.
  ///
  /// - Throws: A failure if the weights cannot be read, or the part or the size cannot be had.
  func picture() throws -> Picture {
    let fitted = try ExampleFailure.reading(
      RenderImageProgram.weights, weights, remedy: "give a file that FitImage --save-weights wrote"
    ) { try FittedPicture(contentsOf: $0) }
    let part = values[RenderImageProgram.crop] ?? fitted.whole
    let size = fitted.size
    // Sums of large numbers would overflow.
    guard part.left < size.width, part.width <= size.width - part.left, part.top < size.height,
      part.height <= size.height - part.top
    else {
      throw ExampleFailure.usage(
        """
        --crop \(part.left),\(part.top),\(part.width),\(part.height) reaches beyond the \(size.width) x \
        \(size.height) pixels of the picture that was fitted; give a part of it
        """)
    }
    let scale =
      values[RenderImageProgram.width].map { Double($0) / Double(part.width) }
      ?? values[RenderImageProgram.scale]
    func scaled(_ side: Int) -> Int {
      Int(min(max((Double(side) * scale).rounded(), 1), 1_000_000))
    }
    let (width, height) = (scaled(part.width), scaled(part.height))
    try RenderImageProgram.check(width: width, height: height, channels: size.channels)
    let workers = values[RenderImageProgram.threads].map { Workers(threads: $0) } ?? Workers()
    return Picture(
      try fitted.values(of: part, width: width, height: height, workers: workers))
  }
}
