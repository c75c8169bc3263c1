import ExampleSupport

/// An adjuster, or several that act in order, as written on the command line: `iga`, `fr+iga`.
struct AdjusterChoice: Sendable, Equatable {
  let parts: [AdjusterName]

  init(_ parts: AdjusterName...) { self.parts = parts }

  /// Checks that parts make sense together.
  init(_ parts: [AdjusterName]) throws(ValueProblem) {
    let remedy = "name each adjuster once"
    if let repeated = parts.first(where: { part in parts.count { $0 == part } > 1 }) {
      throw ValueProblem("which names \(repeated.rawValue) twice", remedy: remedy)
    }
    if parts.count > 1, parts.contains(.none) {
      throw ValueProblem(
        "but \(AdjusterName.none.rawValue) stands for no adjuster at all",
        remedy: "leave it away, or give it an --adjuster of its own")
    }
    let ordered = AdjusterChoice(
      unchecked: parts.filter(\.rewritesModel) + parts.filter { !$0.rewritesModel })
    if ordered.parts != parts {
      throw ValueProblem(
        "but what rewrites the model comes before what adjusts its gradients",
        remedy: "write \(ordered.name)")
    }
    self.parts = parts
  }

  private init(unchecked parts: [AdjusterName]) { self.parts = parts }

  /// As it is typed, and part of the names of files.
  var name: String { parts.map(\.rawValue).joined(separator: "+") }

  /// What it is, as part of a sentence.
  var about: String { parts.map(\.about).joined(separator: ", then ") }

  func contains(_ part: AdjusterName) -> Bool { parts.contains(part) }

  static let kind = ValueKind<AdjusterChoice>.joined(
    .choice { (adjuster: AdjusterName) in adjuster.about }, by: "+", parts: \.parts,
    combine: { parts throws(ValueProblem) in try AdjusterChoice(parts) })
}
