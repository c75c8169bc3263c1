import TensorKit

/// The numbers of a volume as a file holds them, and their conversion to bytes.
package struct VoxelElements: Sendable {
  /// The type of the numbers.
  package let elementType: ArrayElementType
  /// Whether a number's most significant byte comes first.
  package let isBigEndian: Bool
  /// Whether the first axis runs fastest, as in files of MATLAB and Fortran.
  package let isColumnMajor: Bool
  /// The number of voxels along each of the three axes.
  package let extents: [Int]

  /// Describes numbers.
  ///
  /// - Precondition: There are three extents.
  package init(
    _ elementType: ArrayElementType, isBigEndian: Bool, isColumnMajor: Bool, extents: [Int]
  ) {
    precondition(extents.count == 3, "a volume of extents \(extents)")
    self.elementType = elementType
    self.isBigEndian = isBigEndian
    self.isColumnMajor = isColumnMajor
    self.extents = extents
  }

  /// Returns the volume whose largest number is 255, the others in proportion and rounded.
  ///
  /// - Parameter bytes: The numbers, as many bytes as they need.
  /// - Throws: `FileError` without a path if there are none, or one is negative or not finite.
  package func volume(of bytes: UnsafeRawBufferPointer) throws -> VoxelVolume {
    guard !extents.contains(0) else {
      throw FileError(.unsupported, reason: "it has the extents \(extents), and so no voxel at all")
    }
    precondition(
      bytes.count == extents.reduce(elementType.byteCount, *),
      "\(bytes.count) bytes for \(extents) of \(elementType.rawValue)")
    switch elementType {
    case .uint8: return bytesVolume(of: bytes)
    case .bool: return try volume(of: bytes) { (value: UInt8) in value == 0 ? 0 : 1 }
    case .int8: return try volume(of: bytes) { (value: Int8) in Double(value) }
    case .int16: return try volume(of: bytes) { (value: Int16) in Double(value) }
    case .uint16: return try volume(of: bytes) { (value: UInt16) in Double(value) }
    case .int32: return try volume(of: bytes) { (value: Int32) in Double(value) }
    case .uint32: return try volume(of: bytes) { (value: UInt32) in Double(value) }
    case .int64: return try volume(of: bytes) { (value: Int64) in Double(value) }
    case .uint64: return try volume(of: bytes) { (value: UInt64) in Double(value) }
    case .float16:
      return try volume(of: bytes) { (bits: UInt16) in Double(Float(halfPrecisionBits: bits)) }
    case .bfloat16:
      return try volume(of: bytes) { (bits: UInt16) in Double(Float(bitPattern: UInt32(bits) << 16))
      }
    case .float32:
      return try volume(of: bytes) { (bits: UInt32) in Double(Float(bitPattern: bits)) }
    case .float64: return try volume(of: bytes) { (bits: UInt64) in Double(bitPattern: bits) }
    }
  }

  /// Bytes whose largest is 255 already, as most are, are only put into order.
  private func bytesVolume(of bytes: UnsafeRawBufferPointer) -> VoxelVolume {
    var largest: UInt8 = 0
    for byte in bytes { largest = max(largest, byte) }
    let scale = largest == 0 ? 0 : 255 / Double(largest)
    let scaled = (0...255).map { UInt8(min(255, (Double($0) * scale).rounded())) }
    return scaled.withUnsafeBufferPointer { scaled in
      ordered { place in scaled[Int(bytes[place])] }
    }
  }

  /// Numbers of a type, of which a closure makes `Double` from their bits.
  @inline(__always)
  private func volume<Raw: FixedWidthInteger>(
    of bytes: UnsafeRawBufferPointer, _ convert: (Raw) -> Double
  ) throws -> VoxelVolume {
    func number(at place: Int) -> Double {
      let raw = bytes.loadUnaligned(fromByteOffset: place * MemoryLayout<Raw>.size, as: Raw.self)
      return convert(isBigEndian ? Raw(bigEndian: raw) : Raw(littleEndian: raw))
    }
    var largest = 0.0
    for place in 0..<(bytes.count / MemoryLayout<Raw>.size) {
      let value = number(at: place)
      // Comparisons with NaN are false.
      guard value >= 0, value < .infinity else { throw Self.refusal(of: value) }
      largest = max(largest, value)
    }
    let full = largest == 0 ? 1 : largest
    return ordered { place in UInt8(min(255, (number(at: place) / full * 255).rounded())) }
  }

  private static func refusal(of value: Double) -> FileError {
    FileError(
      .unsupported,
      reason: "it has the value \(value), and a volume says how far voxels are filled, which is "
        + "finite and not negative; write one of 0 for outside to 1 for inside")
  }

  /// The volume of values at places of the file.
  @inline(__always)
  private func ordered(_ value: (_ place: Int) -> UInt8) -> VoxelVolume {
    let (first, second, third) = (extents[0], extents[1], extents[2])
    let count = first * second * third
    let values = [UInt8](unsafeUninitializedCapacity: count) { values, initialized in
      initialized = count
      guard isColumnMajor else {
        for place in 0..<count { values.initializeElement(at: place, to: value(place)) }
        return
      }
      // The first and the last axis change places in tiles of 64: each line of the cache is read once
      // and written once, through a tile that stays in the nearest one.
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.tile * Self.tile) { tile in
        for firstStart in stride(from: 0, to: first, by: Self.tile) {
          let rows = min(Self.tile, first - firstStart)
          for thirdStart in stride(from: 0, to: third, by: Self.tile) {
            let columns = min(Self.tile, third - thirdStart)
            for middle in 0..<second {
              for column in 0..<columns {
                let source = ((thirdStart + column) * second + middle) * first + firstStart
                for row in 0..<rows {
                  tile[row * Self.tile + column] = value(source + row)
                }
              }
              for row in 0..<rows {
                let target = ((firstStart + row) * second + middle) * third + thirdStart
                for column in 0..<columns {
                  values.initializeElement(at: target + column, to: tile[row * Self.tile + column])
                }
              }
            }
          }
        }
      }
    }
    return VoxelVolume(extents: extents, values: values)
  }

  private static let tile = 64
}
