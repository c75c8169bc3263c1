import AutoDiff
import GradientAdjusters
import TensorKit

/// Two fields that rays are rendered through, NeRF's way: a coarse one at stratified samples, whose weights say
/// where the fine one is sampled more densely.
///
/// A row is a ray; see ``RayColumns``. Its numbers to draw with are one for each stratified sample and one for each
/// further sample; without them samples are evenly spaced, as in tests.
/// Outputs are the fine field's colours and then the coarse one's, of shape [rays, 6]: fit them with
/// `ColorLoss(renderings: 2)`. No derivative flows through the places of samples.
///
/// Source: B. Mildenhall et al., "NeRF: representing scenes as neural radiance fields for view synthesis", ECCV
/// 2020, sections 4 and 5.2.
public struct HierarchicalRenderer<Field: RadianceField>: RayRenderer, KernelDefining {
  /// The type of numbers that the fields compute with.
  public typealias Scalar = Field.Scalar

  /// Sampled at stratified distances.
  public var coarse: Field
  /// Sampled at these and where the coarse field found something.
  public var fine: Field
  /// The stratified samples.
  public var sampling: StratifiedSampling
  /// How many samples the fine field has beside these.
  public var fineSamples: Int
  /// What is added to each factor of the transmittance; see ``VolumeRendering``.
  public var transmittanceFloor = 1e-10
  /// The interval of the last sample, in lengths of the ray's direction; nearly infinite as in NeRF by default, so
  /// that whatever is dense there closes the ray.
  public var lastInterval: Scalar = 1e10
  /// Which kernel stands for a ray.
  public var kernelReading: RayKernelReading = .ray

  /// A renderer of two fields.
  ///
  /// - Precondition: There are three stratified samples or more.
  public init(coarse: Field, fine: Field, sampling: StratifiedSampling, fineSamples: Int) {
    precondition(
      sampling.count >= 3 && fineSamples >= 0,
      "\(sampling.count) stratified samples and \(fineSamples) more")
    self.coarse = coarse
    self.fine = fine
    self.sampling = sampling
    self.fineSamples = fineSamples
  }

  /// One for each sample.
  public var noiseColumns: Int { sampling.count + fineSamples }

  /// Those of the fine field.
  public var samplesPerRow: Int { sampling.count + fineSamples }

  /// As many as have the field's samples of a tile.
  public var rowsPerTile: Int { max(1, fine.samplesPerTile / samplesPerRow) }

  /// The fine field's colours.
  public var adjustedOutputs: Range<Int> { 0..<3 }

  /// Two.
  public var renderings: Int { 2 }

  /// What the fine field shows of rays, and then what the coarse one does, of shape [rays, 6].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    let rays = RayRows(input)
    let first = rendering(of: coarse, rays, at: coarseSamples(of: rays))
    let second = rendering(of: fine, rays, at: fineSamples(of: rays, after: first.rendering))
    return .concatenated([second.color, first.color], alongAxis: 1)
  }

  /// What the fine field shows of rays, with depth and opacity.
  public func image(of input: Tensor<Scalar>) -> RenderedRays<Scalar> {
    let rays = RayRows(Variable(input))
    let result = renderFine(rays)
    return RenderedRays(
      colors: result.color.value, depth: result.rendering.depth.value,
      opacity: result.rendering.opacity.value)
  }

  /// The function whose kernel stands for rays.
  public var kernelModule: any Module<Scalar> {
    RayKernelModule(renderer: self, reading: kernelReading)
  }

  /// Shows both fields, named `coarse` and `fine`.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&coarse, named: "coarse")
    visitor.visit(&fine, named: "fine")
  }

  // MARK: - Parts

  /// What the fine field shows of rays; the coarse one is not differentiated.
  func renderFine(
    _ rays: RayRows<Scalar>
  ) -> (rendering: VolumeRendering<Scalar>, color: Variable<Scalar>) {
    rendering(of: fine, rays, at: fineSamples(of: rays))
  }

  /// Where the fine field is sampled.
  func fineSamples(of rays: RayRows<Scalar>) -> RaySamples<Scalar> {
    let samples = coarseSamples(of: rays)
    let points = samples.points(
      origins: Variable(rays.origins.value), directions: Variable(rays.directions.value))
    let density = coarse.densityActivation(coarse.densities(at: points).density)
    return fineSamples(
      of: rays,
      after: VolumeRendering(
        samples, density: Variable(density.value), floor: transmittanceFloor))
  }

  private func coarseSamples(of rays: RayRows<Scalar>) -> RaySamples<Scalar> {
    RaySamples(
      distances: sampling.distances(
        rayCount: rays.origins.shape[0],
        jitter: rays.noise?.slice(0..<sampling.count, alongAxis: 1)),
      lastInterval: lastInterval, lengths: rays.lengths.value)
  }

  private func fineSamples(
    of rays: RayRows<Scalar>, after rendering: VolumeRendering<Scalar>
  ) -> RaySamples<Scalar> {
    guard fineSamples > 0 else { return rendering.samples }
    let (rayCount, count) = (rendering.samples.rayCount, sampling.count)
    let uniform =
      rays.noise?.slice(count..<(count + fineSamples), alongAxis: 1)
      ?? Tensor.evenlySpaced(over: 0...1, count: fineSamples).reshaped(to: [1, fineSamples])
      .broadcast(to: [rayCount, fineSamples])
    return RaySamples(
      distances: HierarchicalSampling.refined(
        rendering.samples.distances.reshaped(to: [rayCount, count]),
        weights: rendering.weights.value.reshaped(to: [rayCount, count]), uniform: uniform),
      lastInterval: lastInterval, lengths: rays.lengths.value)
  }

  private func rendering(
    of field: Field, _ rays: RayRows<Scalar>, at samples: RaySamples<Scalar>
  ) -> (rendering: VolumeRendering<Scalar>, color: Variable<Scalar>) {
    let points = samples.points(origins: rays.origins, directions: rays.directions)
    let (raw, features) = field.densities(at: points)
    let rendering = VolumeRendering(
      samples, density: field.densityActivation(raw), floor: transmittanceFloor)
    let colors = field.colors(
      of: features, at: points, along: rays.unitDirections, bounds: samples.bounds
    ).sigmoid()
    return (rendering, rendering.color(of: colors, over: rays.background))
  }
}
