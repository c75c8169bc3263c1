/// Some of a model's trainable parameters, chosen by role or by name.
///
/// ```swift
/// let biases = ParameterSelection.biases
/// let head = ParameterSelection.named("layers.3", "scale")
/// let wide = ParameterSelection("wide matrices") { $0.shape.count == 2 && $0.shape[1] > 512 }
/// ```
public struct ParameterSelection: Sendable, CustomStringConvertible {
  /// What is chosen, in words for a message.
  public let description: String
  private let names: [String]
  private let usesRoles: Bool
  private let isChosen: @Sendable (ParameterLayout.Entry) -> Bool

  /// The parameters that a condition holds for.
  ///
  /// - Parameters:
  ///   - description: What is chosen, in words for a message.
  ///   - isChosen: Whether a parameter is.
  public init(
    _ description: String, where isChosen: @escaping @Sendable (ParameterLayout.Entry) -> Bool
  ) {
    self.description = description
    self.names = []
    self.usesRoles = false
    self.isChosen = isChosen
  }

  /// The parameters that a condition on roles holds for.
  init(
    byRole description: String,
    where isChosen: @escaping @Sendable (ParameterLayout.Entry) -> Bool
  ) {
    self.description = description
    self.names = []
    self.usesRoles = true
    self.isChosen = isChosen
  }

  private init(names: [String]) {
    description = "parameters named \(names.joined(separator: ", "))"
    self.names = names
    usesRoles = false
    isChosen = { entry in names.contains { entry.name.isWithin($0) } }
  }

  /// The parameters with given names, and those within modules with given names.
  ///
  /// A full name, such as `layers.1.weight`, stands for one parameter, that of a module, such as
  /// `layers.1`, for all within it.
  public static func named(_ names: String...) -> ParameterSelection {
    ParameterSelection(names: names)
  }

  /// Every parameter.
  public static let all = ParameterSelection("all parameters") { _ in true }
  /// No parameter.
  public static let none = ParameterSelection("no parameters") { _ in false }
  /// Weights from inputs to units.
  public static let inputs = ParameterSelection(byRole: "input weights") { $0.role == .input }
  /// Weights from hidden units to hidden units.
  public static let hidden = ParameterSelection(byRole: "hidden weights") { $0.role.isHidden }
  /// Weights from hidden units to outputs.
  public static let outputs = ParameterSelection(byRole: "output weights") { $0.role == .output }
  /// Weights of layers, from inputs or units to units or outputs.
  public static let weights = ParameterSelection(byRole: "weights") {
    $0.role == .input || $0.role.isHidden || $0.role == .output
  }
  /// Biases.
  public static let biases = ParameterSelection("biases") { $0.role == .bias }
  /// Tables of which a sample uses few rows.
  public static let tables = ParameterSelection(byRole: "tables") { $0.role == .table }

  /// Whether a parameter is chosen.
  public func contains(_ entry: ParameterLayout.Entry) -> Bool { isChosen(entry) }

  /// The indices of the chosen parameters, in order.
  ///
  /// - Precondition: Each name that is chosen by is one of the layout's, and where weights are chosen by
  ///   role the model gives a role to one of them.
  public func indices(in layout: ParameterLayout) -> [Int] {
    precondition(
      !usesRoles || layout.entries.isEmpty
        || layout.entries.contains { $0.role != .other && $0.role != .bias },
      """
      \(description) of a model that gives its weights no roles; show its layers with roles, or choose \
      parameters by name
      """)
    for name in names {
      precondition(
        layout.entries.contains { $0.name.isWithin(name) },
        """
        the model has no trainable parameter \(name); its parameters are \
        \(layout.entries.map(\.name).joined(separator: ", "))
        """)
    }
    return layout.entries.indices.filter { isChosen(layout.entries[$0]) }
  }
}

extension String {
  /// Whether a parameter's full name is a given one, or that of something within the module so named.
  func isWithin(_ name: String) -> Bool {
    hasSameCodeUnits(as: name) || droppingExactPrefix("\(name).") != nil
  }
}
