import Foundation
import TensorKit
import Testing

/// The path of a fixture of the folder `Tests/Fixtures`.
func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures").appendingPathComponent(name).path
}

/// Calls a closure with the path of a new, empty folder, and removes it afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("ArrayFileTests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// The elements that `Tests/Fixtures/arrays/generate.py` gives arrays of a type.
func fixtureElements(_ type: ArrayElementType) -> [Double] {
  (0..<12).map { index in
    switch type {
    case .float16, .bfloat16, .float32, .float64: Double(index - 4) * 0.375
    case .int8, .int16, .int32, .int64: Double(index - 4)
    case .uint8, .uint16, .uint32, .uint64: Double(index)
    case .bool: index % 3 == 0 ? 1 : 0
    }
  }
}

/// An array of a type with bytes of every value.
func sampleArray(_ type: ArrayElementType, shape: [Int] = [2, 3]) -> StoredArray {
  let count = shape.reduce(type.byteCount, *)
  return StoredArray(
    type, shape: shape,
    bytes: (0..<count).map { type == .bool ? UInt8($0 % 2) : UInt8(truncatingIfNeeded: $0 * 37) })
}

/// Checks that every proper beginning of a file is refused with a typed error, and that a file with
/// any byte changed is either refused so or read: never that the process ends.
func expectHostileBytesAreSurvived(
  _ bytes: [UInt8], parse: ([UInt8]) throws -> Void
) {
  for count in bytes.indices {
    #expect(throws: FileError.self, "a beginning of \(count) bytes") {
      try parse(Array(bytes[..<count]))
    }
  }
  for index in bytes.indices {
    for change: UInt8 in [0x01, 0x10, 0x80, 0xFF] {
      var changed = bytes
      changed[index] ^= change
      do {
        try parse(changed)
      } catch {
        #expect(error is FileError, "byte \(index): \(error)")
      }
    }
  }
}
