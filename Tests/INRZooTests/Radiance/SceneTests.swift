import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Scenes: bounds that follow from cameras, files, and rays that are drawn from pictures.
@Suite struct SceneTests {
  private static let scene = try? ProceduralScene.scene(
    resolution: 24, trainingViews: 6, testViews: 2, samplesPerSide: 1)

  @Test func theProceduralSceneShowsSomething() throws {
    let scene = try #require(Self.scene)
    #expect(scene.training.count == 6 && scene.test.count == 2 && scene.hasAlpha)
    for view in scene.training + scene.test {
      let covered = (0..<view.camera.pixelCount).count { view.isCovered(atPixel: $0) }
      let share = Double(covered) / Double(view.camera.pixelCount)
      #expect(share > 0.08 && share < 0.7, "\(view.name): \(share)")
    }
  }

  @Test func boundsFollowFromCameras() throws {
    let scene = try #require(Self.scene)
    let found = PosedScene(training: scene.training, test: [])
    #expect(abs(found.near - 2) < 0.01 && abs(found.far - 6) < 0.01)
    #expect(length(found.box.upper - SIMD3(repeating: 1.5)) < 0.01)
    let one = PosedScene(training: [scene.training[0]], test: [])
    #expect(one.near < one.far && one.box.size.min() > 0)
  }

  private func length(_ vector: SIMD3<Double>) -> Double { (vector * vector).sum().squareRoot() }

  // MARK: - Files

