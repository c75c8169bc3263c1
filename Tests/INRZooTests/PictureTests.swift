import Foundation
import INRZoo
import TensorKit
import Testing

@Suite struct PictureTests {
  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/pictures").path

  static let names: [String] = {
    let archive = try? NumPyArchive(contentsOf: fixtures + "/expected.npz")
    return archive?.names ?? []
  }()

  @Test func everyKindOfPixelHasAFixture() {
    #expect(Self.names.count == 39)
  }

  @Test(arguments: names)
  func readsEveryKindOfPixel(name: String) throws {
    let expected = try NumPyArchive(contentsOf: Self.fixtures + "/expected.npz").array(named: name)
    let picture = try Picture(contentsOf: "\(Self.fixtures)/\(name).png")
    #expect(picture.bitDepth == (expected.elementType == .uint16 ? .sixteen : .eight))
    #expect(picture.samples == expected.tensor(as: Double.self))
    #expect([picture.height, picture.width, picture.channels] == expected.shape)

    let again = try Picture(pngBytes: picture.pngBytes())
    #expect(again == picture)
    #expect(Picture(picture.values(as: Float.self), bitDepth: picture.bitDepth) == picture)
    #expect(Picture(picture.values(as: Double.self), bitDepth: picture.bitDepth) == picture)
  }

  @Test(arguments: Picture.BitDepth.allCases)
  func valuesAreTheNearestOfTheirType(bitDepth: Picture.BitDepth) {
    let largest = bitDepth.largestSample
    let all = (0...largest).map { Double($0) / Double(largest) }
    let picture = Picture(Tensor(all, shape: [1, largest + 1, 1]), bitDepth: bitDepth)
    #expect(picture.samples.elements == (0...largest).map(Double.init))
    #expect(picture.values(as: Double.self).elements == all)
    let singles = (0...largest).map { Float($0) / Float(largest) }
    #expect(picture.values(as: Float.self).elements == singles)
  }

  @Test func valuesAreClampedAndRounded() {
    let values: [Double] = [
      -1, -.infinity, .nan, 0, 0.49 / 255, 0.51 / 255, 254.49 / 255, 254.51 / 255, 1, 2, .infinity,
    ]
    let expected: [Double] = [0, 0, 0, 0, 0, 1, 254, 255, 255, 255, 255]
    let shape = [values.count, 1, 1]
    #expect(Picture(Tensor(values, shape: shape)).samples.elements == expected)
    let singles = Tensor<Float>(values.map(Float.init), shape: shape)
    #expect(Picture(singles).samples.elements == expected)
    let sixteen = Picture(Tensor<Float>(repeating: 0.5, shape: [1, 1, 1]), bitDepth: .sixteen)
    #expect(sixteen.samples.elements == [32768])
  }

