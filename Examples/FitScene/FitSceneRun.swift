import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What came out of fitting the scene with one field and one adjuster.
struct FitSceneResult: AdjusterOutcome {
  let run: SceneRun
  var course: TrainingCourse
  /// What was measured of each test view.
  var views: [ViewMeasures] = []
  /// The files of pictures of test views, by the views' names.
  var pictures: [ViewPictures] = []
  /// The camera path; nil if there are no frames.
  var path: AnimatedPicture?
  /// How many numbers the field has.
  var parameterCount = 0
  var peakMemoryMegabytes = 0.0
  /// Writes the final weights to a path.
  let writeWeights: (_ path: String) throws -> Void
  /// Writes the weights of the best step to a path; nil if they were not kept.
  let writeBestWeights: ((_ path: String) throws -> Void)?

  var adjuster: AdjusterChoice { run.adjuster }
  var runName: String { run.name }
  var courses: [TrainingCourse] { [course] }
  var failures: [(name: String, failure: RunFailure?)] { [(run.name, course.failure)] }

  /// The mean over views; nil if there are none.
  var psnr: Double? { views.map(\.psnr).mean }
  /// The mean over views that are large enough.
  var structuralSimilarity: Double? { views.compactMap(\.structuralSimilarity).mean }

  /// The mean over views; nil unless asked for.
  var perceptualDistance: Double? { views.compactMap(\.perceptualDistance).mean }

  /// The line on standard output.
  var line: String {
    """
    adjuster=\(adjuster.name) field=\(run.field.rawValue) psnr=\(NumberText.field(psnr, 3)) \
    ssim=\(NumberText.field(structuralSimilarity, 4)) \
    seconds_per_step=\(NumberText.field(secondsPerStep, 5)) \
    peak_memory_mb=\(NumberText.field(peakMemoryMegabytes, 1))
    """
  }
}

extension FitSceneSettings {
  /// The columns of `metrics.csv`.
  static let columns = MetricsColumns(
    measures: [("batch_psnr", { peakSignalToNoiseRatio(meanSquaredError: $0) })],
    evaluation: "psnr")

  /// How many times a view is looked at in a run.
  static let evaluationCount = 20

  /// Fits each field with each adjuster in turn, from the same initial weights.
  func run<Scalar: TensorScalar>(
    _ type: Scalar.Type, in folder: RunFolder
  ) throws -> [FitSceneResult] {
    let meter = MemoryMeter()
    let scene = try subject.scene
    return try untilStopped(runs) { run in
      let memory = meter.start()
      let renderer = try renderer(of: run, scene, type)
      return try fit(run, renderer, to: scene, in: folder, memory: memory)
    }
  }

  /// About how much memory a run takes; of voxels in their smallest size.
  func estimate<Scalar: TensorScalar>(
    of run: SceneRun, _ type: Scalar.Type
  ) throws -> MemoryEstimate {
    let scene = try subject.scene
    func estimate<Model: RayRenderer<Scalar>>(_ renderer: Model) throws -> MemoryEstimate {
      var drawing = run.recipe.scene.drawing
      (drawing.count, drawing.blockSide) = (32, 1)
      var source = RayBatches<Scalar>(
        of: scene, drawing, noiseColumns: renderer.noiseColumns, seed: 0)
      var footprint = try ModelFootprint(of: renderer, on: source.nextBatch().inputs)
      let growth = run.recipe.scene.largestGrowth(for: scene)
      footprint.trainedCount = Int(min(Double(footprint.trainedCount) * growth, 0x1p59))
      footprint.storedCount = Int(min(Double(footprint.storedCount) * growth, 0x1p59))
      let rows = run.recipe.scene.drawing.count
      let side = run.recipe.scene.drawing.blockSide
      let needsOutputs = run.adjuster.parts.contains { $0.effect != .none }
      return MemoryEstimate(
        of: footprint, rowCount: rows, bytesPerNumber: MemoryLayout<Scalar>.stride,
        optimizerNumbersPerParameter: run.recipe.training.optimizer(workers: workers, type)
          .numbersPerParameter,
        keepsRecordings: needsOutputs, recordingBudget: recordingBudget,
        kernelSizes: run.adjuster.contains(.iga) ? [max(rows / (side * side), 1)] : [],
        threads: workers.threads, rowsPerTile: renderer.rowsPerTile)
    }
    return try estimate(try renderer(of: run, scene, type))
  }

