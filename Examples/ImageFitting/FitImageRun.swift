import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What came out of fitting the picture with one adjuster.
struct FitImageResult: AdjusterOutcome {
  let adjuster: AdjusterChoice
  /// The pixels' mean squared error before each step's update, and the times.
  var course = TrainingCourse()
  /// Measured after the last update.
  var finalPSNR = Double.nan
  /// Measured after the last update; nil for a run without a valid end.
  var measures: PictureMeasures?
  /// How many numbers the network has.
  var parameterCount = 0
  var peakMemoryMegabytes = 0.0
  /// The network's picture after a fifteenth of the steps; none if the run stopped before that.
  var early = PictureFindings()
  /// The network's picture at the end, unclamped, of the same shape.
  var values: Tensor<Float>
  /// Writes the final weights to a path.
  let writeWeights: (_ path: String) throws -> Void
  /// Writes the weights of the best step to a path; nil if they were not kept.
  let writeBestWeights: ((_ path: String) throws -> Void)?

  var losses: [Double] { course.losses }
  var seconds: [Double] { course.seconds }
  var courses: [TrainingCourse] { [course] }
  /// Why the run has no valid end, if it has none.
  var failure: RunFailure? { course.failure }
  var failures: [(name: String, failure: RunFailure?)] { [(adjuster.name, failure)] }

  /// The mean time of all steps; nil without any.
  var meanSecondsPerStep: Double? {
    losses.isEmpty ? nil : trainingSeconds / Double(losses.count)
  }

  var psnrs: [Double] { losses.map { peakSignalToNoiseRatio(meanSquaredError: $0) } }

  /// The PSNR before each step, and the final one.
  var series: MeasuredSeries {
    var series = MeasuredSeries(better: .higher)
    for (step, psnr) in psnrs.enumerated() { series.record(psnr, at: step) }
    if !finalPSNR.isNaN { series.record(finalPSNR, at: losses.count) }
    return series
  }

  /// The line on standard output.
  var line: String {
    """
    adjuster=\(adjuster.name) psnr=\(NumberText.field(finalPSNR, 3)) \
    seconds_per_step=\(NumberText.field(secondsPerStep, 5)) \
    peak_memory_mb=\(NumberText.field(peakMemoryMegabytes, 1))
    """
  }

  /// A line for each step.
  var metrics: CSVTable { MetricsColumns.picture.table(of: course) }
}

extension MetricsColumns {
  /// The PSNR beside the loss.
  static let picture = MetricsColumns(measures: [
    ("psnr", { peakSignalToNoiseRatio(meanSquaredError: $0) })
  ])
}

/// What is observed of a network that is fitted to a picture.
struct PictureFindings: Checkpointable {
  /// After how many steps the early picture was taken.
  var earlyStep = 0
  /// The network's picture at that step, of shape [height, width, channels].
  var earlyValues: Tensor<Float>?
  /// After how many steps all pixels were last looked at for the PSNR that a run is to reach.
  var lookedStep: Int?

  /// Shows the early picture and both steps.
  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&earlyStep, named: "early_step")
    try visitor.visit(&earlyValues, named: "early_values")
    try visitor.visit(&lookedStep, named: "looked_step")
  }
}

extension FitImageSettings {
  /// Fits the picture with each adjuster in turn, from the same initial weights.
  func run<Scalar: TensorScalar>(
    _ type: Scalar.Type, in folder: RunFolder
  ) throws -> [FitImageResult] {
    let signal = PictureSignal<Scalar>(picture, patch: patch)
    let network = try network(type)
    let meter = MemoryMeter()
    return try untilStopped(adjusters) {
      try run($0, network: network, signal: signal, in: folder, memory: meter.start())
    }
  }

  /// Whether it is time for the report's early picture, after a fifteenth of the training: where spectral bias shows
  /// most.
  private func isEarly<Model>(_ run: TrainingRun<Model, PictureFindings>) -> Bool {
    pacing.steps == .max
      ? run.findings.earlyValues == nil && run.step > 0 && pacing.share(of: run) >= 1 / 15
      : run.step == max(1, pacing.steps / 15)
  }

  /// The mean squared error of a network's outputs for all pixels.
  private func meanSquaredError<Scalar>(
    of outputs: Tensor<Scalar>, _ signal: PictureSignal<Scalar>
  ) -> Double {
    let (_, squares) = pixelRange.values(of: outputs).residual(from: signal.batch.targets)
    return squares / Double(outputs.count)
  }

