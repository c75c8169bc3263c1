import AutoDiff
import Foundation
import GradientAdjusters
@testable import INRZoo
import TensorKit
import Testing

/// Samples around surfaces, and what is learned from them.
@Suite struct SurfaceSampleTests {
  private static let circle = (0..<500).map { index in
    let angle = 2 * Double.pi * Double(index) / 500
    return SIMD3(0.4 * cos(angle), 0.4 * sin(angle), 0)
  }

  private static func length(_ point: SIMD3<Double>) -> Double {
    (point * point).sum().squareRoot()
  }

  private static func points(_ rows: Tensor<Double>) -> [SIMD3<Double>] {
    (0..<rows.shape[0]).map { SIMD3(rows[$0, 0], rows[$0, 1], rows[$0, 2]) }
  }

  private static func source(seed: UInt64 = 1) -> SurfaceSamples<Double> {
    SurfaceSamples(around: circle, seed: seed) { $0.map { length($0) - 0.4 } }
  }

  @Test func coarseAndFineRowsTakeTurns() throws {
    var source = Self.source()
    source.rowCount = 4000
    let batch = try source.nextBatch()
    let points = Self.points(batch.inputs)
    let targets = batch.targets
    #expect(points.allSatisfy { point in (0..<3).allSatisfy { abs(point[$0]) <= 0.5 } })
    for (row, point) in points.enumerated() {
      #expect(targets[row, 0] == Self.length(point) - 0.4)
      #expect(batch.weights?[row, 0] == (row % 2 == 0 ? 40 : 4000))
    }
    // Along the third axis the circle is at zero, so that coordinates are the noise itself, but for what left
    // the cube: the mean size of Laplace's noise is its scale.
    func meanSize(_ parity: Int) -> Double {
      let sizes = points.indices.filter { $0 % 2 == parity }.map { abs(points[$0].z) }
      return sizes.reduce(0, +) / Double(sizes.count)
    }
    #expect(abs(meanSize(1) - 1e-3) < 1e-4)
    // Of the scale 0.1, cut and folded at 0.5: 0.1 (1 - e^-5 · (1 + 5)) + what comes in again.
    #expect(abs(meanSize(0) - 0.1) < 0.01)
    #expect(batch.groups.remainder.isEmpty && batch.groups.count == 128)
    #expect(batch.isAdjusted)
  }

  @Test func drawsAreSeededAndGoOn() throws {
    var (first, second) = (Self.source(), Self.source())
    #expect(try first.nextBatch().identity == second.nextBatch().identity)
    var other = Self.source(seed: 2)
    #expect(try other.nextBatch().identity != Self.source().identityOfFirst())
    var resumed = Self.source()
    try resumed.restore(from: first.savedState())
    #expect(try resumed.nextBatch().identity == first.nextBatch().identity)
  }

  @Test func orientedPointsAreHalfOfTheCloud() throws {
    let cloud = PointCloud(points: Self.circle, normals: Self.circle.map { $0 / Self.length($0) })
    var source = OrientedPoints<Double>(of: cloud, seed: 4)
    source.pointsOfEachKind = 300
    let batch = try source.nextBatch()
    let points = Self.points(batch.inputs)
    let surface = Set(Self.circle)
    for (row, point) in points.enumerated() {
      let isOn = row < 300
      #expect(surface.contains(point) == isOn && batch.targets[row, 0] == (isOn ? 1 : 0))
      let normal = SIMD3(batch.targets[row, 1], batch.targets[row, 2], batch.targets[row, 3])
      #expect(normal == (isOn ? point / Self.length(point) : .zero))
    }
  }

  @Test func bandsWorkWithWeightedRows() throws {
    var source = Self.source()
    source.rowCount = 200
    let batch = try source.nextBatch()
    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Double>.siren(
      inputs: 3, outputs: 1, width: 8, hiddenLayers: 1, using: &generator)
    for adjuster in [
      BandEqualizer<Double> { NestedMeanBands($0.groups) },
      InductiveGradientAdjuster(end: 3), EmpiricalNTKAdjuster(end: 3),
    ] as [any GradientAdjuster<Double>] {
      var adjuster = adjuster
      let (loss, gradient) = try adjuster.lossWithGradient(
        of: model, on: batch)
      #expect(loss > 0 && gradient.norm() > 0)
    }
  }

  // MARK: - PyTorch's values

  struct Settings: Decodable {
    let omega: Double
    let optimizer: String
  }

  @Test func trainingAsFINERDoes() throws {
    let reference = try FieldReference<Settings>("sdf-finer")
    let model: CoordinateNetwork<Double> = try reference.network(
      activation: VariableSine(frequency: reference.settings.omega))
    let points = Self.points(try reference.tensor("points"))
    let known = try reference.tensor("targets", as: Double.self).elements
    var source = SurfaceSamples<Double>(around: points) { _ in known }
    source.groupSize = 1
    let batch = source.batch(at: points)
    let outputs = try TiledEvaluation(of: model).outputs(for: batch.inputs)
    try reference.expect(outputs, "values", tolerance: 1e-12)
    var identity = IdentityAdjuster<Double>()
    let (loss, gradient) = try identity.lossWithGradient(
      of: model, on: batch)
    let terms = try reference.tensor("terms", as: Double.self).elements
    #expect(abs(loss - terms[0] - terms[1]) <= 1e-12 * loss)
    for (index, entry) in gradient.layout.entries.enumerated() {
      try reference.expect(
        gradient.tensor(at: index), "gradient.\(entry.name)", tolerance: 1e-10)
    }
    let rate = try #require(
      reference.settings.optimizer.firstMatch(of: /(\d+e-\d+) constant/).flatMap { Double($0.1) })
    let losses = try reference.tensor("losses.amsgrad", as: Double.self)
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: .constant(rate), amsGrad: true),
      adjuster: GradientClipping(norm: 1))
    let found = try (0..<losses.count).map { _ in try trainer.advance(on: batch) }
    try reference.expect(Tensor(found), "losses.amsgrad", tolerance: 1e-9)
    for (name, parameter) in trainer.model.namedParameters {
      try reference.expect(parameter, "final.\(name)", tolerance: 1e-9)
    }
  }
}

extension SurfaceSamples {
  fileprivate func identityOfFirst() throws -> UInt64 {
    var copy = self
    return try copy.nextBatch().identity
  }
}