  /// A fresh renderer of a run's field.
  private func renderer<Scalar: TensorScalar>(
    of run: SceneRun, _ scene: PosedScene, _: Scalar.Type
  ) throws -> any RayRenderer<Scalar> {
    var generator = SeededGenerator(seed: UInt64(run.recipe.training.seed))
    return try run.recipe.scene.renderer(of: scene, using: &generator, workers: workers)
  }

  // MARK: - Training

  private func fit<Scalar, Model: RayRenderer<Scalar>>(
    _ run: SceneRun, _ renderer: Model, to scene: PosedScene, in folder: RunFolder,
    memory: () -> Double
  ) throws -> FitSceneResult {
    let recipe = run.recipe
    let seed = adjusterSeed(recipe.training.seed)
    let source: RayBatches<Scalar> = try recipe.scene.batches(
      of: scene, noiseColumns: renderer.noiseColumns, seed: seed, workers: workers)
    let trainer = try Trainer(
      renderer, optimizer: recipe.training.optimizer(workers: workers, Scalar.self),
      adjuster: adjuster(for: run, scene, source), loss: renderer.loss, runner: runner,
      recordingBudget: recordingBudget, seed: seed)
    var training = TrainingRun(
      trainer, on: source, findings: NoFindings(),
      keepsBest: values[CheckpointOptions.keepBest])
    var storage = try storage(
      of: run.name, metrics: fileName("metrics.csv", ofRun: run.name), Self.columns, in: folder)
    let pacing = Pacing(
      steps: seconds == nil ? recipe.training.steps : nil, seconds: seconds, recipe.training)
    let quality = ViewQuality(scene, recipe.scene.drawing, workers: workers)
    var progress = try training.train(
      pacing, storage: &storage, label: run.name, showsEvaluations: true,
      prepare: { training in try maintain(&training, pacing, recipe.training) }
    ) { training, isLast in
      try evaluate(&training, quality, pacing, isLast: isLast)
    }
    progress.finish()
    return try result(of: run, training, scene, in: folder, memory: memory)
  }

  /// Lets the renderer do what is due before a step, and sets the step's learning rate.
  private func maintain<Scalar, Model: RayRenderer<Scalar>>(
    _ training: inout TrainingRun<Model, NoFindings>, _ pacing: Pacing, _ recipe: TrainingRecipe
  ) throws {
    let share = pacing.share(of: training)
    var renderer = training.trainer.model
    let change = try renderer.maintain(
      beforeStep: training.step, share: share, workers: workers)
    if change != .nothing {
      let fresh =
        change == .parameters ? recipe.optimizer(workers: workers, Scalar.self) : nil
      try training.changeModel(optimizer: fresh) { $0 = renderer }
    }
    pacing.setLearningRate(of: &training)
  }

  /// Looks at a view now and then, at as many of its pixels as take next to no time.
  private func evaluate<Scalar, Model: RayRenderer<Scalar>>(
    _ training: inout TrainingRun<Model, NoFindings>, _ quality: ViewQuality,
    _ pacing: Pacing, isLast: Bool
  ) throws {
    let last = training.course.evaluations.last?.step ?? 0
    guard training.step > last,
      isLast || pacing.isEvaluationDue(in: training, outOf: Self.evaluationCount)
    else { return }
    let value = try quality.psnr(
      of: training.trainer.plainModel(),
      raysSince: (training.step - last) * quality.drawing.count)
    training.course.note(evaluation: value)
  }

