import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// A picture case of `Tests/Fixtures/reference`: values that PyTorch computed in float64.
struct ReferenceImageCase {
  struct Settings: Decodable {
    let patch: Int
    let activation: String
    let pe_frequencies: Int
    let learning_rate: Double
    let end: Int
    let steps: Int
  }

  let file: SafeTensorsFile
  let settings: Settings

  init(_ name: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(
        "Fixtures/reference/\(name).safetensors"
      ).path
    file = try SafeTensorsFile(contentsOf: path)
    let description = try #require(file.metadata["case"])
    settings = try JSONDecoder().decode(Settings.self, from: Data(description.utf8))
  }

  func tensor<Scalar: TensorScalar>(
    _ name: String, as type: Scalar.Type = Scalar.self
  ) throws -> Tensor<Scalar> {
    try file.tensor(named: name, as: type)
  }

  func batch<Scalar: TensorScalar>(_ type: Scalar.Type = Scalar.self) throws
    -> Batch<Scalar>
  {
    let inputs = try tensor("groups", as: Scalar.self)
    let targets = try tensor("targets", as: Scalar.self)
    let places = inputs.shape[1]
    return Batch(
      inputs: inputs.reshaped(to: [-1, inputs.shape[2]]),
      targets: targets.reshaped(to: [-1, targets.shape[2]]),
      groups: RowPartition(rowCount: inputs.shape[0] * places, groupSize: places))
  }

  /// The network with the case's initial or final parameters.
  func network<Scalar: TensorScalar>(
    _ prefix: String = "init", _ type: Scalar.Type = Scalar.self
  ) throws -> CoordinateNetwork<Scalar> {
    var layers: [Linear<Scalar>] = []
    while file.names.contains("\(prefix).layers.\(layers.count).weight") {
      layers.append(
        Linear(
          weight: try tensor("\(prefix).layers.\(layers.count).weight"),
          bias: try tensor("\(prefix).layers.\(layers.count).bias")))
    }
    let activation: any Activation<Scalar> =
      switch settings.activation {
      case "relu": Rectifier()
      case "sine": Sine(frequency: 30)
      case "finer": VariableSine(frequency: 30)
      case "gauss": Gaussian(scale: 10)
      case "gauss-finer": VariableSine(frequency: 10).then(Gaussian(scale: 3))
      case "wire-finer":
        VariableSine(frequency: 5).then(GaborWavelet(frequency: 4, scale: 2))
      default: try #require(nil, "an activation \(settings.activation)")
      }
    let encoding =
      settings.pe_frequencies > 0
      ? PositionalEncoding<Scalar>(inputs: 2, frequencies: settings.pe_frequencies) : nil
    return CoordinateNetwork(encoding: encoding, layers: layers, activation: activation)
  }

  /// The losses of the first steps of training with Adam.
  func losses<Scalar: TensorScalar>(
    adjuster: any GradientAdjuster<Scalar>, steps: Int? = nil
  ) throws -> (losses: [Double], model: CoordinateNetwork<Scalar>) {
    var trainer = try Trainer(
      network("init", Scalar.self),
      optimizer: Adam(learningRate: .constant(settings.learning_rate)), adjuster: adjuster)
    let batch = try batch(Scalar.self)
    let losses = try (0..<(steps ?? settings.steps)).map { _ in try trainer.advance(on: batch) }
    return (losses, try trainer.plainModel())
  }
}

/// The largest relative difference between two sequences of numbers.
func largestRelativeDifference(_ numbers: some Sequence<Double>, _ reference: some Sequence<Double>)
  -> Double
{
  zip(numbers, reference).map { abs($0 - $1) / abs($1) }.max() ?? .nan
}
