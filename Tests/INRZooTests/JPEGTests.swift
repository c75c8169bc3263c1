import CTurboJPEG
import Foundation
import INRZoo
import TensorKit
import Testing

@Suite struct JPEGTests {
  /// The contents of a JPEG file of samples, written by libjpeg-turbo.
  static func file(
    _ samples: [UInt8], height: Int, width: Int, isGrey: Bool = false, isProgressive: Bool = false
  ) throws -> [UInt8] {
    let encoder = try #require(tjInitCompress())
    defer { tjDestroy(encoder) }
    var output: UnsafeMutablePointer<UInt8>?
    var length: UInt = 0
    let format = isGrey ? TJPF_GRAY : TJPF_RGB
    let sampling = isGrey ? TJSAMP_GRAY : TJSAMP_444
    let result = tjCompress2(
      encoder, samples, Int32(width), 0, Int32(height), format.rawValue, &output, &length,
      Int32(sampling.rawValue), 100, isProgressive ? TJFLAG_PROGRESSIVE : 0)
    defer { tjFree(output) }
    #expect(result == 0)
    return Array(UnsafeBufferPointer(start: output, count: Int(length)))
  }

  /// A smooth picture: those of hard edges are stored less exactly.
  static func smooth(height: Int, width: Int, channels: Int = 3) -> [UInt8] {
    (0..<height).flatMap { row in
      (0..<width).flatMap { column in
        (0..<channels).map { channel in
          UInt8(40 + 100 * row / height + 80 * column / width + 10 * channel)
        }
      }
    }
  }

