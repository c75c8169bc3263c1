import TensorKit

/// Where each trainable parameter of a model lies in a flat vector.
public struct ParameterLayout: Sendable, Equatable {
  /// A parameter's name, shape, first index and role.
  ///
  /// Entries that differ in their roles alone are equal: a layout that was saved holds none.
  public struct Entry: Sendable, Equatable {
    /// The full name, dots between levels.
    public let name: String
    /// The extent of each axis.
    public let shape: [Int]
    /// The index of the first element in the flat vector.
    public let offset: Int
    /// What the parameter is in its model.
    public let role: ParameterRole
    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// Whether two entries have the same name, shape and place.
    public static func == (left: Entry, right: Entry) -> Bool {
      left.name == right.name && left.shape == right.shape && left.offset == right.offset
    }
  }

  /// The parameters, in the order in which the model visits them.
  public private(set) var entries: [Entry] = []
  /// The number of elements of all parameters together.
  public private(set) var count = 0

  init() {}

  mutating func append(name: String, shape: [Int], role: ParameterRole = .other) {
    entries.append(Entry(name: name, shape: shape, offset: count, role: role))
    count += shape.reduce(1, *)
  }
}

/// One number for each trainable parameter of a model: parameters, a gradient or a direction.
public struct ParameterVector<Scalar: TensorScalar>: Sendable, Equatable {
  /// What lies where.
  public internal(set) var layout: ParameterLayout
  /// All numbers, parameter after parameter, of shape [parameters].
  public var values: Tensor<Scalar>

  /// A vector of zeros.
  public init(zeros layout: ParameterLayout) {
    self.layout = layout
    self.values = Tensor(zeros: [layout.count])
  }

  /// A vector from its numbers.
  ///
  /// - Precondition: There are as many numbers as the layout says.
  public init(_ values: Tensor<Scalar>, layout: ParameterLayout) {
    precondition(
      values.shape == [layout.count],
      "numbers of shape \(values.shape) for \(layout.count) parameters")
    self.layout = layout
    self.values = values
  }

  /// The part that belongs to a parameter, by name; nil if there is none.
  public subscript(name: String) -> Tensor<Scalar>? {
    layout.entries.firstIndex { $0.name == name }.map { tensor(at: $0) }
  }

  /// The part that belongs to the parameter with an index.
  public func tensor(at index: Int) -> Tensor<Scalar> {
    let entry = layout.entries[index]
    return values.slice(entry.offset..<(entry.offset + entry.count)).reshaped(to: entry.shape)
  }

  /// Overwrites the part that belongs to the parameter with an index.
  ///
  /// - Precondition: The tensor has the parameter's shape.
  public mutating func set(_ tensor: Tensor<Scalar>, at index: Int) {
    let entry = layout.entries[index]
    precondition(
      tensor.shape == entry.shape,
      "a tensor of shape \(tensor.shape) for the parameter \(entry.name) of shape \(entry.shape)")
    values.setElements(from: entry.offset, to: tensor)
  }

  /// The name of the first parameter whose part holds an infinity or NaN; nil if there is none.
  public var firstNonFinite: String? {
    if values.isFinite { return nil }
    return layout.entries.indices.first { !tensor(at: $0).isFinite }
      .map { layout.entries[$0].name }
  }

  /// The sum of the products of corresponding numbers.
  public func dot(_ other: ParameterVector) -> Scalar { values.dot(other.values) }

  /// The Euclidean norm.
  public func norm() -> Scalar { values.norm() }

  /// Adds a multiple of another vector, in place.
  public mutating func add(_ other: ParameterVector, scaledBy scale: Scalar) {
    values.add(other.values, scaledBy: scale)
  }

  /// Multiplies every number, in place.
  public static func *= (left: inout ParameterVector, right: Scalar) { left.values *= right }

  /// Scales the vector down so that its norm is at most a bound.
  ///
  /// - Returns: The norm before.
  /// - Precondition: The bound is not negative.
  @discardableResult
  public mutating func clip(toNorm bound: Scalar) -> Scalar {
    precondition(bound >= 0, "a vector clipped to the norm \(bound)")
    let norm = norm()
    if norm == .infinity, values.isFinite {
      // Too long for a number of this type, though none of its own is.
      values = values.scaledToUnitMagnitude().tensor
      values *= bound / values.norm()
    } else if norm > bound {
      values *= bound / norm
    }
    return norm
  }
}
