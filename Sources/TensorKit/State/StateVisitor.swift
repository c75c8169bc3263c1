/// What a value shows its state to, in either direction.
///
/// A visitor that writes notes each value under its name; one that reads replaces each value by what was
/// noted. Names of nested parts are joined by dots.
public struct StateVisitor {
  /// Whether values are replaced by saved ones, rather than noted.
  public let isReading: Bool
  /// What was noted, or what is read.
  private(set) var state: SavedState
  /// The names of entries that were noted or read.
  private var visited: Set<ExactName> = []
  private var path = ""

  /// A visitor that notes values.
  init() {
    isReading = false
    state = SavedState()
  }

  /// A visitor that replaces values by those of a state.
  init(reading state: SavedState) {
    isReading = true
    self.state = state
  }

  // MARK: Single values

  /// Shows a number, a truth value, a text or an array of numbers.
  ///
  /// - Parameters:
  ///   - value: The value, which a visitor that reads replaces.
  ///   - name: Its name within the value that shows it.
  /// - Throws: ``StateError`` if there is no such entry, or it is of another kind.
  public mutating func visit<Value: StateValue>(_ value: inout Value, named name: String) throws {
    guard isReading else { return try note(value.stateEntry, name) }
    value = try read(name)
  }

  /// Shows a single value, or an array of numbers, that may be absent.
  public mutating func visit<Value: StateValue>(_ value: inout Value?, named name: String) throws {
    guard isReading else { return try note(value?.stateEntry ?? .absent, name) }
    value = try readAbsence(name) ? nil : try read(name)
  }

  // MARK: Tensors

  /// Shows a tensor.
  ///
  /// - Parameters:
  ///   - tensor: The tensor, which a visitor that reads replaces.
  ///   - name: Its name within the value that shows it.
  ///   - keepingShape: Whether a tensor of another shape than the present one is refused.
  /// - Throws: ``StateError`` if there is no such entry, or it is of another kind, precision or shape.
  public mutating func visit<Scalar: TensorScalar>(
    _ tensor: inout Tensor<Scalar>, named name: String, keepingShape: Bool = true
  ) throws {
    guard isReading else { return try note(.array(StoredArray(tensor)), name) }
    let saved: Tensor<Scalar> = try readTensor(name)
    if keepingShape && saved.shape != tensor.shape {
      throw StateError.shape(name: fullName(name), expected: tensor.shape, found: saved.shape)
    }
    tensor = saved
  }

  /// Shows a tensor that may be absent, of any shape.
  public mutating func visit<Scalar: TensorScalar>(
    _ tensor: inout Tensor<Scalar>?, named name: String
  ) throws {
    guard isReading else {
      return try note(tensor.map { .array(StoredArray($0)) } ?? .absent, name)
    }
    tensor = try readAbsence(name) ? nil : try readTensor(name)
  }

  /// Shows tensors of any shapes: `name.count`, `name.0`, `name.1` and so on.
  public mutating func visit<Scalar: TensorScalar>(
    _ tensors: inout [Tensor<Scalar>], named name: String
  ) throws {
    let count = try visitCount(tensors.count, name)
    if isReading { tensors = [] }
    for index in 0..<count {
      if isReading {
        tensors.append(try readTensor("\(name).\(index)"))
      } else {
        try note(.array(StoredArray(tensors[index])), "\(name).\(index)")
      }
    }
  }

  // MARK: Parts

  /// Shows a part that has a state of its own, such as a generator or another adjuster.
  ///
  /// - Parameters:
  ///   - part: The part; `any` of a protocol that refines ``Checkpointable`` will do.
  ///   - name: What its names begin with, before a dot.
  public mutating func visit<Part: Checkpointable>(_ part: inout Part, named name: String) throws {
    let outer = path
    path = fullName(name)
    defer { path = outer }
    try part.visitState(&self)
  }

  /// Shows a part that may be absent.
  ///
  /// - Parameters:
  ///   - part: The part.
  ///   - name: What its names begin with, before a dot; the name of the only entry if it is absent.
  ///   - initial: What is read into where the part is absent so far.
  public mutating func visit<Part: Checkpointable>(
    _ part: inout Part?, named name: String, startingFrom initial: @autoclosure () -> Part
  ) throws {
    if isReading {
      if try readAbsence(name) {
        part = nil
        return
      }
    } else if part == nil {
      return try note(.absent, name)
    }
    var present = part ?? initial()
    try visit(&present, named: name)
    part = present
  }

