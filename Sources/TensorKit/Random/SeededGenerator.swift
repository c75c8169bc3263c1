/// A random generator whose whole sequence follows from a seed: xoshiro256++.
///
/// A value: a copy continues with the same numbers. Save its state to resume a run where it was.
///
/// Source: D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators",
/// ACM Transactions on Mathematical Software 47(4), 2021. The state is filled by SplitMix64.
public struct SeededGenerator: RandomNumberGenerator, Checkpointable, Equatable, Codable {
  private var state: [UInt64]

  /// Starts the sequence that belongs to a seed.
  public init(seed: UInt64) {
    var mix = seed
    state = (0..<4).map { _ in
      mix &+= 0x9E37_79B9_7F4A_7C15
      var word = mix
      word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
      return word ^ (word >> 31)
    }
  }

  /// Decodes a generator where it was when it was encoded.
  ///
  /// - Throws: `DecodingError` if the state is not one that xoshiro256++ can have.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    state = try container.decode([UInt64].self, forKey: .state)
    guard state.count == 4, state.contains(where: { $0 != 0 }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .state, in: container,
        debugDescription: "A generator's state is four words that are not all zero, not \(state).")
    }
  }

  /// Shows the four words of the state, named `words`.
  ///
  /// - Throws: ``StateError`` if they are not a state that xoshiro256++ can have.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&state, named: "words")
    try visitor.requireShape([state.count], toBe: [4], of: "words")
    try visitor.require(state.contains { $0 != 0 }, of: "words", "all four words are zero")
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    func rotated(_ word: UInt64, by bits: UInt64) -> UInt64 {
      (word << bits) | (word >> (64 - bits))
    }
    let result = rotated(state[0] &+ state[3], by: 23) &+ state[0]
    let shifted = state[1] << 17
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= shifted
    state[3] = rotated(state[3], by: 45)
    return result
  }

  /// A generator for a purpose of its own, which draws nothing from this one.
  ///
  /// Two purposes with different numbers get unrelated sequences.
  public func branch(_ purpose: UInt64) -> SeededGenerator {
    var copy = self
    return SeededGenerator(seed: copy.next() ^ (purpose &* 0xD134_2543_DE82_EF95))
  }
}