  /// A segment of Exif metadata with an orientation, after which the rest of the file follows.
  static func exif(_ orientation: Int, isBigEndian: Bool) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] {
      let digits = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return isBigEndian ? digits.reversed() : digits
    }
    let directory =
      number(2, 2) + number(0x010F, 2) + number(2, 2) + number(4, 4) + Array("abc".utf8) + [0]
      + number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + [0, 0]
      + number(0, 4)
    return Array("Exif".utf8) + [0, 0] + (isBigEndian ? Array("MM".utf8) : Array("II".utf8))
      + number(42, 2) + number(8, 4) + directory
  }

  /// A file with a segment behind its first marker.
  static func file(_ file: [UInt8], with segment: [UInt8], marker: UInt8 = 0xE1) -> [UInt8] {
    let length = segment.count + 2
    return Array(file[..<2]) + [0xFF, marker, UInt8(length >> 8), UInt8(length & 0xFF)] + segment
      + file[2...]
  }

  @Test(arguments: [false, true], [false, true])
  func samplesAreThoseOfTheFile(isGrey: Bool, isProgressive: Bool) throws {
    let (height, width, channels) = (19, 27, isGrey ? 1 : 3)
    let samples = Self.smooth(height: height, width: width, channels: channels)
    let bytes = try Self.file(
      samples, height: height, width: width, isGrey: isGrey, isProgressive: isProgressive)
    let picture = try Picture(jpegBytes: bytes)
    #expect(picture.samples.shape == [height, width, channels] && picture.bitDepth == .eight)
    let expected = Tensor(samples.map(Double.init), shape: [height, width, channels])
    #expect((picture.samples - expected).absoluteValue().largest() <= 3)
  }

  @Test func filesAreToldApartByWhatTheyHold() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("JPEGTests-\(UUID().uuidString).png").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let bytes = try Self.file(Self.smooth(height: 8, width: 9), height: 8, width: 9)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(try Picture(contentsOf: path) == Picture(jpegBytes: bytes))
    try Data(bytes[..<(bytes.count / 2)]).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: FileError.self) { try Picture(contentsOf: path) }
    #expect(error?.path == path && error?.kind == .malformed)
    #expect(error?.reason.contains("JPEG") == true)
  }

  /// Where the top left, the top right and the bottom left pixel of the shown picture are stored, by Exif 2.32.
  static let corners: [(Int, [(row: Int, column: Int)])] = [
    (1, [(0, 0), (0, 1), (1, 0)]), (2, [(0, 1), (0, 0), (1, 1)]), (3, [(1, 1), (1, 0), (0, 1)]),
    (4, [(1, 0), (1, 1), (0, 0)]), (5, [(0, 0), (1, 0), (0, 1)]), (6, [(1, 0), (0, 0), (1, 1)]),
    (7, [(1, 1), (0, 1), (1, 0)]), (8, [(0, 1), (1, 1), (0, 0)]),
  ]

  @Test(arguments: corners, [false, true])
  func picturesAreTurnedAsTheySay(
    orientation: (Int, [(row: Int, column: Int)]), isBigEndian: Bool
  ) throws {
    let (height, width) = (16, 24)
    let plain = try Self.file(
      Self.smooth(height: height, width: width), height: height, width: width)
    let stored = try Picture(jpegBytes: plain)
    let picture = try Picture(
      jpegBytes: Self.file(plain, with: Self.exif(orientation.0, isBigEndian: isBigEndian)))
    let shape = orientation.0 < 5 ? [height, width, 3] : [width, height, 3]
    #expect(picture.samples.shape == shape)
    let places = [(0, 0), (0, picture.width - 1), (picture.height - 1, 0)]
    for (place, corner) in zip(places, orientation.1) {
      let (row, column) = (corner.row * (height - 1), corner.column * (width - 1))
      #expect(picture.samples[place.0, place.1, 0] == stored.samples[row, column, 0])
    }
  }

  @Test func metadataThatIsDamagedLeavesThePictureAsItIs() throws {
    let plain = try Self.file(Self.smooth(height: 16, width: 24), height: 16, width: 24)
    let stored = try Picture(jpegBytes: plain)
    let segment = Self.exif(6, isBigEndian: true)
    #expect(try Picture(jpegBytes: Self.file(plain, with: segment)) != stored)
    // Cut off anywhere before the orientation's value.
    for count in 0..<36 {
      #expect(try Picture(jpegBytes: Self.file(plain, with: Array(segment[..<count]))) == stored)
    }
    // Every byte changed: offsets and counts beyond the end, other types, other tags.
    for index in segment.indices {
      for value in [UInt8(0), 0x7F, 0xFF] {
        var changed = segment
        changed[index] = value
        let picture = try Picture(jpegBytes: Self.file(plain, with: changed))
        #expect(picture.samples.count == 16 * 24 * 3)
      }
    }
    for orientation in [0, 9, 0x0600] {
      let wrong = Self.exif(orientation, isBigEndian: true)
      #expect(try Picture(jpegBytes: Self.file(plain, with: wrong)) == stored)
    }
    // Under another marker it is no metadata.
    #expect(try Picture(jpegBytes: Self.file(plain, with: segment, marker: 0xE2)) == stored)
  }

  @Test func truncatedFilesAreRefused() throws {
    let bytes = try Self.file(Self.smooth(height: 19, width: 27), height: 19, width: 27)
    // All but the marker of the end, whose two bytes change no pixel.
    for count in 0..<(bytes.count - 2) {
      #expect(throws: FileError.self, "\(count) bytes") {
        try Picture(jpegBytes: Array(bytes[..<count]))
      }
    }
  }

  @Test func damagedFilesAreRefusedOrRead() throws {
    let bytes = try Self.file(Self.smooth(height: 19, width: 27), height: 19, width: 27)
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x41
      do {
        _ = try Picture(jpegBytes: changed)
      } catch {
        #expect(error is FileError)
      }
    }
  }

  @Test func statedSizesAreNotTrusted() throws {
    let bytes = try Self.file(Self.smooth(height: 16, width: 24), height: 16, width: 24)
    let frame = try #require(
      bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    for (height, width) in [
      (0xFFFF, 0xFFFF), (0xFFFF, 24), (16, 0xFFFF), (0, 24), (16, 0), (64, 24),
    ] {
      var changed = bytes
      for (place, value) in [
        (5, height >> 8), (6, height & 0xFF), (7, width >> 8), (8, width & 0xFF),
      ] {
        changed[frame + place] = UInt8(value)
      }
      #expect(throws: FileError.self, "\(height) x \(width)") { try Picture(jpegBytes: changed) }
    }
    // Arithmetic coding would need far fewer bits for a block.
    var arithmetic = bytes
    arithmetic[frame + 1] = 0xC9
    let error = #expect(throws: FileError.self) { try Picture(jpegBytes: arithmetic) }
    #expect(error?.kind == .unsupported)
  }
}
