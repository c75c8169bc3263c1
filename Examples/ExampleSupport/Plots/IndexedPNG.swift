import Foundation

/// A small PNG writer for heat maps: one byte for each cell and a table of colours.
struct IndexedPNG {
  /// The index of the transparent colour.
  static let gap: UInt8 = 0

  /// The file's bytes.
  ///
  /// - Parameters:
  ///   - indices: For each cell, row after row, zero for a gap or 1 to 255 along the colours.
  ///   - width: The number of cells in a row.
  ///   - map: The colours.
  /// - Returns: A PNG file.
  static func encode(_ indices: [UInt8], width: Int, map: ColorMap) -> Data {
    let height = width == 0 ? 0 : indices.count / width
    var file = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    file += chunk("IHDR", bigEndian(width) + bigEndian(height) + [8, 3, 0, 0, 0])
    var colors: [UInt8] = [0, 0, 0]
    for index in 1...255 {
      let color = map.color(at: Double(index - 1) / 254)
      colors += [color.red, color.green, color.blue]
    }
    file += chunk("PLTE", colors)
    file += chunk("tRNS", [0])
    var rows: [UInt8] = []
    rows.reserveCapacity((width + 1) * height)
    for row in 0..<height {
      rows.append(0)
      rows += indices[(row * width)..<((row + 1) * width)]
    }
    file += chunk("IDAT", stored(rows))
    file += chunk("IEND", [])
    return file
  }

  /// A zlib stream of blocks that are stored as they are.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(start + 65535, bytes.count)
      let count = UInt16(end - start)
      stream.append(end == bytes.count ? 1 : 0)
      for word in [count, ~count] { stream += [UInt8(word & 0xFF), UInt8(word >> 8)] }
      stream += bytes[start..<end]
      start = end
    } while start < bytes.count
    var a: UInt32 = 1
    var b: UInt32 = 0
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return stream + bigEndian(Int(b << 16 | a))
  }

  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let named = Array(name.utf8) + content
    return bigEndian(content.count) + named + bigEndian(Int(checksum(named)))
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  private static let checksumTable: [UInt32] = (0..<256).map { start in
    (0..<8).reduce(UInt32(start)) { value, _ in
      value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
    }
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { checksumTable[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
  }
}
