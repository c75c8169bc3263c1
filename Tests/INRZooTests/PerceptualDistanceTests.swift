import Foundation
import INRZoo
import TensorKit
import Testing

/// LPIPS against PyTorch's, with networks whose weights are those of a formula: `measures/lpips.py` has it.
@Suite struct PerceptualDistanceTests {
  /// A number within [0, 1) that depends on two others.
  private static func uniform(_ array: Int, _ index: Int) -> Double {
    var z = UInt64(array) << 32 + UInt64(index)
    z &+= 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }

  /// The convolutions by torchvision's index, as outputs, inputs and side; and the heads' channels.
  private static func layout(
    _ backbone: PerceptualBackbone
  ) -> (convolutions: [(Int, [Int])], heads: [Int]) {
    switch backbone {
    case .alexNet:
      (
        [
          (0, [64, 3, 11]), (3, [192, 64, 5]), (6, [384, 192, 3]), (8, [256, 384, 3]),
          (10, [256, 256, 3]),
        ], [64, 192, 384, 256, 256]
      )
    case .vgg16:
      (
        [
          (0, [64, 3, 3]), (2, [64, 64, 3]), (5, [128, 64, 3]), (7, [128, 128, 3]),
          (10, [256, 128, 3]), (12, [256, 256, 3]), (14, [256, 256, 3]), (17, [512, 256, 3]),
          (19, [512, 512, 3]), (21, [512, 512, 3]), (24, [512, 512, 3]), (26, [512, 512, 3]),
          (28, [512, 512, 3]),
        ], [64, 128, 256, 512, 512]
      )
    }
  }

  static func weights(_ backbone: PerceptualBackbone) -> SafeTensorsFile {
    var file = SafeTensorsFile()
    func store(_ name: String, _ shape: [Int], _ number: (Double) -> Double) {
      let array = file.names.count
      let values = Tensor<Double>(shape: shape) { values in
        for index in values.indices { values[index] = number(uniform(array, index)) }
      }
      file.store(values, named: name)
    }
    let layout = layout(backbone)
    for (index, extents) in layout.convolutions {
      let bound = (6 / Double(extents[1] * extents[2] * extents[2])).squareRoot()
      store("features.\(index).weight", extents + extents.suffix(1)) { (2 * $0 - 1) * bound }
      store("features.\(index).bias", [extents[0]]) { (2 * $0 - 1) * 0.1 }
    }
    for (layer, channels) in layout.heads.enumerated() {
      store("lin\(layer).model.1.weight", [1, channels, 1, 1]) { $0 }
    }
    return file
  }

  private static func fixture(
    _ backbone: PerceptualBackbone
  ) throws -> (first: Picture, second: Picture, distances: [Double]) {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/measures/lpips.npz").path
    let file = try NumPyArchive(contentsOf: path)
    func picture(_ name: String) throws -> Picture {
      Picture(
        try file.tensor(named: "\(backbone.rawValue).\(name)", as: Double.self) * (1 / 255.0))
    }
    let distances = try file.tensor(named: "\(backbone.rawValue).distances", as: Double.self)
    return (try picture("first"), try picture("second"), distances.elements)
  }

