import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

// The code of articles in DocC, compiled and run. `DocumentationTests` checks that
// each block there stands here, word for word; what a test adds stands before and after it.

// MARK: - Types that the articles define
// AutoDiff, "Derivatives as values"

/// The third power of each element.
struct Cube<Scalar: TensorScalar>: Primitive {
  func value(of inputs: [Tensor<Scalar>]) -> Tensor<Scalar> { inputs[0].squared() * inputs[0] }

  func pushforward(
    _ tangents: [Variable<Scalar>?], at inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    tangents[0].map { $0 * inputs[0].squared() * 3 }
  }

  func pullback(
    _ cotangent: Variable<Scalar>, at inputs: [Variable<Scalar>], output: Variable<Scalar>,
    needed: [Bool]
  ) -> [Variable<Scalar>?] {
    [cotangent * inputs[0].squared() * 3]
  }
}

extension Variable {
  /// The third power of each element.
  func cubed() -> Variable { .applying(Cube(), to: self) }
}

// README, and GradientAdjusters, "Writing an adjuster"

/// Takes a share of the residuals' mean out before they are pulled back.
struct Centring<Scalar: TensorScalar>: GradientAdjuster {
  var share: Scalar = 0.95

  mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) -> CotangentTransform<Scalar> {
    .acrossBatch { [share] cotangents in
      cotangents - cotangents.mean(alongAxis: 0) * share
    }
  }
}

// GradientAdjusters, "Writing an adjuster"

/// How fast a direction of the outputs is learned: |Jᵀ u|² / |u|².
func kernelEnergy<Model: Module>(
  of direction: Tensor<Model.Scalar>, in step: TrainingStep<Model>
) throws -> Model.Scalar {
  let pulled = try step.pullback(of: direction)
  return pulled.dot(pulled) / direction.dot(direction)
}

/// Starts every linear layer with a bias of zero.
struct ZeroBiases<Scalar: TensorScalar>: GradientAdjuster {
  mutating func prepare<Model: Module<Scalar>>(
    _ model: inout Model, using generator: inout some RandomNumberGenerator
  ) {
    var visitor = ModuleVisitor<Scalar>(onLayer: { _, _, layer in
      layer.bias = layer.bias.map { Variable(Tensor(zeros: $0.shape)) }
    })
    model.visit(&visitor)
  }
}

// MARK: - Tests

@Suite struct DocumentationExampleTests {
  private static func siren(
    outputs: Int, width: Int = 32
  ) -> CoordinateNetwork<Float> {
    var generator = SeededGenerator(seed: 1)
    return .siren(inputs: 2, outputs: outputs, width: width, using: &generator)
  }

