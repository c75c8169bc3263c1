import AutoDiff
import ExampleSupport
import Fitting
import GradientAdjusters
import INRZoo
import TensorKit

/// What was found out about a network.
struct ModelInspection {
  let name: ModelKind
  /// The kernel at the initial weights, of shape [samples, samples].
  let kernel: Tensor<Double>
  /// Descending.
  let eigenvalues: [Double]
  /// As rows, of shape [samples, samples].
  let eigenvectors: Tensor<Double>
  /// The share of the function's energy along each eigenvector.
  let targetShares: [Double]
  /// The residual's component along some eigenvectors during training.
  let decays: [Decay]
  /// What adjusters multiply each frequency's amplitude by.
  let filters: [Filter]
  /// How the values of each hidden layer are distributed.
  let histograms: [Histogram]
  /// A network of two coordinates of the same kind.
  let picture: PictureInspection

  /// The course of the residual along an eigenvector, relative to its start.
  struct Decay {
    let index: Int
    let steps: [Int]
    let measured: [Double]
    let predicted: [Double]
  }

  /// The gain at each frequency.
  struct Filter {
    let name: String
    let frequencies: [Double]
    let gains: [Double]
  }

  /// The frequency in cycles for each unit at which an eigenvector has most of its energy.
  func dominantFrequency(_ index: Int) -> Double {
    let size = eigenvalues.count
    let vector = eigenvectors.slice(index..<(index + 1)).reshaped(to: [size, 1])
    let amplitudes = Tensor.matrixProduct(.cosineTransform(size: size), vector)
      .absoluteValue().elements
    let largest = amplitudes.indices.max { amplitudes[$0] < amplitudes[$1] } ?? 0
    // Row k oscillates k / 2 times over the points, which span 2.
    return Double(largest) / 4
  }

  /// How many of the eigenvalues count: (Σ λ)² / Σ λ².
  var effectiveRank: Double {
    let sum = eigenvalues.reduce(0, +)
    return sum * sum / eigenvalues.reduce(0) { $0 + $1 * $1 }
  }

  /// How many of the leading eigenvectors hold nine tenths of the function's energy.
  var eigenvectorsForMost: Int {
    var sum = 0.0
    return
      (targetShares.firstIndex {
        sum += $0
        return sum >= 0.9
      } ?? targetShares.count - 1) + 1
  }

  /// The line on standard output.
  var line: String {
    """
    model=\(name.rawValue) largest_eigenvalue=\(NumberText.significant(eigenvalues[0])) \
    effective_rank=\(NumberText.fixed(effectiveRank, 2)) \
    eigenvectors_for_most=\(eigenvectorsForMost)
    """
  }
}

extension InspectionSettings {
  /// Takes a network's kernel and all that follows from it.
  func inspect(_ name: ModelKind) throws -> ModelInspection {
    try inspect(name, network(name, samples: [signal.sampleCount]))
  }

  private func inspect<Model: LayeredNetwork<Double>>(
    _ name: ModelKind, _ model: Model
  ) throws -> ModelInspection {
    let size = signal.sampleCount
    let kernel = try TiledEvaluation(of: model).empiricalKernel(at: signal.inputs)
    let pairs = try decomposed(kernel, of: name)
    let values = pairs.values.elements
    let target = signal.values.reshaped(to: [size, 1])
    let shares = Tensor.matrixProduct(pairs.vectors, target).squared().elements
    let energy = target.squared().sum()
    let features = model.hiddenValues(at: Variable(signal.inputs))
    return ModelInspection(
      name: name, kernel: kernel, eigenvalues: values, eigenvectors: pairs.vectors,
      targetShares: shares.map { $0 / energy }, decays: try decays(of: model, pairs),
      filters: try filters(of: model),
      histograms: features.enumerated().map { Histogram("layer \($0 + 1)", $1.value.elements) },
      picture: try inspectPicture(name))
  }

