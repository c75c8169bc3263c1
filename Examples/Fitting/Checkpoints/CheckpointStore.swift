import ExampleSupport
import Foundation
import TensorKit

/// The checkpoints of all runs of a program: a folder in its output folder, with one for each run.
struct CheckpointStore: Sendable {
  /// The name of the folder in the output folder.
  static let name = "checkpoints"

  /// Where the folder is or will be.
  let url: URL

  init(in folder: OutputFolder) {
    url = folder.url.appendingPathComponent(Self.name)
  }

  /// The folder of a run.
  func run(_ name: String) -> CheckpointFolder {
    CheckpointFolder(path: url.appendingPathComponent(name).path)
  }
}
