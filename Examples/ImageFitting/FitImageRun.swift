import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What came out of fitting the picture with one adjuster.
struct FitImageResult: ExperimentOutcome {
  let adjuster: AdjusterChoice
  /// The pixels' mean squared error before each step's update, and the times.
  var course = TrainingCourse()
  /// Measured after the last update.
  var finalPSNR = Double.nan
  /// Measured after the last update; nil for a run without a valid end.
  var measures: PictureMeasures?
  var peakMemoryMegabytes = 0.0
  /// The network's picture after a fifteenth of the steps, of shape [height, width, channels]; nil if
  /// the run stopped before that.
  var earlyValues: Tensor<Float>?
  /// The network's picture at the end, unclamped, of the same shape.
  var values: Tensor<Float>
  /// Writes the final weights to a path.
  let writeWeights: (_ path: String) throws -> Void

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

  var metrics: CSVTable {
    var table = CSVTable(columns: ["step", "loss", "psnr", "seconds"])
    for (step, psnr) in psnrs.enumerated() {
      table.append([
        .integer(step), .number(losses[step]), .number(psnr), .number(seconds[step]),
      ])
    }
    return table
  }
}

extension FitImageSettings {
  /// Fits the picture with each adjuster in turn, from the same initial weights.
  func run<Scalar: TensorScalar>(_ type: Scalar.Type) throws -> [FitImageResult] {
    let signal = PictureSignal<Scalar>(picture, patch: patch)
    let network = try network(type)
    return try adjusters.map { choice in
      // What came before, such as the last run's measures, is not this run's.
      TensorMemory.returnUnused()
      Machine.resetPeakMemory()
      return try run(choice, network: network, signal: signal)
    }
  }

  /// When the report's early pictures are taken: where spectral bias shows most.
  var earlyStep: Int { max(1, steps / 15) }

  private func run<Scalar, Model: Module<Scalar>>(
    _ choice: AdjusterChoice, network: Model, signal: PictureSignal<Scalar>
  ) throws -> FitImageResult {
    func pictureValues(_ outputs: Tensor<Scalar>) -> Tensor<Float> {
      Tensor(signal.pictureValues(from: pixelRange.values(of: outputs)))
    }
    let batch = pixelRange.batch(signal.batch)
    let inputs = batch.inputs
    var trainer = try Trainer(
      start(for: choice, from: network, over: inputs),
      optimizer: recipe.training.optimizer(workers: workers, Scalar.self),
      adjuster: adjuster(choice, over: inputs, on: signal.grid), workers: workers,
      recordingBudget: recordingBudget, seed: adjusterSeed(recipe.training.seed))
    var progress = StepProgress(choice.name, steps: steps)
    var course = TrainingCourse()
    var earlyValues: Tensor<Float>?
    try course.train(
      &trainer, on: batch, steps: steps, progress: &progress, loss: pixelRange.pixelError(of:),
      shown: { peakSignalToNoiseRatio(meanSquaredError: $0) }
    ) { step, trainer in
      if step == earlyStep, step < steps {
        earlyValues = pictureValues(try trainer.outputs(for: inputs))
      }
    }
    let outputs = try trainer.outputs(for: inputs)
    var finalPSNR = Double.nan
    if course.failure == nil {
      finalPSNR = peakSignalToNoiseRatio(
        of: pixelRange.values(of: outputs), against: signal.batch.targets)
      // An infinite PSNR is that of a perfect fit.
      if !(finalPSNR > -.infinity) {
        course.failure = RunFailure(step: steps, error: .nonFinite("final output"))
      }
      progress.update(step: steps, value: finalPSNR)
    }
    progress.finish()
    let values = pictureValues(outputs)
    TensorMemory.returnUnused()
    let (model, metadata) = (trainer.model, weightMetadata(for: choice))
    return FitImageResult(
      adjuster: choice, course: course, finalPSNR: finalPSNR,
      measures: course.failure == nil
        ? try PictureMeasures(
          of: values, against: picture, perceptual: perceptualDistance,
          workers: workers) : nil,
      peakMemoryMegabytes: Machine.peakMemoryMegabytes(), earlyValues: earlyValues,
      values: values,
      writeWeights: { try model.writeWeights(to: $0, metadata: metadata) })
  }
}
