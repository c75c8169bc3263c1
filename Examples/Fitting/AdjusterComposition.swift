import ExampleSupport
import GradientAdjusters
import TensorKit

/// When an adjuster acts, among adjusters that are joined.
public enum AdjusterStage: Int, Comparable, Sendable {
  /// It makes the weights.
  case weights
  /// It normalizes what layers with these weights compute.
  case normalization
  /// It adjusts the gradients of what the model learns.
  case gradients

  /// Whether one acts before another.
  public static func < (left: AdjusterStage, right: AdjusterStage) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// The names of the adjusters that a program knows.
public protocol AdjusterNaming: CaseIterable, RawRepresentable<String>, Equatable, Sendable {
  /// The name that stands for no adjuster at all.
  static var none: Self { get }
  /// When it acts, among adjusters that are joined.
  var stage: AdjusterStage { get }
  /// A line of explanation for the help, and part of sentences.
  var about: String { get }
}

/// An adjuster, or several that act in order, as written on the command line: `iga`, `fr+iga`.
public struct AdjusterComposition<Name: AdjusterNaming>: Sendable, Equatable {
  /// The adjusters, first to last.
  public let parts: [Name]

  /// Parts that are known to make sense together.
  public init(_ parts: Name...) { self.parts = parts }

  /// Checks that parts make sense together.
  public init(_ parts: [Name]) throws(ValueProblem) {
    let remedy = "name each adjuster once"
    if let repeated = parts.first(where: { part in parts.count { $0 == part } > 1 }) {
      throw ValueProblem("which names \(repeated.rawValue) twice", remedy: remedy)
    }
    if parts.count > 1, parts.contains(.none) {
      throw ValueProblem(
        "but \(Name.none.rawValue) stands for no adjuster at all",
        remedy: "leave it away, or give it an --adjuster of its own")
    }
    let stages = Set(parts.map(\.stage)).sorted()
    let ordered = AdjusterComposition(
      unchecked: stages.flatMap { stage in parts.filter { $0.stage == stage } })
    if ordered.parts != parts {
      throw ValueProblem(
        """
        but what makes the weights comes first, then what normalizes, then what adjusts gradients
        """, remedy: "write \(ordered.name)")
    }
    self.parts = parts
  }

  private init(unchecked parts: [Name]) { self.parts = parts }

  /// As it is typed, and part of the names of files.
  public var name: String { parts.map(\.rawValue).joined(separator: "+") }

  /// What it is, as part of a sentence.
  public var about: String { parts.map(\.about).joined(separator: ", then ") }

  /// Whether an adjuster is one of the parts.
  public func contains(_ part: Name) -> Bool { parts.contains(part) }

  /// The adjuster, from one for each part.
  public func adjuster<Scalar: TensorScalar>(
    _ make: (Name) -> any GradientAdjuster<Scalar>
  ) -> any GradientAdjuster<Scalar> {
    parts.count == 1 ? make(parts[0]) : ComposedAdjuster(parts.map(make))
  }

  /// How it is read from a command line.
  public static var kind: ValueKind<AdjusterComposition> {
    .joined(
      .choice { (adjuster: Name) in adjuster.about }, by: "+", parts: \.parts,
      combine: { parts throws(ValueProblem) in try AdjusterComposition(parts) })
  }

  /// Each adjuster by itself, and each before each that acts at a later stage.
  public static var all: [AdjusterComposition] {
    let names = Array(Name.allCases)
    return names.map { AdjusterComposition(unchecked: [$0]) }
      + names.filter { $0 != .none }.flatMap { first in
        names.filter { $0 != .none && $0.stage > first.stage }
          .map { AdjusterComposition(unchecked: [first, $0]) }
      }
  }
}

extension Array {
  /// Refuses adjusters that are given twice.
  public func checkedForRepetitions<Name>() throws(ExampleFailure)
  where Element == AdjusterComposition<Name> {
    if let repeated = first(where: { name in count { $0 == name } > 1 }) {
      throw .usage("--adjuster \(repeated.name) is given twice; name each adjuster once")
    }
  }
}
