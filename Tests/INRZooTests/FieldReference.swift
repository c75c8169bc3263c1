import AutoDiff
import Foundation
import INRZoo
import TensorKit
import Testing

/// A case of the reference values on shapes: float64 from PyTorch, with all settings in the file's metadata.
///
/// The folder is that of the fixtures, or the one that the environment variable FIELDS_REFERENCE names.
struct FieldReference<Settings: Decodable> {
  let file: SafeTensorsFile
  let settings: Settings

  init(_ name: String, _: Settings.Type = Settings.self) throws {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Fixtures/fields").path
    let folder = ProcessInfo.processInfo.environment["FIELDS_REFERENCE"] ?? fixtures
    file = try SafeTensorsFile(contentsOf: "\(folder)/\(name).safetensors")
    let description = try #require(file.metadata["case"])
    settings = try JSONDecoder().decode(Settings.self, from: Data(description.utf8))
  }

  func tensor<Scalar: TensorScalar>(
    _ name: String, as type: Scalar.Type = Scalar.self
  ) throws -> Tensor<Scalar> {
    try file.tensor(named: name, as: type)
  }

  /// Whole numbers.
  func indices(_ name: String) throws -> [Int] {
    try tensor(name, as: Double.self).elements.map { Int($0) }
  }

  /// The network whose layers are named `prefix.layers.N`.
  func network<Scalar: TensorScalar>(
    _ prefix: String = "init", activation: any Activation<Scalar>
  ) throws -> CoordinateNetwork<Scalar> {
    var layers: [Linear<Scalar>] = []
    while file.names.contains("\(prefix).layers.\(layers.count).weight") {
      let name = "\(prefix).layers.\(layers.count)"
      layers.append(Linear(weight: try tensor("\(name).weight"), bias: try tensor("\(name).bias")))
    }
    return CoordinateNetwork(layers: layers, activation: activation)
  }

  func expect<Scalar: TensorScalar>(
    _ found: Tensor<Scalar>, _ name: String, tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try tensor(name, as: Scalar.self).reshaped(to: found.shape)
    #expect(
      found.isApproximatelyEqual(to: expected, relativeTolerance: Scalar(tolerance)), "\(name)",
      sourceLocation: sourceLocation)
  }
}
