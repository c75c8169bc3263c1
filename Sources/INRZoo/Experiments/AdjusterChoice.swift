import GradientAdjusters
import TensorKit

/// An adjuster, or several that act in order, under a name such as `iga` or `fr+iga`.
public struct AdjusterChoice: Hashable, Sendable {
  /// Why adjusters make no sense together, and what would.
  public struct Problem: Error, Hashable, Sendable {
    /// A clause about the names that were given.
    public let reason: String
    /// What to do.
    public let remedy: String
  }

  /// The adjusters, first to last.
  public let parts: [AdjusterKind]

  /// One adjuster by itself.
  public init(_ kind: AdjusterKind) { parts = [kind] }

  /// Checks that parts make sense together.
  ///
  /// - Throws: A problem if there is none or one twice, or they are in another order than they act in.
  public init(_ parts: [AdjusterKind]) throws(Problem) {
    if parts.isEmpty { throw Problem(reason: "which is empty", remedy: "name an adjuster") }
    if let repeated = parts.first(where: { part in parts.count { $0 == part } > 1 }) {
      throw Problem(
        reason: "which names \(repeated.rawValue) twice", remedy: "name each adjuster once")
    }
    if parts.count > 1, parts.contains(.none) {
      throw Problem(
        reason: "but \(AdjusterKind.none.rawValue) stands for no adjuster at all",
        remedy: "leave it away, or give it an --adjuster of its own")
    }
    let stages = Set(parts.map(\.stage)).sorted()
    let ordered = AdjusterChoice(
      unchecked: stages.flatMap { stage in parts.filter { $0.stage == stage } })
    if ordered.parts != parts {
      throw Problem(
        reason: """
          but what makes the weights comes first, then what normalizes, then what adjusts gradients
          """, remedy: "write \(ordered.name)")
    }
    self.parts = parts
  }

  private init(unchecked parts: [AdjusterKind]) { self.parts = parts }

  /// The parts' names, joined by plus signs.
  public var name: String { parts.map(\.rawValue).joined(separator: "+") }

  /// What it is, as part of a sentence.
  public var about: String { parts.map(\.about).joined(separator: ", then ") }

  /// Whether an adjuster is one of the parts.
  public func contains(_ part: AdjusterKind) -> Bool { parts.contains(part) }

  /// Each of some adjusters by itself, and each before each that acts at a later stage.
  public static func all(of kinds: [AdjusterKind]) -> [AdjusterChoice] {
    let joinable = kinds.filter { $0 != .none }
    return kinds.map { AdjusterChoice($0) }
      + joinable.flatMap { first in
        joinable.filter { $0.stage > first.stage }
          .map { AdjusterChoice(unchecked: [first, $0]) }
      }
  }

  /// A fresh adjuster.
  public func adjuster<Scalar: TensorScalar>(
    _ settings: AdjusterSettings, for context: AdjusterContext<Scalar>
  ) -> any GradientAdjuster<Scalar> {
    let made = parts.map { $0.row(Scalar.self).make(settings, context) }
    // Damping by itself is one of the parts.
    let dampsBeside = settings.damps(self) && !contains(.damped)
    let settling = parts.contains { $0.effect == .bands } ? 70 : 20
    let all = made + (dampsBeside ? [context.burstDamping(settling: settling)] : [])
    return all.count == 1 ? all[0] : ComposedAdjuster(all)
  }
}

extension AdjusterChoice: RawRepresentable, Codable {
  /// Reads a name; nil if it names no adjusters that make sense together.
  public init?(rawValue name: String) {
    let kinds = name.split(separator: "+", omittingEmptySubsequences: false).compactMap {
      AdjusterKind(rawValue: String($0))
    }
    guard let choice = try? AdjusterChoice(kinds), choice.name == name else { return nil }
    self = choice
  }

  /// The name.
  public var rawValue: String { name }
}
