import Foundation

// One rule for the names of weight files, both ways: they end in .safetensors, which may be left out.

extension ValueKind where Value == URL {
  private static var weightsEnding: String { "safetensors" }

  /// A weight file that must exist; of a name without an ending, the one that a program has written.
  package static func existingWeights() -> ValueKind {
    let file = ValueKind.existingFile()
    return ValueKind(placeholder: file.placeholder, describe: \.relativePath) {
      text throws(ValueProblem) in
      let whole = "\(text).\(weightsEnding)"
      let isShort = URL(fileURLWithPath: text).pathExtension.isEmpty
      return try file.parse(
        isShort && FileManager.default.fileExists(atPath: whole) ? whole : text)
    }
  }

  /// A weight file to write.
  package static func weightsToWrite() -> ValueKind {
    let path = ValueKind.outputPath("FILE")
    return ValueKind(placeholder: path.placeholder, describe: \.relativePath) {
      text throws(ValueProblem) in
      let file = try path.parse(text)
      guard file.hasDirectoryPath || ["", weightsEnding].contains(file.pathExtension) else {
        throw ValueProblem(
          "which ends in .\(file.pathExtension)",
          remedy: "let it end in .\(weightsEnding), which is what is written, or give no ending")
      }
      return file
    }
  }
}

extension URL {
  /// The file of weights that a name stands for.
  package var namingWeights: URL {
    pathExtension.isEmpty ? appendingPathExtension("safetensors") : self
  }
}
