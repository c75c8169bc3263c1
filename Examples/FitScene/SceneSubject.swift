import ExampleSupport
import Fitting
import Foundation
import INRZoo
import TensorKit

/// What is fitted: the pictures of a scene, with their cameras.
struct SceneSubject: Sendable {
  /// What it is called.
  let name: String
  /// A number that equal scenes share.
  let fingerprint: UInt64
  /// Whether all views to learn from tell how opaque their pixels are.
  let hasAlpha: Bool
  /// The number of views to learn from, and to measure on.
  let viewCounts: (training: Int, test: Int)
  /// The size of the first picture.
  let size: (width: Int, height: Int)
  /// Where the scene begins and ends.
  let bounds: (near: Double, far: Double)
  private let made: Deferred<Result<PosedScene, any Error>>

  /// The embedded scene's pixels a side, and its views.
  static let demonstration = (resolution: 100, training: 24, test: 4)

  /// The scene.
  var scene: PosedScene { get throws { try made.value.get() } }

  /// The scene that a command line asks for; the embedded one is made later.
  ///
  /// - Throws: A failure that names the option and what to do.
  init(_ values: OptionValues) throws {
    let views = values[Options.trainViews] ?? .every(1)
    let testViews = values[Options.testViews].map { TrainViews.count($0) } ?? .every(1)
    let downscale = values[Options.downscale]
    guard let folder = values[Options.scene] else {
      let resolution = max(Self.demonstration.resolution / downscale, 1)
      name = "the embedded scene"
      fingerprint = 0
      hasAlpha = true
      viewCounts = (
        views.chosen(of: Array(0..<Self.demonstration.training)).count,
        testViews.chosen(of: Array(0..<Self.demonstration.test)).count
      )
      size = (resolution, resolution)
      bounds = (2, 6)
      made = Deferred {
        Result {
          try ProceduralScene.scene(
            resolution: resolution, trainingViews: Self.demonstration.training,
            testViews: Self.demonstration.test
          ).choosing(views, testViews)
        }
      }
      return
    }
    let scene = try Self.read(folder, downscale: downscale).choosing(views, testViews)
    name = folder.lastPathComponent
    fingerprint = scene.fingerprint
    hasAlpha = scene.hasAlpha
    viewCounts = (scene.training.count, scene.test.count)
    let camera = scene.training[0].camera
    size = (camera.width, camera.height)
    bounds = (scene.near, scene.far)
    made = Deferred { .success(scene) }
  }

  private static func read(_ folder: URL, downscale: Int) throws -> PosedScene {
    do {
      return try PosedScene(blenderFolder: folder.path, downscale: downscale)
    } catch let error as FileError {
      throw ExampleFailure(
        """
        --scene was given "\(folder.relativePath)"; \(error.description.dropLast()); give a folder with \
        transforms_train.json and the pictures that it names
        """, exitCode: ExampleFailure.exitCode(for: error.kind))
    } catch let error as PictureError {
      throw ExampleFailure.usage(
        "--downscale \(downscale) is too much for a picture: \("\(error)".dropLast()); give less")
    }
  }
}

extension PosedScene {
  /// The same scene with some of its views.
  fileprivate func choosing(_ training: TrainViews, _ test: TrainViews) -> PosedScene {
    var copy = self
    copy.training = training.chosen(of: self.training)
    copy.test = test.chosen(of: self.test)
    return copy
  }

  /// A number that equal scenes share.
  fileprivate var fingerprint: UInt64 {
    var bytes: [UInt8] = []
    func add(_ value: Double) {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }
    for view in training {
      let (camera, pose) = (view.camera, view.camera.pose)
      add(camera.focalLength)
      for row in pose.rows() { row.forEach(add) }
      for pixel in stride(from: 0, to: camera.pixelCount, by: max(camera.pixelCount / 64, 1)) {
        add(view.color(ofPixel: pixel).sum())
        add(view.alpha(ofPixel: pixel))
      }
    }
    return bytes.fingerprint
  }
}