  /// A fresh adjuster for a run.
  private func adjuster<Scalar: TensorScalar>(
    for run: SceneRun, _ scene: PosedScene, _ source: RayBatches<Scalar>
  ) throws -> any GradientAdjuster<Scalar> {
    var first = source
    let center = scene.box.center
    let side = source.drawing.blockSide
    let context = AdjusterContext(
      model: run.recipe.model, inputs: first.nextBatch().inputs,
      places: .nested { $0.nestedRays(blockSide: side, around: center) },
      seed: UInt64(run.recipe.training.seed),
      dampsInProportion: run.recipe.training.schedule != .constant)
    return run.adjuster.adjuster(run.recipe.settings, for: context)
  }

  // MARK: - Results

  private func result<Scalar, Model: RayRenderer<Scalar>>(
    of run: SceneRun, _ training: TrainingRun<Model, NoFindings>, _ scene: PosedScene,
    in folder: RunFolder, memory: () -> Double
  ) throws -> FitSceneResult {
    let plain = try training.trainer.plainModel()
    let frame = try SceneFrame(of: scene, run.recipe.scene, workers: workers)
    let best = try training.best.map { try training.trainer.adjuster.folded($0.model, over: nil) }
    var result = FitSceneResult(
      run: run, course: training.course, parameterCount: plain.parameterLayout.count,
      peakMemoryMegabytes: memory(),
      writeWeights: { try frame.write(plain, to: $0) },
      writeBestWeights: best.map { best in { try frame.write(best, to: $0) } })
    if training.course.failure == nil {
      let eye = SceneEye(plain, run.recipe.scene.drawing, workers: workers)
      let test = scene.test.isEmpty ? scene.training : scene.test
      if test.count > 8 {
        TextOutput.standardError.writeLine(
          "\(run.name): measuring \(NumberText.count(test.count, "view"))")
      }
      for (index, view) in test.enumerated() {
        let (measures, rendered) = try eye.measures(
          of: view, perceptual: perceptualDistance)
        result.views.append(measures)
        if index < values[Options.pictures] {
          result.pictures.append(try eye.pictures(of: view, rendered))
        }
      }
      result.path = try eye.path(frames: values[Options.frames], of: scene)
    }
    TensorMemory.returnUnused()
    return result
  }
}

extension Batch {
  /// The rays of a batch in groups within groups: blocks of pixels within blocks twice as large, or, for single
  /// rays, cells of the places where they are nearest to a point.
  func nestedRays(blockSide side: Int, around center: SIMD3<Double>) -> RowPartition {
    guard side > 1 else {
      let rows = inputs
      let columns = rows.shape[1]
      let places = rows.withUnsafeElements { rows in
        (0..<rowCount).map { row -> SIMD3<Double> in
          func vector(_ column: Int) -> SIMD3<Double> {
            SIMD3(
              Double(rows[row * columns + column]), Double(rows[row * columns + column + 1]),
              Double(rows[row * columns + column + 2]))
          }
          let (origin, direction) = (vector(0), vector(3))
          let length = max((direction * direction).sum(), 1e-12)
          return origin + direction * (((center - origin) * direction).sum() / length)
        }
      }
      return .bisecting(Tensor<Scalar>(places))
    }
    var bounds = [0]
    for group in 0..<groups.count { bounds.append(bounds[group] + groups.size(ofGroup: group)) }
    return RowPartition(rowCount: rowCount, bounds: [bounds], names: ["blocks of \(side)"])
  }
}

extension SceneRecipe {
  /// By how much the number of parameters grows at most in training.
  func largestGrowth(for scene: PosedScene) -> Double {
    switch field {
    case .grid:
      let sides = voxelSides(for: scene)
      return max((sides[0] / (sides.last ?? sides[0])).raised(to: 3), 1)
    case .voxels: return 0x1p0 * Double(1 << min(dense.doublings.count, 30))
    case .nerf, .ngp: return 1
    }
  }
}
