/// A random order of whole numbers that takes no memory: a keyed bijection.
///
/// A Feistel network of four rounds permutes the next power of four, and results that are too large are permuted
/// again.
package struct RandomOrder: Sendable {
  private let count: UInt64
  private let halfBits: UInt64
  private let keys: SIMD4<UInt64>

  /// An order of the numbers below a count.
  package init(count: Int, using generator: SeededGenerator) {
    self.count = UInt64(max(count, 0))
    var half: UInt64 = 1
    while (1 << (2 * half)) < self.count { half += 1 }
    halfBits = half
    var generator = generator
    var keys = SIMD4<UInt64>.zero
    for round in 0..<4 { keys[round] = generator.next() }
    self.keys = keys
  }

  /// The number at a place.
  ///
  /// - Precondition: The place is below the count.
  package subscript(place: Int) -> Int {
    precondition(place >= 0 && place < count, "place \(place) of an order of \(count)")
    var value = UInt64(place)
    repeat { value = permuted(value) } while value >= count
    return Int(value)
  }

  private func permuted(_ value: UInt64) -> UInt64 {
    let mask: UInt64 = (1 << halfBits) - 1
    var (left, right) = (value >> halfBits, value & mask)
    for round in 0..<4 {
      (left, right) = (right, left ^ (Self.hash(right ^ keys[round]) & mask))
    }
    return left << halfBits | right
  }

  /// The output function of SplitMix64.
  private static func hash(_ value: UInt64) -> UInt64 {
    var word = value &+ 0x9E37_79B9_7F4A_7C15
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
