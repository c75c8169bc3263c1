import TensorKit

/// Files that claim as much as their bytes could just give: believed, they cost a thousand times their size.
enum HostileFiles {
  static func all(of format: FuzzedFormat) -> [[UInt8]] {
    switch format {
    case .png: [picture(isInterlaced: false), picture(isInterlaced: true)]
    case .jpeg: photographs
    case .npz: [archive]
    case .safetensors, .state: [nested, longShape]
    case .npy, .volume: [longHeader]
    case .mat: [matlab]
    case .stl: [[UInt8](repeating: 0xFF, count: 84)]
    case .off: [Array("OFF\n2000000000 2000000000 0\n".utf8)]
    case .ply:
      ["ascii", "binary_little_endian"].map { format in
        Array(
          """
          ply
          format \(format) 1.0
          element vertex 4000000000
          property float x
          property float y
          property float z
          element face 4000000000
          property list uchar int vertex_indices
          end_header

          """.utf8)
      }
    case .obj: [Array("v 0 0 0\nf".utf8) + (0..<20_000).flatMap { _ in Array(" 1".utf8) }]
    case .xyz: [[UInt8](repeating: UInt8(ascii: "1"), count: 1 << 17)]
    }
  }

  /// Zeros, deflated as a whole but without an end, and what is no such data behind them.
  private static func brokenData(header: [UInt8]) -> [UInt8] {
    header + [0, 0xFF, 0xFF, 0, 0] + [UInt8](repeating: 0, count: 0xFFFF)
      + [UInt8](repeating: 7, count: 1 << 16)
  }

  private static func picture(isInterlaced: Bool) -> [UInt8] {
    func chunk(_ type: String, _ contents: [UInt8]) -> [UInt8] {
      bigEndian(contents.count) + Array(type.utf8) + contents + [0, 0, 0, 0]
    }
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    bytes += chunk(
      "IHDR", bigEndian(10_000) + bigEndian(13_000) + [8, 0, 0, 0, isInterlaced ? 1 : 0])
    bytes += chunk("IDAT", brokenData(header: [0x78, 0x01])) + chunk("IEND", [])
    Checksums.repair(&bytes, of: .png)
    return bytes
  }

  /// Photographs of a few hundred bytes that say that they have nearly four million pixels, and such as say that they
  /// have very many more.
  private static var photographs: [[UInt8]] {
    let seeds = (try? SeedFiles.all(of: .jpeg, in: nil)) ?? []
    return seeds.flatMap { seed in
      [(1900, 2000), (0xFFFF, 0xFFFF)].map { height, width in
        var bytes = seed
        guard
          let frame = bytes.indices.dropLast().first(where: {
            bytes[$0] == 0xFF && (0xC0...0xC2).contains(bytes[$0 + 1])
          })
        else { return bytes }
        bytes.replaceSubrange(
          (frame + 5)..<(frame + 9),
          with: [height >> 8, height & 0xFF, width >> 8, width & 0xFF].map { UInt8($0) })
        return bytes
      }
    }
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }

  /// An archive whose only member says that it unpacks to 130 MB.
  private static let archive: [UInt8] = {
    func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let (name, data) = (Array("a.npy".utf8), brokenData(header: []))
    let common =
      littleEndian(20, 2) + [0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]
      + littleEndian(data.count, 4) + littleEndian(130_000_000, 4) + littleEndian(name.count, 2) + [
        0, 0,
      ]
    let entry = [0x50, 0x4B, 1, 2, 20, 0] + common + [UInt8](repeating: 0, count: 14) + name
    let start = 30 + name.count + data.count
    return [0x50, 0x4B, 3, 4] + common + name + data + entry + [
      0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0,
    ]
      + littleEndian(entry.count, 4) + littleEndian(start, 4) + [0, 0]
  }()

  /// A MATLAB file whose only variable says that it unpacks to a gigabyte.
  private static let matlab: [UInt8] = {
    func words(_ values: Int...) -> [UInt8] {
      values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    }
    let contents =
      words(14, 1 << 30, 6, 8, 9, 0, 5, 12, 1024, 1024, 1024, 0) + words(1, 1, 0x61, 0)
      + words(2, 1 << 30) + [UInt8](repeating: 1, count: 0xFFF0 - 72)
    // Stored as it is, without an end.
    let block =
      [0] + [UInt8(contents.count & 0xFF), UInt8(contents.count >> 8)]
      + [UInt8(~contents.count & 0xFF), UInt8(~contents.count >> 8 & 0xFF)] + contents
    let data = [0x78, 0x01] + block
    return [UInt8](repeating: 0x20, count: 124) + [0, 1, 0x49, 0x4D] + words(15, data.count) + data
  }()

  /// A header of as many levels as it has bytes.
  private static let nested: [UInt8] = {
    let header =
      [UInt8](repeating: UInt8(ascii: "{"), count: 1) + Array("\"a\":{\"b\":".utf8)
      + [UInt8](repeating: UInt8(ascii: "["), count: 1 << 17)
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
  }()

  /// A header with one shape of a length for every two bytes.
  private static let longShape: [UInt8] = {
    let ones = (0..<(1 << 20)).map { _ in "1" }.joined(separator: ",")
    let header = Array("{\"a\":{\"dtype\":\"U8\",\"shape\":[\(ones)],\"data_offsets\":[0,1]}}".utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + [1]
  }()

  /// The longest header of version 2 that says nothing.
  private static let longHeader: [UInt8] =
    [0x93] + Array("NUMPY".utf8) + [2, 0, 0, 0, 0, 1] + [UInt8](repeating: 0x20, count: 1 << 24)
}
