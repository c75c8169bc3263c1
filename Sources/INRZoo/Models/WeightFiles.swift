import AutoDiff
import TensorKit

extension Module {
  /// Writes all parameters by name to a `.safetensors` file, whole or not at all.
  ///
  /// - Parameters:
  ///   - path: The file, which is replaced if it exists.
  ///   - metadata: Texts to store beside the parameters.
  /// - Throws: `FileError` if the file cannot be written.
  public func writeWeights(to path: String, metadata: [String: String] = [:]) throws {
    var file = SafeTensorsFile()
    file.metadata = metadata
    for (name, value) in namedParameters { file.store(value, named: name) }
    try file.write(to: path)
  }

  /// Replaces all parameters by those of a `.safetensors` file.
  ///
  /// Numbers of another precision are rounded.
  ///
  /// - Throws: `FileError` if the file cannot be read, or its names or shapes do not fit the model,
  ///   which is then unchanged.
  public mutating func readWeights(from path: String) throws {
    let file = try SafeTensorsFile(contentsOf: path)
    var values: [String: Tensor<Scalar>] = [:]
    for name in file.names { values[name] = try file.tensor(named: name, as: Scalar.self) }
    do {
      try setNamedParameters(values)
    } catch {
      throw FileError(
        .malformed, path: path,
        reason: """
          \(error.description.asClause); give the options of the model that wrote the file
          """)
    }
  }
}

extension String {
  /// A sentence without its capital and full stop.
  fileprivate var asClause: String {
    prefix(1).lowercased() + (hasSuffix(".") ? dropFirst().dropLast() : dropFirst())
  }
}
