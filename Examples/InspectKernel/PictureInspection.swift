import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What was found out about a network of two coordinates, over the pixels of a small square picture.
struct PictureInspection {
  /// Pixels along each side of the picture.
  let side: Int
  /// The largest eigenvalues of the kernel at the initial weights, descending.
  let eigenvalues: [Double]
  /// The eigenvectors that belong to them, of shape [eigenvectors, side, side].
  let eigenvectors: Tensor<Double>
  /// The first layer's units before training and after it.
  let neurons: (before: NeuronMosaic, after: NeuronMosaic)
  /// The PSNR in dB before training and after it.
  let psnrs: (before: Double, after: Double)
  /// The losses and times of the training.
  let course: TrainingCourse

  /// A frequency along each side of a picture, in cycles for each unit.
  struct Frequency: Equatable, CustomStringConvertible {
    let down: Double
    let across: Double

    var description: String { "\(NumberText.plain(down)) down, \(NumberText.plain(across)) across" }
  }

  /// The frequencies of the cosine that has most of an eigenvector's energy.
  func dominantFrequency(_ index: Int) -> Frequency {
    let plane = plane(index)
    let transform = Tensor<Double>.cosineTransform(size: side)
    let amplitudes = Tensor.matrixProduct(
      Tensor.matrixProduct(transform, plane), transform, transposingRight: true
    ).absoluteValue().elements
    let largest = amplitudes.indices.max { amplitudes[$0] < amplitudes[$1] } ?? 0
    // Row k oscillates k / 2 times over the pixels, which span 2.
    return Frequency(down: Double(largest / side) / 4, across: Double(largest % side) / 4)
  }

  /// An eigenvector as a PNG file, blue where it is negative and red where it is positive.
  func png(_ index: Int) throws -> Data {
    let plane = plane(index)
    let largest = plane.absoluteValue().largest()
    return try ColoredPlanes(
      planes: [plane], perRow: 1, range: -largest...largest, colors: .blueRed,
      magnification: max(1, 144 / side)
    ).png
  }

  /// Some eigenvectors side by side as a PNG file.
  func png(first count: Int) throws -> Data {
    let planes = (0..<min(count, eigenvalues.count)).map { index in
      let plane = plane(index)
      return plane * (1 / plane.absoluteValue().largest())
    }
    return try ColoredPlanes(
      planes: planes, perRow: planes.count, range: -1...1, colors: .blueRed,
      magnification: max(1, 144 / side)
    ).png
  }

  /// The units of both mosaics as PNG files, in common colours.
  func neuronPNGs() throws -> (before: Data, after: Data) {
    let (first, second) = (neurons.before.range, neurons.after.range)
    let range =
      min(first.lowerBound, second.lowerBound)...max(first.upperBound, second.upperBound)
    return (try neurons.before.png(over: range), try neurons.after.png(over: range))
  }

  private func plane(_ index: Int) -> Tensor<Double> {
    eigenvectors.slice(index..<(index + 1)).reshaped(to: [side, side])
  }
}

extension InspectionSettings {
  /// Takes the kernel of a network on the pixels of the embedded picture, in grey, and trains it on that.
  func inspectPicture(_ name: ModelKind, in folder: RunFolder) throws -> PictureInspection {
    try inspectPicture(name, network(name, samples: [side, side]), side: side, in: folder)
  }

  private func inspectPicture<Model: LayeredNetwork<Double>>(
    _ name: ModelKind, _ model: Model, side: Int, in folder: RunFolder
  ) throws -> PictureInspection {
    let grey = Picture.procedural(height: side, width: side).values(as: Double.self)
      .mean(alongAxis: 2, keepingAxis: true)
    let signal = PictureSignal<Double>(values: grey, patch: side)
    // All pixels are one patch, whose pixels are in order.
    let kernel = try TiledEvaluation(of: model).empiricalKernel(at: signal.batch.inputs)
    let pairs = try decomposed(kernel, of: name, count: InspectionReport.described)
    let trainer = try Trainer(
      model, optimizer: Adam(learningRate: .constant(Self.pictureRate)),
      adjuster: IdentityAdjuster())
    func psnr(_ trainer: Trainer<Model>) throws -> Double {
      peakSignalToNoiseRatio(
        of: try trainer.outputs(for: signal.batch.inputs), against: signal.batch.targets)
    }
    var run = TrainingRun(trainer, on: WholeBatch(signal.batch), findings: NoFindings())
    try train(
      &run, name, on: "picture", in: folder, measure: .psnr,
      shown: { peakSignalToNoiseRatio(meanSquaredError: $0) })
    return PictureInspection(
      side: side, eigenvalues: pairs.values.elements,
      eigenvectors: pairs.vectors.reshaped(to: [-1, side, side]),
      neurons: (NeuronMosaic(model), NeuronMosaic(run.trainer.model)),
      psnrs: (try psnr(trainer), try psnr(run.trainer)), course: run.course)
  }

  /// Adam's learning rate in the training on a picture.
  static let pictureRate = 1e-3
}
