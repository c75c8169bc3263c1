/// Values by name, in the order in which their names were added.
///
/// ```swift
/// var texts: NamedValues = ["format": "pt"]
/// texts["model"] = "siren"
/// for (name, text) in texts { print(name, text) }
/// ```
///
/// Names are told apart by their code units: `é` in one scalar and `e` with a combining accent are two
/// names, as they are in files, though they equal each other as texts.
public struct NamedValues<Value> {
  private var members: [Element] = []
  /// Where the member of each name is.
  private var places: [ExactName: Int] = [:]

  /// No values.
  public init() {}

  /// The values of a dictionary, in the order of their names.
  public init(_ values: [String: Value]) {
    for (name, value) in values.sorted(by: { ExactName($0.key) < ExactName($1.key) }) {
      self[name] = value
    }
  }

  /// The names, in order.
  public var names: [String] { members.map(\.name) }

  /// The value of a name, or `nil` if there is none.
  ///
  /// Setting `nil` removes it; setting a value under a new name adds it at the end.
  public subscript(name: String) -> Value? {
    get { places[ExactName(name)].map { members[$0].value } }
    set {
      let key = ExactName(name)
      switch (places[key], newValue) {
      case (let place?, let value?): members[place].value = value
      case (nil, let value?):
        places[key] = members.count
        members.append((name, value))
      case (let place?, nil):
        members.remove(at: place)
        places[key] = nil
        for index in place..<members.count { places[ExactName(members[index].name)] = index }
      case (nil, nil): break
      }
    }
  }

  /// The same names with other values.
  public func mapValues<Other>(
    _ transform: (Value) throws -> Other
  ) rethrows -> NamedValues<Other> {
    var result = NamedValues<Other>()
    for (name, value) in members { result[name] = try transform(value) }
    return result
  }

  /// The same values sorted by the code units of their names.
  package var sortedByName: [Element] {
    members.sorted { ExactName($0.name) < ExactName($1.name) }
  }
}

extension NamedValues: RandomAccessCollection {
  /// A name with its value.
  public typealias Element = (name: String, value: Value)

  /// The place of the first name.
  public var startIndex: Int { 0 }
  /// The place behind the last name.
  public var endIndex: Int { members.count }
  /// The name at a place, with its value.
  public subscript(position: Int) -> Element { members[position] }
}

extension NamedValues: ExpressibleByDictionaryLiteral {
  /// Values by name; of several of one name, the last one.
  public init(dictionaryLiteral elements: (String, Value)...) {
    for (name, value) in elements { self[name] = value }
  }
}

extension NamedValues: Sendable where Value: Sendable {}

extension NamedValues: Equatable where Value: Equatable {
  /// Whether both have the same names with equal values, in any order.
  public static func == (first: Self, second: Self) -> Bool {
    first.count == second.count && first.allSatisfy { second[$0.name] == $0.value }
  }
}

extension NamedValues: Hashable where Value: Hashable {
  /// Feeds the names with their values into a hasher, whatever their order.
  public func hash(into hasher: inout Hasher) {
    var sum = 0
    for (name, value) in members {
      var member = Hasher()
      member.combine(ExactName(name))
      member.combine(value)
      sum &+= member.finalize()
    }
    hasher.combine(count)
    hasher.combine(sum)
  }
}
