/// A rule that derivatives break, and where.
public struct DerivativeFinding: Sendable, Equatable, CustomStringConvertible {
  /// What is checked.
  public enum Rule: String, Sendable, CaseIterable {
    /// Results have the shapes that they need.
    case shape
    /// A function gives the same value each time.
    case value
    /// The pushforward J v equals finite differences.
    case pushforward
    /// The pullback is the transposed pushforward: ⟨J v, u⟩ = ⟨v, Jᵀ u⟩.
    case adjoint
    /// The pullback that is recorded equals the plain one.
    case recordedPullback
    /// The pullback is linear, and its own pullback is the pushforward.
    case linearity
    /// Derivatives of the pullback are a symmetric matrix that equals finite differences of the pullback.
    case secondOrder
    /// Second derivatives do not depend on the order in which the two modes are used.
    case mixedModes
    /// A row of a module's outputs depends on the same row of its inputs alone.
    case rows
    /// The factors of single samples' gradients have the dot products of the gradients themselves.
    case samples
  }

  /// The rule that is broken.
  public let rule: Rule
  /// How, with the numbers that differ.
  public let description: String
}
