import AutoDiff
import Foundation
import INRZoo
import TensorKit
import Testing

@Suite struct CoordinateNetworkTests {
  @Test func positionalEncodingHasThePublishedOrder() {
    let encoding = PositionalEncoding<Double>(inputs: 2, frequencies: 3)
    let points: [[Double]] = [[0.3, -0.7], [0.11, 0.92]]
    let features = encoding(Variable(Tensor(points))).value
    #expect(features.shape == [2, 14])
    for (row, point) in points.enumerated() {
      var expected = point
      for frequency in 0..<3 {
        for coordinate in point {
          let angle = Double(1 << frequency) * .pi * coordinate
          expected += [sin(angle), cos(angle)]
        }
      }
      for (column, value) in expected.enumerated() {
        #expect(abs(features[row, column] - value) < 1e-14)
      }
    }
    #expect(PositionalEncoding<Double>(inputs: 2, frequencies: 6).outputs == 26)
  }

  /// The largest magnitude of a tensor, which is close below the bound of a uniform distribution.
  private func isUniform(_ tensor: Tensor<Double>, bound: Double) -> Bool {
    let largest = tensor.absoluteValue().largest()
    let variance = tensor.squared().mean()
    return largest <= bound && largest > 0.95 * bound
      && abs(variance / (bound * bound / 3) - 1) < 0.2
  }

  @Test func sirenHasThePublishedInitialization() {
    var generator = SeededGenerator(seed: 1)
    let network = CoordinateNetwork<Double>.siren(
      inputs: 2, outputs: 3, width: 128, hiddenLayers: 2, frequency: 20, using: &generator)
    let parameters = network.namedParameters
    let names = (0..<4).flatMap { ["layers.\($0).weight", "layers.\($0).bias"] }
    #expect(parameters.map(\.name) == names)
    let shapes = network.layers.map(\.weight.shape)
    #expect(shapes == [[128, 2], [128, 128], [128, 128], [3, 128]])
    #expect(isUniform(network.layers[0].weight.value, bound: 0.5))
    for layer in network.layers[1...] {
      #expect(isUniform(layer.weight.value, bound: (6.0 / 128).squareRoot() / 20))
    }
    let bias = network.layers[1].bias?.value ?? Tensor(zeros: [1])
    #expect(isUniform(bias, bound: 1 / 128.0.squareRoot()))
  }

  @Test func reluHasThePublishedInitialization() {
    var generator = SeededGenerator(seed: 1)
    let network = CoordinateNetwork<Double>.relu(
      inputs: 2, outputs: 40, width: 128, hiddenLayers: 1, using: &generator)
    #expect(isUniform(network.layers[0].weight.value, bound: 1 / 2.0.squareRoot()))
    #expect(isUniform(network.layers[1].weight.value, bound: 1 / 128.0.squareRoot()))
    #expect(isUniform(network.layers[2].weight.value, bound: (6.0 / 128).squareRoot()))
  }

  @Test func bothPrecisionsDrawTheSameWeights() {
    var (first, second) = (SeededGenerator(seed: 9), SeededGenerator(seed: 9))
    let single = CoordinateNetwork<Float>.positionallyEncoded(
      inputs: 2, outputs: 3, width: 16, using: &first)
    let double = CoordinateNetwork<Double>.positionallyEncoded(
      inputs: 2, outputs: 3, width: 16, using: &second)
    #expect(single.parameters.values == Tensor(double.parameters.values))
  }

  @Test func weightsSurviveAFile() throws {
    var generator = SeededGenerator(seed: 2)
    let network = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 8, using: &generator)
    let folder = FileManager.default.temporaryDirectory
    let path = folder.appendingPathComponent("weights-\(UUID()).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try network.writeWeights(to: path, metadata: ["model": "siren"])
    var other = CoordinateNetwork<Float>.siren(inputs: 2, outputs: 3, width: 8, using: &generator)
    #expect(other.parameters != network.parameters)
    try other.readWeights(from: path)
    #expect(other.parameters == network.parameters)
    var wider = CoordinateNetwork<Float>.siren(inputs: 2, outputs: 3, width: 9, using: &generator)
    let before = wider.parameters
    let error = #expect(throws: FileError.self) { try wider.readWeights(from: path) }
    #expect(error?.description.contains("layers.0.weight has shape [8, 2]") == true)
    #expect(wider.parameters == before)
  }

  @Test func weightsOfOtherProgramsAreRenamed() throws {
    var generator = SeededGenerator(seed: 2)
    let network = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 8, hiddenLayers: 0, using: &generator)
    var file = SafeTensorsFile()
    for (name, value) in network.namedParameters {
      file.store(value, named: name.replacing("layers.0", with: "net.0.linear"))
    }
    let folder = FileManager.default.temporaryDirectory
    let path = folder.appendingPathComponent("foreign-\(UUID()).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try file.write(to: path)
    var other = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 8, hiddenLayers: 0, using: &generator)
    let before = other.parameters
    let error = #expect(throws: FileError.self) {
      try other.readWeights(from: path, renaming: ["net.7": "layers.0"])
    }
    #expect(error?.description.contains("no parameter net.7 to rename") == true)
    #expect(error?.description.contains("check the renaming") == true)
    #expect(other.parameters == before && before != network.parameters)
    try other.readWeights(from: path, renaming: ["net.0.linear": "layers.0"])
    #expect(other.parameters == network.parameters)
  }
}
