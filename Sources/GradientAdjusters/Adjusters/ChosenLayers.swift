import AutoDiff

extension Module {
  /// Shows every linear layer with its full name and role, in the order in which the model shows them.
  mutating func forEachLayer(_ body: @escaping ModuleVisitor<Scalar>.LayerAction) {
    var visitor = ModuleVisitor<Scalar>(onLayer: body)
    visit(&visitor)
  }

  /// The linear layers with given names or, without names, those that a role makes eligible.
  ///
  /// - Throws: ``AdjusterError/noSuchLayer(name:layers:)`` or ``AdjusterError/noHiddenLayer(layers:)``.
  func layers(
    named names: [String]?, or isEligible: (ParameterRole, Linear<Scalar>) -> Bool
  ) throws(AdjusterError) -> [(name: String, role: ParameterRole, layer: Linear<Scalar>)] {
    var found: [(name: String, role: ParameterRole, layer: Linear<Scalar>)] = []
    var copy = self
    copy.forEachLayer { name, role, layer in found.append((name, role, layer)) }
    guard let names else {
      let eligible = found.filter { isEligible($0.role, $0.layer) }
      if eligible.isEmpty { throw .noHiddenLayer(layers: found.map(\.name)) }
      return eligible
    }
    for name in names where !found.contains(where: { $0.name == name }) {
      throw .noSuchLayer(name: name, layers: found.map(\.name))
    }
    return found.filter { names.contains($0.name) }
  }
}