  /// Tells a source that draws pixels by their residuals what these are, as often as takes about a tenth of the time.
  private func lookAtResiduals<Scalar, Model: Module<Scalar>>(
    _ run: inout TrainingRun<Model, PictureFindings>, of pixels: Batch<Scalar>
  ) throws {
    // A forward sweep takes about a third of a step on as many rows.
    let interval = max(10 * pixels.rowCount / (3 * rowCount), 1)
    guard case .residuals = recipe.batch, run.step > 0, run.step.isMultiple(of: interval) else {
      return
    }
    let residuals = try run.trainer.outputs(for: pixels.inputs) - pixels.targets
    run.changeSource(ImportanceSampledBatches<Scalar>.self) {
      $0.setLikelihoods(residuals.squared().sum(alongAxis: 1).squareRoot())
    }
  }

  /// Whether all pixels together have the PSNR that was asked for.
  ///
  /// Where a step sees some of the pixels, all are looked at only after steps whose own have it, and no more than
  /// takes little time.
  private func hasReachedTarget<Scalar, Model: Module<Scalar>>(
    _ run: inout TrainingRun<Model, PictureFindings>, signal: PictureSignal<Scalar>,
    inputs: Tensor<Scalar>
  ) throws -> Bool {
    guard let target = values[Options.targetPSNR], let loss = run.course.losses.last,
      peakSignalToNoiseRatio(meanSquaredError: loss) >= target
    else { return false }
    let interval = 4 * max(picture.height * picture.width / rowCount, 1)
    guard run.findings.lookedStep.map({ run.step - $0 >= interval }) ?? true else { return false }
    run.findings.lookedStep = run.step
    let error = meanSquaredError(of: try run.trainer.outputs(for: inputs), signal)
    return peakSignalToNoiseRatio(meanSquaredError: error) >= target
  }

  private func run<Scalar, Model: Module<Scalar>>(
    _ choice: AdjusterChoice, network: Model, signal: PictureSignal<Scalar>,
    in folder: RunFolder, memory: () -> Double
  ) throws -> FitImageResult {
    func pictureValues(_ outputs: Tensor<Scalar>) -> Tensor<Float> {
      Tensor(signal.pictureValues(from: pixelRange.values(of: outputs)))
    }
    let pixels = pixelRange.batch(signal.batch)
    let inputs = pixels.inputs
    let seed = adjusterSeed(recipe.training.seed)
    let (source, places) = recipe.batch.source(
      of: pixels, on: signal.grid, patch: patch, seed: seed)
    let trainer = try Trainer(
      start(for: choice, from: network, over: inputs),
      optimizer: recipe.training.optimizer(workers: workers, Scalar.self),
      adjuster: adjuster(choice, over: inputs, at: places), runner: runner,
      recordingBudget: recordingBudget, seed: seed)
    var run = TrainingRun(
      trainer, on: source, findings: PictureFindings(),
      keepsBest: values[CheckpointOptions.keepBest], averagedShare: values[Options.average])
    var storage = try storage(
      of: choice.name, metrics: fileName("metrics.csv", for: choice), .picture, in: folder)
    var progress = try run.train(
      pacing, storage: &storage, label: choice.name, loss: pixelRange.pixelError(of:),
      shown: { peakSignalToNoiseRatio(meanSquaredError: $0) },
      until: { try hasReachedTarget(&$0, signal: signal, inputs: inputs) },
      prepare: { try lookAtResiduals(&$0, of: pixels) }
    ) { run, isLast in
      guard !isLast, isEarly(run) else { return }
      run.findings = PictureFindings(
        earlyStep: run.step, earlyValues: pictureValues(try run.trainer.outputs(for: inputs)))
    }
    // What was saved goes on from the parameters themselves.
    let average = run.average
    try run.changeModel { $0 = average.applied(to: $0) }
    var course = run.course
    let outputs = try run.trainer.outputs(for: inputs)
    let peakMemory = memory()
    var finalPSNR = Double.nan
    if course.failure == nil {
      let error = meanSquaredError(of: outputs, signal)
      finalPSNR = peakSignalToNoiseRatio(meanSquaredError: error)
      // An infinite PSNR is that of a perfect fit.
      if !(finalPSNR > -.infinity) {
        course.failure = RunFailure(step: run.step, error: .nonFinite("final output"))
      }
      run.noteFinal(loss: error)
      progress.update(step: run.step, value: finalPSNR)
    }
    progress.finish()
    let values = pictureValues(outputs)
    TensorMemory.returnUnused()
    let (model, metadata) = (run.trainer.model, metadata(for: choice))
    let best = run.best?.model
    return FitImageResult(
      adjuster: choice, course: course, finalPSNR: finalPSNR,
      measures: course.failure == nil
        ? try PictureMeasures(
          of: values, against: picture, perceptual: perceptualDistance,
          workers: workers) : nil,
      parameterCount: model.parameterLayout.count, peakMemoryMegabytes: peakMemory,
      early: run.findings,
      values: values,
      writeWeights: { try model.writeWeights(to: $0, metadata: metadata) },
      writeBestWeights: best.map { best in { try best.writeWeights(to: $0, metadata: metadata) } })
  }
}
