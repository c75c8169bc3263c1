import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What came out of fitting the shape with one adjuster.
struct FitShapeResult: AdjusterOutcome {
  let adjuster: AdjusterChoice
  var course: TrainingCourse
  /// Of the final network, at all voxels or, for distances, over a grid; nil where there is no inside.
  var overlap: Double?
  /// As the released code measures it, if that was asked for.
  var staleOverlap: Double?
  /// The surface that was learned, in the shape's own proportions; without triangles if there is none.
  var mesh = TriangleMesh(vertices: [], triangles: [])
  /// How far it lies from the true one; nil where one of them is empty.
  var distances: SurfaceComparison?
  /// How far each vertex of the learned surface lies from the true one; nil where one of them is empty.
  var vertexErrors: [Double]?
  /// A cut through the middle of the field, of shape [rows, columns].
  var slice: Tensor<Float>?
  var peakMemoryMegabytes = 0.0
  /// Writes the final weights to a path.
  let writeWeights: (_ path: String) throws -> Void
  /// Writes the weights of the best step to a path; nil if they were not kept.
  let writeBestWeights: ((_ path: String) throws -> Void)?

  var courses: [TrainingCourse] { [course] }
  var failures: [(name: String, failure: RunFailure?)] { [(adjuster.name, course.failure)] }

  /// The line on standard output.
  var line: String {
    """
    adjuster=\(adjuster.name) iou=\(NumberText.field(overlap, 4)) \
    chamfer=\(NumberText.field(distances?.halfSumOfMeanDistances, 6)) \
    seconds_per_step=\(NumberText.field(secondsPerStep, 5)) \
    peak_memory_mb=\(NumberText.field(peakMemoryMegabytes, 1))
    """
  }
}

extension FitShapeSettings {
  /// The columns of `metrics.csv`.
  var columns: MetricsColumns {
    MetricsColumns(stepsPerEpoch: subject.stepsPerEpoch(recipe.shape), evaluation: "iou")
  }

  /// Fits the shape with each adjuster in turn, from the same initial weights.
  func run<Scalar: TensorScalar>(
    _ type: Scalar.Type, in folder: RunFolder
  ) throws -> [FitShapeResult] {
    let network = try network(type)
    let meter = MemoryMeter()
    return try untilStopped(adjusters) { choice in
      let memory = meter.start()
      return try run(choice, network: network, in: folder, memory: memory)
    }
  }

  /// Trains on what the task asks for.
  private func run<Scalar, Model: Module<Scalar>>(
    _ choice: AdjusterChoice, network: Model, in folder: RunFolder, memory: @escaping () -> Double
  ) throws -> FitShapeResult {
    let (shape, seed) = (recipe.shape, adjusterSeed(recipe.training.seed))
    switch shape.task {
    case .occupancy:
      guard let volume = subject.volume else {
        throw ExampleFailure.software("\(subject.name) has no voxels")
      }
      let signal = VolumeSignal<Scalar>(volume, groups: shape.groups, axes: shape.axes)
      let source = signal.batches(
        groupsPerBatch: shape.groupsPerStep,
        fewestAdjusted: choice.contains(.iga) ? recipe.settings.end + 1 : 1, seed: seed)
      let task = ShapeTask(
        source: source, loss: MeanSquaredError<Scalar>(), stepsPerEpoch: source.stepsPerEpoch,
        nest: { signal.nestedGroups(of: $0) },
        probe: signal.probe(), isPositiveInside: true,
        swapsFirstTwo: shape.axes == .released)
      return try fit(choice, network, to: task, in: folder, memory: memory)
    case .signedDistance:
      let probe = subject.distanceProbe(Scalar.self, workers: workers)
      let stepsPerEpoch = subject.stepsPerEpoch(shape)
      guard shape.loss == .eikonal else {
        let task = ShapeTask(
          source: try subject.surfaceSamples(shape, seed: seed, workers: workers),
          loss: MeanSquaredError<Scalar>(), stepsPerEpoch: stepsPerEpoch, nest: \.groups,
          probe: probe, isPositiveInside: false)
        return try fit(choice, network, to: task, in: folder, memory: memory)
      }
      let task = ShapeTask(
        source: try subject.orientedPoints(shape, seed: seed), loss: EikonalLoss<Scalar>(),
        stepsPerEpoch: stepsPerEpoch, nest: \.groups, probe: probe, isPositiveInside: false)
      return try fit(
        choice, FieldWithGradient(network), to: task, in: folder, memory: memory)
    }
  }

