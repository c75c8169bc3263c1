import AutoDiff
import ExampleSupport
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What came out of fitting the picture with one adjuster.
struct FitImageResult {
  let adjuster: AdjusterName
  /// The loss before each step's update.
  var losses: [Double] = []
  /// Seconds of training before each step.
  var seconds: [Double] = []
  var secondsPerStep: Double?
  /// Measured after the last update.
  var finalPSNR = Double.nan
  var peakMemoryMegabytes = 0.0
  /// The network's picture after a twentieth of the steps, of shape [height, width, channels].
  var earlyValues: Tensor<Double>
  /// The network's picture at the end, unclamped, of the same shape.
  var values: Tensor<Double>
  /// Why the run stopped early, if it did.
  var failure: String?

  var psnrs: [Double] { losses.map { peakSignalToNoiseRatio(meanSquaredError: $0) } }

  /// The PSNR before each step, and the final one.
  var series: MeasuredSeries {
    var series = MeasuredSeries(better: .higher)
    for (step, psnr) in psnrs.enumerated() { series.record(psnr, at: step) }
    if finalPSNR.isFinite { series.record(finalPSNR, at: losses.count) }
    return series
  }

  /// The line on standard output.
  var line: String {
    """
    adjuster=\(adjuster.rawValue) psnr=\(NumberText.fixed(finalPSNR, 3)) \
    seconds_per_step=\(NumberText.fixed(secondsPerStep ?? .nan, 5)) \
    peak_memory_mb=\(NumberText.fixed(peakMemoryMegabytes, 1))
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
    return try adjusters.map { name in
      Machine.resetPeakMemory()
      return try run(name, network: network, signal: signal)
    }
  }

  /// When the report's early pictures are taken: where spectral bias shows most.
  var earlyStep: Int { values[Options.steps] / 20 }

  private func run<Scalar: TensorScalar>(
    _ name: AdjusterName, network: CoordinateNetwork<Scalar>, signal: PictureSignal<Scalar>
  ) throws -> FitImageResult {
    let steps = values[Options.steps]
    let blank = Tensor<Double>(zeros: [signal.height, signal.width, signal.channels])
    var result = FitImageResult(adjuster: name, earlyValues: blank, values: blank)
    var trainer = try Trainer(
      network, optimizer: optimizer(Scalar.self), adjuster: adjuster(name, Scalar.self),
      workers: workers, seed: UInt64(values[Options.seed]))
    var progress = StepProgress(name.rawValue, steps: steps)
    var stepSeconds: [Double] = []
    var elapsed = 0.0
    progress.update(step: 0)
    do {
      for step in 0..<steps {
        if step == earlyStep {
          result.earlyValues = Tensor(
            signal.pictureValues(from: try trainer.outputs(for: signal.batch.inputs)))
        }
        let start = Machine.monotonicSeconds()
        let loss = try trainer.advance(on: signal.batch)
        let duration = Machine.monotonicSeconds() - start
        result.losses.append(loss)
        result.seconds.append(elapsed)
        stepSeconds.append(duration)
        elapsed += duration
        progress.update(step: step + 1, value: peakSignalToNoiseRatio(meanSquaredError: loss))
      }
    } catch AdjusterError.nonFinite(let what) {
      result.failure =
        "\(name.rawValue) stopped at step \(result.losses.count): "
        + AdjusterError.nonFinite(what).description
    }
    progress.finish()
    result.secondsPerStep = stepSeconds.median
    let model = try trainer.plainModel()
    let outputs = try trainer.outputs(for: signal.batch.inputs)
    if result.failure == nil {
      result.finalPSNR = peakSignalToNoiseRatio(of: outputs, against: signal.batch.targets)
    }
    result.values = Tensor(signal.pictureValues(from: outputs))
    result.peakMemoryMegabytes = Machine.peakMemoryMegabytes()
    if let file = values[Options.saveWeights] {
      let target = file.deletingLastPathComponent().appendingPathComponent(
        fileName(
          file.deletingPathExtension().lastPathComponent,
          file.pathExtension.isEmpty ? "safetensors" : file.pathExtension, for: name))
      try model.writeWeights(to: target.path)
    }
    return result
  }
}
