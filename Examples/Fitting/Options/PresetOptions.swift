import ExampleSupport
import INRZoo

/// The options that choose a published experiment, which several programs have.
package enum PresetOptions {
  /// The names of some published experiments.
  package static func kind(of experiments: [PublishedExperiment]) -> ValueKind<PublishedExperiment>
  {
    ValueKind<String>.choice(experiments.map { ChoiceHelp($0.name, $0.about) })
      .mapped(
        describe: { $0.name },
        value: { name in experiments.first { $0.name == name } ?? experiments[0] })
  }

  /// Whose numbers a preset has.
  ///
  /// - Parameter note: What else there is to say; nothing by default.
  package static func fidelity(_ note: String = "") -> Option<Fidelity> {
    Option(
      "fidelity",
      .choice { (fidelity: Fidelity) in
        fidelity == .paper ? "the paper's" : "those of the code released with it"
      }, default: .paper,
      help: "Whose numbers a preset has where they differ." + (note.isEmpty ? "" : " \(note)"))
  }
}
