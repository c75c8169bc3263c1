/// The state of a ``Checkpointable`` value: named arrays and single values, dots between levels.
///
/// Equal states have the same bits. Names are told apart by their code units, as ``NamedValues`` does.
public struct SavedState: Sendable, Equatable {
  /// What is saved under a name.
  public enum Entry: Sendable, Equatable {
    /// A tensor, or an array of numbers.
    case array(StoredArray)
    /// A signed integer.
    case integer(Int)
    /// An unsigned integer.
    case unsignedInteger(UInt64)
    /// A number in single precision, as its bits, so that NaN equals itself and zeros keep their signs.
    case float(bits: UInt32)
    /// A number in double precision, as its bits.
    case double(bits: UInt64)
    /// A truth value.
    case boolean(Bool)
    /// A text.
    case text(String)
    /// An optional value that is nil.
    case absent

    /// The kind of the entry, with its article, for messages.
    var kind: String {
      switch self {
      case .array(let array): "an array of \(array.elementType.rawValue)"
      case .integer: "an integer"
      case .unsignedInteger: "an unsigned integer"
      case .float: "a number in single precision"
      case .double: "a number in double precision"
      case .boolean: "a truth value"
      case .text: "a text"
      case .absent: "absent"
      }
    }

    /// Whether both are of one kind and have the same bits; texts, the same code units.
    public static func == (first: Self, second: Self) -> Bool {
      switch (first, second) {
      case (.array(let first), .array(let second)): first == second
      case (.integer(let first), .integer(let second)): first == second
      case (.unsignedInteger(let first), .unsignedInteger(let second)): first == second
      case (.float(let first), .float(let second)): first == second
      case (.double(let first), .double(let second)): first == second
      case (.boolean(let first), .boolean(let second)): first == second
      case (.text(let first), .text(let second)): first.hasSameCodeUnits(as: second)
      case (.absent, .absent): true
      default: false
      }
    }
  }

  private var entries = NamedValues<Entry>()

  /// A state without entries.
  public init() {}

  /// The names of all entries, sorted.
  public var names: [String] { entries.sortedByName.map(\.name) }

  /// The number of entries.
  public var count: Int { entries.count }

  /// Whether there are no entries.
  public var isEmpty: Bool { entries.isEmpty }

  /// The entry of a name, or `nil` if there is none; setting `nil` removes it.
  public subscript(name: String) -> Entry? {
    get { entries[name] }
    set { entries[name] = newValue }
  }

  /// The entries below a name, without it: those of the optimizer in the state of a training run, for
  /// instance.
  public func part(named name: String) -> SavedState {
    var part = SavedState()
    for (entryName, entry) in entries {
      if let rest = entryName.droppingExactPrefix("\(name).") { part[rest] = entry }
    }
    return part
  }
}
