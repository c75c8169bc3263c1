/// Writes ZIP archives of stored members by the format's description, apart from the package's own writer.
enum ZIPWriter {
  static func archive(_ members: [(name: String, contents: [UInt8])]) -> [UInt8] {
    var (contents, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, data) in members {
      let common =
        bytes(20, 2) + bytes(0x800, 2) + bytes(0, 6) + bytes(checksum(of: data), 4)
        + bytes(data.count, 4) + bytes(data.count, 4) + bytes(name.utf8.count, 2) + bytes(0, 2)
      directory +=
        [0x50, 0x4B, 1, 2] + bytes(20, 2) + common + bytes(0, 10)
        + bytes(contents.count, 4) + Array(name.utf8)
      contents += [0x50, 0x4B, 3, 4] + common + Array(name.utf8) + data
    }
    return contents + directory + [0x50, 0x4B, 5, 6] + bytes(0, 4) + bytes(members.count, 2)
      + bytes(members.count, 2) + bytes(directory.count, 4) + bytes(contents.count, 4) + bytes(0, 2)
  }

  private static func bytes(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// The CRC-32.
  private static func checksum(of bytes: [UInt8]) -> Int {
    var sum = UInt32.max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = (sum >> 1) ^ (sum & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
    return Int(~sum)
  }
}
