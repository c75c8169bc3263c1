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
  /// The losses and times of that training.
  let course: TrainingCourse
  /// What adjusters multiply each frequency's amplitude by.
  let filters: [Filter]
  /// How the values of each hidden layer are distributed.
  let histograms: [Histogram]
  /// A network of two coordinates of the same kind.
  let picture: PictureInspection

  /// The losses and times of both trainings.
  var courses: [TrainingCourse] { [course, picture.course] }

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
  func inspect(_ name: ModelKind, in folder: RunFolder) throws -> ModelInspection {
    try inspect(name, network(name, samples: [signal.sampleCount]), in: folder)
  }

  private func inspect<Model: LayeredNetwork<Double>>(
    _ name: ModelKind, _ model: Model, in folder: RunFolder
  ) throws -> ModelInspection {
    let size = signal.sampleCount
    let kernel = try TiledEvaluation(of: model).empiricalKernel(at: signal.inputs)
    let pairs = try decomposed(kernel, of: name)
    let values = pairs.values.elements
    let target = signal.values.reshaped(to: [size, 1])
    let shares = Tensor.matrixProduct(pairs.vectors, target).squared().elements
    let energy = target.squared().sum()
    let features = model.hiddenValues(at: Variable(signal.inputs))
    let (decays, course) = try decays(of: model, name, pairs, in: folder)
    return ModelInspection(
      name: name, kernel: kernel, eigenvalues: values, eigenvectors: pairs.vectors,
      targetShares: shares.map { $0 / energy }, decays: decays, course: course,
      filters: try filters(of: model),
      histograms: features.enumerated().map { Histogram("layer \($0 + 1)", $1.value.elements) },
      picture: try inspectPicture(name, in: folder))
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
      seed: UInt64(self.recipe.training.seed))
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
