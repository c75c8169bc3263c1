import ExampleSupport
import Foundation
import TensorKit

/// The checkpoints of all runs of a program: a folder in its output folder, with one for each run.
package struct CheckpointStore: Sendable {
  /// The name of the folder in the output folder.
  package static let name = "checkpoints/"

  /// Where the folder is or will be.
  let url: URL

  /// The folder in an output folder that some run has written.
  init(in folder: URL) { url = folder.appendingPathComponent(Self.name) }

  /// The folder of this run's own checkpoints.
  init(in folder: RunFolder) throws { url = try folder.enter(Self.name) }

  /// The folder of a run.
  func run(_ name: String) -> CheckpointFolder {
    CheckpointFolder(path: url.appendingPathComponent(name).path)
  }
}
