import Foundation
import GradientAdjusters
import INRZoo
import Testing

// The code of README.md and of the articles that lead through the package, compiled and run; see
// `DocumentationTests`.

/// Takes a share of each patch's mean out of the residuals, so that more is left of what varies within it.
struct PatchDamping<Scalar: TensorScalar>: GradientAdjuster {
  var share: Scalar = 0.8

  mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) -> CotangentTransform<Scalar> {
    let patches = step.batch.groups
    guard patches.remainder.isEmpty, patches.areOfEqualSize else { return .identity }
    return .withinGroups(of: patches) { [share] cotangents, groups in
      let byPatch = cotangents.reshaped(to: [groups.count, -1, cotangents.shape[1]])
      let means = byPatch.mean(alongAxis: 1, keepingAxis: true)
      return (byPatch - means * share).reshaped(to: cotangents.shape)
    }
  }
}

/// The coordinates of a picture with `factor` times as many rows and columns, at the same places.
func refinedCoordinates(height: Int, width: Int, factor: Int) -> Tensor<Float> {
  func axis(_ count: Int) -> Tensor<Float> {
    // Pixel i of the large picture lies at (i - (factor - 1) / 2) / factor, in pixels of the small one.
    let border = Float(factor - 1) / Float(2 * factor)
    let last = Float(count - 1)
    let places = Tensor<Float>.evenlySpaced(
      over: -border...(last + border), count: count * factor)
    return places * (2 / last) - 1
  }
  let (rows, columns) = (axis(height), axis(width))
  let shape = [height * factor, width * factor, 1]
  return Tensor.concatenated(
    [
      rows.reshaped(to: [-1, 1, 1]).broadcast(to: shape),
      columns.reshaped(to: [1, -1, 1]).broadcast(to: shape),
    ], alongAxis: 2
  ).reshaped(to: [-1, 2])
}

