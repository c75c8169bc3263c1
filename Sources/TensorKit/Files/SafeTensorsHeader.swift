import Foundation

/// The header of a `.safetensors` file: what it says of each array, in its order.
///
/// Foundation reads the values. It forgets the order of members, keeps one of several of the same name,
/// and takes `4.0` for a whole number, so a scan of the text sees to these.
struct SafeTensorsHeader {
  /// What a header says of an array.
  struct Entry: Decodable {
    var dtype: String
    var shape: [Int]
    var offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  /// The name under which a header has texts about the whole file.
  static let metadataName = "__metadata__"

  /// Texts about the whole file, by name.
  private(set) var metadata: [String: String] = [:]
  /// The arrays in the header's order.
  private(set) var arrays: [(name: String, entry: Entry)] = []

  /// Reads a header.
  ///
  /// - Throws: ``FileError`` for what is not JSON or not a header, for two members of one name, for numbers
  ///   with a fraction or an exponent, and for nesting of more than 64 levels.
  init(parsing text: [UInt8]) throws {
    // Foundation would take text with zeros for UTF-16.
    guard String(validating: text, as: UTF8.self) != nil, !text.contains(0) else {
      throw FileError(.malformed, reason: "its header is not valid UTF-8")
    }
    let names = try Self.names(in: text)
    do {
      let members = try JSONDecoder().decode([String: Member].self, from: Data(text))
      for name in names {
        switch members[name] {
        case .metadata(let texts): metadata = texts
        case .array(let entry): arrays.append((name, entry))
        case nil: break
        }
      }
    } catch let error as DecodingError {
      throw Self.failure(error)
    }
  }

  /// A text as a JSON string, quotes included.
  static func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    guard let data = try? encoder.encode(text) else { preconditionFailure("a text is always JSON") }
    return String(decoding: data, as: UTF8.self)
  }
}

extension SafeTensorsHeader {
  private enum Member: Decodable {
    case metadata([String: String])
    case array(Entry)

    init(from decoder: any Decoder) throws {
      self =
        decoder.codingPath.last?.stringValue == metadataName
        ? .metadata(try [String: String](from: decoder)) : .array(try Entry(from: decoder))
    }
  }

  /// The names of the outermost object's members, in order.
  private static func names(in text: [UInt8]) throws -> [String] {
    var outermost: [String] = []
    // The names so far of each object that is open; none for arrays.
    var open: [Set<String>] = []
    var position = 0
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard open.count < 64 else { throw malformed("it is nested more than 64 levels deep") }
        open.append([])
      case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = open.popLast()
      case UInt8(ascii: "\""):
        let start = position
        repeat {
          position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        } while position < text.count && text[position] != UInt8(ascii: "\"")
        let next = text.dropFirst(position + 1).first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard next == UInt8(ascii: ":"), !open.isEmpty else { break }
        let name = try string(text[start...position])
        guard open[open.count - 1].insert(name).inserted else {
          throw malformed("the name \(quoted(name)) comes twice")
        }
        if open.count == 1 { outermost.append(name) }
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard position == 0 || !digits.contains(text[position - 1]) else {
          throw malformed("a number has a fraction or an exponent")
        }
      default: break
      }
      position += 1
    }
    return outermost
  }

  private static func string(_ text: ArraySlice<UInt8>) throws -> String {
    guard text.contains(UInt8(ascii: "\\")) else {
      return String(decoding: text.dropFirst().dropLast(), as: UTF8.self)
    }
    do { return try JSONDecoder().decode(String.self, from: Data(text)) } catch {
      throw malformed("a text has an escape that does not exist")
    }
  }

  private static func failure(_ error: DecodingError) -> FileError {
    let path: [any CodingKey] =
      switch error {
      case .keyNotFound(let key, let context): context.codingPath + [key]
      case .typeMismatch(_, let context), .valueNotFound(_, let context): context.codingPath
      default: []
      }
    guard !path.isEmpty else { return malformed("it breaks off, or a mark or a value is wrong") }
    let names = path.map { $0.intValue.map(String.init) ?? $0.stringValue }
    return FileError(
      .malformed,
      reason: "its header lacks \(names.joined(separator: "/")), or has another kind of value there"
    )
  }

  private static func malformed(_ what: String) -> FileError {
    FileError(.malformed, reason: "its header is not valid JSON: \(what)")
  }
}
