/// A single value, or an array of them, that is an entry of a ``SavedState``.
///
/// Integers, numbers in single and double precision, truth values, texts and arrays of numbers. An
/// enumeration with raw values is saved by its raw value.
public protocol StateValue: Sendable {
  /// What the value is called in messages, with its article.
  static var stateKind: String { get }

  /// The value from an entry; nil if the entry is of another kind.
  init?(stateEntry: SavedState.Entry)

  /// The entry that stands for the value.
  var stateEntry: SavedState.Entry { get }
}

/// A number whose arrays are entries of a ``SavedState`` as they are in memory.
public protocol StateArrayElement: StateValue, BitwiseCopyable {
  /// The type of the elements in files.
  static var stateElementType: ArrayElementType { get }
}

extension Int: StateArrayElement {
  /// What an integer is called in messages.
  public static var stateKind: String { "an integer" }
  /// Signed integers of 64 bits.
  public static var stateElementType: ArrayElementType { .int64 }
  /// The integer from an entry.
  public init?(stateEntry: SavedState.Entry) {
    guard case .integer(let value) = stateEntry else { return nil }
    self = value
  }
  /// The entry that stands for the integer.
  public var stateEntry: SavedState.Entry { .integer(self) }
}

extension UInt64: StateArrayElement {
  /// What an unsigned integer is called in messages.
  public static var stateKind: String { "an unsigned integer" }
  /// Unsigned integers of 64 bits.
  public static var stateElementType: ArrayElementType { .uint64 }
  /// The integer from an entry.
  public init?(stateEntry: SavedState.Entry) {
    guard case .unsignedInteger(let value) = stateEntry else { return nil }
    self = value
  }
  /// The entry that stands for the integer.
  public var stateEntry: SavedState.Entry { .unsignedInteger(self) }
}

extension Float: StateArrayElement {
  /// What a number in single precision is called in messages.
  public static var stateKind: String { "a number in single precision" }
  /// IEEE 754 single precision.
  public static var stateElementType: ArrayElementType { .float32 }
  /// The number from an entry, with all its bits.
  public init?(stateEntry: SavedState.Entry) {
    guard case .float(let bits) = stateEntry else { return nil }
    self.init(bitPattern: bits)
  }
  /// The entry that stands for the number.
  public var stateEntry: SavedState.Entry { .float(bits: bitPattern) }
}

extension Double: StateArrayElement {
  /// What a number in double precision is called in messages.
  public static var stateKind: String { "a number in double precision" }
  /// IEEE 754 double precision.
  public static var stateElementType: ArrayElementType { .float64 }
  /// The number from an entry, with all its bits.
  public init?(stateEntry: SavedState.Entry) {
    guard case .double(let bits) = stateEntry else { return nil }
    self.init(bitPattern: bits)
  }
  /// The entry that stands for the number.
  public var stateEntry: SavedState.Entry { .double(bits: bitPattern) }
}

extension Bool: StateValue {
  /// What a truth value is called in messages.
  public static var stateKind: String { "a truth value" }
  /// The truth value from an entry.
  public init?(stateEntry: SavedState.Entry) {
    guard case .boolean(let value) = stateEntry else { return nil }
    self = value
  }
  /// The entry that stands for the truth value.
  public var stateEntry: SavedState.Entry { .boolean(self) }
}

extension String: StateValue {
  /// What a text is called in messages.
  public static var stateKind: String { "a text" }
  /// The text from an entry.
  public init?(stateEntry: SavedState.Entry) {
    guard case .text(let text) = stateEntry else { return nil }
    self = text
  }
  /// The entry that stands for the text.
  public var stateEntry: SavedState.Entry { .text(self) }
}

extension Array: StateValue where Element: StateArrayElement {
  /// What an array is called in messages.
  public static var stateKind: String {
    "an array of \(Element.stateElementType.rawValue) with one axis"
  }
  /// The array from an entry, which must have one axis.
  public init?(stateEntry: SavedState.Entry) {
    guard case .array(let stored) = stateEntry, stored.shape.count == 1,
      stored.elementType == Element.stateElementType
    else { return nil }
    // Every platform of Swift's is little-endian, as the bytes have to be.
    self = stored.bytes.withUnsafeBytes { bytes in
      (0..<stored.count).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: Element.self)
      }
    }
  }
  /// The entry that stands for the array.
  public var stateEntry: SavedState.Entry {
    .array(
      StoredArray(
        Element.stateElementType, shape: [count],
        bytes: withUnsafeBytes { Array<UInt8>($0) }))
  }
}
