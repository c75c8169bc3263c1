import Foundation
import INRZoo
import TensorKit
import Testing

/// The path of a fixture that `Fixtures/make_fixtures.py` made.
func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures").appendingPathComponent(name).path
}

func contents(of name: String) throws -> [UInt8] {
  try [UInt8](Data(contentsOf: URL(fileURLWithPath: fixture(name))))
}

/// Calls a closure with a function that writes a file of a name, and removes the files afterwards.
@discardableResult
func withFiles<Result>(
  _ body: (_ write: (_ name: String, _ bytes: [UInt8]) throws -> String) throws -> Result
) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("ShapeFilesTests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body { name, bytes in
    let file = folder.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    return file.path
  }
}

/// Checks that a file is refused with an error that names it and says something.
@discardableResult
func expectRefusal<Result>(
  _ path: String, _ parts: String..., comment: Comment? = nil, read: (String) throws -> Result
) -> FileError? {
  let error = #expect(throws: FileError.self, comment) { try read(path) }
  #expect(error?.path == path)
  for part in parts {
    #expect(error?.reason.contains(part) == true, "\(part) in: \(error?.reason ?? "")")
  }
  return error
}

/// The values that the fixtures have in row-major order.
enum Expected {
  static let extents = [3, 4, 5]
  /// Bytes whose largest is 255.
  static let bytes = (0..<60).map { UInt8($0 * 4 + 19) }
  /// 0 to 59, scaled.
  static let scaled = (0..<60).map { UInt8((Double($0) / 59 * 255).rounded()) }
  /// Every third.
  static let binary = (0..<60).map { $0 % 3 == 0 ? UInt8(255) : 0 }
}
