import Foundation

/// The checkpoints of one run: a folder of files, of which the last ones are kept.
///
/// ```swift
/// let folder = CheckpointFolder(path: "checkpoints")
/// if let (checkpoint, _) = try folder.newest() { try trainer.restore(from: checkpoint.state) }
/// while trainer.step < 50_000 {
///   try trainer.advance(on: batch)
///   if trainer.step.isMultiple(of: 1000) {
///     try folder.save(Checkpoint(trainer.savedState(), step: trainer.step))
///   }
/// }
/// ```
///
/// A file is written beside the others, made safe on the disk, and then renamed: a run that is killed at any
/// moment leaves whole checkpoints. Files are named by their step, as `step-000001000.safetensors`.
public struct CheckpointFolder: Sendable {
  /// Where the folder is or will be.
  public let path: String
  /// How many checkpoints are kept.
  public let keptCount: Int

  /// Names a folder without looking at the disk.
  ///
  /// - Parameters:
  ///   - path: The folder, which is made when the first checkpoint is saved.
  ///   - keptCount: How many checkpoints are kept, at least one: an older one serves if the newest is damaged.
  public init(path: String, keeping keptCount: Int = 2) {
    precondition(keptCount > 0, "a folder that keeps \(keptCount) checkpoints")
    self.path = path
    self.keptCount = keptCount
  }

  /// Saves a checkpoint, and removes those that are no longer kept.
  ///
  /// Checkpoints of later steps are removed, too: they are of a run that went on otherwise.
  ///
  /// - Throws: ``FileError`` if it cannot be written; all former checkpoints are then still there.
  public func save(_ checkpoint: Checkpoint) throws {
    let bytes = checkpoint.file.bytes()
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw FileError(
        .unwritable, path: path, reason: "the folder cannot be made; choose another one")
    }
    try WholeFile.write(bytes, toFileAt: file(ofStep: checkpoint.step))
    let earlier = steps.filter { $0 < checkpoint.step }.suffix(keptCount - 1)
    for step in steps where step != checkpoint.step && !earlier.contains(step) {
      unlink(file(ofStep: step))
    }
    removeUnfinished()
  }

  /// The newest checkpoint that is whole.
  ///
  /// - Returns: The checkpoint, and what is wrong with newer ones that are damaged; nil if there are no
  ///   checkpoints.
  /// - Throws: ``FileError`` if there are checkpoints, but none is whole: that of the newest one. A newer
  ///   format is not passed over.
  public func newest() throws -> (checkpoint: Checkpoint, damaged: [FileError])? {
    var damaged: [FileError] = []
    for step in steps.reversed() {
      do {
        return (try checkpoint(ofStep: step), damaged)
      } catch let error as FileError where error.kind != .unsupported {
        damaged.append(error)
      }
    }
    if let error = damaged.first { throw error }
    return nil
  }

  /// The checkpoint of one of ``steps``.
  ///
  /// - Throws: ``FileError`` if there is none, or it is damaged.
  public func checkpoint(ofStep step: Int) throws -> Checkpoint {
    let checkpoint = try Checkpoint(SafeTensorsFile(contentsOf: file(ofStep: step)))
    guard checkpoint.step == step else {
      throw FileError(
        .malformed, path: file(ofStep: step),
        reason: "it is of step \(checkpoint.step), not of the one that it is named by")
    }
    return checkpoint
  }

  /// The steps of all checkpoints in the folder, the first one first.
  public var steps: [Int] {
    names.compactMap { name in
      guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) else { return nil }
      let digits = name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)
      return Int(digits).flatMap { Self.name(ofStep: $0) == name ? $0 : nil }
    }.sorted()
  }

  private static let prefix = "step-"
  private static let suffix = ".safetensors"

  private static func name(ofStep step: Int) -> String {
    let digits = String(step)
    return prefix + String(repeating: "0", count: max(0, 9 - digits.count)) + digits + suffix
  }

  private func file(ofStep step: Int) -> String { "\(path)/\(Self.name(ofStep: step))" }

  private var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  }

  /// Removes what a run that was killed while it wrote has left.
  private func removeUnfinished() {
    for name in names where name.hasPrefix(Self.prefix) {
      guard let end = name.range(of: "\(Self.suffix)."),
        WholeFile.isPartial(name, of: String(name[..<end.upperBound].dropLast()))
      else { continue }
      unlink("\(path)/\(name)")
    }
  }
}
