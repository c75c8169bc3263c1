import AutoDiff
import TensorKit

extension Module {
  /// Writes all parameters by name to a `.safetensors` file, whole or not at all.
  ///
  /// - Parameters:
  ///   - path: The file, which is replaced if it exists.
  ///   - metadata: Texts to store beside the parameters, such as those of ``ModelRecipe/metadata``.
  /// - Throws: `FileError` if the file cannot be written.
  public func writeWeights(
    to path: String, metadata: NamedValues<String> = [:]
  ) throws {
    var file = SafeTensorsFile()
    file.metadata = metadata
    for (name, value) in namedParameters { file.store(value, named: name) }
    try file.write(to: path)
  }

  /// Replaces all parameters by those of a `.safetensors` file.
  ///
  /// Numbers of another precision are rounded. Files of other programs can be read with a map of names:
  ///
  /// ```swift
  /// try model.readWeights(from: path, renaming: ["net.0.linear": "layers.0"])
  /// ```
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - renaming: By names of parameters or modules in the file, those that they have in this model, as
  ///     `setNamedParameters` takes them.
  /// - Throws: `FileError` if the file cannot be read, or its names, renamed, or shapes do not fit the
  ///   model, which is then unchanged.
  public mutating func readWeights(from path: String, renaming: [String: String] = [:]) throws {
    let file = try SafeTensorsFile(contentsOf: path)
    try file.requireReadable()
    var values = NamedValues<Tensor<Scalar>>()
    for name in file.names { values[name] = try file.tensor(named: name, as: Scalar.self) }
    do {
      try setNamedParameters(values, renaming: renaming)
    } catch {
      let advice =
        renaming.isEmpty
        ? "give the options of the model that wrote the file" : "check the renaming"
      throw FileError(
        .malformed, path: path, reason: "\(error.description.asClause); \(advice)")
    }
  }
}

extension String {
  /// A sentence without its capital and full stop.
  fileprivate var asClause: String {
    prefix(1).lowercased() + (hasSuffix(".") ? dropFirst().dropLast() : dropFirst())
  }
}
