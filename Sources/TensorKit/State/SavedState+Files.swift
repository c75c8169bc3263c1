extension SavedState {
  /// What metadata is named by, before the entry's own name.
  ///
  /// A file may so hold other texts beside a state.
  private static var metadataPrefix: String { "state:" }

  /// A state from what a file holds.
  ///
  /// All arrays are entries, and all metadata whose names begin with `state:`; other metadata is not looked
  /// at. See ``file``.
  ///
  /// - Throws: ``StateError/invalid(name:reason:)`` if a text does not spell an entry,
  ///   ``StateError/repeated(name:)`` if an array and a text have one name, and ``FileError`` if the file
  ///   has an array that cannot be read.
  public init(_ file: SafeTensorsFile) throws {
    self.init()
    try file.requireReadable()
    for name in file.names {
      if let array = file[name] { self[name] = .array(array) }
    }
    for (key, text) in file.metadata {
      guard let name = key.droppingExactPrefix(Self.metadataPrefix) else { continue }
      guard self[name] == nil else { throw StateError.repeated(name: name) }
      guard let entry = Entry(spelling: text) else {
        throw StateError.invalid(name: name, reason: "'\(text)' spells no value")
      }
      self[name] = entry
    }
  }

  /// A file that holds this state, without loss of a bit.
  ///
  /// Arrays are the file's arrays, sorted by name. Other entries are metadata, named `state:` and the
  /// entry's name. Its texts begin with the entry's kind:
  ///
  /// | Text | Entry |
  /// | --- | --- |
  /// | `integer:-12` | a signed integer |
  /// | `unsigned:0x9e3779b97f4a7c15` | an unsigned integer |
  /// | `float:0x3f800000` | a number in single precision, by its IEEE 754 bits; here 1 |
  /// | `double:0x3ff0000000000000` | one in double precision; here 1 |
  /// | `boolean:true` | a truth value |
  /// | `text:any text` | a text |
  /// | `absent` | an optional value that is nil |
  public var file: SafeTensorsFile {
    var file = SafeTensorsFile()
    for name in names {
      switch self[name] {
      case .array(let array): file[name] = array
      case let entry?: file.metadata[Self.metadataPrefix + name] = entry.spelling
      case nil: break
      }
    }
    return file
  }
}

extension SavedState.Entry {
  /// The entry as a text; that of an array is empty.
  fileprivate var spelling: String {
    switch self {
    case .array: ""
    case .integer(let value): "integer:\(value)"
    case .unsignedInteger(let value): "unsigned:\(hexadecimal(value))"
    case .float(let bits): "float:\(hexadecimal(bits))"
    case .double(let bits): "double:\(hexadecimal(bits))"
    case .boolean(let value): "boolean:\(value)"
    case .text(let text): "text:\(text)"
    case .absent: "absent"
    }
  }

  /// The entry that a text spells, if it spells one.
  fileprivate init?(spelling: String) {
    if spelling == "absent" {
      self = .absent
      return
    }
    guard let (kind, value) = spelling.splitExactly(atFirst: ":") else { return nil }
    let entry: SavedState.Entry? =
      switch kind {
      case "integer": Int(value).map { .integer($0) }
      case "unsigned": word(value).map { .unsignedInteger($0) }
      case "float": word(value).map { .float(bits: $0) }
      case "double": word(value).map { .double(bits: $0) }
      case "boolean": Bool(value).map { .boolean($0) }
      case "text": .text(value)
      default: nil
      }
    guard let entry else { return nil }
    self = entry
  }
}

/// All digits of a word, such as `0x00ff` for 255 in 16 bits.
private func hexadecimal(_ word: some FixedWidthInteger & UnsignedInteger) -> String {
  let digits = String(word, radix: 16)
  return "0x" + String(repeating: "0", count: word.bitWidth / 4 - digits.count) + digits
}

/// The word that hexadecimal digits after `0x` stand for.
private func word<Word: FixedWidthInteger & UnsignedInteger>(_ text: String) -> Word? {
  text.droppingExactPrefix("0x").flatMap { Word($0, radix: 16) }
}
