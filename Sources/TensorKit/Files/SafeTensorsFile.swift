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
/// cover its data without gaps and overlaps, which the format demands.
public struct SafeTensorsFile: NamedArrayFile {
  /// Texts about the whole file, by name.
  public var metadata: [String: String] = [:]

  /// The path that the file was read from, if it was.
  public private(set) var path: String?

  private var arrays = NamedArrays()

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
      let (array, range) = try Self.array(named: name, entry, data: bytes[dataStart...])
      ranges.append((name, range))
      arrays[name] = array
    }
    try Self.checkCoverage(of: bytes.count - dataStart, by: ranges)
  }

  /// The names of the arrays, in order.
  public var names: [String] { arrays.names }

  /// The array of a name, or `nil` if there is none.
  ///
  /// Setting `nil` removes the array; setting an array under a new name adds it at the end. The
  /// name `__metadata__` is the format's own.
  public subscript(name: String) -> StoredArray? {
    get { arrays[name] }
    set {
      precondition(
        name != SafeTensorsHeader.metadataName,
        "an array cannot be named \(SafeTensorsHeader.metadataName)")
      arrays[name] = newValue
    }
  }

  /// Returns the contents of a file with these arrays and this metadata.
  ///
  /// The same contents give the same bytes.
  public func bytes() -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }.map {
        "\(SafeTensorsHeader.quoted($0.key)):\(SafeTensorsHeader.quoted($0.value))"
      }
      members.append("\"\(SafeTensorsHeader.metadataName)\":{\(texts.joined(separator: ","))}")
    }
    var end = 0
    for (name, array) in arrays.members {
      let start = end
      end += array.bytes.count
      let shape = array.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(SafeTensorsHeader.quoted(name)):{\"dtype\":\"\(array.elementType.rawValue)\","
          + "\"shape\":[\(shape)],\"data_offsets\":[\(start),\(end)]}")
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }

    var contents: [UInt8] = []
    contents.reserveCapacity(8 + header.count + end)
    contents.appendLittleEndian(UInt64(header.count))
    contents += header
    for (_, array) in arrays.members { contents += array.bytes }
    return contents
  }
}

extension SafeTensorsFile: Hashable {
  /// Returns whether two files have equal arrays in the same order and equal metadata.
  public static func == (first: Self, second: Self) -> Bool {
    first.arrays == second.arrays && first.metadata == second.metadata
  }

  /// Feeds the arrays and the metadata into a hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(arrays)
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

  private static func array(
    named name: String, _ entry: SafeTensorsHeader.Entry, data: ArraySlice<UInt8>
  ) throws -> (StoredArray, Range<Int>) {
    func malformed(_ reason: String) -> FileError {
      FileError(.malformed, reason: "its array '\(name)' \(reason)")
    }
    let (typeName, shape) = (entry.dtype, entry.shape)
    guard entry.offsets.count == 2, (shape + entry.offsets).allSatisfy({ $0 >= 0 }) else {
      throw malformed("has no shape and two data_offsets of whole numbers")
    }
    guard let elementType = ArrayElementType(rawValue: typeName) else {
      throw FileError(
        .unsupported,
        reason: "its array '\(name)' has the dtype \(typeName), which is not supported; "
          + "convert it to F32 before saving")
    }
    let (start, end) = (entry.offsets[0], entry.offsets[1])
    guard start <= end, end <= data.count else {
      throw malformed("lies at the bytes \(start) to \(end) of only \(data.count); it is truncated")
    }
    guard StoredArray.byteCount(of: elementType, shape: shape) == end - start else {
      throw malformed(
        "has \(end - start) bytes, which do not fit \(typeName) with the shape \(shape)")
    }
    let bytes = data[(data.startIndex + start)..<(data.startIndex + end)]
    return (StoredArray(elementType, shape: shape, bytes: Array(bytes)), start..<end)
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