  private func fit<Scalar, Model: Module<Scalar>>(
    _ choice: AdjusterChoice, _ network: Model, to task: ShapeTask<Scalar>,
    in folder: RunFolder, memory: () -> Double
  ) throws -> FitShapeResult {
    var first = task.source
    let inputs = try first.nextBatch().inputs
    let stale = StaleOverlap<Scalar>(stepsPerEpoch: task.stepsPerEpoch)
    var adjuster = adjuster(choice, over: inputs, groups: task.nest)
    if values[Options.staleOverlap] { adjuster = ComposedAdjuster([adjuster, stale]) }
    let trainer = try Trainer(
      start(for: choice, from: network, over: inputs),
      optimizer: recipe.training.optimizer(
        workers: workers, stepsPerEpoch: task.stepsPerEpoch, Scalar.self),
      adjuster: adjuster, loss: task.loss, runner: runner, recordingBudget: recordingBudget,
      seed: adjusterSeed(recipe.training.seed))
    var run = TrainingRun(
      trainer, on: task.source, findings: NoFindings(),
      keepsBest: values[Options.keepBest], by: task.probe == nil ? .loss : .evaluation)
    var storage = try storage(
      of: choice.name, metrics: fileName("metrics.csv", for: choice), columns, in: folder)
    try storage.start(&run)
    let pacing = pacing(stepsPerEpoch: task.stepsPerEpoch)
    warnOfEnd(of: run, pacing)
    var progress = try run.train(
      pacing, storage: &storage, label: choice.name, measure: .loss
    ) { run, isLast in
      // At the end all points are looked at, below, and fewer for a fair comparison alone.
      let isDue = isLast ? run.best != nil : pacing.isEvaluationDue(in: run, outOf: 20)
      guard isDue, let probe = task.probe else { return }
      let model = try run.trainer.plainModel(over: inputs)
      let overlap = try probe.quickOverlap(of: model, task, workers: workers)
      run.note(evaluation: overlap, isLast: isLast)
    }
    progress.finish()
    var course = run.course
    let plain = try run.trainer.plainModel(over: inputs)
    let peakMemory = memory()
    let (model, metadata) = (run.trainer.model, weightMetadata(for: choice, noting: signalNote))
    let best = run.best?.model
    var result = FitShapeResult(
      adjuster: choice, course: course, peakMemoryMegabytes: peakMemory,
      writeWeights: { try model.writeWeights(to: $0, metadata: metadata) },
      writeBestWeights: best.map { best in { try best.writeWeights(to: $0, metadata: metadata) } })
    if course.failure == nil {
      if let count = task.probe?.inputs.count, count > 4_000_000 {
        TextOutput.standardError.writeLine("\(choice.name): measuring at \(count) points")
      }
      result.overlap = try task.probe?.overlap(of: plain, task, workers: workers)
      if let overlap = result.overlap { course.note(evaluation: overlap) }
      if values[Options.staleOverlap] {
        let parts = (run.trainer.adjuster as? ComposedAdjuster<Scalar>)?.adjusters ?? []
        result.staleOverlap = parts.lazy.compactMap { $0 as? StaleOverlap<Scalar> }.first?.overlap
      }
      do { try find(&result, of: plain, task) } catch is IsosurfaceError {
        course.failure = RunFailure(step: run.step, error: .nonFinite("final output"))
      }
    }
    result.course = course
    TensorMemory.returnUnused()
    return result
  }

  /// Finds the surface that was learned, and measures it.
  private func find<Scalar, Model: Module<Scalar>>(
    _ result: inout FitShapeResult, of model: Model, _ task: ShapeTask<Scalar>
  ) throws {
    let evaluation = TiledEvaluation(of: model, workers: workers, runner: runner)
    func values(_ grid: SampleGrid) throws -> [Float] {
      let points = task.swapsFirstTwo ? grid.points.map { SIMD3($0.y, $0.x, $0.z) } : grid.points
      let outputs = try evaluation.outputs(for: Tensor<Scalar>(points))
      let columns = outputs.shape[1]
      return outputs.withUnsafeElements { outputs in
        (0..<points.count).map { Float(outputs[$0 * columns]) }
      }
    }
    let grid = subject.grid(resolution: meshResolution)
    let places = grid.coordinates(along: 0)
    let found = try TriangleMesh.isosurface(
      grid: grid, level: task.isPositiveInside ? 0.5 : 0, closingBorders: true
    ) { layer in
      var box = grid.box
      (box.lower.x, box.upper.x) = (places[layer], places[layer])
      let values = try values(
        SampleGrid(extents: [1, grid.extents[1], grid.extents[2]], box: box))
      return task.isPositiveInside ? values : values.map { -$0 }
    }
    result.mesh = subject.inOwnProportions(found)
    let plane = try values(subject.sliceGrid)
    let shades =
      task.isPositiveInside
      ? plane : plane.map { Float(subject.shade(ofDistance: Double($0))) }
    result.slice = Tensor(shades).reshaped(
      to: [subject.sliceGrid.extents[0], subject.sliceGrid.extents[1]])
    try measure(&result)
  }

  /// Measures how far the learned surface lies from the true one, or from the points of a cloud.
  private func measure(_ result: inout FitShapeResult) throws {
    let found = result.mesh
    guard found.area > 0 else { return }
    let (points, workers) = (values[Options.measurePoints], workers)
    if let mesh = subject.mesh, mesh.area > 0 {
      result.distances = SurfaceComparison(
        between: found, and: mesh, samples: points, seed: 1, workers: workers)
      result.vertexErrors = TriangleSearch(mesh, workers: workers)
        .nearest(to: found.vertices, workers: workers).map(\.distance)
    } else if let cloud = subject.ownCloud {
      result.distances = SurfaceComparison(
        between: found.sampledSurface(count: points, seed: 1), and: cloud, workers: workers)
      result.vertexErrors = PointSearch(cloud.points)
        .nearest(to: found.vertices, workers: workers).squaredDistances.map { $0.squareRoot() }
    }
  }

  /// How long a run goes on.
  private func pacing(stepsPerEpoch: Int) -> Pacing {
    let isStated = values.gives(Options.steps) || values.gives(Options.epochs)
    return Pacing(
      steps: seconds == nil || isStated ? steps : nil, seconds: seconds, recipe.training,
      stepsPerEpoch: stepsPerEpoch)
  }

  /// Says where the learning rate of a run that goes on with more steps ends before them.
  private func warnOfEnd<Model>(of run: TrainingRun<Model, NoFindings>, _ pacing: Pacing) {
    guard run.step > 0, case .cosine(let total, let factor) = recipe.training.schedule,
      total < pacing.steps
    else { return }
    let end = factor == 0 ? "zero" : "\(NumberText.plain(factor)) of the first"
    TextOutput.standardError.writeLine(
      """
      The learning rate goes on as it began, to \(end) at step \(total) of \(pacing.steps), where it stays; for a \
      longer training begin anew with more --steps
      """)
  }
}
