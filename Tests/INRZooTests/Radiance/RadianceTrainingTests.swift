import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Twenty steps on given rays against float64 values from PyTorch: plain training, IGA in three readings, and a
/// reparameterized feature layer.
@Suite struct RadianceTrainingTests {
  struct Settings: Decodable {
    let coarse: Int
    let fine: Int
    let near: Double
    let far: Double
    let background: String
    let end: Int
  }

  struct FourierSettings: Decodable {
    let highFrequencies: Int
    let lowFrequencies: Int
    let phases: Int
    let alpha: Double
    let appliedTo: [String]

    enum CodingKeys: String, CodingKey {
      case phases, alpha
      case highFrequencies = "high_frequencies"
      case lowFrequencies = "low_frequencies"
      case appliedTo = "applied_to"
    }
  }

  typealias Renderer = HierarchicalRenderer<RadianceNetwork<Double>>

  private func renderer<S>(
    _ reference: FieldReference<S>, _ settings: Settings, _ sizes: RadianceSettings
  ) throws -> Renderer {
    var generator = SeededGenerator(seed: 1)
    let network = RadianceNetwork<Double>(sizes.network, using: &generator)
    return HierarchicalRenderer(
      coarse: network, fine: network,
      sampling: StratifiedSampling(near: settings.near, far: settings.far, count: settings.coarse),
      fineSamples: settings.fine)
  }

  private func batch<S>(
    _ reference: FieldReference<S>, _ settings: Settings, step: Int
  ) throws -> Batch<Double> {
    let rays = Rays<Double>(
      origins: try reference.tensor("origins"), directions: try reference.tensor("directions"))
    func noise(_ name: String) throws -> Tensor<Double> {
      try reference.tensor(name).slice(step..<(step + 1)).reshaped(to: [rays.count, -1])
    }
    let color: Double = settings.background == "white" ? 1 : 0
    return Batch(
      inputs: RayColumns.rows(
        rays, background: Tensor(repeating: color, shape: [1, 3]),
        noise: .concatenated([try noise("jitter"), try noise("uniform")], alongAxis: 1)),
      targets: try reference.tensor("targets"),
      groups: RowPartition(rowCount: rays.count, groupSize: 1))
  }

  /// Trains, checks losses and returns the parameters at the end.
  private func train<S>(
    _ start: Renderer, _ reference: FieldReference<S>, _ settings: Settings, name: String,
    adjuster: any GradientAdjuster<Double>
  ) throws -> Renderer {
    var model = start
    var adjuster = adjuster
    let rates = try reference.tensor("learning_rates", as: Double.self).elements
    var optimizer = Adam<Double>(learningRate: LearningRateSchedule("given") { rates[$0] })
    var losses: (fine: [Double], coarse: [Double], total: [Double]) = ([], [], [])
    for step in rates.indices {
      let batch = try batch(reference, settings, step: step)
      let outputs = try TiledEvaluation(of: model).outputs(for: batch.inputRows)
      let errors = [0..<3, 3..<6].map { columns in
        (outputs.slice(columns, alongAxis: 1) - batch.targets).squared().mean()
      }
      let (loss, gradient) = try adjuster.lossWithGradient(
        of: model, on: batch, loss: ColorLoss(renderings: 2), step: step)
      losses.fine.append(errors[0])
      losses.coarse.append(errors[1])
      losses.total.append(loss)
      var parameters = model.parameters
      optimizer.update(&parameters, along: gradient)
      model.parameters = parameters
    }
    try reference.expect(Tensor(losses.fine), "losses.\(name).fine", tolerance: 1e-9)
    try reference.expect(Tensor(losses.coarse), "losses.\(name).coarse", tolerance: 1e-9)
    try reference.expect(Tensor(losses.total), "losses.\(name).total", tolerance: 1e-9)
    return model
  }

