import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// Renders a radiance field that `FitScene` has saved; see `--help`.
@main
enum RenderScene {
  static func main() {
    Options.command.run { values in
      let settings = try RenderSettings(values)
      let folder = try settings.folder.claim(for: settings.plan)
      let (frame, renderer): (SceneFrame, any RayRenderer<Float>) = try ExampleFailure.readingField(
        settings.weights)
      try folder.finish(try settings.files(of: renderer, frame), lines: [])
    }
  }
}

/// The options of the command line.
enum Options {
  static let weights = Option<URL?>(
    "weights", .existingWeights(),
    help: "The field: a .safetensors file that FitScene --save-weights wrote in single precision.")
  static let scene = Option<URL?>(
    "scene", .existingFolder("DIR"),
    help: "Renders the test views of this scene's cameras, rather than a path.")
  static let frames = Option(
    "frames", .integer(in: 1...1000, "N"), default: 40,
    help: "The number of frames of the path once around the scene.")
  static let elevation = Option(
    "elevation", .number(.from(-90...90), "DEG"), default: 30.0,
    help: "How far above the horizon the path's cameras are, in degrees.")
  static let distance = Option<Double?>(
    "distance", .number(.positive, "D"),
    help: "How far from the middle of the scene they are; as far as the pictures' by default.")
  static let width = Option<Int?>(
    "width", .integer(in: 1...8192, "W"),
    help: "The pixels in a row; as many as the pictures' by default.")
  static let background = Option(
    "background", .choice(["white", "black"]), default: "white", help: "What is behind the scene.")
  static let threads = Option<Int?>(
    "threads", .integer(in: 1...1024, "T"), help: "Processor cores to use; all by default.")
  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output"),
    help: "The folder for path.png, an animation, or for view-N.png and depth-N.png.")

  static let command = Command(
    "RenderScene", summary: "Renders a radiance field from other cameras.",
    discussion: [
      "Fields are those that FitScene --save-weights wrote. The pictures that they were fitted to are not needed."
    ],
    groups: [
      OptionGroup("Field", weights),
      OptionGroup("Cameras", scene, frames, elevation, distance, width, background),
      OptionGroup("Files", threads, output),
    ],
    examples: [
      UsageExample("RenderScene --weights lego.safetensors", "Go once around a scene:"),
      UsageExample(
        "RenderScene --weights lego.safetensors --scene lego --width 800",
        "Show what the cameras of a scene's test views see:"),
    ])
}

/// What the command line asks for, checked before any work.
struct RenderSettings {
  let values: OptionValues
  let weights: URL
  let folder: OutputFolder

  init(_ values: OptionValues) throws {
    self.values = values
    guard let weights = values[Options.weights] else {
      throw ExampleFailure.usage(
        "--weights is missing; give a file that FitScene --save-weights wrote")
    }
    self.weights = weights
    folder = OutputFolder(values[Options.output])
    try folder.checkWritable()
    try plan.check(in: folder)
  }

  /// What is read and written.
  var plan: FilePlan {
    FilePlan(inputs: [.init(Options.weights.name, weights)], names: ["path.png"])
  }

  private var workers: Workers {
    values[Options.threads].map { Workers(threads: $0) } ?? Workers()
  }

  /// The pictures of a field.
  ///
  /// - Throws: A failure if the scene's cameras cannot be read.
  func files<Model: RayRenderer<Float>>(
    of model: Model, _ frame: SceneFrame
  ) throws -> [OutputFile] {
    guard let folder = values[Options.scene] else {
      let cameras = CameraPose.circle(
        count: values[Options.frames], elevation: -values[Options.elevation],
        radius: values[Options.distance] ?? frame.distance, around: frame.box.center
      ).map { sized(frame.camera($0)) }
      let animation = AnimatedPicture(
        try cameras.map { Picture(try rendered(model, frame, from: $0).colors) })
      return [OutputFile("path.png") { () -> Data in Data(try animation.pngBytes()) }]
    }
    let scene = try ExampleFailure.reading(
      Options.scene, folder, remedy: "give a folder with transforms_train.json and its pictures"
    ) { try PosedScene(blenderFolder: $0) }
    let views = scene.test.isEmpty ? scene.training : scene.test
    return try views.enumerated().flatMap { index, view -> [OutputFile] in
      let rendered = try rendered(model, frame, from: sized(view.camera))
      let colors = Data(try Picture(rendered.colors).pngBytes())
      let depth = try ColorMap.depth(rendered)
      return [
        OutputFile("view-\(index).png") { () -> Data in colors },
        OutputFile("depth-\(index).png") { () -> Data in depth },
      ]
    }
  }

  /// A camera with as many pixels as are wanted.
  private func sized(_ camera: Camera) -> Camera {
    guard let width = values[Options.width] else { return camera }
    let height = Double(camera.height) * Double(width) / Double(camera.width)
    return camera.resized(width: width, height: max(Int(height.rounded()), 1))
  }

  private func rendered<Model: RayRenderer>(
    _ model: Model, _ frame: SceneFrame, from camera: Camera
  ) throws -> RenderedView<Model.Scalar> {
    let drawing = frame.recipe.drawing
    return try model.view(
      from: camera, over: SIMD3(repeating: values[Options.background] == "white" ? 1 : 0),
      through: drawing.position, isNormalized: drawing.isNormalized, workers: workers)
  }
}

extension ExampleFailure {
  /// The field of a file; file errors become failures that name the option.
  fileprivate static func readingField(
    _ file: URL
  ) throws -> (frame: SceneFrame, renderer: any RayRenderer<Float>) {
    try reading(
      Options.weights, file, remedy: "give a file that FitScene --save-weights wrote"
    ) { try SceneFrame.read(from: $0) }
  }
}
