import CZlib
import TensorKit

/// What deflated data unpack to.
///
/// Memory grows with what has been unpacked, whatever the file says.
enum InflatedBytes {
  /// Returns at most a number of bytes from the beginning; data that are damaged after that are not noticed.
  static func prefix(_ data: ArraySlice<UInt8>, count: Int) throws -> [UInt8] {
    let (bytes, end) = try inflate(data, atMost: count)
    switch end {
    case .limit, .whole: return bytes
    case .brokenOff, .surplus: throw damaged(end)
    }
  }

  /// Returns exactly a number of bytes, which is all that the data unpack to.
  static func all(_ data: ArraySlice<UInt8>, count: Int) throws -> [UInt8] {
    // One more byte tells whether there is more.
    let (bytes, end) = try inflate(data, atMost: count + 1)
    guard end == .whole else { throw damaged(end) }
    guard bytes.count == count else {
      throw FileError(
        .malformed,
        reason: "a variable unpacks to \(bytes.count) bytes, and states \(count); it is damaged")
    }
    return bytes
  }

  private enum End { case limit, whole, surplus, brokenOff }

  private static func damaged(_ end: End) -> FileError {
    FileError(
      .malformed,
      reason: "the deflated data of a variable "
        + (end == .brokenOff
          ? "break off or are damaged; it is truncated" : "are longer than they state"))
  }

  private static func inflate(
    _ data: ArraySlice<UInt8>, atMost limit: Int
  ) throws -> (bytes: [UInt8], end: End) {
    var stream = z_stream()
    guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw FileError(.unreadable, reason: "there is no memory to unpack it")
    }
    defer { inflateEnd(&stream) }
    var bytes: [UInt8] = []
    // A byte gives a thousand at most; what is stated beyond four is believed when it comes.
    bytes.reserveCapacity(min(limit, 4 * data.count))
    let room = 1 << 18
    let end: End = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { output in
      data.withUnsafeBufferPointer { input in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        // Elements have sizes of 32 bits.
        stream.avail_in = UInt32(input.count)
        while true {
          stream.next_out = output.baseAddress
          stream.avail_out = UInt32(room)
          let status = CZlib.inflate(&stream, Z_NO_FLUSH)
          let count = room - Int(stream.avail_out)
          let kept = min(count, limit - bytes.count)
          bytes.append(contentsOf: UnsafeBufferPointer(rebasing: output[..<kept]))
          if kept < count { return .limit }
          if status == Z_STREAM_END { return stream.avail_in == 0 ? .whole : .surplus }
          guard status == Z_OK, stream.avail_out == 0 else { return .brokenOff }
        }
      }
    }
    return (bytes, end)
  }
}
