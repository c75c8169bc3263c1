import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Losses of a field and its gradient, as signed distances are learned by.
@Suite struct SignedDistanceTests {
  /// A share of the eikonal loss, and the squared residual of the values.
  struct FittedEikonal: RowLoss {
    typealias Scalar = Double
    func callAsFunction(
      _ outputs: Variable<Double>, _ targets: Tensor<Double>
    ) -> Variable<Double> {
      let residual =
        outputs.slice(0..<1, alongAxis: 1) - Variable(targets.slice(0..<1, alongAxis: 1))
      return residual.squared() + Eikonal()(outputs, targets) * 0.1
    }
  }

  // MARK: - A small field

  private static func problem(rows: Int = 61) -> (
    model: FieldWithGradient<CoordinateNetwork<Double>>, batch: Batch<Double>
  ) {
    let problem = SmallProblem<Double>(rows: rows, groupSize: 4, outputs: 1)
    let targets = problem.batch.targets.broadcast(to: [rows, 3])
    return (
      FieldWithGradient(problem.model),
      Batch(
        inputs: problem.batch.inputs, targets: targets, groups: problem.batch.groups)
    )
  }

  @Test func gradientsAreThoseOfFiniteDifferences() throws {
    let (model, batch) = Self.problem(rows: 20)
    try expectGradientOfLoss(model, batch: batch, loss: FittedEikonal())
  }

  @Test func adjustersWorkOnAFieldWithItsGradient() throws {
    let (model, batch) = Self.problem()
    for (name, adjuster) in ConformanceTests.adjusters(Double.self) where !name.contains("BN") {
      try expectSameInAllTiles(adjuster, model, batch: batch, loss: FittedEikonal())
    }
  }

  @Test func kernelsOfChosenOutputs() throws {
    let (model, batch) = Self.problem(rows: 12)
    let evaluation = TiledEvaluation(of: model)
    let ofField = try TiledEvaluation(of: model.field).empiricalKernel(at: batch.inputs)
    let chosen = try evaluation.empiricalKernel(
      at: batch.inputs, outputWeights: Tensor([1, 0, 0]))
    #expect(chosen.isApproximatelyEqual(to: ofField, relativeTolerance: 1e-12))
    let ofSum = try evaluation.empiricalKernel(at: batch.inputs)
    let explicit = try evaluation.explicitEmpiricalKernel(at: batch.inputs)
    #expect(ofSum.isApproximatelyEqual(to: explicit, relativeTolerance: 1e-12))
    #expect(!ofSum.isApproximatelyEqual(to: ofField, relativeTolerance: 0.1))
  }

  @Test func trainingBringsSlopesToOne() throws {
    let (model, batch) = Self.problem()
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: 1e-3), loss: Eikonal())
    let losses = try (0..<200).map { _ in try trainer.advance(on: batch) }
    #expect(try #require(losses.last) < 0.05 * losses[0])
  }

  // MARK: - PyTorch's values

  /// `sdf-siren` of the reference values, or of another set in the folder that FIELDS_REFERENCE names.
  private struct Reference {
    let file: SafeTensorsFile
    let batch: Batch<Double>
    let model: FieldWithGradient<CoordinateNetwork<Double>>

    init() throws {
      let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/fields").path
      let folder = ProcessInfo.processInfo.environment["FIELDS_REFERENCE"] ?? fixtures
      let file = try SafeTensorsFile(contentsOf: folder + "/sdf-siren.safetensors")
      func tensor(_ name: String) throws -> Tensor<Double> { try file.tensor(named: name) }
      let (surface, others) = (try tensor("on_surface"), try tensor("off_surface"))
      let onSurface = Tensor.concatenated(
        [Tensor(repeating: 1, shape: [surface.shape[0], 1]), try tensor("normals")], alongAxis: 1)
      self.file = file
      batch = Batch(
        inputs: .concatenated([surface, others]),
        targets: .concatenated([onSurface, Tensor(zeros: [others.shape[0], 4])]))
      var layers: [Linear<Double>] = []
      while file.names.contains("init.layers.\(layers.count).weight") {
        let name = "init.layers.\(layers.count)"
        layers.append(
          Linear(weight: try tensor("\(name).weight"), bias: try tensor("\(name).bias")))
      }
      model = FieldWithGradient(CoordinateNetwork(layers: layers, activation: Sine(frequency: 30)))
    }

    func expect(
      _ found: Tensor<Double>, _ name: String, tolerance: Double = 1e-9,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let expected = try file.tensor(named: name, as: Double.self).reshaped(to: found.shape)
      #expect(
        found.isApproximatelyEqual(to: expected, relativeTolerance: tolerance), "\(name)",
        sourceLocation: sourceLocation)
    }

    func expect(_ gradient: ParameterVector<Double>, _ name: String) throws {
      for (index, entry) in gradient.layout.entries.enumerated() {
        try expect(gradient.tensor(at: index), "gradient.\(name).\(entry.name)")
      }
    }
  }

  @Test func valuesGradientsAndLaplacians() throws {
    let reference = try Reference()
    let (model, inputs) = (reference.model, reference.batch.inputs)
    let outputs = try TiledEvaluation(of: model).outputs(for: inputs)
    try reference.expect(outputs.slice(0..<1, alongAxis: 1), "values", tolerance: 1e-12)
    try reference.expect(outputs.slice(1..<4, alongAxis: 1), "spatial_gradient", tolerance: 1e-10)
    try reference.expect(laplacian(at: Variable(inputs)) { model.field($0) }.value, "laplacian")
    let divergence = valueWithGradient(at: model) { model in
      laplacian(at: Variable(inputs)) { model.field($0) }.absoluteValue().mean()
    }
    try reference.expect(Tensor([divergence.value]), "divergence")
    try reference.expect(divergence.gradient, "divergence")
  }

  @Test func lossesAndTheirGradients() throws {
    let reference = try Reference()
    for (name, loss): (String, any RowLoss<Double>) in [
      ("total", EikonalLoss()), ("eikonal_squared", Eikonal()),
    ] {
      var identity = IdentityAdjuster<Double>()
      let (value, gradient) = try identity.lossWithGradient(
        of: reference.model, on: reference.batch, loss: loss)
      try reference.expect(Tensor([value]), name)
      try reference.expect(gradient, name)
    }
  }

  @Test func training() throws {
    let reference = try Reference()
    var trainer = try Trainer(
      reference.model, optimizer: Adam(learningRate: 1e-4), loss: EikonalLoss())
    let losses = try (0..<20).map { _ in try trainer.advance(on: reference.batch) }
    try reference.expect(Tensor(losses), "losses.adam")
    for (name, parameter) in trainer.model.namedParameters {
      try reference.expect(parameter, "final.\(name)")
    }
  }
}
