import ExampleSupport
import GradientAdjusters
import INRZoo

/// The options of adjusters that several programs have.
package enum AdjusterOptions {
  /// Reads adjusters of the catalogue, several at once joined by plus signs.
  package static func kind(of kinds: [AdjusterKind]) -> ValueKind<AdjusterChoice> {
    let part = ValueKind<String>.choice(kinds.map { ChoiceHelp($0.rawValue, $0.about) })
      .mapped(describe: \.rawValue, value: { AdjusterKind(rawValue: $0) ?? .none })
    return .joined(
      part, by: "+", parts: \.parts,
      combine: { parts throws(ValueProblem) in
        do throws(AdjusterChoice.Problem) { return try AdjusterChoice(parts) } catch {
          throw ValueProblem(error.reason, remedy: error.remedy)
        }
      })
  }

  /// Refuses adjusters that are given twice.
  package static func checkRepetitions(_ choices: [AdjusterChoice]) throws(ExampleFailure) {
    if let repeated = choices.first(where: { choice in choices.count { $0 == choice } > 1 }) {
      throw .usage("--adjuster \(repeated.name) is given twice; name each adjuster once")
    }
  }
}

/// Values with the names that have them, as `30 for siren and finer, 20 for wire`; names without a value
/// are left out.
package func listing<Name>(_ names: [Name], _ value: (Name) -> String?) -> String
where Name: RawRepresentable<String> {
  listing(names.map { ($0.rawValue, value($0)) })
}

/// Values with the names that have them, as `30 for siren and finer, 20 for wire`.
package func listing(_ pairs: [(name: String, value: String?)]) -> String {
  var groups: [(value: String, names: [String])] = []
  for (name, value) in pairs {
    guard let value else { continue }
    if let index = groups.firstIndex(where: { $0.value == value }) {
      groups[index].names.append(name)
    } else {
      groups.append((value, [name]))
    }
  }
  return groups.map { value, names in
    let last = names.last ?? ""
    let all = names.count > 1 ? names.dropLast().joined(separator: ", ") + " and " + last : last
    return "\(value) for \(all)"
  }.joined(separator: ", ")
}