  private func write(_ scene: PosedScene, angle: Double, to folder: String) throws {
    for (split, views) in [("train", scene.training), ("test", scene.test)] {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(split)", withIntermediateDirectories: true)
      var frames: [[String: Any]] = []
      for (index, view) in views.enumerated() {
        let pixels = view.camera.pixelCount
        let values = Tensor<Double>(shape: [view.camera.height, view.camera.width, 4]) { elements in
          for pixel in 0..<pixels {
            let color = view.color(ofPixel: pixel)
            for channel in 0..<3 { elements[4 * pixel + channel] = color[channel] }
            elements[4 * pixel + 3] = view.alpha(ofPixel: pixel)
          }
        }
        try Picture(values).write(to: "\(folder)/\(split)/r_\(index).png")
        frames.append([
          "file_path": "./\(split)/r_\(index)",
          "transform_matrix": view.camera.pose.rows() + [[0, 0, 0, 1]],
        ])
      }
      let json: [String: Any] = ["camera_angle_x": angle, "frames": frames]
      try JSONSerialization.data(withJSONObject: json)
        .write(to: URL(fileURLWithPath: "\(folder)/transforms_\(split).json"))
    }
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent(UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test func blenderFoldersAreRead() throws {
    let scene = try #require(Self.scene)
    try withFolder { folder in
      try write(scene, angle: 0.6911112, to: folder)
      let read = try PosedScene(blenderFolder: folder)
      #expect(read.training.count == 6 && read.test.count == 2)
      let (one, other) = (read.training[3], scene.training[3])
      #expect(one.name == "r_3" && abs(one.camera.focalLength - other.camera.focalLength) < 1e-9)
      #expect(length(one.camera.pose.position - other.camera.pose.position) < 1e-12)
      let white = SIMD3(repeating: 1.0)
      #expect(
        one.values(over: white, as: Double.self).isApproximatelyEqual(
          to: other.values(over: white), relativeTolerance: 1e-9))
      let half = try PosedScene(blenderFolder: folder, downscale: 2, testEvery: 2)
      #expect(half.training[0].camera.width == 12 && half.test.count == 1)
      #expect(abs(half.training[0].camera.focalLength - other.camera.focalLength / 2) < 1e-9)
      // The same ray passes through the middle of a block of pixels and of the pixel that it becomes.
      let large = one.camera.direction(column: 6, row: 14)
      let small = half.training[3].camera.direction(column: 3, row: 7)
      #expect(length(large - small) < 1e-12)
      try FileManager.default.removeItem(atPath: "\(folder)/transforms_test.json")
      #expect(try PosedScene(blenderFolder: folder).training.count == 6)
    }
  }

  @Test func picturesMayBeJPEGFiles() throws {
    let scene = try #require(Self.scene)
    try withFolder { folder in
      try write(scene, angle: 0.69, to: folder)
      let camera = scene.training[2].camera
      let values = JPEGTests.smooth(height: camera.height, width: camera.width)
      let bytes = try JPEGTests.file(values, height: camera.height, width: camera.width)
      try FileManager.default.removeItem(atPath: "\(folder)/train/r_2.png")
      try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/train/r_2.jpg"))
      let view = try PosedScene(blenderFolder: folder).training[2]
      let expected = SceneView(
        name: "r_2", picture: try Picture(jpegBytes: bytes), camera: view.camera)
      #expect(view.name == "r_2" && !view.hasAlpha)
      for pixel in [0, 7, camera.width * camera.height - 1] {
        #expect(view.color(ofPixel: pixel) == expected.color(ofPixel: pixel))
      }
    }
  }

  @Test func whatIsWrongWithAFolderIsSaid() throws {
    let scene = try #require(Self.scene)
    func failure(_ change: (String) throws -> Void) throws -> FileError? {
      var found: FileError?
      try withFolder { folder in
        try write(scene, angle: 0.69, to: folder)
        try change(folder)
        do { _ = try PosedScene(blenderFolder: folder) } catch let error as FileError {
          found = error
        }
      }
      return found
    }
    func replace(_ text: String) -> (String) throws -> Void {
      { try Data(text.utf8).write(to: URL(fileURLWithPath: "\($0)/transforms_train.json")) }
    }
    let missing = try failure { try FileManager.default.removeItem(atPath: "\($0)/train/r_2.png") }
    #expect(missing?.kind == .noSuchFile && missing?.path?.hasSuffix("train/r_2.png") == true)
    let gone = try failure {
      try FileManager.default.removeItem(atPath: "\($0)/transforms_train.json")
    }
    #expect(gone?.kind == .noSuchFile)
    for text in [
      "", "{}", "[1", "{\"frames\": []}", "{\"camera_angle_x\": 0.7, \"frames\": [{}]}",
      "{\"frames\": [{\"file_path\": \"train/r_0\", \"transform_matrix\": [[1]]}]}",
      "{\"camera_angle_x\": 9, \"frames\": [{\"file_path\": \"train/r_0\", \"transform_matrix\": "
        + "[[1,0,0,0],[0,1,0,0],[0,0,1,4]]}]}",
    ] {
      let found = try failure(replace(text))
      #expect(found?.kind == .malformed, "\(text): \(found.map { "\($0)" } ?? "nothing")")
      #expect(found?.path?.hasSuffix("transforms_train.json") == true)
    }
  }

  // MARK: - Rays

  @Test(arguments: RayDrawing.Order.allCases) func raysOfPictures(
    _ order: RayDrawing.Order
  ) throws {
    let scene = try #require(Self.scene)
    var drawing = RayDrawing()
    drawing.count = 100
    drawing.order = order
    var source = RayBatches<Double>(of: scene, drawing, noiseColumns: 3, seed: 5)
    let batch = source.nextBatch()
    #expect(batch.inputs.shape == [100, 12] && batch.targets.shape == [100, 3])
    // Each ray, looked up in the picture of the camera that it starts from, has its pixel's colour.
    for row in 0..<100 {
      let origin = SIMD3((0..<3).map { batch.inputs[row, $0] })
      let direction = SIMD3((3..<6).map { batch.inputs[row, $0] })
      let view = try #require(
        scene.training.first { length($0.camera.pose.position - origin) < 1e-12 })
      let place = try #require(view.camera.place(of: origin + direction))
      let pixel = Int(place.row) * view.camera.width + Int(place.column)
      let color = view.color(ofPixel: pixel, over: SIMD3(repeating: 1))
      for channel in 0..<3 { #expect(abs(batch.targets[row, channel] - color[channel]) < 1e-12) }
    }
    let noise = batch.inputs.slice(9..<12, alongAxis: 1).elements
    #expect(noise.allSatisfy { $0 >= 0 && $0 < 1 } && Set(noise).count > 290)
    #expect(batch.groups.count == 100)
    // A source that is restored goes on with the same rays.
    var copy = RayBatches<Double>(of: scene, drawing, noiseColumns: 3, seed: 9)
    try copy.restore(from: source.savedState())
    #expect(copy.nextBatch().inputs == source.nextBatch().inputs)
  }

  @Test func aShuffledEpochHasEachRayOnce() throws {
    let scene = try #require(Self.scene)
    var drawing = RayDrawing()
    drawing.count = 24 * 24
    drawing.position = .corner
    var source = RayBatches<Double>(of: scene, drawing, noiseColumns: 0)
    #expect(source.stepsPerEpoch == 6)
    var seen = Set<[Double]>()
    for _ in 0..<6 {
      let batch = source.nextBatch()
      for row in 0..<batch.rowCount { seen.insert((0..<6).map { batch.inputs[row, $0] }) }
    }
    #expect(seen.count == 6 * 24 * 24)
  }

  @Test func blocksMasksAndBackgrounds() throws {
    let scene = try #require(Self.scene)
    var drawing = RayDrawing()
    drawing.count = 96
    drawing.blockSide = 4
    drawing.background = .random
    var source = RayBatches<Double>(of: scene, drawing, noiseColumns: 0) { view, pixel in
      view == 2 && scene.training[2].isCovered(atPixel: pixel)
    }
    let batch = source.nextBatch()
    #expect(batch.groups.count == 6 && batch.rowCount == 96)
    let camera = scene.training[2].camera.pose.position
    for row in 0..<96 {
      #expect(abs(batch.inputs[row, 0] - camera.x) < 1e-12)
      let origin = SIMD3((0..<3).map { batch.inputs[row, $0] })
      let direction = SIMD3((3..<6).map { batch.inputs[row, $0] })
      let place = try #require(scene.training[2].camera.place(of: origin + direction))
      let pixel = Int(place.row) * 24 + Int(place.column)
      let background = SIMD3((6..<9).map { batch.inputs[row, $0] })
      let color = scene.training[2].color(ofPixel: pixel, over: background)
      for channel in 0..<3 { #expect(abs(batch.targets[row, channel] - color[channel]) < 1e-12) }
    }
    #expect(Set(batch.inputs.slice(6..<7, alongAxis: 1).elements).count > 90)
    // A mask that wants nothing counts as none.
    let all = RayBatches<Double>(of: scene, drawing, noiseColumns: 0) { _, _ in false }
    #expect(all.blockCount == 6 * 36)
  }

  @Test func theMiddleOfPicturesComesFirst() throws {
    let scene = try #require(Self.scene)
    var drawing = RayDrawing()
    drawing.count = 50
    drawing.order = .onePicture
    drawing.croppedSteps = 1
    var source = RayBatches<Double>(of: scene, drawing, noiseColumns: 0)
    func farthest(_ batch: Batch<Double>) -> Double {
      (0..<batch.rowCount).map { row in
        let origin = SIMD3((0..<3).map { batch.inputs[row, $0] })
        let direction = SIMD3((3..<6).map { batch.inputs[row, $0] })
        let camera = scene.training.first { length($0.camera.pose.position - origin) < 1e-12 }
        let place = camera?.camera.place(of: origin + direction)
        return max(abs((place?.column ?? 0) - 12), abs((place?.row ?? 0) - 12))
      }.max() ?? 0
    }
    #expect(farthest(source.nextBatch()) < 6)
    #expect(farthest(source.nextBatch()) > 6)
  }

  /// A small network learns the scene, and its views are the same for any number of threads.
  @Test func aSmallSceneIsLearned() throws {
    let scene = try #require(Self.scene)
    var generator = SeededGenerator(seed: 1)
    let network = RadianceNetwork<Float>(
      RadianceNetwork.Settings(
        depth: 2, width: 32, skip: nil, pointFrequencies: 4, directionFrequencies: 1),
      using: &generator)
    let renderer = HierarchicalRenderer(
      coarse: network, fine: network,
      sampling: StratifiedSampling(near: 2.5, far: 5.5, count: 16), fineSamples: 16)
    var drawing = RayDrawing()
    drawing.count = 256
    var source = RayBatches<Float>(of: scene, drawing, noiseColumns: renderer.noiseColumns)
    var trainer = try Trainer(
      renderer, optimizer: Adam(learningRate: 5e-3), adjuster: IdentityAdjuster(),
      loss: ColorLoss(renderings: 2))
    func error(_ renderer: HierarchicalRenderer<RadianceNetwork<Float>>) throws -> Float {
      let view = scene.test[0]
      let seen = try renderer.view(from: view.camera, over: SIMD3(repeating: 1))
      #expect(
        try renderer.view(
          from: view.camera, over: SIMD3(repeating: 1), workers: Workers(threads: 3)
        ).colors == seen.colors)
      return (seen.colors - view.values(over: SIMD3(repeating: 1))).squared().mean()
    }
    let before = try error(trainer.model)
    for _ in 0..<80 { try trainer.advance(on: source.nextBatch()) }
    #expect(try error(trainer.model) < 0.5 * before)
  }
}
