/// Parameters of which Adam leaves the entries alone whose gradient is exactly zero.
///
/// Of a table, such as a grid of features, a step uses few entries. The others would drift on by their momentum, and
/// would be taken for entries with small gradients. Left alone, they keep their value and their moments, and do not
/// decay.
///
/// Source: T. Müller et al., "Instant neural graphics primitives with a multiresolution hash encoding", SIGGRAPH 2022,
/// section 4, whose entries count their own steps; C. Sun et al., "Direct voxel grid optimization", CVPR 2022, whose
/// entries share one count.
public struct SparseUpdate: Sendable {
  /// Which step of Adam's an entry is at, as its moments are corrected for how many they are a mean of.
  public enum StepCount: Sendable {
    /// Each entry counts the steps in which it was moved.
    case own
    /// All count every step.
    case shared
  }

  /// Which parameters have such entries.
  public let parameters: ParameterSelection
  /// Which step an entry is at.
  public let count: StepCount

  /// Parameters whose entries are left alone where their gradient is zero.
  ///
  /// - Parameters:
  ///   - parameters: Which parameters have such entries.
  ///   - count: Which step an entry is at.
  public init(_ parameters: ParameterSelection = .tables, counting count: StepCount) {
    self.parameters = parameters
    self.count = count
  }
}

/// Which root of the second moment Adam adds ε to.
public enum EpsilonPlacement: Sendable {
  /// That of the corrected moment, as published: `√(v / (1 - β₂ᵗ)) + ε`.
  case corrected
  /// That of the moment itself, which makes ε larger by `1 / √(1 - β₂ᵗ)`: `(√v + ε) / √(1 - β₂ᵗ)`.
  ///
  /// The paper has it at the end of its section 2, and the optimizers of Instant-NGP and DirectVoxGO use it.
  case uncorrected
}