  /// The eigenpairs of a network's kernel, all or some from the largest eigenvalue on.
  func decomposed(
    _ kernel: Tensor<Double>, of name: ModelKind, count: Int? = nil
  ) throws -> SymmetricEigenpairs<Double> {
    let pairs: SymmetricEigenpairs<Double>
    do {
      pairs = try kernel.symmetricEigenpairs(count)
    } catch {
      throw ExampleFailure.software(
        "its kernel was not decomposed: \(error); \(name.constantsRemedy)")
    }
    guard pairs.values[0] > 0 else {
      throw ExampleFailure.software(
        "its kernel is zero; \(name.constantsRemedy)")
    }
    return pairs
  }

  /// Trains by gradient descent, with the rate that takes a tenth off the first component in a step, and
  /// compares.
  ///
  /// With the mean squared error over n samples a step of rate η multiplies the residual's component
  /// along an eigenvector by 1 - 2 η λ / n, as long as the kernel stays what it is.
  private func decays(
    of model: some Module<Double>, _ pairs: SymmetricEigenpairs<Double>
  ) throws -> [ModelInspection.Decay] {
    let (values, size) = (pairs.values.elements, signal.sampleCount)
    let steps = Self.recordedSteps(to: trainingSteps)
    let indices = [0, 1, 3, 7].filter { $0 < size && values[$0] > values[0] * 1e-12 }
    var trainer = try Trainer(
      model,
      optimizer: SGD(learningRate: .constant(Double(size) / (20 * values[0]))),
      adjuster: IdentityAdjuster())
    let batch = signal.batch(groupSize: 1)
    var components: [[Double]] = []
    for step in 0...trainingSteps {
      if steps.contains(step) {
        let residual = try trainer.outputs(for: signal.inputs) - batch.targets
        components.append(Tensor.matrixProduct(pairs.vectors, residual).elements)
      }
      if step < trainingSteps { _ = try trainer.advance(on: batch) }
    }
    return indices.map { index in
      let start = components[0][index]
      return ModelInspection.Decay(
        index: index, steps: steps, measured: components.map { abs($0[index] / start) },
        predicted: steps.map { step in
          let factor = 1 - values[index] / (10 * values[0])
          return (0..<step).reduce(1) { power, _ in power * factor }
        })
    }
  }

  private var trainingSteps: Int { values[Options.steps] }

  /// Steps 0, 1, 2 and so on, ever further apart, and the last.
  static func recordedSteps(to last: Int) -> [Int] {
    let powers = sequence(first: 1) { step in
      let (next, isTooLarge) = step.addingReportingOverflow(max(1, step / 4))
      return isTooLarge ? nil : next
    }.prefix { $0 < last }
    return [0] + powers + [last]
  }

  /// The norm of what each adjuster makes of a cosine of each frequency.
  private func filters<Model: Module<Double>>(of model: Model) throws -> [ModelInspection.Filter] {
    let size = signal.sampleCount
    let cosines = Tensor<Double>.cosineTransform(size: size).transposed()
    let batch = signal.batch(groupSize: group)
    var settings = AdjusterSettings()
    settings.end = end
    settings.sampling = .center
    settings.damping = .none
    // More probes than training needs, so that single bands do not stand out by chance.
    settings.equalization.probeCount = 32
    let context = AdjusterContext(
      model: recipe(.siren), inputs: batch.inputs, places: .grid(RowGrid(extents: [size])),
      seed: UInt64(values[Options.seed]))
    let names: [(AdjusterKind, String)] = [
      (.none, "plain training"), (.empiricalNTK, "full eNTK"), (.iga, "IGA"),
      (.bands, "nested bands"), (.bandsCosine, "cosine bands"),
    ]
    return try names.map { kind, name in
      var adjuster = AdjusterChoice(kind).adjuster(settings, for: context)
      let transform = try adjuster.cotangentTransform(
        for: TrainingStep(model: model, batch: batch))
      let gains = try transform.applied(to: cosines, groups: batch.groups)
        .squared().sum(alongAxis: 0).squareRoot().elements
      return ModelInspection.Filter(
        name: name, frequencies: gains.indices.map { Double($0) / 4 }, gains: gains)
    }
  }
}
