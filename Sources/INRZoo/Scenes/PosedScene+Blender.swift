import Foundation
import TensorKit

extension PosedScene {
  /// Reads a scene in the layout of Blender's synthetic scenes: `transforms_train.json`, `transforms_test.json`
  /// and the PNG files that they name.
  ///
  /// A frame's `file_path` is relative to the folder and may lack its `.png`. The focal length is `fl_x` in
  /// pixels, or follows from `camera_angle_x`, the horizontal field of view in radians. `transform_matrix`
  /// leads from the camera to the world, in OpenGL's axes. Frames may differ in size.
  ///
  /// Without `transforms_test.json` every eighth view of the others is kept to be measured on.
  ///
  /// - Parameters:
  ///   - folder: The folder.
  ///   - downscale: The side of the blocks of pixels that are averaged.
  ///   - testEvery: One of so many views to be measured on is read, the first.
  ///   - testLimit: How many of them are read at most.
  /// - Throws: `FileError` if a file cannot be read, breaks the rules or names a picture that is missing;
  ///   ``PictureError`` if a picture is smaller than a block.
  public init(
    blenderFolder folder: String, downscale: Int = 1, testEvery: Int = 1, testLimit: Int = .max
  ) throws {
    let names = ["transforms_train.json", "transforms.json"]
    guard
      let trainingFile = names.map({ "\(folder)/\($0)" })
        .first(where: FileManager.default.fileExists(atPath:))
    else {
      throw FileError(
        .noSuchFile, path: "\(folder)/\(names[0])",
        reason: "there is no such file; a scene's folder has \(names[0]) and the pictures it names")
    }
    let isTestNeeded = { (index: Int) in index % max(1, testEvery) == 0 }
    let testFile = "\(folder)/transforms_test.json"
    var training = try Self.frames(in: trainingFile)
    var test: [(frame: Frame, file: TransformsFile)]
    var testSource = testFile
    if FileManager.default.fileExists(atPath: testFile) {
      test = try Self.frames(in: testFile)
    } else {
      test = training.enumerated().filter { $0.offset % 8 == 7 }.map(\.element)
      training = training.enumerated().filter { $0.offset % 8 != 7 }.map(\.element)
      testSource = trainingFile
    }
    test = Array(
      test.enumerated().filter { isTestNeeded($0.offset) }.map(\.element).prefix(max(0, testLimit)))
    func views(_ frames: [(frame: Frame, file: TransformsFile)], _ source: String) throws
      -> [SceneView]
    {
      try frames.map {
        try Self.view(of: $0.frame, $0.file, source: source, folder: folder, downscale: downscale)
      }
    }
    self.init(training: try views(training, trainingFile), test: try views(test, testSource))
  }

  /// What a file of transforms says.
  private struct TransformsFile: Decodable {
    var cameraAngle: Double?
    var focalLength: Double?
    var width: Double?
    var frames: [Frame]

    enum CodingKeys: String, CodingKey {
      case cameraAngle = "camera_angle_x"
      case focalLength = "fl_x"
      case width = "w"
      case frames
    }
  }

  private struct Frame: Decodable {
    var path: String
    var matrix: [[Double]]

    enum CodingKeys: String, CodingKey {
      case path = "file_path"
      case matrix = "transform_matrix"
    }
  }

  private static func frames(
    in path: String
  ) throws -> [(frame: Frame, file: TransformsFile)] {
    let file = try FileError.naming(path) {
      let bytes = try WholeFile.bytes(ofFileAt: path)
      do {
        return try JSONDecoder().decode(TransformsFile.self, from: Data(bytes))
      } catch let error as DecodingError {
        throw FileError(.malformed, reason: "it is no file of transforms: \(error.sentence)")
      }
    }
    guard !file.frames.isEmpty else {
      throw FileError(.malformed, path: path, reason: "it has no frames")
    }
    return file.frames.map { ($0, file) }
  }

  /// What the names of pictures end in.
  private static let pictureEndings = [".png", ".jpg", ".jpeg", ".JPG", ".JPEG", ".PNG"]

  /// The file of a picture, whose ending may be left out: Blender's scenes mean PNG files by that, others whatever is
  /// there.
  private static func pictureFile(_ path: String) -> String {
    if pictureEndings.contains(where: path.hasSuffix) { return path }
    let files = pictureEndings.map { path + $0 }
    return files.first { FileManager.default.fileExists(atPath: $0) } ?? files[0]
  }

  private static func view(
    of frame: Frame, _ file: TransformsFile, source: String, folder: String, downscale: Int
  ) throws -> SceneView {
    let rows = frame.matrix
    guard (3...4).contains(rows.count), rows.allSatisfy({ $0.count == 4 }),
      rows.joined().allSatisfy(\.isFinite)
    else {
      throw FileError(
        .malformed, path: source,
        reason: "the frame \(frame.path) has no transform_matrix of 4 x 4 numbers")
    }
    let name = frame.path.split(separator: "/").last.map(String.init) ?? frame.path
    let path = frame.path.hasPrefix("/") ? frame.path : "\(folder)/\(frame.path)"
    let whole = try Picture(contentsOf: pictureFile(path))
    let picture = try whole.averagedBlocks(of: downscale)
    let pose = CameraPose(rows: rows)
    // What averaging cuts off at the right must not change the scale.
    let used = Double(picture.width * downscale)
    let focalLength: Double
    if let given = file.focalLength {
      focalLength = given * Double(whole.width) / (file.width ?? Double(whole.width))
    } else if let angle = file.cameraAngle, angle > 0, angle < .pi {
      focalLength = 0.5 * Double(whole.width) / tan(0.5 * angle)
    } else {
      throw FileError(
        .malformed, path: source,
        reason: "it has neither camera_angle_x, between 0 and pi radians, nor fl_x in pixels")
    }
    guard focalLength > 0, focalLength.isFinite else {
      throw FileError(
        .malformed, path: source, reason: "a focal length of \(focalLength) pixels")
    }
    let camera = Camera(
      width: picture.width, height: picture.height,
      focalLength: focalLength * Double(picture.width) / used, pose: pose)
    return SceneView(
      name: pictureEndings.first(where: name.hasSuffix).map { String(name.dropLast($0.count)) }
        ?? name,
      picture: picture,
      camera: camera)
  }
}

extension DecodingError {
  /// What is wrong, and where.
  fileprivate var sentence: String {
    func place(_ context: Context) -> String {
      context.codingPath.isEmpty
        ? "" : " at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
    }
    return switch self {
    case .keyNotFound(let key, let context): "\(key.stringValue) is missing\(place(context))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "a value of another kind is needed\(place(context))"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty ? "it is not JSON" : "a value cannot be read\(place(context))"
    @unknown default: "it cannot be read"
    }
  }
}