  /// Shows parts that are named by their index: `name.count`, those of `name.0`, `name.1` and so on.
  ///
  /// - Parameters:
  ///   - parts: The parts, each with a state that has entries.
  ///   - name: What their names begin with.
  ///   - initial: What parts are read into.
  public mutating func visit<Part: Checkpointable>(
    _ parts: inout [Part], named name: String, startingFrom initial: @autoclosure () -> Part
  ) throws {
    let count = try visitCount(parts.count, name)
    if isReading { parts = [] }
    for index in 0..<count {
      var part = isReading ? initial() : parts[index]
      try visit(&part, named: "\(name).\(index)")
      if isReading { parts.append(part) }
    }
  }

  // MARK: Refusing

  /// Refuses an entry that a visitor has read if it is not one that the value can have.
  ///
  /// ```swift
  /// try visitor.visit(&places, named: "places")
  /// try visitor.require(places.allSatisfy { $0 >= 0 }, of: "places", "a place is negative")
  /// ```
  ///
  /// - Parameters:
  ///   - isValid: Whether it is.
  ///   - name: The name of the entry within the value that shows it.
  ///   - reason: What is wrong with it, without a full stop.
  /// - Throws: ``StateError/invalid(name:reason:)``. A visitor that writes refuses nothing.
  public func require(
    _ isValid: @autoclosure () -> Bool, of name: String, _ reason: @autoclosure () -> String
  ) throws {
    if isReading && !isValid() {
      throw StateError.invalid(name: fullName(name), reason: reason())
    }
  }

  /// Refuses a shape that a visitor has read if it is not the one that is needed.
  ///
  /// - Throws: ``StateError/shape(name:expected:found:)``. A visitor that writes refuses nothing.
  public func requireShape(_ found: [Int], toBe expected: [Int], of name: String) throws {
    if isReading && found != expected {
      throw StateError.shape(name: fullName(name), expected: expected, found: found)
    }
  }

  /// Refuses entries that nothing has read.
  func requireNothingLeft() throws {
    let names = state.names.filter { !visited.contains(ExactName($0)) }
    guard names.isEmpty else { throw StateError.leftOver(names: names) }
  }

  // MARK: Entries

  private func fullName(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  private mutating func note(_ entry: SavedState.Entry, _ name: String) throws {
    let name = fullName(name)
    guard visited.insert(ExactName(name)).inserted else { throw StateError.repeated(name: name) }
    state[name] = entry
  }

  private mutating func entry(_ name: String) throws -> SavedState.Entry {
    let name = fullName(name)
    guard visited.insert(ExactName(name)).inserted else { throw StateError.repeated(name: name) }
    guard let entry = state[name] else { throw StateError.missing(name: name) }
    return entry
  }

  /// Reads that a value is absent; if it is not, nothing counts as read.
  private mutating func readAbsence(_ name: String) throws -> Bool {
    guard state[fullName(name)] == .absent else { return false }
    _ = try entry(name)
    return true
  }

  private mutating func read<Value: StateValue>(_ name: String) throws -> Value {
    let entry = try entry(name)
    guard let value = Value(stateEntry: entry) else {
      throw StateError.kind(
        name: fullName(name), expected: Value.stateKind, found: entry.kind)
    }
    return value
  }

  private mutating func readTensor<Scalar: TensorScalar>(_ name: String) throws -> Tensor<Scalar> {
    let entry = try entry(name)
    guard case .array(let array) = entry, array.elementType == Scalar.stateElementType else {
      throw StateError.kind(
        name: fullName(name), expected: "an array of \(Scalar.stateElementType.rawValue)",
        found: entry.kind)
    }
    return array.tensor()
  }

  /// Notes or reads how many parts follow.
  private mutating func visitCount(_ count: Int, _ name: String) throws -> Int {
    var count = count
    try visit(&count, named: "\(name).count")
    // No more parts than entries, so that a damaged count costs neither time nor memory.
    try require(
      (0...state.count).contains(count), of: "\(name).count", "there cannot be \(count) parts")
    return count
  }
}
