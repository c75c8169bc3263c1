import AutoDiff
import ExampleSupport
import Foundation
import INRZoo
import TensorKit

/// What was measured of a field's view against the picture.
struct ViewMeasures: Sendable {
  /// The view's name.
  let name: String
  /// The peak signal-to-noise ratio in dB, of numbers that are neither clamped nor rounded.
  let psnr: Double
  /// nil for pictures smaller than 7 x 7 pixels.
  let structuralSimilarity: Double?
  /// How differently the pictures look, rounded to 8 bits; nil unless asked for.
  let perceptualDistance: Double?
}

/// Pictures of a view, as PNG files.
struct ViewPictures: Sendable {
  /// The view's name.
  let name: String
  /// What was to be learned.
  let truth: Data
  /// What the field shows.
  let rendered: Data
  /// How far the colours are apart.
  let errors: Data
  /// How far away what is seen is.
  let depth: Data
}

/// Looks at a field.
struct SceneEye<Model: RayRenderer> {
  private let model: Model
  private let drawing: RayDrawing
  private let workers: Workers

  init(_ model: Model, _ drawing: RayDrawing, workers: Workers) {
    self.model = model
    self.drawing = drawing
    self.workers = workers
  }

  /// What a camera sees.
  func rendered(from camera: Camera) throws -> RenderedView<Model.Scalar> {
    try model.view(
      from: camera, over: drawing.background.shown, through: drawing.position,
      isNormalized: drawing.isNormalized, workers: workers)
  }

  /// How near what a view's camera sees is to the view.
  func measures(
    of view: SceneView, perceptual: PerceptualDistance<Float>?
  ) throws -> (measures: ViewMeasures, rendered: RenderedView<Model.Scalar>) {
    let rendered = try rendered(from: view.camera)
    let truth = view.values(over: drawing.background.shown, as: Model.Scalar.self)
    let measures = ViewMeasures(
      name: view.name, psnr: peakSignalToNoiseRatio(of: rendered.colors, against: truth),
      structuralSimilarity: structuralSimilarity(of: rendered.colors, against: truth),
      perceptualDistance: try perceptual?(
        of: Picture(rendered.colors), against: Picture(truth), workers: workers))
    return (measures, rendered)
  }

  /// Pictures of a view.
  func pictures(
    of view: SceneView, _ rendered: RenderedView<Model.Scalar>
  ) throws -> ViewPictures {
    let truth = view.values(over: drawing.background.shown, as: Model.Scalar.self)
    let width = view.camera.width
    let (shown, expected) = (rendered.colors.elements, truth.elements)
    // The largest of the channels; a fifth of the scale is as bright as can be.
    let errors = (0..<view.camera.pixelCount).map { pixel -> Double in
      var largest = 0.0
      for place in (3 * pixel)..<(3 * pixel + 3) {
        largest = max(largest, abs(Double(shown[place]) - Double(expected[place])))
      }
      return 5 * largest
    }
    return ViewPictures(
      name: view.name, truth: Data(try Picture(truth).pngBytes()),
      rendered: Data(try Picture(rendered.colors).pngBytes()),
      errors: try ColorMap.viridis.png(errors, width: width),
      depth: try ColorMap.depth(rendered))
  }

  /// Once around the scene; nil without frames.
  func path(frames count: Int, of scene: PosedScene) throws -> AnimatedPicture? {
    guard count > 0 else { return nil }
    let center = scene.box.center
    let camera = scene.training[0].camera
    let distances = scene.training.map { view in
      let offset = view.camera.pose.position - center
      return (offset * offset).sum().squareRoot()
    }
    let radius = max(distances.mean ?? 1, 1e-3)
    // Frames are for looking at: at most 128 pixels wide.
    let factor = min(128 / Double(max(camera.width, camera.height)), 1)
    let size = [camera.width, camera.height].map { max(Int((Double($0) * factor).rounded()), 1) }
    let poses = CameraPose.circle(count: count, radius: radius, around: center)
    let frames = try poses.map { pose in
      let placed = Camera(
        width: camera.width, height: camera.height, focalLength: camera.focalLength, pose: pose)
      return Picture(try rendered(from: placed.resized(width: size[0], height: size[1])).colors)
    }
    return AnimatedPicture(frames, milliseconds: 4000 / max(count, 4))
  }
}

/// Measures a field at some pixels of a view that it is not fitted to, while it is trained.
struct ViewQuality: Sendable {
  let drawing: RayDrawing
  private let view: SceneView
  private let workers: Workers

  /// The first test view of a scene; the first one to learn from if there is none.
  init(_ scene: PosedScene, _ drawing: RayDrawing, workers: Workers) {
    self.drawing = drawing
    self.workers = workers
    view = scene.test.first ?? scene.training[0]
  }

  /// The peak signal-to-noise ratio at evenly spread pixels.
  ///
  /// - Parameters:
  ///   - model: A renderer.
  ///   - rays: How many rays were trained on since the last time; a tenth as many are looked at.
  func psnr<Model: RayRenderer>(of model: Model, raysSince rays: Int) throws -> Double {
    let pixelCount = view.camera.pixelCount
    let count = min(max(rays / 10, min(64, pixelCount)), pixelCount)
    let pixels = (0..<count).map { $0 * pixelCount / count }
    let background = drawing.background.shown
    let colors = try model.rays(
      from: view.camera, atPixels: pixels, over: background, through: drawing.position,
      isNormalized: drawing.isNormalized, workers: workers
    ).colors.elements
    var sum = 0.0
    for (place, pixel) in pixels.enumerated() {
      let expected = view.color(ofPixel: pixel, over: background)
      for channel in 0..<3 {
        let error = Double(colors[3 * place + channel]) - expected[channel]
        sum += error * error
      }
    }
    return peakSignalToNoiseRatio(meanSquaredError: sum / Double(3 * count))
  }
}
