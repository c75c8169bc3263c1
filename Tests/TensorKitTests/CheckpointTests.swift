import Foundation
import Testing

@testable import TensorKit

/// Checkpoints: files that hold a state and the settings of its run, and folders that keep the last ones.
@Suite struct CheckpointTests {
  private static func checkpoint(step: Int) throws -> Checkpoint {
    var counter = Counter(count: step, values: [1, 2, Float(step)])
    counter.count += 0
    return Checkpoint(
      try counter.savedState(), step: step, settings: ["width": "256", "rate": "1e-3"],
      notes: ["arguments": "[\"--width\"]"])
  }

  private struct Counter: Checkpointable {
    var count: Int
    var values: [Float]

    mutating func visitState(_ visitor: inout StateVisitor) throws {
      try visitor.visit(&count, named: "count")
      try visitor.visit(&values, named: "values")
    }
  }

  private static func withFolder(_ body: (String) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url.path)
  }

  private static func names(in path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  @Test func aFileHoldsAllOfIt() throws {
    let checkpoint = try Self.checkpoint(step: 12)
    let read = try Checkpoint(SafeTensorsFile(bytes: checkpoint.file.bytes()))
    #expect(read == checkpoint)
  }

  @Test func differencesAreNamed() throws {
    let checkpoint = try Self.checkpoint(step: 1)
    #expect(checkpoint.differences(from: ["rate": "1e-3", "width": "256"]) == [])
    #expect(
      checkpoint.differences(from: ["rate": "1e-2", "depth": "3"]) == ["depth", "rate", "width"])
  }

  @Test func everyChangedByteIsFound() throws {
    let bytes = try Self.checkpoint(step: 3).file.bytes()
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 0x10
      #expect(throws: FileError.self, "byte \(index)") {
        try Checkpoint(SafeTensorsFile(bytes: damaged))
      }
    }
    for count in [0, 7, bytes.count / 2, bytes.count - 1] {
      #expect(throws: FileError.self, "\(count) bytes") {
        try Checkpoint(SafeTensorsFile(bytes: Array(bytes.prefix(count))))
      }
    }
  }

  @Test func newerFormatsAreNotPassedOver() throws {
    try Self.withFolder { path in
      let folder = CheckpointFolder(path: path)
      try folder.save(Self.checkpoint(step: 1))
      var file = try Self.checkpoint(step: 2).file
      file.metadata["checkpoint:version"] = "\(Checkpoint.formatVersion + 1)"
      try file.write(to: "\(path)/step-000000002.safetensors")
      let error = try #require(throws: FileError.self) { try folder.newest() }
      #expect(error.kind == .unsupported)
      #expect(error.description.contains("version \(Checkpoint.formatVersion + 1)"))
    }
  }

  @Test func theLastOnesAreKept() throws {
    try Self.withFolder { path in
      let folder = CheckpointFolder(path: path)
      #expect(try folder.newest() == nil)
      for step in [5, 10, 15] { try folder.save(Self.checkpoint(step: step)) }
      #expect(folder.steps == [10, 15])
      #expect(try folder.newest()?.checkpoint == Self.checkpoint(step: 15))
      // The same step again, as a run that goes on may save it.
      try folder.save(Self.checkpoint(step: 15))
      #expect(folder.steps == [10, 15])
      // One that went on from step 10 leaves nothing of what came after.
      try folder.save(Self.checkpoint(step: 12))
      #expect(folder.steps == [10, 12])
    }
  }

  @Test func aDamagedOneGivesWayToTheOneBefore() throws {
    try Self.withFolder { path in
      let folder = CheckpointFolder(path: path)
      for step in [1, 2] { try folder.save(Self.checkpoint(step: step)) }
      let file = "\(path)/step-000000002.safetensors"
      let bytes = try WholeFile.bytes(ofFileAt: file)
      try WholeFile.write(Array(bytes.dropLast(3)), toFileAt: file)
      let (checkpoint, damaged) = try #require(try folder.newest())
      #expect(try checkpoint == Self.checkpoint(step: 1))
      #expect(damaged.map(\.path) == [file])
      try WholeFile.write([], toFileAt: "\(path)/step-000000001.safetensors")
      #expect(throws: FileError.self) { try folder.newest() }
    }
  }

  @Test func unfinishedFilesAreRemovedAndOthersAreNot() throws {
    try Self.withFolder { path in
      let folder = CheckpointFolder(path: path, keeping: 1)
      try folder.save(Self.checkpoint(step: 1))
      let others = ["notes.txt", "step-2.safetensors", "mine.partial"]
      for name in others + ["step-000000002.safetensors.1x2y.partial"] {
        try WholeFile.write([1], toFileAt: "\(path)/\(name)")
      }
      try folder.save(Self.checkpoint(step: 3))
      #expect(
        try Self.names(in: path) == (others + ["step-000000003.safetensors"]).sorted())
    }
  }

  @Test func aFolderThatCannotBeMadeIsAnError() throws {
    try Self.withFolder { path in
      try WholeFile.write([1], toFileAt: path)
      let folder = CheckpointFolder(path: "\(path)/inside")
      let error = try #require(throws: FileError.self) {
        try folder.save(Self.checkpoint(step: 1))
      }
      #expect(error.kind == .unwritable)
    }
  }
}
