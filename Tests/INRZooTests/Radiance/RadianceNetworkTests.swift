import AutoDiff
import INRZoo
import TensorKit
import Testing

/// NeRF's network against float64 values from PyTorch.
@Suite struct RadianceNetworkTests {
  @Test func outputsAndGradients() throws {
    let reference = try FieldReference("nerf-network", RadianceSettings.self)
    var generator = SeededGenerator(seed: 1)
    var network = RadianceNetwork<Double>(reference.settings.network, using: &generator)
    try network.setNamedParameters(reference.parameters("init"))
    let points: Tensor<Double> = try reference.tensor("points")
    let inputs = Tensor.concatenated([points, try reference.tensor("directions")], alongAxis: 1)
    let evaluation = TiledEvaluation(of: network, rowsPerTile: 16)
    try reference.expect(evaluation.outputs(for: inputs), "raw", tolerance: 1e-12)
    let gradient = try evaluation.pullback(of: reference.tensor("cotangent"), for: inputs)
    for entry in gradient.layout.entries {
      try reference.expect(
        try #require(gradient[entry.name]), "gradient.\(entry.name)", tolerance: 1e-10)
    }
    let encoding = PositionalEncoding<Double>(
      inputs: 3, frequencies: reference.settings.pointFrequencies, convention: .radians)
    try reference.expect(encoding(Variable(points)).value, "encoded_points", tolerance: 1e-12)
  }

  @Test func publishedSize() {
    var generator = SeededGenerator(seed: 1)
    let network = RadianceNetwork<Float>(using: &generator)
    #expect(network.parameters.values.count == 595_844)
  }

  @Test func derivatives() throws {
    var generator = SeededGenerator(seed: 4)
    let network = RadianceNetwork<Double>(
      RadianceNetwork.Settings(
        depth: 3, width: 6, skip: 1, pointFrequencies: 1, directionFrequencies: 1),
      using: &generator)
    let inputs = Tensor<Double>.uniform(over: -1...1, shape: [5, 6], using: &generator)
    #expect(checkDerivatives(of: network, at: inputs).isEmpty)
  }
}

/// What the reference files say of their networks.
struct RadianceSettings: Decodable {
  let depth: Int
  let skipAfterLayer: Int
  let width: Int
  let pointFrequencies: Int
  let directionFrequencies: Int

  enum CodingKeys: String, CodingKey {
    case depth, width
    case skipAfterLayer = "skip_after_layer"
    case pointFrequencies = "point_frequencies"
    case directionFrequencies = "direction_frequencies"
  }

  var network: RadianceNetwork<Double>.Settings {
    RadianceNetwork.Settings(
      depth: depth, width: width, skip: skipAfterLayer, pointFrequencies: pointFrequencies,
      directionFrequencies: directionFrequencies)
  }
}

extension FieldReference {
  /// The parameters whose names begin with a word and a dot.
  func parameters(_ prefix: String) throws -> [String: Tensor<Double>] {
    var found: [String: Tensor<Double>] = [:]
    for name in file.names where name.hasPrefix("\(prefix).") {
      found[String(name.dropFirst(prefix.count + 1))] = try tensor(name)
    }
    return found
  }
}
