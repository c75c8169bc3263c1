import CZlib

/// The state of a run after a step, with the settings that the run was made with.
///
/// A state goes on with the same bits only in a run that was made like the saved one. So a checkpoint holds the
/// settings, and names those that differ:
///
/// ```swift
/// let checkpoint = Checkpoint(
///   try trainer.savedState(), step: trainer.step, settings: ["width": "256", "learning-rate": "0.001"])
/// checkpoint.differences(from: ["width": "128", "learning-rate": "0.001"])  // ["width"]
/// ```
///
/// ``CheckpointFolder`` keeps checkpoints on the disk.
public struct Checkpoint: Sendable, Equatable {
  /// How many steps had been made.
  public var step: Int
  /// What the run was made with, as texts by name.
  public var settings: [String: String]
  /// Other texts about the run, which are not compared.
  public var notes: [String: String]
  /// The state.
  public var state: SavedState

  /// A state after a number of steps.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - step: How many steps had been made.
  ///   - settings: What the run was made with, as texts by name.
  ///   - notes: Other texts about the run, which are not compared.
  public init(
    _ state: SavedState, step: Int, settings: [String: String] = [:], notes: [String: String] = [:]
  ) {
    self.step = step
    self.settings = settings
    self.notes = notes
    self.state = state
  }

  /// The names of settings that are others than those of a run that is to go on from here, sorted.
  ///
  /// - Parameter settings: The settings of that run.
  /// - Returns: Names with different texts, and names that only one of the two has.
  public func differences(from settings: [String: String]) -> [String] {
    Set(settings.keys).union(self.settings.keys).filter { self.settings[$0] != settings[$0] }
      .sorted()
  }
}

extension Checkpoint {
  /// The version of the format that is written.
  public static let formatVersion = 1

  private static let versionKey = "checkpoint:version"
  private static let stepKey = "checkpoint:step"
  private static let checksumKey = "checkpoint:checksum"
  private static let settingPrefix = "setting:"
  private static let notePrefix = "note:"

  /// A checkpoint from what a file holds; see ``file``.
  ///
  /// - Throws: ``FileError`` if the file is no checkpoint, has a newer format, or is damaged.
  public init(_ file: SafeTensorsFile) throws {
    guard let version = file.metadata[Self.versionKey].flatMap({ Int($0) }) else {
      throw FileError(
        .malformed, path: file.path,
        reason: "it is no checkpoint, as its metadata has no \(Self.versionKey)")
    }
    guard version <= Self.formatVersion else {
      throw FileError(
        .unsupported, path: file.path,
        reason: "it is a checkpoint of version \(version), and this program reads versions up to "
          + "\(Self.formatVersion); use the program that wrote it, or a newer one")
    }
    var content = file
    content.metadata[Self.checksumKey] = nil
    guard file.metadata[Self.checksumKey] == Self.checksum(of: content),
      let step = file.metadata[Self.stepKey].flatMap({ Int($0) }), step >= 0
    else {
      throw FileError(
        .malformed, path: file.path,
        reason: "it is damaged, as its contents do not have the checksum that it states")
    }
    do {
      self.init(try SavedState(content), step: step)
    } catch let error as StateError {
      throw FileError(
        .malformed, path: file.path, reason: "it is damaged: \(error.description.dropLast())")
    }
    for (key, text) in file.metadata {
      if let name = key.droppingExactPrefix(Self.settingPrefix) {
        settings[name] = text
      } else if let name = key.droppingExactPrefix(Self.notePrefix) {
        notes[name] = text
      }
    }
  }

  /// A file that holds this checkpoint.
  ///
  /// The state is in it as ``SavedState/file`` says. Metadata has the version of the format
  /// (`checkpoint:version`), the step (`checkpoint:step`), each setting (`setting:NAME`) and note (`note:NAME`),
  /// and a CRC-32 of all other bytes (`checkpoint:checksum`).
  public var file: SafeTensorsFile {
    var file = state.file
    file.metadata[Self.versionKey] = "\(Self.formatVersion)"
    file.metadata[Self.stepKey] = "\(step)"
    for (name, text) in settings { file.metadata[Self.settingPrefix + name] = text }
    for (name, text) in notes { file.metadata[Self.notePrefix + name] = text }
    file.metadata[Self.checksumKey] = Self.checksum(of: file)
    return file
  }

  /// The CRC-32 of a file's bytes, which follow from its contents alone.
  private static func checksum(of file: SafeTensorsFile) -> String {
    let sum = file.bytes().withUnsafeBufferPointer { bytes in
      var sum: UInt = 0
      for start in stride(from: 0, to: bytes.count, by: 1 << 30) {
        let part = UnsafeBufferPointer(
          rebasing: bytes[start..<min(start + 1 << 30, bytes.count)])
        sum = crc32(sum, part.baseAddress, UInt32(part.count))
      }
      return sum
    }
    return String(sum, radix: 16)
  }
}
