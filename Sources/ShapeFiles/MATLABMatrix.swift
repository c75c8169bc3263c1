import INRZoo
import TensorKit

/// The parts of an element of a MATLAB file of version 5 that holds a variable.
struct MATLABMatrix {
  let isBigEndian: Bool

  static let matrixType: UInt32 = 14
  static let deflatedType: UInt32 = 15

  /// The types of numbers by their names in the format: a variable of one class may be stored as another.
  private static let numberTypes: [UInt32: ArrayElementType] = [
    1: .int8, 2: .uint8, 3: .int16, 4: .uint16, 5: .int32, 6: .uint32, 7: .float32, 9: .float64,
    12: .int64, 13: .uint64,
  ]

  /// An element's type, and where its data are.
  struct Tag {
    var type: UInt32
    var data: Range<Int>
    /// Where the next element of the same variable begins.
    var end: Int
  }

  /// The tag at a place, which may be a small one with the data in it.
  ///
  /// - Throws: `FileError` without a path if the bytes end within the tag; the data may reach beyond the end.
  func tag(at position: Int, of bytes: UnsafeRawBufferPointer) throws -> Tag {
    guard position + 8 <= bytes.count else {
      throw FileError(
        .malformed,
        reason:
          "it breaks off after \(bytes.count) bytes, within what describes an element at byte "
          + "\(position); it is truncated")
    }
    let type = word(at: position, of: bytes)
    if type >> 16 != 0 {
      let size = Int(type >> 16)
      guard size <= 4 else {
        throw FileError(
          .malformed,
          reason: "its element at byte \(position) is to hold \(size) bytes where four have room")
      }
      let start = position + 4
      return Tag(type: type & 0xFFFF, data: start..<(start + size), end: position + 8)
    }
    let size = Int(word(at: position + 4, of: bytes))
    let start = position + 8
    return Tag(type: type, data: start..<(start + size), end: start + (size + 7) / 8 * 8)
  }

  /// Where the contents of a variable are that was deflated with its tag.
  func contents(of bytes: UnsafeRawBufferPointer) throws -> Range<Int> {
    let tag = try tag(at: 0, of: bytes)
    guard tag.type == Self.matrixType, tag.data.lowerBound == 8 else {
      throw FileError(
        .malformed, reason: "a deflated element has the type \(tag.type), and is no variable")
    }
    return tag.data
  }

  /// Describes the variable whose contents begin at a place.
  ///
  /// - Returns: The variable, and where the tag of its numbers is.
  func variable(
    in bytes: UnsafeRawBufferPointer, from start: Int
  ) throws -> (variable: MATLABVariable, numbers: Int) {
    // What has no contents is an empty array without a name.
    if bytes.count == start {
      return (MATLABVariable(name: "", className: "empty", isReal: false, extents: []), start)
    }
    let flags = try part(at: start, of: bytes, "flags")
    guard flags.data.count >= 4 else { throw Self.damaged("flags") }
    let word = word(at: flags.data.lowerBound, of: bytes)
    let number = Int(word & 0xFF)
    let className = MATLABVariable.className(of: number)
    guard (1...15).contains(number) else {
      return (
        MATLABVariable(name: "", className: className, isReal: false, extents: []), flags.end
      )
    }
    let lengths = try part(at: flags.end, of: bytes, "extents")
    guard lengths.type == 5, lengths.data.count % 4 == 0 else { throw Self.damaged("extents") }
    let extents = stride(from: lengths.data.lowerBound, to: lengths.data.upperBound, by: 4)
      .map { Int(Int32(bitPattern: self.word(at: $0, of: bytes))) }
    guard extents.allSatisfy({ $0 >= 0 }) else { throw Self.damaged("extents") }
    let name = try part(at: lengths.end, of: bytes, "name")
    let isComplex = word & 0x800 != 0
    let variable = MATLABVariable(
      name: String(decoding: bytes[name.data], as: UTF8.self),
      className: isComplex ? "complex \(className)" : className,
      isReal: MATLABVariable.isNumeric(number) && !isComplex, extents: extents)
    return (variable, name.end)
  }

  /// The volume of the variable whose contents begin at a place.
  func volume(in bytes: UnsafeRawBufferPointer, from start: Int) throws -> VoxelVolume {
    let (variable, place) = try variable(in: bytes, from: start)
    let numbers = try part(at: place, of: bytes, "numbers")
    guard let type = Self.numberTypes[numbers.type] else {
      throw FileError(
        .malformed,
        reason: "its variable '\(variable.name)' has numbers of the unknown type \(numbers.type)")
    }
    guard
      let needed = StoredArray.byteCount(of: type, shape: variable.extents),
      needed == numbers.data.count
    else {
      throw FileError(
        .malformed,
        reason: "its variable \(variable.description) has \(numbers.data.count) bytes of "
          + "\(type.rawValue), which do not fit")
    }
    return try VoxelElements(
      type, isBigEndian: isBigEndian, isColumnMajor: true, extents: variable.extents
    ).volume(of: UnsafeRawBufferPointer(rebasing: bytes[numbers.data]))
  }

  /// A tag with data that are all there.
  private func part(
    at position: Int, of bytes: UnsafeRawBufferPointer, _ what: String
  ) throws -> Tag {
    let tag = try tag(at: position, of: bytes)
    guard tag.data.upperBound <= bytes.count else { throw Self.damaged(what) }
    return tag
  }

  private func word(at position: Int, of bytes: UnsafeRawBufferPointer) -> UInt32 {
    let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)
    return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
  }

  private static func damaged(_ what: String) -> FileError {
    FileError(
      .malformed, reason: "the \(what) of a variable cannot be understood; it is damaged")
  }
}
