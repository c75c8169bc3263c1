import TensorKit

/// How differently two pictures look, by the features of a network that recognizes objects: LPIPS.
///
/// Pixels from [0, 1] are scaled to [-1, 1] and standardized by the network's constants. Features f of
/// both pictures are taken after five rectified convolutions l and divided by their norm over channels,
///
///     d = Σ_l mean_{y,x} Σ_c w_lc (f̂_l[y, x, c] - f̂'_l[y, x, c])²,   f̂ = f / (‖f‖ + 1e-10),
///
/// with weights w ≥ 0 that were fitted to people's judgements: version 0.1, with the conventions of the
/// Python package `lpips` 0.1.4.
///
/// ```swift
/// let distance = try PerceptualDistance<Float>(contentsOf: "lpips-alex.safetensors")
/// let value = try distance(of: fitted, against: picture)
/// ```
///
/// The weights are not part of this package; `Benchmarks/convert-lpips` makes the file from the published
/// ones. Arrays are named as in torchvision and `lpips`: `features.0.weight` [outputs, inputs, side,
/// side], `features.0.bias`, …, and `lin0.model.1.weight` [1, channels, 1, 1] to `lin4.model.1.weight`;
/// they tell which network it is. Other arrays are left alone.
///
/// Grey is taken for three equal channels, and an alpha channel is left out.
///
/// Source: R. Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric",
/// CVPR 2018, equation 1.
public struct PerceptualDistance<Scalar: TensorScalar>: Sendable {
  /// The network whose features are compared.
  public let backbone: PerceptualBackbone
  private let stages: [FeatureStage<Scalar>]

  /// Reads the weights.
  ///
  /// - Parameter path: A `.safetensors` file.
  /// - Throws: `FileError` if it cannot be read, lacks an array, or one has another shape than the
  ///   network's, numbers that are not finite, or negative weights of differences.
  public init(contentsOf path: String) throws {
    try self.init(SafeTensorsFile(contentsOf: path))
  }

  /// Takes the weights from a file that was read.
  ///
  /// - Parameter file: The arrays.
  /// - Throws: `FileError`, as ``init(contentsOf:)`` does.
  public init(_ file: SafeTensorsFile) throws {
    let weights = PerceptualWeights(file: file)
    let backbone = try weights.backbone()
    self.backbone = backbone
    stages = try backbone.stages.enumerated().map { index, stage in
      let convolutions = try stage.convolutions.map { layer in
        RectifiedConvolution<Scalar>(
          weight: try weights.tensor(named: layer.weightName, shape: layer.weightShape),
          bias: try weights.tensor(named: layer.biasName, shape: [layer.outputs]),
          window: layer.window)
      }
      let channels = stage.convolutions.last?.outputs ?? 0
      let head: Tensor<Scalar> = try weights.tensor(
        named: PerceptualBackbone.headName(ofStage: index), shape: [1, channels, 1, 1],
        isNegativeRefused: true)
      return FeatureStage(
        convolutions: convolutions, head: head.reshaped(to: [channels, 1]), pooling: stage.pooling)
    }
  }

  /// The distance between two pictures: 0 for equal ones.
  ///
  /// - Parameters:
  ///   - picture: A picture of any number of channels.
  ///   - reference: One of the same height and width.
  ///   - workers: The threads that share the work; the result does not depend on their number.
  /// - Throws: ``PictureError/tooSmallForFeatures(of:height:width:)`` if the network has no features of
  ///   pictures of that size.
  /// - Precondition: The heights and the widths are equal.
  public func callAsFunction(
    of picture: Picture, against reference: Picture, workers: Workers = Workers()
  ) throws -> Double {
    try layerDistances(of: picture, against: reference, workers: workers).reduce(0, +)
  }

  /// What each of the five layers adds to the distance between two pictures.
  ///
  /// - Parameters:
  ///   - picture: A picture of any number of channels.
  ///   - reference: One of the same height and width.
  ///   - workers: The threads that share the work; the results do not depend on their number.
  /// - Throws: ``PictureError/tooSmallForFeatures(of:height:width:)`` if the network has no features of
  ///   pictures of that size.
  /// - Precondition: The heights and the widths are equal.
  public func layerDistances(
    of picture: Picture, against reference: Picture, workers: Workers = Workers()
  ) throws -> [Double] {
    let (height, width) = (picture.height, picture.width)
    precondition(
      height == reference.height && width == reference.width,
      "pictures of shapes \(picture.samples.shape) and \(reference.samples.shape)")
    guard min(height, width) >= backbone.smallestSide else {
      throw PictureError.tooSmallForFeatures(of: backbone, height: height, width: width)
    }
    var (first, second) = (Self.standardized(picture), Self.standardized(reference))
    return try stages.map { stage in
      let compared = try stage.compare(first, second, workers: workers)
      (first, second) = (compared.first, compared.second)
      return compared.distance
    }
  }

  /// What the network is given for a picture, of shape [height, width, 3].
  private static func standardized(_ picture: Picture) -> Tensor<Scalar> {
    let values = picture.values(as: Double.self)
    // Grey and alpha, or colours and alpha: the last channel is alpha.
    let hasColors = picture.channels >= 3
    let colors = values.slice(0..<(hasColors ? 3 : 1), alongAxis: 2)
      .broadcast(to: [picture.height, picture.width, 3])
    let shift = Tensor<Double>([-0.030, -0.088, -0.188])
    let scale = Tensor<Double>([0.458, 0.448, 0.450])
    return Tensor<Scalar>((colors * 2 - 1 - shift) / scale)
  }
}

/// The arrays of a file of weights, checked as they are asked for.
private struct PerceptualWeights {
  let file: SafeTensorsFile

  private static let remedy = "convert the published weights with Benchmarks/convert-lpips"

  /// The network that the file is of, told by its first convolution.
  func backbone() throws -> PerceptualBackbone {
    let known = PerceptualBackbone.allCases.compactMap { backbone in
      backbone.stages.first?.convolutions.first.map { (backbone, $0) }
    }
    let name = known.first?.1.weightName ?? ""
    let shape = try array(named: name).shape
    if let found = known.first(where: { $0.1.weightShape == shape }) { return found.0 }
    let expected = known.map { "\($0.1.weightShape) for \($0.0.name)" }.joined(separator: " or ")
    throw FileError(
      .malformed, path: file.path,
      reason: "its array '\(name)' has the shape \(shape), not \(expected); \(Self.remedy)")
  }

  /// An array of a shape.
  func tensor<Scalar: TensorScalar>(
    named name: String, shape: [Int], isNegativeRefused: Bool = false
  ) throws -> Tensor<Scalar> {
    let array = try array(named: name)
    func problem(_ text: String) -> FileError {
      FileError(
        .malformed, path: file.path, reason: "its array '\(name)' \(text); \(Self.remedy)")
    }
    guard array.shape == shape else { throw problem("has the shape \(array.shape), not \(shape)") }
    let tensor = array.tensor(as: Scalar.self)
    guard tensor.isFinite else { throw problem("holds numbers that are not finite") }
    if isNegativeRefused, tensor.smallest() < 0 {
      throw problem("holds negative weights, with which there is no distance")
    }
    return tensor
  }

  private func array(named name: String) throws -> StoredArray {
    guard let array = file[name] else {
      throw FileError(
        .missing, path: file.path, reason: "it has no array named '\(name)'; \(Self.remedy)")
    }
    return array
  }
}