@Suite struct GuideDocumentationTests {
  private static func temporaryFile(_ name: String) -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)-\(name)")
      .path
  }

  // README, and "Start here"
  @Test func readmeProgram() throws {
    var psnrs: [Double] = []
    func print(_ psnr: Double) { psnrs.append(psnr) }

    let signal = PictureSignal<Float>(.procedural(height: 64, width: 96), patch: 8)
    var generator = SeededGenerator(seed: 0)
    let network = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 64, using: &generator)
    let adjusters: [any GradientAdjuster<Float>] = [
      IdentityAdjuster(), InductiveGradientAdjuster(end: 10),
      BandEqualizer(CosineBands(signal.grid)),
    ]
    for adjuster in adjusters {
      var trainer = try Trainer(
        network, optimizer: Adam(learningRate: .cosine(from: 1e-3, over: 300)),
        adjuster: adjuster)
      for _ in 0..<300 { try trainer.advance(on: signal.batch) }
      let fitted = try trainer.outputs(for: signal.batch.inputs)
      print(peakSignalToNoiseRatio(of: fitted, against: signal.batch.targets))
    }

    Swift.print("the program of the README prints \(psnrs)")
    #expect(psnrs.count == 3 && psnrs[0] > 25 && psnrs[1] > psnrs[0] && psnrs[2] > psnrs[1])
  }

  // "From an empty folder to an adjuster of your own"
  @Test func fromAnEmptyFolder() throws {
    let paths = [Self.temporaryFile("picture.png"), Self.temporaryFile("fitted.png")]
    defer { for path in paths { try? FileManager.default.removeItem(atPath: path) } }
    try Picture.procedural(height: 64, width: 96).write(to: paths[0])
    struct Started { let arguments: [String] }
    let CommandLine = Started(arguments: ["Experiment"] + paths)
    var lines: [String] = []
    func print(_ words: Any...) { lines.append(words.map { "\($0)" }.joined(separator: " ")) }

    let arguments = Array(CommandLine.arguments.dropFirst())
    var picture = Picture.procedural(height: 64, width: 96)
    if let path = arguments.first {
      picture = try Picture(contentsOf: path)
      picture = try picture.averagedBlocks(of: max(1, picture.width / 128))
    }
    let signal = PictureSignal<Float>(picture, patch: 8)
    print(picture.height, "x", picture.width, "pixels in", signal.batch.groups.count, "patches")

    var generator = SeededGenerator(seed: 0)
    let network = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: signal.channels, width: 64, using: &generator)

    /// Trains a copy of the network, and gives what it has learned of each pixel.
    func fitted(by adjuster: any GradientAdjuster<Float>) throws -> Tensor<Float> {
      var trainer = try Trainer(
        network, optimizer: Adam(learningRate: .cosine(from: 1e-3, over: 300)),
        adjuster: adjuster)
      for _ in 0..<300 { try trainer.advance(on: signal.batch) }
      return try trainer.outputs(for: signal.batch.inputs)
    }

    let plain = try fitted(by: IdentityAdjuster())
    print("plain:", peakSignalToNoiseRatio(of: plain, against: signal.batch.targets), "dB")
    let fittedPath = arguments.count > 1 ? arguments[1] : "fitted.png"
    try Picture(signal.pictureValues(from: plain)).write(to: fittedPath)

    let step = TrainingStep(model: network, batch: signal.batch)
    let residuals = try step.cotangents()
    let means = residuals.reshaped(to: [signal.batch.groups.count, -1, signal.channels])
      .mean(alongAxis: 1, keepingAxis: true)
    let smooth = means.broadcast(to: [signal.batch.groups.count, 64, signal.channels])
      .reshaped(to: residuals.shape)
    for (name, part) in [("smooth", smooth), ("detail", residuals - smooth)] {
      let gradient = try step.pullback(of: part)
      print(name, gradient.dot(gradient) / part.dot(part))
    }

    let small = PictureSignal<Double>(.procedural(height: 16, width: 16), patch: 8)
    let tiny = CoordinateNetwork<Double>.siren(
      inputs: 2, outputs: 3, width: 8, using: &generator)
    for finding in checkConformance(of: PatchDamping(), on: tiny, batch: small.batch) {
      print("wrong:", finding)
    }

    for (name, adjuster) in [
      ("patches", PatchDamping()),
      ("patches and mean", ComposedAdjuster([PatchDamping(), Centering()])),
      ("IGA", InductiveGradientAdjuster(end: 10)),
      ("bands", BandEqualizer(CosineBands(signal.grid))),
    ] as [(String, any GradientAdjuster<Float>)] {
      let outputs = try fitted(by: adjuster)
      print(name, peakSignalToNoiseRatio(of: outputs, against: signal.batch.targets), "dB")
    }

    Swift.print(lines.joined(separator: "\n"))
    #expect(try Picture(contentsOf: paths[1]).width == 96)
    #expect(lines.count == 8 && !lines.contains { $0.hasPrefix("wrong") })
  }

  // "At another resolution"
  @Test func anotherResolution() throws {
    let path = Self.temporaryFile("large.png")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let picture = Picture.procedural(height: 64, width: 96)
    let signal = PictureSignal<Float>(try picture.averagedBlocks(of: 2), patch: 8)
    var generator = SeededGenerator(seed: 0)
    let network = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 64, using: &generator)
    var trainer = try Trainer(
      network, optimizer: Adam(learningRate: .cosine(from: 1e-3, over: 200)))
    for _ in 0..<200 { try trainer.advance(on: signal.batch) }

    let (height, width) = (4 * signal.height, 4 * signal.width)
    let large = try trainer.outputs(for: pixelCoordinates(height: height, width: width))
    try Picture(large.reshaped(to: [height, width, signal.channels])).write(to: path)

    #expect(try Picture(contentsOf: path).width == 192)

    let coordinates = refinedCoordinates(height: signal.height, width: signal.width, factor: 2)
    let refined = try trainer.outputs(for: coordinates)
    let psnr = peakSignalToNoiseRatio(
      of: refined.reshaped(to: [64, 96, 3]), against: picture.values(as: Float.self))

    // Each block of the refined picture is around the place of one pixel of the small one.
    let middle = coordinates.reshaped(to: [32, 2, 48, 2, 2]).mean(alongAxis: 3).mean(alongAxis: 1)
      .reshaped(to: [-1, 2])
    #expect(
      middle.largestDifference(from: pixelCoordinates(height: 32, width: 48)) < 1e-5 && psnr > 20)
  }

  // "Coming from PyTorch"
  @Test func weightsOfPyTorch() throws {
    let fromPyTorch = Self.temporaryFile("from.safetensors")
    let toPyTorch = Self.temporaryFile("to.safetensors")
    defer {
      for path in [fromPyTorch, toPyTorch] { try? FileManager.default.removeItem(atPath: path) }
    }
    var generator = SeededGenerator(seed: 0)
    let other = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 64, using: &generator)
    var file = SafeTensorsFile()
    for (name, value) in other.namedParameters {
      let parts = name.split(separator: ".")
      file.store(value, named: "\(2 * (Int(parts[1]) ?? 0)).\(parts[2])")
    }
    try file.write(to: fromPyTorch)

    var network = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 64, using: &generator)
    try network.readWeights(
      from: fromPyTorch,
      renaming: ["0": "layers.0", "2": "layers.1", "4": "layers.2", "6": "layers.3"])
    let outputs = try TiledEvaluation(of: network)
      .outputs(for: pixelCoordinates(height: 16, width: 16))

    try network.writeWeights(to: toPyTorch)

    #expect(network.parameters == other.parameters && outputs.shape == [256, 3])
    #expect(try SafeTensorsFile(contentsOf: toPyTorch).names.contains("layers.3.bias"))
  }

  // "Coming from PyTorch"
  @Test func aLoopAsInPyTorch() throws {
    let signal = PictureSignal<Float>(.procedural(height: 32, width: 48), patch: 8)
    var generator = SeededGenerator(seed: 0)

    var model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 64, using: &generator)
    var optimizer = Adam<Float>(learningRate: 1e-3)
    var adjuster = InductiveGradientAdjuster<Float>(end: 10)
    for step in 0..<100 {
      let (loss, gradient) = try adjuster.lossWithGradient(
        of: model, on: signal.batch, step: step)
      optimizer.update(&model, along: gradient)
      if step % 50 == 0 { print(step, loss) }
    }

    #expect(try TrainingStep(model: model, batch: signal.batch).lossValue() < 0.05)
  }
}