  @Test(arguments: PerceptualBackbone.allCases)
  func agreesWithPyTorch(backbone: PerceptualBackbone) throws {
    let weights = Self.weights(backbone)
    let (first, second, expected) = try Self.fixture(backbone)
    let distance = try PerceptualDistance<Double>(weights)
    #expect(distance.backbone == backbone)
    let found = try distance.layerDistances(of: first, against: second)
    #expect(found.count == expected.count)
    for (found, expected) in zip(found, expected) { #expect(abs(found / expected - 1) < 1e-10) }
    let total = try distance(of: first, against: second)
    #expect(abs(total / expected.reduce(0, +) - 1) < 1e-10)

    let single = try PerceptualDistance<Float>(weights).layerDistances(of: first, against: second)
    for (found, expected) in zip(single, expected) { #expect(abs(found / expected - 1) < 1e-4) }
  }

  @Test(arguments: PerceptualBackbone.allCases)
  func itIsADistance(backbone: PerceptualBackbone) throws {
    let (first, second, _) = try Self.fixture(backbone)
    let distance = try PerceptualDistance<Float>(Self.weights(backbone))
    #expect(try distance(of: first, against: first) == 0)
    let one = try distance(of: first, against: second, workers: Workers(threads: 1))
    #expect(one > 0)
    for threads in 2...3 {
      let workers = Workers(threads: threads)
      #expect(try distance(of: first, against: second, workers: workers) == one)
    }
    #expect(abs(try distance(of: second, against: first) - one) < 1e-6 * one)
  }

  @Test func greyAndAlpha() throws {
    let (first, second, _) = try Self.fixture(.alexNet)
    let distance = try PerceptualDistance<Float>(Self.weights(.alexNet))
    func values(_ picture: Picture) -> Tensor<Double> { picture.values() }
    func channels(_ picture: Picture, _ range: Range<Int>) -> Tensor<Double> {
      values(picture).slice(range, alongAxis: 2)
    }
    let shape = values(first).shape
    let grey = Picture(channels(first, 0..<1))
    let colors = Picture(channels(first, 0..<1).broadcast(to: shape))
    let expected = try distance(of: colors, against: second)
    #expect(try distance(of: grey, against: second) == expected)
    let alpha = channels(second, 1..<2)
    let transparent = Picture(Tensor.concatenated([values(grey), alpha], alongAxis: 2))
    #expect(try distance(of: transparent, against: second) == expected)
    let covered = Picture(Tensor.concatenated([values(colors), alpha], alongAxis: 2))
    #expect(try distance(of: covered, against: second) == expected)
  }

  @Test func theArticlesCode() throws {
    let (fitted, picture, _) = try Self.fixture(.alexNet)
    let lpipsPath = FileManager.default.temporaryDirectory
      .appendingPathComponent("lpips-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: lpipsPath) }
    try Self.weights(.alexNet).write(to: lpipsPath)
    let distance = try PerceptualDistance<Float>(contentsOf: lpipsPath)
    let lpips = try distance(of: fitted, against: picture)
    let expected = try PerceptualDistance<Float>(Self.weights(.alexNet))(
      of: fitted, against: picture)
    #expect(lpips == expected && lpips > 0)
  }

  @Test func tooSmallPicturesAreRefused() throws {
    #expect(PerceptualBackbone.alexNet.smallestSide == 31)
    #expect(PerceptualBackbone.vgg16.smallestSide == 16)
    let distance = try PerceptualDistance<Float>(Self.weights(.alexNet))
    func picture(_ height: Int, _ width: Int) -> Picture {
      .procedural(height: height, width: width)
    }
    #expect(try distance(of: picture(31, 31), against: picture(31, 31)) == 0)
    let error = #expect(throws: PictureError.self) {
      try distance(of: picture(40, 30), against: picture(40, 30))
    }
    let sentence = error?.description ?? ""
    #expect(sentence.contains("30 x 40") && sentence.contains("AlexNet"))
    #expect(sentence.contains("at least 31 pixels"))
  }

  /// What is done to a file, and what the error says about it.
  static let damages: [(String, @Sendable (inout SafeTensorsFile) -> Void, [String])] = [
    ("no arrays", { $0 = SafeTensorsFile() }, ["'features.0.weight'", "convert"]),
    ("no bias", { $0["features.6.bias"] = nil }, ["'features.6.bias'", "convert"]),
    ("no head", { $0["lin4.model.1.weight"] = nil }, ["'lin4.model.1.weight'", "convert"]),
    (
      "another network",
      { $0.store(Tensor<Float>(zeros: [64, 3, 7, 7]), named: "features.0.weight") },
      ["[64, 3, 7, 7]", "[64, 3, 11, 11] for AlexNet", "[64, 3, 3, 3] for VGG-16"]
    ),
    (
      "a head of VGG's",
      { $0.store(Tensor<Float>(zeros: [1, 128, 1, 1]), named: "lin1.model.1.weight") },
      ["'lin1.model.1.weight'", "[1, 128, 1, 1]", "[1, 192, 1, 1]"]
    ),
    (
      "infinite",
      { $0.store(Tensor<Float>(repeating: .infinity, shape: [64]), named: "features.0.bias") },
      ["'features.0.bias'", "not finite"]
    ),
    (
      "negative",
      {
        $0.store(Tensor<Float>(repeating: -1, shape: [1, 64, 1, 1]), named: "lin0.model.1.weight")
      },
      ["'lin0.model.1.weight'", "negative"]
    ),
  ]

  @Test(arguments: damages.indices) func damagedFilesAreRefused(index: Int) throws {
    let (_, damage, parts) = Self.damages[index]
    var file = Self.weights(.alexNet)
    damage(&file)
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("lpips-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try file.write(to: path)
    let error = #expect(throws: FileError.self) {
      try PerceptualDistance<Float>(contentsOf: path)
    }
    #expect(error?.path == path)
    let reason = error?.reason ?? ""
    for part in parts { #expect(reason.contains(part), "\(reason)") }
  }
}
