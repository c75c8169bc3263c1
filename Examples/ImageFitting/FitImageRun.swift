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

  /// Shows the early picture and its step.
  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&earlyStep, named: "early_step")
    try visitor.visit(&earlyValues, named: "early_values")
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

  /// When the report's early pictures are taken: where spectral bias shows most.
  var earlyStep: Int { max(1, steps / 15) }

  private func run<Scalar, Model: Module<Scalar>>(
    _ choice: AdjusterChoice, network: Model, signal: PictureSignal<Scalar>,
    in folder: RunFolder, memory: () -> Double
  ) throws -> FitImageResult {
    func pictureValues(_ outputs: Tensor<Scalar>) -> Tensor<Float> {
      Tensor(signal.pictureValues(from: pixelRange.values(of: outputs)))
    }
    let batch = pixelRange.batch(signal.batch)
    let inputs = batch.inputs
    let trainer = try Trainer(
      start(for: choice, from: network, over: inputs),
      optimizer: recipe.training.optimizer(workers: workers, Scalar.self),
      adjuster: adjuster(choice, over: inputs, on: signal.grid), workers: workers,
      recordingBudget: recordingBudget, seed: adjusterSeed(recipe.training.seed))
    var run = TrainingRun(
      trainer, on: WholeBatch(batch), findings: PictureFindings(),
      keepsBest: values[CheckpointOptions.keepBest])
    var storage = try storage(
      of: choice.name, metrics: fileName("metrics.csv", for: choice), .picture, in: folder)
    var progress = try run.train(
      to: steps, storage: &storage, label: choice.name, loss: pixelRange.pixelError(of:),
      shown: { peakSignalToNoiseRatio(meanSquaredError: $0) }
    ) { run, isLast in
      guard run.step == earlyStep, !isLast else { return }
      run.findings = PictureFindings(
        earlyStep: earlyStep, earlyValues: pictureValues(try run.trainer.outputs(for: inputs)))
    }
    var course = run.course
    let outputs = try run.trainer.outputs(for: inputs)
    let peakMemory = memory()
    var finalPSNR = Double.nan
    if course.failure == nil {
      let (_, squares) = pixelRange.values(of: outputs).residual(from: signal.batch.targets)
      let error = squares / Double(outputs.count)
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
    let (model, metadata) = (run.trainer.model, weightMetadata(for: choice, noting: signalNote))
    let best = run.best?.model
    return FitImageResult(
      adjuster: choice, course: course, finalPSNR: finalPSNR,
      measures: course.failure == nil
        ? try PictureMeasures(
          of: values, against: picture, perceptual: perceptualDistance,
          workers: workers) : nil,
      peakMemoryMegabytes: peakMemory, early: run.findings,
      values: values,
      writeWeights: { try model.writeWeights(to: $0, metadata: metadata) },
      writeBestWeights: best.map { best in { try best.writeWeights(to: $0, metadata: metadata) } })
  }
}
