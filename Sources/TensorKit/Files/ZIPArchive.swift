import CZlib

/// A ZIP archive without encryption and without the ZIP64 extension.
///
/// Every length of the file is checked before it is used: members may not overlap, may not be
/// larger than their compressed bytes can give, and must have the checksum that is stated. Memory grows
/// with what is unpacked.
struct ZIPArchive {
  struct Member: Hashable {
    var name: String
    var contents: [UInt8]
  }

  var members: [Member] = []

  init() {}

  /// Unpacks an archive.
  init(bytes: [UInt8]) throws {
    let directory = try Directory(of: bytes)
    var names: Set<ExactName> = []
    for entry in directory.entries {
      guard names.insert(ExactName(entry.name)).inserted else {
        throw FileError(.malformed, reason: "it has two members named '\(entry.name)'")
      }
    }
    // In the order of the data, to see overlaps; then in the order of the directory.
    var end = 0
    for (entry, data) in zip(directory.entries, directory.dataRanges)
      .sorted(by: { $0.0.localOffset < $1.0.localOffset })
    {
      guard entry.localOffset >= end else {
        throw FileError(.malformed, reason: "its member '\(entry.name)' overlaps another one")
      }
      end = data.upperBound
    }
    for (entry, data) in zip(directory.entries, directory.dataRanges) {
      let contents = try entry.unpacked(bytes[data])
      members.append(Member(name: entry.name, contents: contents))
    }
  }

  /// Returns the archive with its members stored, not compressed.
  func bytes() throws -> [UInt8] {
    var contents: [UInt8] = []
    var directory: [UInt8] = []
    contents.reserveCapacity(
      members.reduce(22) { $0 + $1.contents.count + 2 * $1.name.utf8.count + 76 })
    for member in members {
      let name = Array(member.name.utf8)
      guard let offset = UInt32(exactly: contents.count), offset < .max,
        let size = UInt32(exactly: member.contents.count), size < .max,
        let nameLength = UInt16(exactly: name.count)
      else { throw Self.tooLarge }

      var common: [UInt8] = []
      common.appendLittleEndian(UInt16(20))  // the version needed to unpack
      common.appendLittleEndian(UInt16(name.allSatisfy { $0 < 0x80 } ? 0 : 0x800))
      common.appendLittleEndian(UInt16(0))  // stored
      common.appendLittleEndian(UInt16(0))  // midnight
      common.appendLittleEndian(UInt16(0x21))  // of 1 January 1980
      common.appendLittleEndian(Self.checksum(of: member.contents))
      common.appendLittleEndian(size)
      common.appendLittleEndian(size)
      common.appendLittleEndian(nameLength)
      common.appendLittleEndian(UInt16(0))  // no extra fields

      contents.appendLittleEndian(Signature.local)
      contents += common + name + member.contents
      directory.appendLittleEndian(Signature.central)
      directory.appendLittleEndian(UInt16(20))
      directory += common
      directory += [UInt8](repeating: 0, count: 10)  // comment, disk and attributes
      directory.appendLittleEndian(offset)
      directory += name
    }
    guard let start = UInt32(exactly: contents.count), start < .max,
      let size = UInt32(exactly: directory.count), size < .max,
      let count = UInt16(exactly: members.count), count < .max
    else { throw Self.tooLarge }
    contents += directory
    contents.appendLittleEndian(Signature.end)
    contents.appendLittleEndian(UInt32(0))  // disks
    contents.appendLittleEndian(count)
    contents.appendLittleEndian(count)
    contents.appendLittleEndian(size)
    contents.appendLittleEndian(start)
    contents.appendLittleEndian(UInt16(0))  // no comment
    return contents
  }

  private static let tooLarge = FileError(
    .unsupported,
    reason: "the arrays are too many or too large for a .npz file without ZIP64; "
      + "save them as several files or as .safetensors")

  /// The CRC-32 of bytes.
  static func checksum(of bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { buffer in
      var checksum: UInt = 0
      var rest = buffer[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
        checksum = crc32(checksum, part.bindMemory(to: UInt8.self).baseAddress, UInt32(part.count))
        rest = rest.dropFirst(part.count)
      }
      return UInt32(truncatingIfNeeded: checksum)
    }
  }

  private enum Signature {
    static let local: UInt32 = 0x0403_4B50
    static let central: UInt32 = 0x0201_4B50
    static let end: UInt32 = 0x0605_4B50
  }
}

extension ZIPArchive {
  /// The table of contents at the end of an archive.
  private struct Directory {
    var entries: [Entry] = []
    /// Where the data of each entry lie.
    var dataRanges: [Range<Int>] = []

    init(of bytes: [UInt8]) throws {
      let end = try Self.endRecord(of: bytes)
      let count: UInt16 = bytes.littleEndian(at: end + 10)
      let size = Int(bytes.littleEndian(at: end + 12) as UInt32)
      let start = Int(bytes.littleEndian(at: end + 16) as UInt32)
      guard bytes.littleEndian(at: end + 4) as UInt32 == 0,
        bytes.littleEndian(at: end + 8) as UInt16 == count
      else { throw FileError(.unsupported, reason: "it is one part of a ZIP archive of several") }
      guard count != .max, start != UInt32.max, size != UInt32.max else {
        throw FileError(
          .unsupported,
          reason: "it is a ZIP64 archive, which is not supported; save its arrays as several files")
      }
      guard start + size == end else {
        throw FileError(
          .malformed,
          reason: "its table of contents should take the bytes \(start) to \(start + size), but "
            + "does not end at byte \(end)")
      }
      var position = start
      for _ in 0..<count {
        let entry = try Entry(at: position, before: end, in: bytes)
        position = entry.end
        dataRanges.append(try entry.dataRange(in: bytes, before: start))
        entries.append(entry)
      }
      guard position == end else {
        throw FileError(
          .malformed, reason: "its table of contents does not have the \(count) members it states")
      }
    }

