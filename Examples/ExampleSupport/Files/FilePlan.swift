import Foundation

/// The files that a program is about to read and to write, so that none takes another's place.
package struct FilePlan: Sendable {
  /// A file at a path that an option names.
  package struct Named: Sendable {
    /// The option's name without its two dashes.
    package let option: String
    /// The file.
    package let file: URL

    package init(_ option: String, _ file: URL) {
      self.option = option
      self.file = file
    }
  }

  /// What is read.
  package var inputs: [Named]
  /// What is written to paths that options name.
  package var outputs: [Named]
  /// What is written to the output folder, as far as it is known before the work.
  package var names: [String]

  /// A plan; files that an option does not name are left out.
  package init(inputs: [Named?] = [], outputs: [Named] = [], names: [String] = []) {
    self.inputs = inputs.compactMap(\.self)
    self.outputs = outputs
    self.names = names
  }

  /// Refuses to write a file that is read, or two to the same place; links are followed.
  ///
  /// - Parameter folder: The output folder.
  /// - Throws: A failure (64) that names both options.
  package func check(in folder: OutputFolder) throws(ExampleFailure) {
    var taken: [FileIdentity: String] = [:]
    for input in inputs { taken[FileIdentity(input.file)] = "that --\(input.option) reads" }
    let results = (names + [FolderManifest.fileName]).map {
      Named("output", folder.url.appendingPathComponent($0))
    }
    for output in results + outputs {
      let identity = FileIdentity(output.file)
      if let use = taken[identity] {
        throw .usage(
          "--\(output.option) would replace \(output.file.shownPath), a file \(use); "
            + "choose another --\(output.option)")
      }
      taken[identity] = "that --\(output.option) writes"
    }
  }
}
