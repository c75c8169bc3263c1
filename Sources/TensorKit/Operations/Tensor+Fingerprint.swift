extension Tensor {
  /// A number that two tensors share if they have the same shape and bits, and by chance only otherwise.
  ///
  /// It is the same in every process, so that it may be saved.
  package var fingerprint: UInt64 {
    var hash = shape.reduce(into: UInt64(0x9e37_79b9_7f4a_7c15)) { $0.mix(UInt64($1)) }
    withUnsafeElements { hash.mix(UnsafeRawBufferPointer($0)) }
    return hash
  }
}

extension [UInt8] {
  /// A number that two files share if they have the same bytes, and by chance only otherwise.
  package var fingerprint: UInt64 {
    var hash = UInt64(count)
    withUnsafeBytes { hash.mix($0) }
    return hash
  }
}

extension UInt64 {
  /// Takes in another number; a step of multiplicative hashing.
  package mutating func mix(_ other: UInt64) {
    self = (self ^ other) &* 0xff51_afd7_ed55_8ccd
    self ^= self >> 32
  }
  /// Takes in bytes, eight at a time.
  fileprivate mutating func mix(_ bytes: UnsafeRawBufferPointer) {
    let words = bytes.count / 8
    for word in 0..<words {
      mix(bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self))
    }
    for byte in bytes[(words * 8)...] { mix(UInt64(byte)) }
  }
}
