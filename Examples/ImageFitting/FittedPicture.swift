import AutoDiff
import ExampleSupport
import Fitting
import GradientAdjusters
import INRZoo
import TensorKit

/// A network that was fitted to a picture, read from its weight file: it has values everywhere, not at pixels only.
struct FittedPicture {
  /// The size of the picture that it was fitted to.
  let size: PictureSize
  private let network: any Module<Float>
  private let range: PixelRange

  /// Reads a file that FitImage has written.
  ///
  /// - Throws: `FileError` if it is not such a file, or its weights do not fit the network that it notes.
  init(contentsOf path: String) throws {
    let file = try SafeTensorsFile(contentsOf: path)
    (size, range, network) = try FileError.naming(path) {
      let metadata = file.metadata
      guard let model = try ModelRecipe(metadata: metadata) else {
        throw FileError(.malformed, reason: "it does not note the network that its weights are of")
      }
      let size = try PictureSize(metadata: metadata)
      let range = metadata[PixelRange.metadataKey].flatMap(PixelRange.init) ?? .unit
      var recipe = Recipe.picture
      recipe.model = model
      try recipe.takeNotedAdjusters(metadata)
      var generator = SeededGenerator(seed: 0)
      let untrained = model.network(
        Recipe.layout(height: size.height, width: size.width, channels: size.channels),
        using: &generator, Float.self)
      return (
        size, range,
        try recipe.plainNetwork(untrained, from: file, path: path, over: size, using: &generator)
      )
    }
    if let (name, _) = network.namedParameters.first(where: { !$0.value.isFinite }) {
      throw FileError(
        .malformed, path: path, reason: "its \(name) holds numbers that are not finite")
    }
  }

  /// A part of the picture, in pixels of the one that was fitted; its ends are those of its outermost pixels.
  struct Part: Equatable, Sendable {
    var left: Int
    var top: Int
    var width: Int
    var height: Int
  }

  /// The whole picture.
  var whole: Part { Part(left: 0, top: 0, width: size.width, height: size.height) }

  /// The values of a part at another number of pixels, of shape [height, width, channels].
  ///
  /// Memory is that of the values: strips of rows are evaluated one after the other.
  func values(
    of part: Part, width: Int, height: Int, workers: Workers
  ) throws -> Tensor<Float> {
    let rows = Self.coordinates(from: part.top, count: part.height, of: size.height, at: height)
    let columns = Self.coordinates(from: part.left, count: part.width, of: size.width, at: width)
    return try Self.values(of: network, at: rows, columns, range, workers: workers)
  }

  /// The coordinates of evenly spaced pixels, the first and last of which are those of a part.
  private static func coordinates(
    from first: Int, count: Int, of whole: Int, at pixels: Int
  ) -> [Float] {
    func coordinate(_ pixel: Double) -> Double {
      whole > 1 ? 2 * pixel / Double(whole - 1) - 1 : -1
    }
    let (low, high) = (coordinate(Double(first)), coordinate(Double(first + count - 1)))
    return (0..<pixels).map { pixel in
      Float(pixels > 1 ? low + (high - low) * Double(pixel) / Double(pixels - 1) : low)
    }
  }

  /// How many pixels are evaluated at once.
  private static let stripPixels = 1 << 18

  private static func values<Model: Module<Float>>(
    of network: Model, at rows: [Float], _ columns: [Float], _ range: PixelRange, workers: Workers
  ) throws -> Tensor<Float> {
    let evaluation = TiledEvaluation(of: network, workers: workers)
    let rowsPerStrip = max(stripPixels / columns.count, 1)
    var strips: [Tensor<Float>] = []
    for start in stride(from: 0, to: rows.count, by: rowsPerStrip) {
      let strip = rows[start..<min(start + rowsPerStrip, rows.count)]
      let points = strip.flatMap { row in columns.flatMap { [row, $0] } }
      let outputs = try evaluation.outputs(
        for: Tensor(points, shape: [strip.count * columns.count, 2]))
      strips.append(range.values(of: outputs).reshaped(to: [strip.count, columns.count, -1]))
    }
    return .concatenated(strips, alongAxis: 0)
  }
}

extension Recipe {
  /// Takes what a weight file notes of Fourier reparameterization and batch normalization.
  fileprivate mutating func takeNotedAdjusters(_ metadata: NamedValues<String>) throws {
    /// Options as they are typed, each with its value.
    func options(_ text: String) -> [String: String] {
      let words = text.split(separator: " ").map(String.init)
      return Dictionary(
        stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) },
        uniquingKeysWith: { $1 })
    }
    if let text = metadata[Self.fourierKey] {
      let noted = options(text)
      guard let low = noted["--fr-low"].flatMap({ Int($0) }),
        let high = noted["--fr-high"].flatMap({ Int($0) }),
        let phases = noted["--fr-phases"].flatMap({ Int($0) }),
        let amplitude = noted["--fr-alpha"].flatMap({ Double($0) })
      else {
        throw FileError(.malformed, reason: "its \(Self.fourierKey) \"\(text)\" is no basis")
      }
      settings.fourier = FourierRecipe(low: low, high: high, phases: phases, amplitude: amplitude)
    }
    if let text = metadata[Self.normalizationKey] {
      guard
        let placement = options(text)["--bn-placement"].flatMap(
          NormalizationRecipe.Placement.init(rawValue:))
      else {
        throw FileError(
          .malformed, reason: "its \(Self.normalizationKey) \"\(text)\" is no placement")
      }
      settings.normalization = NormalizationRecipe(placement)
    }
  }

  /// A network with the weights of a file and plain layers, which computes each pixel by itself.
  ///
  /// What is normalized over a batch is normalized over the pixels of the picture that was fitted.
  fileprivate func plainNetwork<Model: Module<Float>>(
    _ untrained: Model, from file: SafeTensorsFile, path: String, over size: PictureSize,
    using generator: inout SeededGenerator
  ) throws -> any Module<Float> {
    var network = untrained
    try readWeights(of: file, path: path, into: &network, using: &generator)
    let normalization: BatchNormalization<Float> =
      settings.normalization.adjuster(
        for: model, over: pixelCoordinates(height: size.height, width: size.width))
    return try normalization.folded(
      network, over: pixelCoordinates(height: size.height, width: size.width)
    ).withPlainWeights()
  }
}
