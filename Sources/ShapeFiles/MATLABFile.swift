import INRZoo
import TensorKit

/// A MATLAB file of version 5, 6 or 7: elements behind each other, each a variable, deflated or plain.
///
/// Format: "MAT-File Format", The MathWorks, chapter 1. It is not left to matio, which takes what is missing
/// at the end of a file for zeros.
struct MATLABFile {
  private let bytes: [UInt8]
  private let isBigEndian: Bool
  private var elements: [Element] = []

  private struct Element {
    var variable: MATLABVariable
    /// Where its contents are in the file.
    var range: Range<Int>
    var isDeflated: Bool
  }

  /// More variables than this are no file of a volume.
  private static let mostVariables = 10_000
  /// What is unpacked of a deflated variable to know its name and its extents.
  private static let headerSize = 4096

  /// Finds the variables of a file's contents.
  ///
  /// - Throws: `FileError` without a path if an element reaches beyond the end, or cannot be understood.
  init(bytes: [UInt8]) throws {
    self.bytes = bytes
    isBigEndian = bytes[126] == UInt8(ascii: "M")
    var position = MATLABVersion.headerSize
    while position < bytes.count {
      let matrix = MATLABMatrix(isBigEndian: isBigEndian)
      let tag = try bytes.withUnsafeBytes { try matrix.tag(at: position, of: $0) }
      let range = tag.data
      guard range.upperBound <= bytes.count else {
        throw FileError(
          .malformed,
          reason: "the variable at byte \(position) takes \(range.count) bytes, of which only "
            + "\(max(0, bytes.count - range.lowerBound)) are there; it is truncated")
      }
      position = range.upperBound
      guard tag.type == MATLABMatrix.matrixType || tag.type == MATLABMatrix.deflatedType else {
        continue
      }
      guard elements.count < Self.mostVariables else {
        throw FileError(
          .unsupported, reason: "it has more than \(Self.mostVariables) variables")
      }
      try addElement(range, isDeflated: tag.type == MATLABMatrix.deflatedType)
    }
  }

  private mutating func addElement(_ range: Range<Int>, isDeflated: Bool) throws {
    let matrix = MATLABMatrix(isBigEndian: isBigEndian)
    let variable: MATLABVariable
    if isDeflated {
      let start = try InflatedBytes.prefix(bytes[range], count: Self.headerSize)
      variable = try start.withUnsafeBytes { start in
        try matrix.variable(in: start, from: try matrix.contents(of: start).lowerBound).variable
      }
    } else {
      variable = try bytes.withUnsafeBytes {
        let start = UnsafeRawBufferPointer(rebasing: $0[range])
        return try matrix.variable(in: start, from: 0).variable
      }
    }
    elements.append(Element(variable: variable, range: range, isDeflated: isDeflated))
  }

  /// Returns the volume of a variable.
  ///
  /// - Parameter name: The name, or `nil` for the usual one, or else the only array of three axes.
  /// - Throws: `FileError` without a path.
  func volume(named name: String?) throws -> VoxelVolume {
    let element = elements[try elements.map(\.variable).volumeIndex(named: name)]
    let matrix = MATLABMatrix(isBigEndian: isBigEndian)
    guard element.isDeflated else {
      return try bytes.withUnsafeBytes {
        try matrix.volume(in: UnsafeRawBufferPointer(rebasing: $0[element.range]), from: 0)
      }
    }
    let start = try InflatedBytes.prefix(bytes[element.range], count: 8)
    let count = try start.withUnsafeBytes { try matrix.contents(of: $0).upperBound }
    let inflated = try InflatedBytes.all(bytes[element.range], count: count)
    return try inflated.withUnsafeBytes { try matrix.volume(in: $0, from: 8) }
  }
}
