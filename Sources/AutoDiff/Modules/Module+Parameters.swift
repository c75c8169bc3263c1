import TensorKit

extension Module {
  /// All parameters by name, trainable or not, in the order in which the module visits them.
  public var namedParameters: [(name: String, value: Tensor<Scalar>)] {
    var found: [(name: String, value: Tensor<Scalar>)] = []
    visitedCopy { name, _, parameter, _ in found.append((name, parameter.value)) }
    return found
  }

  /// The names, shapes and places of the trainable parameters in a flat vector.
  public var parameterLayout: ParameterLayout {
    var layout = ParameterLayout()
    visitedCopy { name, role, parameter, isTrainable in
      if isTrainable { layout.append(name: name, shape: parameter.shape, role: role) }
    }
    return layout
  }

  /// The trainable parameters as one flat vector.
  ///
  /// - Precondition: A new value has the model's layout.
  public var parameters: ParameterVector<Scalar> {
    get {
      var parts: [Tensor<Scalar>] = []
      visitedCopy { _, _, parameter, isTrainable in
        if isTrainable { parts.append(parameter.value.reshaped(to: [-1])) }
      }
      let values = parts.isEmpty ? Tensor(zeros: [0]) : Tensor.concatenated(parts)
      return ParameterVector(values, layout: parameterLayout)
    }
    set {
      precondition(
        newValue.layout == parameterLayout, "the parameters of another model were given")
      var index = 0
      var visitor = ModuleVisitor<Scalar>(onParameter: { _, _, parameter, isTrainable in
        guard isTrainable else { return }
        parameter = Variable(newValue.tensor(at: index))
        index += 1
      })
      visit(&visitor)
    }
  }

  /// Replaces parameters and buffers by those of a dictionary.
  ///
  /// - Parameters:
  ///   - values: The parameters by name.
  ///   - renaming: By names in `values` of parameters or of modules, those that they have in this model.
  /// - Throws: ``ParameterError``. The module is then unchanged.
  public mutating func setNamedParameters(
    _ values: [String: Tensor<Scalar>], renaming: [String: String] = [:]
  ) throws(ParameterError) {
    try setNamedParameters(NamedValues(values), renaming: renaming)
  }

  /// Replaces parameters by name, trainable or not, and buffers.
  ///
  /// Names are told apart by their code units. Parameters that were named by another program can be renamed on the way. A name is renamed if it, or
  /// that of a module it is within, is to be; the longest such name counts, and the empty one stands for
  /// all others:
  ///
  /// ```swift
  /// try model.setNamedParameters(values, renaming: ["net.0.linear": "layers.0"])
  /// ```
  ///
  /// - Parameters:
  ///   - values: The parameters by name.
  ///   - renaming: By names in `values` of parameters or of modules, those that they have in this model.
  /// - Throws: ``ParameterError`` if a name is missing or unknown, a shape differs, or the renaming has
  ///   a name that no parameter has or gives two of them the same. The module is then unchanged.
  public mutating func setNamedParameters(
    _ values: NamedValues<Tensor<Scalar>>, renaming: [String: String] = [:]
  ) throws(ParameterError) {
    let values = renaming.isEmpty ? values : try values.renamed(by: renaming)
    let current = namedParameters
    let names = Set(current.map { ExactName($0.name) })
    if let unknown = values.names.sorted().first(where: { !names.contains(ExactName($0)) }) {
      throw .unknown(name: unknown, known: current.map(\.name))
    }
    for (name, value) in current {
      guard let replacement = values[name] else { throw .missing(name: name) }
      guard replacement.shape == value.shape else {
        throw .shape(name: name, expected: value.shape, found: replacement.shape)
      }
    }
    var visitor = ModuleVisitor<Scalar>(onParameter: { name, _, parameter, _ in
      if let value = values[name] { parameter = Variable(value) }
    })
    visit(&visitor)
  }

  /// A copy that computes the same, with plain weights in all linear layers whose weight is a product.
  public func withPlainWeights() -> Self {
    var copy = self
    var visitor = ModuleVisitor<Scalar>(onLayer: { _, _, layer in layer.formWeight() })
    copy.visit(&visitor)
    return copy
  }

  /// A copy whose trainable parameters are recorded, and those parameters in order.
  ///
  /// For evaluation in tiles there is ``LiftedModel``, which forms products of parameters once.
  func lifted() -> (model: Self, parameters: [Variable<Scalar>]) {
    var copy = self
    var lifted: [Variable<Scalar>] = []
    var visitor = ModuleVisitor<Scalar>(onParameter: { _, _, parameter, isTrainable in
      guard isTrainable else { return }
      parameter = parameter.lifted()
      lifted.append(parameter)
    })
    copy.visit(&visitor)
    return (copy, lifted)
  }

  private func visitedCopy(_ action: @escaping ModuleVisitor<Scalar>.ParameterAction) {
    var copy = self
    var visitor = ModuleVisitor<Scalar>(onParameter: action)
    copy.visit(&visitor)
  }
}

/// Parameters that do not fit a model.
public enum ParameterError: Error, Equatable, CustomStringConvertible {
  /// The model has a parameter that was not given.
  case missing(name: String)
  /// A parameter was given that the model does not have.
  case unknown(name: String, known: [String])
  /// A parameter has another shape than the model's.
  case shape(name: String, expected: [Int], found: [Int])
  /// A name was to be renamed that no given parameter has, nor the module that one is within.
  case unusedRenaming(name: String, given: [String])
  /// Two given parameters have the same name once they are renamed.
  case ambiguousRenaming(name: String, given: [String])

  /// One sentence that names the parameter and what the model expects.
  public var description: String {
    switch self {
    case .missing(let name): "The parameter \(name) is missing."
    case .unknown(let name, let known):
      "The model has no parameter \(name); its parameters are \(known.joined(separator: ", "))."
    case .shape(let name, let expected, let found):
      "The parameter \(name) has shape \(found), but the model needs \(expected)."
    case .unusedRenaming(let name, let given):
      """
      There is no parameter \(name) to rename, nor one within a module of that name; the given \
      parameters are \(given.joined(separator: ", ")).
      """
    case .ambiguousRenaming(let name, let given):
      "The parameters \(given.joined(separator: " and ")) would both be named \(name)."
    }
  }
}

extension [String: String] {
  /// The key that renames a parameter: the longest that is its name or that of a module it is within.
  fileprivate func key(renaming name: String) -> String? {
    keys.filter { $0.isEmpty || name.isWithin($0) }.max { $0.utf8.count < $1.utf8.count }
  }
}

extension NamedValues {
  /// The same values under the names that a map gives them.
  fileprivate func renamed(by renaming: [String: String]) throws(ParameterError) -> Self {
    var renamed: Self = [:]
    var origins: NamedValues<String> = [:]
    var unused = Set(renaming.keys)
    for (name, value) in sortedByName {
      var target = name
      if let key = renaming.key(renaming: name), let replacement = renaming[key] {
        unused.remove(key)
        let rest = name.droppingExactPrefix(key) ?? name
        let last = rest.droppingExactPrefix(".") ?? rest
        target = [replacement, last].filter { !$0.isEmpty }.joined(separator: ".")
      }
      if let other = origins[target] {
        throw .ambiguousRenaming(name: target, given: [other, name])
      }
      origins[target] = name
      renamed[target] = value
    }
    if let name = unused.min() { throw .unusedRenaming(name: name, given: names.sorted()) }
    return renamed
  }
}
