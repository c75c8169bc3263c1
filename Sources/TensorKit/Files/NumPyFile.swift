/// A `.npy` file: one array.
///
/// Reads the versions 1, 2 and 3 of the format, row-major and Fortran order, little- and big-endian;
/// writes version 1, row-major and little-endian. There are at most 64 axes, as in NumPy, and headers have at
/// most 1 MiB. NumPy has no name for ``ArrayElementType/bfloat16``, so such an array is written as
/// ``ArrayElementType/float32``, which holds the same numbers.
public struct NumPyFile: Hashable, Sendable {
  /// The array, in row-major order.
  public var array: StoredArray

  /// Creates a file with an array.
  ///
  /// - Parameter array: The array.
  public init(_ array: StoredArray) {
    self.array = array
  }

  /// Reads a file.
  ///
  /// - Parameter path: The path of the file.
  /// - Throws: ``FileError`` if it is not there, cannot be read or is not a supported `.npy` file.
  public init(contentsOf path: String) throws {
    self = try FileError.naming(path) { try Self(bytes: WholeFile.bytes(ofFileAt: path)) }
  }

  /// Creates a file from its contents.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: ``FileError`` if they are not those of a supported `.npy` file.
  public init(bytes: [UInt8]) throws {
    let layout = try NumPyLayout(of: bytes)
    var elements = Array(bytes[layout.elements])
    let size = layout.elementType.byteCount
    if layout.isBigEndian { elements = elements.reversingRuns(of: size) }
    if layout.isFortranOrder {
      elements = elements.rowMajor(fromColumnMajor: layout.shape, elementSize: size)
    }
    array = StoredArray(layout.elementType, shape: layout.shape, bytes: elements)
  }

  /// Returns the contents of a file with the array.
  ///
  /// - Throws: ``FileError`` if the shape has too many axes for the format.
  public func bytes() throws -> [UInt8] {
    let array = self.array.widenedFromBFloat16
    var header = Array(NumPyHeader.text(array.elementType, shape: array.shape).utf8)
    // The data begin at a multiple of 64 bytes; a line feed ends the header.
    while (Self.magic.count + 4 + header.count + 1) % 64 != 0 { header.append(UInt8(ascii: " ")) }
    header.append(UInt8(ascii: "\n"))
    guard array.shape.count <= StoredArray.mostAxes, let length = UInt16(exactly: header.count)
    else {
      throw FileError(
        .unsupported, reason: "a .npy file cannot hold an array of \(array.shape.count) axes")
    }
    var contents = Self.magic + [1, 0]
    contents.reserveCapacity(10 + header.count + array.bytes.count)
    contents.appendLittleEndian(length)
    contents += header
    contents += array.bytes
    return contents
  }

  /// Writes the file, whole or not at all.
  ///
  /// - Parameter path: The path of the file, which is replaced if it exists.
  /// - Throws: ``FileError`` if the format cannot hold the array or the file cannot be written.
  public func write(to path: String) throws {
    try FileError.naming(path) { try WholeFile.write(bytes(), toFileAt: path) }
  }
}

extension NumPyFile {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let largestHeader = 1 << 20

  static func header(of bytes: [UInt8]) throws -> (NumPyHeader, dataStart: Int) {
    guard bytes.starts(with: magic) else {
      throw FileError(.malformed, reason: "it does not begin as a .npy file does")
    }
    guard bytes.count >= 12 else {
      throw FileError(.malformed, reason: "it breaks off after \(bytes.count) bytes")
    }
    let version = bytes[6]
    guard (1...3).contains(version) else {
      throw FileError(
        .unsupported,
        reason: "it has version \(version) of the .npy format, not 1, 2 or 3; save it anew")
    }
    let headerStart = version == 1 ? 10 : 12
    let length: Int
    if version == 1 {
      let stated: UInt16 = bytes.littleEndian(at: 8)
      length = Int(stated)
    } else {
      let stated: UInt32 = bytes.littleEndian(at: 8)
      length = Int(stated)
    }
    guard length <= bytes.count - headerStart else {
      throw FileError(
        .malformed,
        reason: "it states a header of \(length) bytes, but only \(bytes.count - headerStart) "
          + "follow; it is truncated")
    }
    guard length <= largestHeader else {
      throw FileError(
        .unsupported,
        reason: "it has a header of \(length) bytes, and at most \(largestHeader) are supported")
    }
    let dataStart = headerStart + length
    return (try NumPyHeader(parsing: Array(bytes[headerStart..<dataStart])), dataStart)
  }
}

extension [UInt8] {
  /// Returns the bytes with each run of a length reversed.
  func reversingRuns(of length: Int) -> [UInt8] {
    guard length > 1 else { return self }
    return [UInt8](unsafeUninitializedCapacity: count) { result, initialized in
      for index in indices {
        let place = index % length
        result[index - place + (length - 1 - place)] = self[index]
      }
      initialized = count
    }
  }

  /// Returns the elements of a column-major array in row-major order.
  fileprivate func rowMajor(fromColumnMajor shape: [Int], elementSize: Int) -> [UInt8] {
    guard shape.count > 1, !isEmpty else { return self }
    var strides: [Int] = []
    var stride = elementSize
    for length in shape {
      strides.append(stride)
      stride *= length
    }
    return [UInt8](unsafeUninitializedCapacity: count) { result, initialized in
      var place = [Int](repeating: 0, count: shape.count)
      var source = 0
      for destination in Swift.stride(from: 0, to: count, by: elementSize) {
        for byte in 0..<elementSize { result[destination + byte] = self[source + byte] }
        var axis = shape.count - 1
        while axis >= 0 {
          place[axis] += 1
          source += strides[axis]
          if place[axis] < shape[axis] { break }
          source -= place[axis] * strides[axis]
          place[axis] = 0
          axis -= 1
        }
      }
      initialized = count
    }
  }
}

extension StoredArray {
  /// The same numbers in single precision if they are of bfloat16, else the array itself.
  fileprivate var widenedFromBFloat16: StoredArray {
    guard elementType == .bfloat16 else { return self }
    var wide: [UInt8] = []
    wide.reserveCapacity(bytes.count * 2)
    for index in stride(from: 0, to: bytes.count, by: 2) {
      wide += [0, 0, bytes[index], bytes[index + 1]]
    }
    return StoredArray(.float32, shape: shape, bytes: wide)
  }
}
