import ExampleSupport
import INRZoo

extension Experiment {
  /// The settings for a reader: those that were given, and of the others those that have an influence on the runs.
  ///
  /// All of them are in ``reported``, for programs.
  package var applied: [Setting] {
    reported.filter { setting in
      if setting.origin != .standard { return true }
      if setting.value.isEmpty || setting.value == "no" { return false }
      if let constant = ModelKind.Constant(rawValue: setting.name) {
        return recipe.model.kind.has(constant)
      }
      if setting.group == BandOptions.group, !recipe.evensOutBands { return false }
      return options.first { $0.name == setting.name }?.matters(recipe) ?? true
    }
  }
}

extension AdjusterExperiment {
  /// What the names of the adjusters stand for, as a sentence; one part of a composition at a time.
  package var adjusterSentence: String {
    var kinds: [AdjusterKind] = []
    for kind in adjusters.flatMap(\.parts) where !kinds.contains(kind) { kinds.append(kind) }
    let names = kinds.map { "\($0.rawValue) is \($0.about)" }.joined(separator: ", ")
    return names.isEmpty ? "" : "Adjusters: \(names)."
  }
}
