extension StoredArray {
  /// Creates an array with the elements of a tensor, as F32 for `Float` and F64 for `Double`.
  ///
  /// - Parameter tensor: The tensor.
  public init<Scalar: TensorScalar>(_ tensor: Tensor<Scalar>) {
    let elementType: ArrayElementType =
      MemoryLayout<Scalar>.size == MemoryLayout<Float>.size ? .float32 : .float64
    // Every platform of Swift's is little-endian, as the bytes have to be.
    let bytes = tensor.withUnsafeElements { Array(UnsafeRawBufferPointer($0)) }
    self.init(elementType, shape: tensor.shape, bytes: bytes)
  }

  /// Returns the array as a tensor.
  ///
  /// Numbers that the tensor's type does not have are rounded to nearest; those of F64 beyond the
  /// range of `Float` become infinite. Truth values become 0 and 1.
  ///
  /// - Parameter type: The type of the tensor's elements.
  /// - Returns: A tensor of the same shape.
  public func tensor<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self) -> Tensor<Scalar> {
    // Through a concrete type, whose loops are specialized; the outer conversion is none.
    type == Float.self ? Tensor(decoded() as Tensor<Float>) : Tensor(decoded() as Tensor<Double>)
  }

  @inline(__always)
  private func decoded<Scalar: TensorScalar>() -> Tensor<Scalar> {
    switch elementType {
    case .float16: decoded { (bits: UInt16) in Scalar(Float(halfPrecisionBits: bits)) }
    case .bfloat16: decoded { (bits: UInt16) in Scalar(Float(bitPattern: UInt32(bits) << 16)) }
    case .float32: decoded { (bits: UInt32) in Scalar(Float(bitPattern: bits)) }
    case .float64: decoded { (bits: UInt64) in Scalar(Double(bitPattern: bits)) }
    case .int8: decoded { (value: Int8) in Scalar(value) }
    case .int16: decoded { (value: Int16) in Scalar(value) }
    case .int32: decoded { (value: Int32) in Scalar(value) }
    case .int64: decoded { (value: Int64) in Scalar(value) }
    case .uint8: decoded { (value: UInt8) in Scalar(value) }
    case .uint16: decoded { (value: UInt16) in Scalar(value) }
    case .uint32: decoded { (value: UInt32) in Scalar(value) }
    case .uint64: decoded { (value: UInt64) in Scalar(value) }
    case .bool: decoded { (value: UInt8) in value == 0 ? 0 : 1 }
    }
  }

  @inline(__always)
  private func decoded<Raw: FixedWidthInteger, Scalar: TensorScalar>(
    _ convert: (Raw) -> Scalar
  ) -> Tensor<Scalar> {
    Tensor(shape: shape) { elements in
      bytes.withUnsafeBytes { bytes in
        for index in elements.indices {
          let raw = bytes.loadUnaligned(
            fromByteOffset: index * MemoryLayout<Raw>.size, as: Raw.self)
          elements[index] = convert(Raw(littleEndian: raw))
        }
      }
    }
  }
}

extension Float {
  /// Creates the number that has these bits in IEEE 754 half precision.
  ///
  /// `Float16` does this too, but not on every platform.
  package init(halfPrecisionBits bits: UInt16) {
    let fraction = UInt32(bits & 0x3FF)
    let magnitude: Float =
      switch bits >> 10 & 0x1F {
      case 0: Float(fraction) * 0x1p-24
      case 0x1F: Float(bitPattern: 0x7F80_0000 | fraction << 13)
      case let exponent: Float(bitPattern: (UInt32(exponent) + 112) << 23 | fraction << 13)
      }
    self = bits & 0x8000 == 0 ? magnitude : -magnitude
  }
}

extension NamedArrayFile {
  /// Returns the array of a name as a tensor.
  ///
  /// - Parameters:
  ///   - name: The name of the array.
  ///   - type: The type of the tensor's elements, to which those of the file are rounded.
  /// - Returns: A tensor of the array's shape.
  /// - Throws: ``FileError`` of the kind ``FileError/Kind-swift.enum/missing`` if there is no such
  ///   array.
  public func tensor<Scalar: TensorScalar>(
    named name: String, as type: Scalar.Type = Scalar.self
  ) throws -> Tensor<Scalar> {
    try array(named: name).tensor(as: type)
  }

  /// Stores a tensor under a name, as F32 for `Float` and F64 for `Double`.
  ///
  /// - Parameters:
  ///   - tensor: The tensor.
  ///   - name: The name, whose former array is replaced if there is one.
  public mutating func store<Scalar: TensorScalar>(_ tensor: Tensor<Scalar>, named name: String) {
    self[name] = StoredArray(tensor)
  }
}

extension NumPyFile {
  /// Creates a file with the elements of a tensor, as float32 or float64.
  ///
  /// - Parameter tensor: The tensor.
  public init<Scalar: TensorScalar>(_ tensor: Tensor<Scalar>) {
    self.init(StoredArray(tensor))
  }

  /// Returns the array as a tensor.
  ///
  /// - Parameter type: The type of the tensor's elements, to which those of the file are rounded.
  /// - Returns: A tensor of the array's shape.
  public func tensor<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self) -> Tensor<Scalar> {
    array.tensor(as: type)
  }
}
