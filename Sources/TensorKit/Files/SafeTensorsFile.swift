/// A `.safetensors` file: named arrays and a dictionary of texts.
///
/// ```swift
/// var file = try SafeTensorsFile(contentsOf: "weights.safetensors")
/// let weight = try file.tensor(named: "layers.0.weight", as: Float.self)
/// file.metadata["case"] = "copy"
/// try file.write(to: "copy.safetensors")
/// ```
///
/// The arrays keep the order in which the header lists them. A file is accepted only if its arrays
/// cover its data without gaps and overlaps, which the format demands. Arrays of types that are not supported, and
/// of more than 64 axes, are ``unreadable``.
public struct SafeTensorsFile: NamedArrayFile {
  /// Texts about the whole file, by name.
  public var metadata = NamedValues<String>()

  /// The path that the file was read from, if it was.
  public private(set) var path: String?

  private var members = NamedValues<FileMember>()

  /// Creates a file without arrays and metadata.
  public init() {}

  /// Reads a file.
  ///
  /// - Parameter path: The path of the file.
  /// - Throws: ``FileError`` if it is not there, cannot be read or is not a `.safetensors` file.
  public init(contentsOf path: String) throws {
    self = try FileError.naming(path) { try Self(bytes: WholeFile.bytes(ofFileAt: path)) }
    self.path = path
  }

  /// Creates a file from its contents.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: ``FileError`` if they are not those of a `.safetensors` file.
  public init(bytes: [UInt8]) throws {
    let (header, dataStart) = try Self.header(of: bytes)
    metadata = header.metadata
    var ranges: [(name: String, range: Range<Int>)] = []
    for (name, entry) in header.arrays {
      let (member, range) = try Self.member(named: name, entry, data: bytes[dataStart...])
      ranges.append((name, range))
      members[name] = member
    }
    try Self.checkCoverage(of: bytes.count - dataStart, by: ranges)
  }

  /// The names of the arrays, in order.
  public var names: [String] { members.arrayNames }

  /// The arrays whose type is not supported, such as `F8_E4M3`, with the reasons, in order.
  public var unreadable: NamedValues<FileError> {
    var errors = NamedValues<FileError>()
    for (name, member) in members {
      guard var error = member.error else { continue }
      error.path = path
      errors[name] = error
    }
    return errors
  }

  /// The array of a name, or `nil` if there is none, or it is unreadable.
  ///
  /// Setting `nil` removes the array; setting an array under a new name adds it at the end. The
  /// name `__metadata__` is the format's own.
  public subscript(name: String) -> StoredArray? {
    get { members[name]?.array }
    set {
      precondition(
        !name.hasSameCodeUnits(as: SafeTensorsHeader.metadataName),
        "an array cannot be named \(SafeTensorsHeader.metadataName)")
      members[name] = newValue.map { .array($0) }
    }
  }

  /// Returns the contents of a file with these arrays and this metadata, and with what was unreadable as
  /// it was.
  ///
  /// The same contents give the same bytes.
  public func bytes() -> [UInt8] {
    var entries: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sortedByName.map {
        "\(SafeTensorsHeader.quoted($0.name)):\(SafeTensorsHeader.quoted($0.value))"
      }
      entries.append("\"\(SafeTensorsHeader.metadataName)\":{\(texts.joined(separator: ","))}")
    }
    var data: [[UInt8]] = []
    var end = 0
    for (name, member) in members {
      let typeName: String
      let shape: [Int]
      switch member {
      case .array(let array):
        (typeName, shape) = (array.elementType.rawValue, array.shape)
        data.append(array.bytes)
      case .unread(let member):
        (typeName, shape) = (member.typeName, member.shape)
        data.append(member.bytes)
      }
      let start = end
      end += data[data.count - 1].count
      let lengths = shape.map(String.init).joined(separator: ",")
      entries.append(
        "\(SafeTensorsHeader.quoted(name)):{\"dtype\":\(SafeTensorsHeader.quoted(typeName)),"
          + "\"shape\":[\(lengths)],\"data_offsets\":[\(start),\(end)]}")
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }

    var contents: [UInt8] = []
    contents.reserveCapacity(8 + header.count + end)
    contents.appendLittleEndian(UInt64(header.count))
    contents += header
    for bytes in data { contents += bytes }
    return contents
  }
}

extension SafeTensorsFile: Hashable {
  /// Returns whether two files have equal arrays in the same order and equal metadata.
  public static func == (first: Self, second: Self) -> Bool {
    first.members.isSameInOrder(as: second.members) && first.metadata == second.metadata
  }

  /// Feeds the arrays and the metadata into a hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(members)
    hasher.combine(metadata)
  }
}

extension SafeTensorsFile {
  /// The format's own limit of a header, in bytes.
  private static let largestHeader = 100_000_000

  private static func header(of bytes: [UInt8]) throws -> (SafeTensorsHeader, dataStart: Int) {
    guard bytes.count >= 8 else {
      throw FileError(
        .malformed,
        reason: "it has \(bytes.count) bytes, fewer than the 8 that begin a .safetensors file")
    }
    let size: UInt64 = bytes.littleEndian(at: 0)
    guard size <= UInt64(min(bytes.count - 8, largestHeader)) else {
      throw FileError(
        .malformed,
        reason: "it states a header of \(size) bytes, but only \(bytes.count - 8) bytes follow and "
          + "\(largestHeader) are allowed; it is truncated or not a .safetensors file")
    }
    let dataStart = 8 + Int(size)
    guard bytes[8..<dataStart].first == UInt8(ascii: "{") else {
      throw FileError(
        .malformed, reason: "its header does not begin with a brace; it is not a .safetensors file")
    }
    return (try SafeTensorsHeader(parsing: Array(bytes[8..<dataStart])), dataStart)
  }

  private static func member(
    named name: String, _ entry: SafeTensorsHeader.Entry, data: ArraySlice<UInt8>
  ) throws -> (FileMember, Range<Int>) {
    func malformed(_ reason: String) -> FileError {
      FileError(.malformed, reason: "its array '\(name)' \(reason)")
    }
    let (typeName, shape) = (entry.dtype, entry.shape)
    guard entry.offsets.count == 2, (shape + entry.offsets).allSatisfy({ $0 >= 0 }) else {
      throw malformed("has no shape and two data_offsets of whole numbers")
    }
    let (start, end) = (entry.offsets[0], entry.offsets[1])
    guard start <= end, end <= data.count else {
      throw malformed("lies at the bytes \(start) to \(end) of only \(data.count); it is truncated")
    }
    let bytes = Array(data[(data.startIndex + start)..<(data.startIndex + end)])
    func unread(_ reason: String) -> (FileMember, Range<Int>) {
      let error = FileError(.unsupported, reason: "its array '\(name)' has \(reason)")
      let member = UnreadMember(error: error, typeName: typeName, shape: shape, bytes: bytes)
      return (.unread(member), start..<end)
    }
    guard let elementType = ArrayElementType(rawValue: typeName) else {
      return unread(
        "the dtype \(typeName), which is not supported; convert it to F32 before saving")
    }
    guard shape.count <= StoredArray.mostAxes else {
      return unread("more than the \(StoredArray.mostAxes) axes that are supported")
    }
    guard StoredArray.byteCount(of: elementType, shape: shape) == end - start else {
      throw malformed(
        "has \(end - start) bytes, which do not fit \(typeName) with the shape \(shape)")
    }
    return (.array(StoredArray(elementType, shape: shape, bytes: bytes)), start..<end)
  }

  private static func checkCoverage(
    of count: Int, by ranges: [(name: String, range: Range<Int>)]
  ) throws {
    var end = 0
    let ordered = ranges.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for (name, range) in ordered {
      guard range.lowerBound == end else {
        throw FileError(
          .malformed,
          reason: "its array '\(name)' begins at byte \(range.lowerBound), but the one before it "
            + "ends at \(end); arrays must lie side by side")
      }
      end = range.upperBound
    }
    guard end == count else {
      throw FileError(
        .malformed, reason: "its arrays take \(end) bytes of data, but \(count) follow the header")
    }
  }
}
