/// How a `.npy` file holds its array, for readers that convert the elements themselves.
///
/// ``NumPyFile`` copies the elements and puts them into order; a volume of 512³ single-precision numbers
/// would then take 1.6 GB for 134 million bytes of result.
package struct NumPyLayout: Hashable, Sendable {
  /// The type of the elements.
  package let elementType: ArrayElementType
  /// Whether an element's most significant byte comes first.
  package let isBigEndian: Bool
  /// Whether the first axis runs fastest.
  package let isFortranOrder: Bool
  /// The lengths of the axes.
  package let shape: [Int]
  /// Where the elements are in the file: as many bytes as the type and the shape need.
  package let elements: Range<Int>

  /// Reads the header of a file, and checks that what follows fits it.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: ``FileError`` if they are not those of a supported `.npy` file.
  package init(of bytes: [UInt8]) throws {
    try self.init(start: bytes, fileSize: bytes.count)
  }

  /// Reads the header of a file, and checks that it fits the file's size.
  ///
  /// - Parameters:
  ///   - start: The bytes that the file begins with, the whole header among them.
  ///   - fileSize: How many bytes the file has.
  /// - Throws: ``FileError`` if they are not those of a supported `.npy` file.
  init(start: [UInt8], fileSize: Int) throws {
    let (header, dataStart) = try NumPyFile.header(of: start)
    let count = fileSize - dataStart
    guard let needed = StoredArray.byteCount(of: header.elementType, shape: header.shape),
      needed == count
    else {
      throw FileError(
        .malformed,
        reason: "it has \(count) bytes of data, which do not fit \(header.elementType.rawValue) "
          + "with the shape \(header.shape); it is truncated or holds more than one array")
    }
    elementType = header.elementType
    isBigEndian = header.isBigEndian
    isFortranOrder = header.isFortranOrder
    shape = header.shape
    elements = dataStart..<fileSize
  }
}