  @Test func blocksAreAveragedWithoutRounding() throws {
    let (height, width) = (5, 7)
    let samples = (0..<(height * width * 3)).map { Double($0 * ($0 + 3) / 2 % 256) }
    let picture = Picture(Tensor(samples, shape: [height, width, 3]) / 255)
    let small = try picture.averagedBlocks(of: 2)
    #expect(small.samples.shape == [2, 3, 3])
    for row in 0..<2 {
      for column in 0..<3 {
        for channel in 0..<3 {
          var sum = 0.0
          for (down, across) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            sum += picture.samples[2 * row + down, 2 * column + across, channel]
          }
          #expect(small.samples[row, column, channel] == sum / 4)
        }
      }
    }
    #expect(small.samples.elements.contains { $0 != $0.rounded() })
    #expect(try picture.averagedBlocks(of: 1) == picture)
    #expect(try picture.averagedBlocks(of: 5).samples.shape == [1, 1, 3])
    #expect(try Picture(pngBytes: small.pngBytes()) == Picture(small.values(as: Double.self)))
    for side in [6, 0, -1, Int.max] {
      let error = #expect(throws: PictureError.self) { try picture.averagedBlocks(of: side) }
      #expect(error == .blockDoesNotFit(side: side, height: 5, width: 7))
      #expect(error?.description.contains("\(side)") == true)
    }
  }

  @Test func filesAreWrittenAndErrorsNamed() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("PictureTests-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let picture = Picture.procedural(height: 5, width: 9)
    try picture.write(to: folder + "/picture.png")
    #expect(try Picture(contentsOf: folder + "/picture.png") == picture)

    let missing = #expect(throws: FileError.self) { try Picture(contentsOf: folder + "/none.png") }
    #expect(missing?.kind == .noSuchFile && missing?.path == folder + "/none.png")
    let text = folder + "/text.png"
    try Data("This is not a picture.".utf8).write(to: URL(fileURLWithPath: text))
    let other = #expect(throws: FileError.self) { try Picture(contentsOf: text) }
    #expect(other?.kind == .malformed && other?.path == text)
    #expect(other?.description.contains("not a PNG") == true)
    let nowhere = #expect(throws: FileError.self) { try picture.write(to: folder + "/none/a.png") }
    #expect(nowhere?.kind == .unwritable)
  }

  @Test(arguments: ["grey-1-interlaced", "palette-4-transparent", "rgba-8-one-pixel"])
  func truncatedAndDamagedFilesAreRefused(name: String) throws {
    let url = URL(fileURLWithPath: "\(Self.fixtures)/\(name).png")
    let bytes = try Array(Data(contentsOf: url))
    for count in bytes.indices {
      let error = #expect(throws: FileError.self) {
        try Picture(pngBytes: Array(bytes[..<count]))
      }
      #expect(error?.kind == .malformed)
    }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x41
      #expect(throws: FileError.self, "byte \(index)") { try Picture(pngBytes: changed) }
    }
  }

  /// A file with a chunk before its pixels, whose checksum may be wrong.
  private func file(_ fixture: String, with type: String, damaged isDamaged: Bool) throws -> [UInt8]
  {
    var bytes = try Array(
      Data(contentsOf: URL(fileURLWithPath: "\(Self.fixtures)/\(fixture).png")))
    let contents = Array(type.utf8) + Array("Title".utf8) + [0, 65]
    let sum = checksum(contents[...]) ^ (isDamaged ? 1 : 0)
    let chunk =
      [0, 0, 0, 7] + contents + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }
    // Behind the header.
    bytes.insert(contentsOf: chunk, at: 33)
    return bytes
  }

  @Test func damageWhereNothingIsReadIsLeftAlone() throws {
    let picture = try Picture(contentsOf: "\(Self.fixtures)/rgb-8.png")
    for type in ["tEXt", "iTXt", "zTXt", "tIME", "gAMA", "pHYs"] {
      #expect(try Picture(pngBytes: file("rgb-8", with: type, damaged: true)) == picture)
    }
    #expect(try Picture(pngBytes: file("rgb-8", with: "abCd", damaged: false)) == picture)
    // These may have been chunks that change pixels.
    for type in ["abCd", "tRNS", "PLTE"] {
      let error = #expect(throws: FileError.self) {
        try Picture(pngBytes: file("rgb-8", with: type, damaged: true))
      }
      #expect(error?.kind == .malformed)
    }
    // A transparent colour of the wrong length is no colour.
    #expect(throws: FileError.self) {
      try Picture(pngBytes: file("rgb-8", with: "tRNS", damaged: false))
    }
  }

  static let wrongSizes: [(UInt32, UInt32)] = [
    (0, 1), (1, 0), (0x7FFF_FFFF, 0x7FFF_FFFF), (1, 0x7FFF_FFFF), (0xFFFF_FFFF, 1),
    (60_000, 60_000), (20_000, 20_000), (14, 11), (13, 12),
  ]

  @Test(arguments: wrongSizes)
  func statedSizesAreNotTrusted(width: UInt32, height: UInt32) throws {
    let url = URL(fileURLWithPath: "\(Self.fixtures)/rgb-8.png")
    var bytes = try Array(Data(contentsOf: url))
    for place in 0..<4 {
      bytes[16 + place] = UInt8(truncatingIfNeeded: width >> (24 - 8 * place))
      bytes[20 + place] = UInt8(truncatingIfNeeded: height >> (24 - 8 * place))
    }
    let sum = checksum(bytes[12..<29])
    for place in 0..<4 { bytes[29 + place] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * place)) }
    #expect(throws: FileError.self) { try Picture(pngBytes: bytes) }
  }

  /// The CRC-32 that PNG files use.
  private func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var sum = UInt32.max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = (sum >> 1) ^ (sum & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
    return ~sum
  }
}