  private func expectParameters<S>(
    of model: Renderer, _ reference: FieldReference<S>, _ prefix: String
  ) throws {
    let parameters = model.parameters
    for entry in parameters.layout.entries {
      try reference.expect(
        try #require(parameters[entry.name]), "\(prefix).\(entry.name)", tolerance: 1e-9)
    }
  }

  static let cases: [(name: String, reading: RayKernelReading?)] = [
    ("plain", nil), ("iga-ray", .ray), ("iga-point", .point),
    ("iga-official-point", .officialPoint),
  ]

  @Test(arguments: cases.indices) func twentySteps(_ index: Int) throws {
    let (name, reading) = Self.cases[index]
    let reference = try FieldReference("nerf-training", Settings.self)
    let settings = reference.settings
    var start = try renderer(
      reference, settings,
      FieldReference("nerf-training", RadianceSettings.self).settings)
    try start.setNamedParameters(reference.parameters("init"))
    start.kernelReading = reading ?? .ray
    let adjuster: any GradientAdjuster<Double> =
      reading == nil
      ? IdentityAdjuster() : InductiveGradientAdjuster(end: settings.end, target: .next)
    let trained = try train(start, reference, settings, name: name, adjuster: adjuster)
    if reading == nil || reading == .ray {
      try expectParameters(of: trained, reference, "final.\(name)")
    }
  }

  @Test(arguments: [RayKernelReading.ray, .point, .officialPoint]) func kernelAndResiduals(
    _ reading: RayKernelReading
  ) throws {
    let reference = try FieldReference("nerf-training", Settings.self)
    let settings = reference.settings
    var model = try renderer(
      reference, settings,
      FieldReference("nerf-training", RadianceSettings.self).settings)
    try model.setNamedParameters(reference.parameters("init"))
    model.kernelReading = reading
    let name = reading == .officialPoint ? "official" : reading.rawValue
    let batch = try batch(reference, settings, step: 0)
    let step = TrainingStep(model: model, batch: batch, loss: ColorLoss<Double>(renderings: 2))
    let kernel = try step.empiricalKernel(atRows: Array(0..<batch.rowCount))
    try reference.expect(kernel, "kernel0.\(name)", tolerance: 1e-10)
    let transform = try SpectralTransform(equalizing: settings.end, of: kernel, to: .next)
    let residual =
      model(Variable(batch.inputs)).value.slice(0..<3, alongAxis: 1)
      - batch.targets
    try reference.expect(residual, "residual0.\(name)", tolerance: 1e-12)
    try reference.expect(
      transform.applied(to: residual), "adjusted_residual0.\(name)", tolerance: 1e-9)
  }

  @Test func fourierReparameterizedFeatures() throws {
    let (settings, sizes) = try (
      FieldReference("nerf-training", Settings.self).settings,
      FieldReference("nerf-training", RadianceSettings.self).settings
    )
    let reference = try FieldReference("nerf-training-fr", FourierSettings.self)
    let fourier = reference.settings
    var start = try renderer(reference, settings, sizes)
    var adjuster = FourierReparameterization<Double>(
      lowFrequencies: fourier.lowFrequencies, highFrequencies: fourier.highFrequencies,
      phases: fourier.phases, amplitude: fourier.alpha,
      layers: ["coarse", "fine"].flatMap { net in fourier.appliedTo.map { "\(net).\($0)" } })
    var generator = SeededGenerator(seed: 1)
    try adjuster.prepare(&start, using: &generator)
    try reference.expect(adjuster.basis(inputs: sizes.width), "bases", tolerance: 1e-12)
    try start.setNamedParameters(reference.parameters("init"))
    let trained = try train(start, reference, settings, name: "fr", adjuster: adjuster)
    try expectParameters(of: trained, reference, "final")
  }

  /// The same bits from any number of threads, adjusted or not.
  @Test func threads() throws {
    let reference = try FieldReference("nerf-training", Settings.self)
    var model = try renderer(
      reference, reference.settings,
      FieldReference("nerf-training", RadianceSettings.self).settings)
    try model.setNamedParameters(reference.parameters("init"))
    let batch = try batch(reference, reference.settings, step: 0)
    var adjuster = InductiveGradientAdjuster<Double>(end: 4)
    let gradients = try [1, 2, 3, 8].map { threads in
      try adjuster.lossWithGradient(
        of: model, on: batch, loss: ColorLoss(renderings: 2), step: 0,
        workers: Workers(threads: threads)
      ).gradient
    }
    #expect(gradients.dropFirst().allSatisfy { $0 == gradients[0] })
  }
}
