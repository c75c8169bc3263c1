/// The types of element that array files store.
///
/// The raw values are the names that `.safetensors` files use.
public enum ArrayElementType: String, CaseIterable, Hashable, Sendable {
  /// IEEE 754 half precision.
  case float16 = "F16"
  /// The upper half of a single-precision number.
  case bfloat16 = "BF16"
  /// IEEE 754 single precision.
  case float32 = "F32"
  /// IEEE 754 double precision.
  case float64 = "F64"
  /// Signed integers of 8 bits.
  case int8 = "I8"
  /// Signed integers of 16 bits.
  case int16 = "I16"
  /// Signed integers of 32 bits.
  case int32 = "I32"
  /// Signed integers of 64 bits.
  case int64 = "I64"
  /// Unsigned integers of 8 bits.
  case uint8 = "U8"
  /// Unsigned integers of 16 bits.
  case uint16 = "U16"
  /// Unsigned integers of 32 bits.
  case uint32 = "U32"
  /// Unsigned integers of 64 bits.
  case uint64 = "U64"
  /// Truth values: bytes of 0 or 1.
  case bool = "BOOL"

  /// The number of bytes of an element.
  public var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }
}

/// An array as a file holds it: elements of any type, not yet converted to a tensor's.
public struct StoredArray: Hashable, Sendable {
  /// The type of the elements.
  public let elementType: ArrayElementType

  /// The lengths of the axes; empty for a single number.
  public let shape: [Int]

  /// The elements in row-major order, each in little-endian byte order.
  public let bytes: [UInt8]

  /// Creates an array from the bytes of its elements.
  ///
  /// - Parameters:
  ///   - elementType: The type of the elements.
  ///   - shape: The lengths of the axes, none of them negative.
  ///   - bytes: The elements in row-major order, in little-endian byte order. Their number must be
  ///     what the type and the shape need.
  public init(_ elementType: ArrayElementType, shape: [Int], bytes: [UInt8]) {
    let needed = Self.byteCount(of: elementType, shape: shape)
    precondition(
      needed == bytes.count,
      "an array of \(elementType.rawValue) with the shape \(shape) cannot have \(bytes.count) bytes"
    )
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
  }

  /// The most axes of an array that is read from a file: as many as in NumPy and PyTorch.
  static let mostAxes = 64

  /// The number of elements.
  public var count: Int { bytes.count / elementType.byteCount }

  /// Returns the number of bytes that an array takes, or `nil` if the shape has a negative length
  /// or lengths whose product, zeros aside, no machine can hold.
  package static func byteCount(of elementType: ArrayElementType, shape: [Int]) -> Int? {
    var product = elementType.byteCount
    var isEmpty = false
    for length in shape {
      if length < 0 { return nil }
      if length == 0 {
        isEmpty = true
        continue
      }
      let (next, overflow) = product.multipliedReportingOverflow(by: length)
      if overflow { return nil }
      product = next
    }
    return isEmpty ? 0 : product
  }
}
