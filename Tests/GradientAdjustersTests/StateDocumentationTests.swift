import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

// The code about state in the article "Writing an adjuster", compiled and run; see `DocumentationTests`.

/// Averages gradients over steps.
struct GradientAveraging<Scalar: TensorScalar>: GradientAdjuster {
  var share: Scalar = 0.5
  private var average: ParameterVector<Scalar>?

  init(share: Scalar = 0.5) { self.share = share }

  mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) {
    if let average {
      gradient *= 1 - share
      gradient.add(average, scaledBy: share)
    }
    average = gradient
  }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&average, named: "average")
  }
}

/// What changes in a training loop of one's own.
struct Run<Model: Module>: Checkpointable {
  var model: Model
  var optimizer: any Optimizer<Model.Scalar>
  var adjuster: any GradientAdjuster<Model.Scalar>
  var batches = SeededGenerator(seed: 1)
  var step = 0

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&model, named: "model")
    try visitor.visit(&optimizer, named: "optimizer")
    try visitor.visit(&adjuster, named: "adjuster")
    try visitor.visit(&batches, named: "batches")
    try visitor.visit(&step, named: "step")
  }
}

@Suite struct StateDocumentationTests {
  private let initial = SmallProblem<Float>().model
  private let batch = SmallProblem<Float>().batch

  @Test func resumingATrainer() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }

    let signal = PictureSignal<Float>(.procedural(height: 16, width: 24), patch: 8)
    let batch = signal.batch
    var generator = SeededGenerator(seed: 0)
    let initial = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 16, using: &generator)

    var trainer = try Trainer(
      initial, optimizer: Adam(learningRate: 1e-3), adjuster: GradientAveraging())
    for _ in 0..<10 { try trainer.advance(on: batch) }
    try trainer.savedState().file.write(to: path)

    var resumed = try Trainer(
      initial, optimizer: Adam(learningRate: 1e-3), adjuster: GradientAveraging())
    try resumed.restore(from: SavedState(SafeTensorsFile(contentsOf: path)))

    #expect(try resumed.advance(on: batch) == trainer.advance(on: batch))
    #expect(resumed.model.parameters == trainer.model.parameters)

    resumed.learningRate = .cosine(from: 5e-4, over: 20)

    try resumed.advance(on: batch)
    try trainer.advance(on: batch)
    #expect(resumed.model.parameters != trainer.model.parameters)
  }

  /// Why a run cannot go on.
  private struct OtherSettings: Error { let names: [String] }

  @Test func checkpoints() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func train(_ run: inout Trainer<CoordinateNetwork<Float>>) throws {
      let checkpoints = CheckpointFolder(path: folder)
      let settings = ["width": "256", "learning-rate": "0.001"]
      if let (checkpoint, _) = try checkpoints.newest() {
        let differences = checkpoint.differences(from: settings)
        guard differences.isEmpty else { throw OtherSettings(names: differences) }
        try run.restore(from: checkpoint.state)
      }
      while run.step < 50 {
        try run.advance(on: batch)
        if run.step.isMultiple(of: 10) {
          try checkpoints.save(Checkpoint(run.savedState(), step: run.step, settings: settings))
        }
      }
    }
    func fresh() throws -> Trainer<CoordinateNetwork<Float>> {
      try Trainer(initial, optimizer: Adam(learningRate: 1e-3), adjuster: GradientAveraging())
    }
    var first = try fresh()
    try train(&first)
    #expect(CheckpointFolder(path: folder).steps == [40, 50])
    // As if it had been killed after step 40.
    let newest = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()[1]
    try FileManager.default.removeItem(atPath: "\(folder)/\(newest)")
    var second = try fresh()
    try train(&second)
    #expect(second.model.parameters == first.model.parameters)
  }

  @Test func resumingALoopOfOnesOwn() throws {
    func fresh() -> Run<CoordinateNetwork<Float>> {
      Run(
        model: initial, optimizer: Muon(learningRate: 1e-3),
        adjuster: ComposedAdjuster([
          InductiveGradientAdjuster(end: 3, sampling: .random), GradientAveraging(),
        ]))
    }
    func advance(_ run: inout Run<CoordinateNetwork<Float>>) throws -> Double {
      let first = Int.random(in: 0..<6, using: &run.batches)
      let part = Batch(
        inputs: batch.inputs.slice(first..<(first + 50)),
        targets: batch.targets.slice(first..<(first + 50)),
        groups: RowPartition(rowCount: 50, groupSize: 5))
      let (loss, gradient) = try run.adjuster.lossWithGradient(
        of: run.model, on: part, step: run.step)
      run.optimizer.update(&run.model, along: gradient)
      run.step += 1
      return loss
    }
    var straight = fresh()
    for _ in 0..<4 { _ = try advance(&straight) }
    var resumed = fresh()
    try resumed.restore(from: straight.savedState())
    for _ in 0..<4 { #expect(try advance(&resumed) == advance(&straight)) }
    #expect(resumed.model.parameters == straight.model.parameters && resumed.step == 8)
  }
}
