import TensorKit

/// Damages files, in ways that a generator draws.
struct Mutator {
  let format: FuzzedFormat
  let seeds: [[UInt8]]
  var generator: SeededGenerator

  /// A damaged file.
  mutating func next() -> [UInt8] {
    var bytes = seeds.randomElement(using: &generator) ?? []
    // One change goes deepest, and several find what depends on each other.
    let count = max(1, Int.random(in: -1...3, using: &generator))
    for _ in 0..<count { mutate(&bytes) }
    // Most damage is to get past checksums and stated lengths, as that of an attacker would.
    if Int.random(in: 0..<5, using: &generator) > 0 { Checksums.repair(&bytes, of: format) }
    if bytes.count > Self.largest { bytes.removeLast(bytes.count - Self.largest) }
    return bytes
  }

  private static let largest = 1 << 17

  private mutating func mutate(_ bytes: inout [UInt8]) {
    switch Int.random(in: 0..<11, using: &generator) {
    case 0, 1: flip(&bytes)
    case 2:
      overwrite(
        &bytes, at: place(in: bytes), size: [1, 2, 4, 8].randomElement(using: &generator) ?? 1)
    case 3: bytes.removeLast(bytes.count - place(in: bytes))
    case 4: bytes.insert(contentsOf: range(of: bytes), at: place(in: bytes))
    case 5: bytes.removeSubrange(range(of: bytes).indices)
    case 6:
      let other = seeds.randomElement(using: &generator) ?? []
      bytes = Array(bytes[..<place(in: bytes)] + other[place(in: other)...])
    case 7, 8: replaceNumber(in: &bytes)
    case 9: nest(&bytes)
    default: overwriteField(of: &bytes)
    }
  }

  // MARK: Places

  private mutating func place(in bytes: [UInt8]) -> Int {
    Int.random(in: 0...bytes.count, using: &generator)
  }

  private mutating func range(of bytes: [UInt8]) -> ArraySlice<UInt8> {
    let (first, second) = (place(in: bytes), place(in: bytes))
    return bytes[min(first, second)..<max(first, second)]
  }

  // MARK: Kinds of damage

  private mutating func flip(_ bytes: inout [UInt8]) {
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      guard let index = bytes.indices.randomElement(using: &generator) else { return }
      bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    }
  }

  /// Writes a number that lengths, counts and offsets should not have.
  private mutating func overwrite(_ bytes: inout [UInt8], at place: Int, size: Int) {
    let value = number(near: bytes.count)
    let isBigEndian = Bool.random(using: &generator)
    for index in 0..<size where place + index < bytes.count {
      let shift = 8 * (isBigEndian ? size - 1 - index : index)
      bytes[place + index] = UInt8(truncatingIfNeeded: value >> shift)
    }
  }

  private mutating func number(near count: Int) -> UInt64 {
    let notable: [UInt64] = [
      0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000,
      0xFFFF_FFFE,
      0xFFFF_FFFF, 0x1_0000_0000, 0x4000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF,
      0xFFFF_FFFF_FFFF_FFFF,
      UInt64(count), UInt64(count + 1), UInt64(count - 1 < 0 ? 0 : count - 1), 30_000, 1_000_000,
    ]
    return Bool.random(using: &generator)
      ? notable.randomElement(using: &generator) ?? 0
      : UInt64.random(in: 0...UInt64(2 * count + 2), using: &generator)
  }

  /// Replaces a number that is written in digits, as in headers.
  private mutating func replaceNumber(in bytes: inout [UInt8]) {
    let digits: ClosedRange<UInt8> = 0x30...0x39
    let start = place(in: bytes)
    guard let first = bytes[start...].firstIndex(where: digits.contains) else { return }
    let end = bytes[first...].firstIndex { !digits.contains($0) } ?? bytes.count
    let texts = [
      "-1", "1.0", "1e9", "01", "99999999999999999999", "", "[]", "\"\"", "null",
      "\(number(near: bytes.count))",
    ]
    let text = texts.randomElement(using: &generator) ?? ""
    bytes.replaceSubrange(first..<end, with: text.utf8)
  }

  /// Inserts brackets and the like many times over.
  private mutating func nest(_ bytes: inout [UInt8]) {
    let pieces = ["[", "{\"a\":", "(", "\"", "1,", "\\u", "'", "\n", "é", "e\u{301}"]
    let piece = Array((pieces.randomElement(using: &generator) ?? "").utf8)
    let count = Int.random(in: 1...Int.random(in: 1...2000, using: &generator), using: &generator)
    let repeated = (0..<count).flatMap { _ in piece }
    bytes.insert(contentsOf: repeated, at: place(in: bytes))
  }

  /// Overwrites a length, an offset, a kind or a count where the format has one.
  private mutating func overwriteField(of bytes: inout [UInt8]) {
    guard let field = Fields.all(in: bytes, of: format).randomElement(using: &generator) else {
      return
    }
    overwrite(&bytes, at: field.place, size: field.size)
  }
}