  private static func temporaryFile(_ name: String) -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)-\(name)")
      .path
  }

  // TensorKit, "Axes and shapes"
  @Test func axesAndShapes() {
    let inputs = Tensor<Float>([[0, 0], [0, 1], [1, 0]])  // [samples 3, inputs 2]
    let weight = Tensor<Float>([[1, 2]])  // [outputs 1, inputs 2]
    let outputs = Tensor.matrixProduct(inputs, weight, transposingRight: true)  // [3, 1]

    let centred = inputs - inputs.mean(alongAxis: 0)  // [2] is stretched over the samples
    let sizes = inputs.sum(alongAxis: 1, keepingAxis: true)  // [3, 1]
    let firstTwo = inputs.slice(0..<2)  // [2, 2]
    let chosen = inputs.rows(at: [2, 0])  // [2, 2]

    #expect(outputs == Tensor([[0], [2], [1]]))
    #expect(centred.sum(alongAxis: 0).largestDifference(from: Tensor(zeros: [2])) < 1e-6)
    #expect(sizes == Tensor([[0], [1], [1]]))
    #expect(firstTwo == Tensor([[0, 0], [0, 1]]))
    #expect(chosen == Tensor([[1, 0], [0, 0]]))
  }

  // TensorKit, "Axes and shapes"
  @Test func sameBitsForAnyNumberOfThreads() throws {
    let parts = try Workers(threads: 2).map(8) { piece in
      var generator = SeededGenerator(seed: UInt64(piece))
      return Tensor<Double>.normal(shape: [1000], using: &generator).sum()
    }
    let total = parts.reduce(0, +)

    let alone = try Workers(threads: 1).map(8) { piece in
      var generator = SeededGenerator(seed: UInt64(piece))
      return Tensor<Double>.normal(shape: [1000], using: &generator).sum()
    }
    #expect(total == alone.reduce(0, +))
  }

  // TensorKit, the landing page
  @Test func tensorsInFiles() throws {
    let path = Self.temporaryFile("weights.safetensors")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let weight = Tensor<Float>([[1, 2], [3, 4]])
    var file = SafeTensorsFile()
    file.store(weight, named: "layers.0.weight")
    try file.write(to: path)
    let read = try SafeTensorsFile(contentsOf: path)
      .tensor(named: "layers.0.weight", as: Float.self)

    #expect(read == weight)
  }

  // AutoDiff, "Derivatives as values"
  @Test func gradients() {
    let x = Variable(Tensor<Double>([0.5, 1, 2]))
    let slope = gradient(at: x) { x in (x.squared() * x).sum() }  // 3 x²

    #expect(slope.value.largestDifference(from: Tensor([0.75, 3, 12])) < 1e-12)

    let change = valueWithPushforward(at: [x], along: [Variable(Tensor([1, 0, 0]))]) { inputs in
      inputs[0].cubed()
    }

    #expect(change.derivative.value.largestDifference(from: Tensor([0.75, 0, 0])) < 1e-12)
    #expect(gradient(at: x) { $0.cubed().sum() }.value == slope.value)
    let column = x.reshaped(to: [3, 1])
    let second = laplacian(at: column) { $0.cubed() }
    #expect(second.value.largestDifference(from: Tensor([[3], [6], [12]])) < 1e-12)
  }

  // AutoDiff, "Derivatives as values"
  @Test func gradientOfAModel() {
    var generator = SeededGenerator(seed: 1)
    var model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 1, width: 32, using: &generator)
    let before = model

    let inputs = Variable(Tensor<Float>.uniform(over: -1...1, shape: [16, 2], using: &generator))
    let targets = Variable(Tensor<Float>(repeating: 0.5, shape: [16, 1]))
    let (loss, slopes) = valueWithGradient(at: model) { model in
      (model(inputs) - targets).squared().mean()
    }
    var optimizer = SGD<Float>(learningRate: 1e-3)
    optimizer.update(&model, along: slopes)

    let after = (model(inputs) - targets).squared().mean().scalar
    #expect(after < loss)
    #expect(before.parameters != model.parameters)
    #expect(slopes["layers.0.weight"]?.shape == [32, 2])
  }

  // AutoDiff, "Derivatives as values"
  @Test func secondDerivatives() {
    let points: Tensor<Float> = pixelCoordinates(height: 4, width: 4)
    let model = Self.siren(outputs: 1)

    let curvature = laplacian(at: Variable(points)) { model($0) }  // [samples, 1]
    let eikonal = valueWithGradient(at: model) { model in
      let slope = gradient(at: Variable(points)) { model($0).sum() }  // [samples, inputs]
      let length = slope.squared().summed(to: [points.shape[0], 1]).squareRoot()
      return (length - 1).squared().mean()
    }

    #expect(curvature.shape == [16, 1] && curvature.value.isFinite)
    #expect(eikonal.value > 0 && eikonal.gradient.norm() > 0)
  }

  // AutoDiff, "Row tiles"
  @Test func rowTiles() throws {
    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 1, width: 32, using: &generator)
    let inputs: Tensor<Float> = pixelCoordinates(height: 24, width: 24)
    let targets = Tensor<Float>(repeating: 0.5, shape: [inputs.shape[0], 1])

    let evaluation = TiledEvaluation(of: model, workers: Workers(threads: 2))
    var pass = BatchPass(of: evaluation, over: Rows(inputs))
    let sweep = try pass.pullBack(adding: ShardSum<Double>.self) { _, rows, outputs, sum in
      let residual = outputs - targets.rows(in: rows)
      sum.value += Double(residual.dot(residual))
      return residual * (2 / Float(targets.count))
    }
    let loss = sweep.sum.value / Double(targets.count)

    let whole = valueWithGradient(at: model) { model in
      (model(Variable(inputs)) - Variable(targets)).squared().mean()
    }
    #expect(abs(loss - Double(whole.value)) < 1e-5 * loss)
    #expect(
      sweep.gradient.values.isApproximatelyEqual(
        to: whole.gradient.values, relativeTolerance: 1e-4))
    let cotangents = try evaluation.outputs(for: inputs)

    let alone = try TiledEvaluation(of: model, workers: Workers(threads: 1))
      .pullback(of: cotangents, for: inputs)
    let shared = try evaluation.pullback(of: cotangents, for: inputs)
    let isSame = alone == shared  // true, to the last bit

    #expect(isSame)
  }

  // GradientAdjusters, "Writing an adjuster"
  @Test func writingAnAdjuster() throws {
    let signal = PictureSignal<Float>(.procedural(height: 32, width: 32), patch: 8)
    let batch = signal.batch
    let initial = Self.siren(outputs: 3)

    var losses: [String: Double] = [:]
    let adjusters: [(String, any GradientAdjuster<Float>)] = [
      ("plain", IdentityAdjuster()), ("centred", Centring()),
      ("both", ComposedAdjuster([Centring(), InductiveGradientAdjuster(end: 4)])),
    ]
    for (name, adjuster) in adjusters {
      var trainer = try Trainer(
        initial, optimizer: Adam(learningRate: 1e-3), adjuster: adjuster)
      for _ in 0..<100 { losses[name] = try trainer.advance(on: batch) }
    }

    #expect(losses.count == 3 && losses.values.allSatisfy { $0 < 0.05 })

    var model = initial
    let trainer = try Trainer(
      initial, optimizer: Adam(learningRate: 1e-3), adjuster: ZeroBiases())
    #expect(trainer.model.layers.allSatisfy { $0.bias?.value.norm() == 0 })

    var adjuster = GradientAveraging<Float>()
    for step in 0..<2 {
      let (_, gradient) = try adjuster.lossWithGradient(of: model, on: batch, step: step)
      var optimizer = SGD<Float>(learningRate: 1e-3)
      optimizer.update(&model, along: gradient)
    }
    #expect(model.parameters != initial.parameters)
  }

  // GradientAdjusters, "Writing an adjuster"
  @Test func kernelEnergies() throws {
    let signal = PictureSignal<Float>(.procedural(height: 32, width: 32), patch: 8)
    let batch = signal.batch
    let model = Self.siren(outputs: 3, width: 64)

    let step = TrainingStep(model: model, batch: batch)
    let constant = Tensor<Float>(repeating: 1, shape: batch.targets.shape)
    var generator = SeededGenerator(seed: 0)
    let noise = Tensor<Float>.normal(shape: batch.targets.shape, using: &generator)
    let ratio = try kernelEnergy(of: constant, in: step) / kernelEnergy(of: noise, in: step)

    Swift.print("the constant direction's kernel energy is \(ratio) times that of noise")
    #expect(ratio > 10)
  }

  // GradientAdjusters, "Writing an adjuster"
  @Test func checkingAnAdjuster() {
    let findings = checkConformance(of: Centring<Double>())

    #expect(findings == [])
  }

  // GradientAdjusters, "Inductive gradient adjustment"
  @Test func groupsOfManyKinds() {
    let times = (0..<100).map { (Double($0) / 10).squareRoot() }

    let runs = RowPartition(rowCount: 4096, groupSize: 64)
    let patches = RowPartition(grid: [50, 70], sides: [8, 8], keepingCutPatches: true)
    let intervals = RowPartition(coordinates: times, intervals: 16)

    #expect(runs.count == 64 && patches.count == 63 && intervals.count <= 16)
    #expect(patches.remainder.isEmpty && !patches.areOfEqualSize)
  }

  // GradientAdjusters, "Inductive gradient adjustment"
  @Test func inductiveGradientAdjustment() throws {
    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 32, using: &generator)
    let signal = PictureSignal<Float>(.procedural(height: 64, width: 64), patch: 8)
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: 1e-3),
      adjuster: InductiveGradientAdjuster(end: 10, sampling: .previousLargestResidual))
    for _ in 0..<20 { try trainer.advance(on: signal.batch) }

    #expect(trainer.step == 20)

    let step = TrainingStep(model: trainer.model, batch: signal.batch)
    let standing = try GroupSampling.center.representatives(in: step, using: &generator)
    let kernel = try step.empiricalKernel(of: standing)
    let eigenvalues = try kernel.symmetricEigenpairs().values
    let transform = try SpectralTransform(equalizing: 10, of: kernel, to: .next)

    let adjusted = Tensor.matrixProduct(
      Tensor.matrixProduct(transform.matrix, kernel), transform.vectors, transposingRight: true)
    let expected = transform.vectors.transposed() * eigenvalues[10]
    #expect(transform.dampings.count == 10)
    #expect(adjusted.isApproximatelyEqual(to: expected, relativeTolerance: 1e-2))

    let softened = try SpectralTransform(of: kernel, leading: 10) { 1 / $0.squareRoot() }

    let first = Tensor.matrixProduct(softened.vectors.slice(0..<1), softened.matrix)
    let root = softened.vectors.slice(0..<1) * (1 / eigenvalues[0].squareRoot())
    #expect(first.isApproximatelyEqual(to: root, relativeTolerance: 1e-2))
  }

  // INRZoo, "Fitting a picture"
  @Test func fittingAPicture() throws {
    let path = Self.temporaryFile("picture.png")
    let fittedPath = Self.temporaryFile("fitted.png")
    let weightsPath = Self.temporaryFile("weights.safetensors")
    defer {
      for file in [path, fittedPath, weightsPath] {
        try? FileManager.default.removeItem(atPath: file)
      }
    }
    try Picture.procedural(height: 64, width: 96).write(to: path)

    let picture = try Picture(contentsOf: path).averagedBlocks(of: 2)
    let signal = PictureSignal<Float>(picture, patch: 8)

    var generator = SeededGenerator(seed: 0)
    let network = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: signal.channels, width: 64, using: &generator)

    var trainer = try Trainer(
      network, optimizer: Adam(learningRate: .cosine(from: 1e-3, over: 100)),
      adjuster: InductiveGradientAdjuster(end: 10))
    for _ in 0..<100 { try trainer.advance(on: signal.batch) }

    let outputs = try trainer.outputs(for: signal.batch.inputs)
    let psnr = peakSignalToNoiseRatio(of: outputs, against: signal.batch.targets)
    try Picture(signal.pictureValues(from: outputs)).write(to: fittedPath)
    try trainer.plainModel().writeWeights(to: weightsPath)

    #expect(psnr > 20)
    #expect(try Picture(contentsOf: fittedPath).width == 48)

    let target = picture.values(as: Double.self)
    let residual = Tensor<Double>(signal.pictureValues(from: outputs)) - target
    let share = RadialSpectrum.relativeAmplitudes(
      of: RadialSpectrum(of: residual), to: RadialSpectrum(of: target))

    #expect(share.count == 25 && share.allSatisfy { $0.isNaN || $0 >= 0 })
    var copy = network
    try copy.readWeights(from: weightsPath)
    #expect(try copy.parameters == trainer.plainModel().parameters)
  }
}