    /// The offset of the record that ends an archive, from the back as a comment may follow it.
    private static func endRecord(of bytes: [UInt8]) throws -> Int {
      var offset = bytes.count - 22
      while offset >= max(0, bytes.count - 22 - 0xFFFF) {
        if bytes.littleEndian(at: offset) as UInt32 == Signature.end,
          Int(bytes.littleEndian(at: offset + 20) as UInt16) == bytes.count - offset - 22
        {
          return offset
        }
        offset -= 1
      }
      throw FileError(
        .malformed,
        reason: "it does not end as a .npz file does; it is truncated or of another kind")
    }
  }

  /// What the table of contents says of a member.
  private struct Entry {
    var name: String
    var method: UInt16
    var checksum: UInt32
    var packedSize: Int
    var size: Int
    var localOffset: Int
    /// Where the next entry begins.
    var end: Int

    init(at position: Int, before limit: Int, in bytes: [UInt8]) throws {
      guard position + 46 <= limit, bytes.littleEndian(at: position) as UInt32 == Signature.central
      else { throw FileError(.malformed, reason: "its table of contents is damaged") }
      let nameLength = Int(bytes.littleEndian(at: position + 28) as UInt16)
      let extraLength = Int(bytes.littleEndian(at: position + 30) as UInt16)
      let commentLength = Int(bytes.littleEndian(at: position + 32) as UInt16)
      end = position + 46 + nameLength + extraLength + commentLength
      guard end <= limit,
        let name = String(
          validating: bytes[(position + 46)..<(position + 46 + nameLength)], as: UTF8.self)
      else { throw FileError(.malformed, reason: "its table of contents is damaged") }
      self.name = name
      method = bytes.littleEndian(at: position + 10)
      checksum = bytes.littleEndian(at: position + 16)
      packedSize = Int(bytes.littleEndian(at: position + 20) as UInt32)
      size = Int(bytes.littleEndian(at: position + 24) as UInt32)
      localOffset = Int(bytes.littleEndian(at: position + 42) as UInt32)

      let flags: UInt16 = bytes.littleEndian(at: position + 8)
      guard flags & 1 == 0 else {
        throw FileError(.unsupported, reason: "its member '\(name)' is encrypted")
      }
      guard method == 0 || method == 8 else {
        throw FileError(
          .unsupported,
          reason: "its member '\(name)' is compressed by method \(method); only deflate, as of "
            + "numpy.savez_compressed, is supported")
      }
      guard [packedSize, size, localOffset].allSatisfy({ $0 != UInt32.max }) else {
        throw FileError(
          .unsupported,
          reason: "its member '\(name)' needs ZIP64, which is not supported; save it as a file of "
            + "its own")
      }
    }

    /// Where the data lie, which the header before them must agree with.
    func dataRange(in bytes: [UInt8], before limit: Int) throws -> Range<Int> {
      // The header's sizes are not looked at: writers leave them open and state them in the table.
      guard localOffset + 30 <= limit,
        bytes.littleEndian(at: localOffset) as UInt32 == Signature.local
      else { throw damaged("has no header where it should be") }
      let nameLength = Int(bytes.littleEndian(at: localOffset + 26) as UInt16)
      let extraLength = Int(bytes.littleEndian(at: localOffset + 28) as UInt16)
      let start = localOffset + 30 + nameLength + extraLength
      guard start <= limit, packedSize <= limit - start else {
        throw damaged("has \(packedSize) bytes, more than the file; it is truncated")
      }
      guard bytes[(localOffset + 30)...].prefix(nameLength).elementsEqual(name.utf8) else {
        throw damaged("has another name in its header")
      }
      return start..<(start + packedSize)
    }

    func unpacked(_ data: ArraySlice<UInt8>) throws -> [UInt8] {
      let contents: [UInt8]
      if method == 0 {
        guard packedSize == size else {
          throw damaged("states two sizes, \(packedSize) and \(size)")
        }
        contents = Array(data)
      } else {
        // Deflate makes at most 1032 bytes of one.
        guard size / 1040 <= packedSize, let inflated = ZIPArchive.inflated(data, size: size) else {
          throw damaged("does not unpack to the \(size) bytes that it states")
        }
        contents = inflated
      }
      guard ZIPArchive.checksum(of: contents) == checksum else {
        throw damaged("does not have the checksum that it states; it is damaged")
      }
      return contents
    }

    private func damaged(_ what: String) -> FileError {
      FileError(.malformed, reason: "its member '\(name)' \(what)")
    }
  }

  /// Returns exactly a number of bytes that deflated data unpack to, or `nil` if they do not.
  private static func inflated(_ data: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
    var stream = z_stream()
    let structSize = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, structSize) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    let room = 1 << 16
    var contents: [UInt8] = []
    // Sizes are below 2^32, and are believed as far as the data have come.
    contents.reserveCapacity(min(size, 4 * data.count + room))
    let hasEnded = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { output in
      data.withUnsafeBufferPointer { input in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        while true {
          stream.next_out = output.baseAddress
          stream.avail_out = UInt32(room)
          let status = inflate(&stream, Z_NO_FLUSH)
          let count = room - Int(stream.avail_out)
          contents.append(contentsOf: UnsafeBufferPointer(rebasing: output[..<count]))
          if status == Z_STREAM_END { return stream.avail_in == 0 }
          // Without an end, a full buffer alone tells that there may be more.
          guard status == Z_OK, stream.avail_out == 0, contents.count <= size else { return false }
        }
      }
    }
    return hasEnded && contents.count == size ? contents : nil
  }
}
