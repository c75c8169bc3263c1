import AutoDiff
import Foundation
import GradientAdjusters
@testable import INRZoo
import TensorKit
import Testing

/// Occupancy of a volume in groups of consecutive voxels, against PyTorch's values.
@Suite struct OccupancyReferenceTests {
  struct Settings: Decodable {
    let axes: [Int]
    let group: Int
    let groups: Int
    let groups_per_step: Int
    let leftover: Int
    let learning_rate: String
    let end: Int
    let omega: Double
    let iou: String
    let prediction: String
  }

  static let cases = ["occupancy-relu", "occupancy-siren"]

  private typealias Reference = FieldReference<Settings>

  private static func signal<Scalar: TensorScalar>(
    _ reference: FieldReference<Settings>, _: Scalar.Type
  ) throws -> VolumeSignal<Scalar> {
    let bytes = try reference.tensor("volume", as: Double.self).elements.map {
      UInt8($0) * 255
    }
    let volume = VoxelVolume(extents: reference.settings.axes, values: bytes)
    return VolumeSignal(volume, groups: .runs(reference.settings.group), axes: .released)
  }

  /// The first rate and the number of epochs in which it falls to a tenth, of "0.01 * 0.1^(epoch / 200)".
  private static func rates(_ text: String) throws -> (first: Double, decay: Double) {
    let match = try #require(text.firstMatch(of: /([0-9.e-]+) \* 0\.1\^\(epoch \/ (\d+)\)/))
    return (try #require(Double(match.1)), try #require(Double(match.2)))
  }

  @Test(arguments: cases) func coordinatesAreThoseOfTheReleasedCode(_ name: String) throws {
    let reference = try Reference(name)
    let signal = try Self.signal(reference, Double.self)
    try reference.expect(signal.inputs.matrix, "coordinates", tolerance: 1e-12)
    #expect(signal.groupCount == reference.settings.groups)
    #expect(signal.batch.groups.remainder.count == reference.settings.leftover)
  }

  /// Trains as the published program does, in the reference's order of groups.
  private func train<Scalar: TensorScalar>(
    _ reference: FieldReference<Settings>, isAdjusted: Bool, steps: Int, _: Scalar.Type
  ) throws -> (
    losses: Tensor<Double>, rows: [Int], rates: [Double], model: CoordinateNetwork<Scalar>
  ) {
    let settings = reference.settings
    let signal = try Self.signal(reference, Scalar.self)
    let model: CoordinateNetwork<Scalar> = try reference.network(
      activation: reference.isSine ? Sine(frequency: Scalar(settings.omega)) : Rectifier())
    let (rate, decay) = try Self.rates(settings.learning_rate)
    let perStep = settings.groups_per_step
    let groupSteps = (settings.groups + perStep - 1) / perStep
    let schedule = LearningRateSchedule.steps(
      from: rate, factor: pow(0.1, 1 / decay), every: groupSteps + (settings.leftover > 0 ? 1 : 0))
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: schedule),
      adjuster: isAdjusted
        ? InductiveGradientAdjuster<Scalar>(end: settings.end, sampling: .center) : nil)
    let permutations = try reference.indices("permutations")
    // The source's own steps, with the reference's orders in the place of drawn ones.
    var (losses, rows, rates): ([Double], [Int], [Double]) = ([], [], [])
    var source = signal.batches(groupsPerBatch: perStep)
    let stepsPerEpoch = source.stepsPerEpoch
    for step in 0..<steps {
      let drawn = source.nextBatch()
      let (epoch, place) = step.quotientAndRemainder(dividingBy: stepsPerEpoch)
      let first = place * perStep
      let order = permutations[(epoch * settings.groups)..<((epoch + 1) * settings.groups)]
      let batch =
        place < groupSteps
        ? signal.batch(
          ofGroups: order.dropFirst(first).prefix(perStep).map { $0 }) : drawn
      #expect(batch.rowCount == drawn.rowCount && batch.isAdjusted == drawn.isAdjusted)
      rates.append(trainer.learningRate(step))
      rows.append(batch.rowCount)
      losses.append(try trainer.advance(on: batch))
    }
    return (Tensor(losses), rows, rates, trainer.model)
  }

  @Test(arguments: cases, [false, true])
  func training(_ name: String, _ isAdjusted: Bool) throws {
    let reference = try Reference(name)
    let variant = isAdjusted ? "iga-centre" : "none"
    let expected = try reference.tensor("losses.\(variant)", as: Double.self)
    let run = try train(reference, isAdjusted: isAdjusted, steps: expected.count, Double.self)
    try reference.expect(run.losses, "losses.\(variant)", tolerance: 1e-9)
    #expect(try run.rows == reference.indices("step_rows.\(variant)"))
    try reference.expect(Tensor(run.rates), "step_rates.\(variant)", tolerance: 1e-12)
    for (name, parameter) in run.model.namedParameters {
      try reference.expect(parameter, "final.\(variant).\(name)", tolerance: 1e-9)
    }

    let signal = try Self.signal(reference, Double.self)
    let outputs = try TiledEvaluation(of: run.model).outputs(for: signal.inputs)
    let noted = try #require(
      reference.settings.prediction.firstMatch(of: /rows (\d+) to (\d+)/))
    let (first, last) = (try #require(Int(noted.1)), try #require(Int(noted.2)))
    try reference.expect(
      outputs.slice(first..<(last + 1)), "prediction.\(variant)", tolerance: 1e-9)
    let thresholds = reference.settings.iou.matches(of: /\d+\.\d+/).compactMap { Double($0.0) }
    let found = thresholds.map { threshold in
      let isFilled = outputs.elements.map { $0 > threshold }
      let isTrue = signal.targets.matrix.elements.map { $0 > 0.5 }
      let both = zip(isFilled, isTrue).count { $0 && $1 }
      let either = zip(isFilled, isTrue).count { $0 || $1 }
      return either == 0 ? 1 : Double(both) / Double(either)
    }
    let iou = try reference.tensor("iou.\(variant)", as: Double.self).elements
    #expect(found.count == iou.count)
    for (found, expected) in zip(found, iou) { #expect(abs(found - expected) < 2e-3) }
  }

  @Test(arguments: cases, [false, true])
  func trainingInSinglePrecision(_ name: String, _ isAdjusted: Bool) throws {
    let reference = try Reference(name)
    let variant = isAdjusted ? "iga-centre" : "none"
    let run = try train(reference, isAdjusted: isAdjusted, steps: 20, Float.self)
    let expected = try reference.tensor("losses.\(variant)", as: Double.self)
    let (early, later) = (run.losses.slice(0..<10), expected.slice(0..<10))
    #expect(early.isApproximatelyEqual(to: later, relativeTolerance: 1e-4))
    #expect(run.losses.isApproximatelyEqual(to: expected, relativeTolerance: 5e-4))
  }

  @Test(arguments: cases) func theFirstKernel(_ name: String) throws {
    let reference = try Reference(name)
    let signal = try Self.signal(reference, Double.self)
    let permutation = try reference.indices("permutations").prefix(
      reference.settings.groups_per_step)
    let model: CoordinateNetwork<Double> = try reference.network(
      activation: reference.isSine ? Sine(frequency: reference.settings.omega) : Rectifier())
    // In the order of the draw, which the batch does not keep.
    let rows = permutation.map { $0 * reference.settings.group + reference.settings.group / 2 }
    let kernel = try TiledEvaluation(of: model).empiricalKernel(at: signal.inputs.rows(at: rows))
    try reference.expect(kernel, "kernel0", tolerance: 1e-10)
    let eigenvalues = try kernel.symmetricEigenpairs().values.elements.sorted(by: >)
    try reference.expect(Tensor(eigenvalues), "eigenvalues0", tolerance: 1e-9)
  }
}

extension FieldReference {
  /// Whether the hidden units are sines, by the name of the case.
  var isSine: Bool { file.path?.hasSuffix("siren.safetensors") == true }
}
