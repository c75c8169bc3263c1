import TensorKit

/// Pictures that are shown one after the other, for a file that browsers play: an animated PNG.
///
/// Source: the PNG specification, third edition, W3C 2025, section 11.3.6: chunks `acTL`, `fcTL` and `fdAT`.
public struct AnimatedPicture: Sendable {
  /// The pictures, first to last.
  public let frames: [Picture]
  /// How long each is shown, in milliseconds.
  public let milliseconds: Int

  /// Pictures that are shown for ever, one after the other.
  ///
  /// - Precondition: There is a picture, all have the same size, channels and depth, and the time is from 1 to
  ///   65,535 milliseconds.
  public init(_ frames: [Picture], milliseconds: Int = 100) {
    precondition(!frames.isEmpty, "an animation without a picture")
    precondition(
      frames.allSatisfy {
        $0.samples.shape == frames[0].samples.shape && $0.bitDepth == frames[0].bitDepth
      }, "an animation of pictures of \(Set(frames.map(\.samples.shape)).sorted { $0[0] < $1[0] })")
    precondition((1...65_535).contains(milliseconds), "a picture for \(milliseconds) milliseconds")
    self.frames = frames
    self.milliseconds = milliseconds
  }

  /// The contents of a PNG file; programs that know no animations show the first picture.
  ///
  /// - Throws: `FileError` of the kind `unwritable` if a picture is too large for a file.
  public func pngBytes() throws -> [UInt8] {
    var writer = ChunkWriter()
    var sequence: UInt32 = 0
    for (index, frame) in frames.enumerated() {
      let chunks = try PNGChunk.all(in: frame.pngBytes())
      if index == 0 {
        // What describes the pictures comes before the first one's data.
        for chunk in chunks.prefix(while: { $0.name != "IDAT" }) {
          writer.add(chunk.name, chunk.data)
          if chunk.name == "IHDR" {
            writer.add("acTL", UInt32(frames.count).bigEndianBytes + UInt32(0).bigEndianBytes)
          }
        }
      }
      writer.add("fcTL", frameControl(sequence))
      sequence += 1
      for chunk in chunks where chunk.name == "IDAT" {
        if index == 0 {
          writer.add("IDAT", chunk.data)
        } else {
          writer.add("fdAT", sequence.bigEndianBytes + chunk.data)
          sequence += 1
        }
      }
    }
    writer.add("IEND", [])
    return writer.bytes
  }

  /// Writes a PNG file, whole or not at all.
  ///
  /// - Throws: `FileError` of the kind `unwritable` if the file cannot be written.
  public func write(to path: String) throws {
    try FileError.naming(path) { try WholeFile.write(pngBytes(), toFileAt: path) }
  }

  /// Where a frame lies, how long it is shown, and that it replaces the one before.
  private func frameControl(_ sequence: UInt32) -> [UInt8] {
    let (width, height) = (UInt32(clamping: frames[0].width), UInt32(clamping: frames[0].height))
    let numbers = [sequence, width, height, 0, 0].flatMap(\.bigEndianBytes)
    let delay = UInt16(clamping: milliseconds)
    return numbers + [UInt8(delay >> 8), UInt8(delay & 255), UInt8(1000 >> 8), UInt8(1000 & 255)]
      + [0, 0]
  }
}

/// A part of a PNG file.
struct PNGChunk {
  /// What begins a PNG file.
  static let signature: [UInt8] = [137, 80, 78, 71, 13, 10, 26, 10]

  /// Its four letters.
  let name: String
  /// What it holds.
  let data: [UInt8]

  /// The chunks of a file that this package's encoder has made.
  ///
  /// - Throws: `FileError` of the kind `malformed` if the bytes are no chunks.
  static func all(in bytes: [UInt8]) throws -> [PNGChunk] {
    var chunks: [PNGChunk] = []
    var place = signature.count
    while place < bytes.count {
      guard place + 12 <= bytes.count else {
        throw FileError(.malformed, reason: "a chunk of a PNG file breaks off")
      }
      let length = bytes[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - place - 12 else {
        throw FileError(.malformed, reason: "a chunk of a PNG file is longer than the file")
      }
      chunks.append(
        PNGChunk(
          name: String(decoding: bytes[(place + 4)..<(place + 8)], as: UTF8.self),
          data: Array(bytes[(place + 8)..<(place + 8 + length)])))
      place += 12 + length
    }
    return chunks
  }
}

/// The chunks of a PNG file that is being made.
private struct ChunkWriter {
  private(set) var bytes = PNGChunk.signature

  mutating func add(_ name: String, _ data: [UInt8]) {
    let checked = Array(name.utf8) + data
    bytes += UInt32(data.count).bigEndianBytes + checked + checked.cyclicRedundancy.bigEndianBytes
  }
}

extension [UInt8] {
  /// The checksum of PNG's chunks: CRC-32 of ISO 3309.
  var cyclicRedundancy: UInt32 {
    ~reduce(UInt32.max) { sum, byte in
      CyclicRedundancy.table[Int((sum ^ UInt32(byte)) & 255)] ^ (sum >> 8)
    }
  }
}

private enum CyclicRedundancy {
  static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
  }
}

extension UInt32 {
  fileprivate var bigEndianBytes: [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> $0) }
  }
}
