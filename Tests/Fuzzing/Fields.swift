import CZlib

/// Where a format has lengths, offsets, counts and kinds.
enum Fields {
  typealias Field = (place: Int, size: Int)

  static func all(in bytes: [UInt8], of format: FuzzedFormat) -> [Field] {
    switch format {
    case .npy, .volume: [(6, 1), (8, 2), (8, 4)]
    case .mat: [(124, 2), (126, 2)] + stride(from: 128, to: 224, by: 4).map { ($0, 4) }
    case .stl: [(80, 4)]
    case .obj, .ply, .xyz, .off: []
    case .safetensors, .state: [(0, 8)]
    case .npz: zip(bytes)
    case .jpeg: segments(bytes)
    case .png:
      [(16, 4), (20, 4), (24, 1), (25, 1), (26, 1), (27, 1), (28, 1)]
        + PNGChunks(bytes).flatMap { [($0.start, 4), ($0.start + 4, 4)] }
    }
  }

  /// The lengths of a JPEG file's segments, the size of its picture, and what is in its metadata.
  private static func segments(_ bytes: [UInt8]) -> [Field] {
    var fields: [Field] = []
    var place = 2
    while place + 4 <= bytes.count, bytes[place] == 0xFF {
      let marker = bytes[place + 1]
      fields.append((place + 2, 2))
      if (0xC0...0xC2).contains(marker) {
        fields += [(place + 5, 2), (place + 7, 2), (place + 9, 1)]
      }
      if marker == 0xE1 { fields += stride(from: 10, to: 34, by: 2).map { (place + $0, 2) } }
      if marker == 0xDA { break }
      place += 2 + Int(bytes[place + 2]) << 8 + Int(bytes[place + 3])
    }
    return fields
  }

  private static func zip(_ bytes: [UInt8]) -> [Field] {
    let fields: [UInt8: [Field]] = [
      1: [(8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4)],
      3: [(6, 2), (8, 2), (18, 4), (22, 4), (26, 2), (28, 2)],
      5: [(4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)],
    ]
    return bytes.indices.dropLast(4).flatMap { start -> [Field] in
      guard bytes[start] == 0x50, bytes[start + 1] == 0x4B else { return [] }
      return (fields[bytes[start + 2]] ?? []).map { (start + $0.place, $0.size) }
    }
  }
}

/// The chunks of a PNG file that lie within it.
struct PNGChunks: Sequence, IteratorProtocol {
  /// Where the length stands, and where the checksum does.
  typealias Chunk = (start: Int, checksum: Int)

  private let bytes: [UInt8]
  private var position = 8

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> Chunk? {
    guard position + 12 <= bytes.count else { return nil }
    let length = bytes[position..<(position + 4)].reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - position - 12 else { return nil }
    defer { position += 12 + length }
    return (position, position + 8 + length)
  }
}

/// Makes checksums and stated lengths fit damaged contents, so that the damage is looked at.
enum Checksums {
  static func repair(_ bytes: inout [UInt8], of format: FuzzedFormat) {
    switch format {
    case .npy: repairNumPyLength(&bytes)
    case .volume, .mat, .obj, .ply, .xyz, .stl, .off, .jpeg: break
    case .safetensors, .state: repairHeaderLength(&bytes)
    case .npz: repairZIP(&bytes)
    case .png:
      for chunk in PNGChunks(bytes) {
        let sum = checksum(bytes[(chunk.start + 4)..<chunk.checksum])
        for place in 0..<4 {
          bytes[chunk.checksum + place] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * place))
        }
      }
    }
  }

  /// The header of a `.npy` file ends with a closing brace.
  private static func repairNumPyLength(_ bytes: inout [UInt8]) {
    guard bytes.count > 12, let end = bytes.lastIndex(of: UInt8(ascii: "}")), end > 12 else {
      return
    }
    let start = bytes[6] == 1 ? 10 : 12
    store(end + 1 - start, size: start - 8, at: 8, in: &bytes)
  }

  /// The header of a `.safetensors` file ends with a closing brace, and spaces.
  private static func repairHeaderLength(_ bytes: inout [UInt8]) {
    guard let end = bytes.lastIndex(of: UInt8(ascii: "}")), end > 8 else { return }
    let rest = bytes[(end + 1)...].prefix { $0 == UInt8(ascii: " ") }
    store(end + 1 + rest.count - 8, size: 8, at: 0, in: &bytes)
  }

  /// Makes the stated checksums of stored members those of their bytes.
  private static func repairZIP(_ bytes: inout [UInt8]) {
    func number(_ place: Int, _ size: Int) -> Int {
      bytes[place..<(place + size)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    for start in bytes.indices.dropLast(46)
    where bytes[start...].starts(with: [0x50, 0x4B, 1, 2]) {
      let local = number(start + 42, 4)
      guard number(start + 10, 2) == 0, local + 30 <= bytes.count else { continue }
      let data = local + 30 + number(local + 26, 2) + number(local + 28, 2)
      let end = data + number(start + 20, 4)
      guard end <= bytes.count else { continue }
      store(Int(checksum(bytes[data..<end])), size: 4, at: start + 16, in: &bytes)
    }
  }

  private static func store(_ value: Int, size: Int, at place: Int, in bytes: inout [UInt8]) {
    for index in 0..<size where place + index < bytes.count {
      bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }

  /// The CRC-32 of PNG and ZIP.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBufferPointer {
      UInt32(truncatingIfNeeded: crc32(0, $0.baseAddress, UInt32($0.count)))
    }
  }
}
