/// A saved state that does not fit the value that it is restored into.
public enum StateError: Error, Equatable, CustomStringConvertible {
  /// The value needs an entry that the state does not have.
  case missing(name: String)
  /// An entry is of another kind than the value needs, such as a number where a tensor is expected.
  case kind(name: String, expected: String, found: String)
  /// An array has another shape than the value needs.
  case shape(name: String, expected: [Int], found: [Int])
  /// The state has entries that the value does not know.
  case leftOver(names: [String])
  /// Two values are listed under one name.
  case repeated(name: String)
  /// An entry holds what the value cannot have.
  case invalid(name: String, reason: String)

  /// The error with the names that it has within a part of a value.
  public func within(_ part: String) -> StateError {
    switch self {
    case .missing(let name): .missing(name: "\(part).\(name)")
    case .kind(let name, let expected, let found):
      .kind(name: "\(part).\(name)", expected: expected, found: found)
    case .shape(let name, let expected, let found):
      .shape(name: "\(part).\(name)", expected: expected, found: found)
    case .leftOver(let names): .leftOver(names: names.map { "\(part).\($0)" })
    case .repeated(let name): .repeated(name: "\(part).\(name)")
    case .invalid(let name, let reason): .invalid(name: "\(part).\(name)", reason: reason)
    }
  }

  /// One sentence that names the entry and says what is wrong with it.
  public var description: String {
    switch self {
    case .missing(let name): "The saved state has no entry \(name)."
    case .kind(let name, let expected, let found):
      "The entry \(name) of the saved state is \(found), but \(expected) is needed."
    case .shape(let name, let expected, let found):
      "The entry \(name) of the saved state has shape \(found), but \(expected) is needed."
    case .leftOver(let names):
      """
      The saved state has entries that nothing here keeps: \
      \(names.prefix(8).joined(separator: ", "))\
      \(names.count > 8 ? " and \(names.count - 8) more" : "").
      """
    case .repeated(let name): "Two values of a state are both named \(name)."
    case .invalid(let name, let reason):
      "The entry \(name) of the saved state cannot be right: \(reason)."
    }
  }
}
