import AutoDiff
import GradientAdjusters
import TensorKit

/// A field that rays are rendered through in steps of one length, where an occupancy grid says that something is.
///
/// A row is a ray; see ``RayColumns``. It has one number to draw with, by which its samples are moved along;
/// without it they are moved by half a step. Outputs are the colours and then a column for each term that has a
/// weight. A ray ends where next to no light is left, and colours are computed for samples that contribute alone.
/// Rays that meet nothing show the background.
///
/// Sources: T. Müller et al., "Instant neural graphics primitives", SIGGRAPH 2022, appendix E; C. Sun, M. Sun and
/// H.-T. Chen, "Direct voxel grid optimization", CVPR 2022, section 4.
public struct MarchingRenderer<Field: RadianceField>: RayRenderer {
  /// The type of numbers that the field computes with.
  public typealias Scalar = Field.Scalar

  /// How rays are followed.
  public struct Settings: Hashable, Codable, Sendable {
    /// The length of a step, in units of the world.
    public var step: Double
    /// Where rays begin, in units of the world.
    public var near: Double
    /// Where they end.
    public var far: Double
    /// A ray ends once no more than this share of the light is left.
    public var leastTransmittance = 1e-4
    /// Samples with no more weight than this have no colour.
    public var leastWeight = 0.0
    /// The weight of the distortion of a ray's weights.
    public var distortion = 0.0
    /// The weight of the entropy of a ray's opacity.
    public var opacityEntropy = 0.0
    /// How the occupancy follows the field in training; nil if it stays.
    public var occupancyRule: OccupancyRule?

    /// Steps of one length.
    ///
    /// - Precondition: The length is positive, and `near` is below `far` and not negative.
    public init(step: Double, near: Double = 0, far: Double = .infinity) {
      precondition(
        step > 0 && near >= 0 && near < far, "steps of \(step) from \(near) to \(far)")
      self.step = step
      self.near = near
      self.far = far
    }
  }

  /// The field.
  public var field: Field
  /// Where it is not empty.
  public var occupancy: OccupancyGrid
  /// How rays are followed.
  public var settings: Settings

  /// A renderer of a field.
  public init(_ field: Field, occupancy: OccupancyGrid, _ settings: Settings) {
    self.field = field
    self.occupancy = occupancy
    self.settings = settings
  }

  /// One, by which a ray's samples are moved along.
  public var noiseColumns: Int { 1 }

  /// One.
  public var renderings: Int { 1 }

  /// Those of the distortion and the entropy, where they are not zero.
  public var termWeights: [Double] {
    [settings.distortion, settings.opacityEntropy].filter { $0 != 0 }
  }

  /// More than other modules have samples: a sample's work is light, and most rays have few.
  public var rowsPerTile: Int { 128 }

  /// What rays show, of shape [rays, 3 + terms].
  public func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    let rays = RayRows(input)
    let (rendering, color) = render(rays)
    var outputs = [color]
    if settings.distortion != 0 {
      outputs.append(
        .distortionLoss(
          weights: rendering.weights,
          midpoints: Variable(rendering.samples.distances),
          intervals: Variable(rendering.samples.intervals), bounds: rendering.samples.bounds))
    }
    if settings.opacityEntropy != 0 { outputs.append(.opacityLoss(rendering.opacity)) }
    return outputs.count == 1 ? color : .concatenated(outputs, alongAxis: 1)
  }

  /// What rays show, with depth and opacity.
  public func image(of input: Tensor<Scalar>) -> RenderedRays<Scalar> {
    let (rendering, color) = render(RayRows(Variable(input)))
    return RenderedRays(
      colors: color.value, depth: rendering.depth.value, opacity: rendering.opacity.value)
  }

  /// Shows the field, under its own names.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) { field.visit(&visitor) }

  /// Refines the field, and lets the occupancy follow it.
  ///
  /// - Throws: What evaluating the field throws.
  public mutating func maintain(
    beforeStep step: Int, share: Double, workers: Workers
  ) throws -> RendererChange {
    var change = field.refine(
      beforeStep: step, share: share, occupancy: &occupancy, step: &settings.step)
    if let rule = settings.occupancyRule, step > 0, step % rule.interval(atStep: step) == 0 {
      var generator = SeededGenerator(seed: UInt64(step))
      let cells = occupancy.cells(ofUpdateAtStep: step, rule: rule, using: &generator)
      let points: Tensor<Scalar> = occupancy.points(inCells: cells, using: &generator)
      let field = field
      let pointsPerPart = 4096
      let parts = try workers.map((cells.count + pointsPerPart - 1) / pointsPerPart) { part in
        let rows = (part * pointsPerPart)..<min((part + 1) * pointsPerPart, cells.count)
        let raw = field.densities(at: Variable(points.slice(rows))).density
        return field.densityActivation(raw).value
      }
      if !parts.isEmpty {
        occupancy.update(Tensor.concatenated(parts), ofCells: cells, rule: rule)
        if change == .nothing { change = .structure }
      }
    }
    return change
  }

  // MARK: - Parts

  private func render(
    _ rays: RayRows<Scalar>
  ) -> (rendering: VolumeRendering<Scalar>, color: Variable<Scalar>) {
    var samples = unhidden(samples(along: rays), rays)
    var points = samples.points(origins: rays.origins, directions: rays.directions)
    var (raw, features) = field.densities(at: points)
    var density = field.densityActivation(raw)
    let kept = samples.indices(
      untilTransmittanceOf: density.value, isAtMost: settings.leastTransmittance)
    if kept.count < samples.count {
      samples = samples.selecting(kept)
      (points, features) = (points.rows(at: kept), features.rows(at: kept))
      density = density.rows(at: kept)
    }
    let rendering = VolumeRendering(samples, density: density)
    var bounds = samples.bounds
    var seen: [Int]?
    if settings.leastWeight > 0 {
      let least = Scalar(settings.leastWeight)
      let chosen = rendering.weights.value.withUnsafeElements { weights in
        weights.indices.filter { weights[$0] > least }
      }
      if chosen.count < samples.count {
        seen = chosen
        bounds = samples.runs(of: chosen)
        (points, features) = (points.rows(at: chosen), features.rows(at: chosen))
      }
    }
    let colors = field.colors(
      of: features, at: points, along: rays.unitDirections, bounds: bounds
    ).sigmoid()
    return (rendering, rendering.color(of: colors, at: seen, over: rays.background))
  }

  /// The samples up to about where rays end, which is found some samples at a time, so that what is hidden is neither
  /// evaluated nor recorded.
  private func unhidden(
    _ samples: RaySamples<Scalar>, _ rays: RayRows<Scalar>
  ) -> RaySamples<Scalar> {
    let (count, bounds) = (16, samples.bounds)
    func hasMore(_ ray: Int, after offset: Int) -> Bool {
      bounds[ray] + offset + count < bounds[ray + 1]
    }
    var open = (0..<samples.rayCount).filter { hasMore($0, after: 0) }
    guard !open.isEmpty else { return samples }
    let (origins, directions) = (rays.origins.detached(), rays.directions.detached())
    let most = Scalar(-settings.leastTransmittance.logarithm())
    var depths = [Scalar](repeating: 0, count: samples.rayCount)
    var ends = Array(bounds.dropFirst())
    var offset = 0
    while !open.isEmpty {
      let part = samples.selecting(
        open.flatMap { (bounds[$0] + offset)..<(bounds[$0] + offset + count) })
      let raw = field.densities(at: part.points(origins: origins, directions: directions)).density
      let sums = (field.densityActivation(raw).value * part.intervals)
        .reshaped(to: [open.count, count]).sum(alongAxis: 1).elements
      offset += count
      for (place, ray) in open.enumerated() {
        depths[ray] += sums[place]
        if depths[ray] >= most { ends[ray] = bounds[ray] + offset }
      }
      open = open.filter { depths[$0] < most && hasMore($0, after: offset) }
    }
    return samples.selecting((0..<samples.rayCount).flatMap { bounds[$0]..<ends[$0] })
  }

  private func samples(along rays: RayRows<Scalar>) -> RaySamples<Scalar> {
    let count = rays.origins.shape[0]
    let lengths = rays.lengths.value
    let directions = rays.directions.value / lengths
    let jitter =
      rays.noise?.slice(0..<1, alongAxis: 1) ?? Tensor(repeating: 0.5, shape: [count, 1])
    let (bounds, places) = occupancy.samples(
      alongRaysFrom: rays.origins.value, directions: directions, near: Scalar(settings.near),
      far: Scalar(settings.far), step: Scalar(settings.step), jitter: jitter)
    let distances = Tensor(places).reshaped(to: [-1, 1])
    // Distances are in lengths of the ray's own direction.
    return RaySamples(
      bounds: bounds, distances: distances / lengths.rowsRepeated(bounds: bounds),
      intervals: Tensor(repeating: Scalar(settings.step), shape: [places.count, 1]))
  }
}

extension MarchingRenderer {
  /// Shows the field, the occupancy and the length of a step, all of which may have changed in training.
  ///
  /// - Throws: `StateError` if they do not fit.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try field.visitState(&visitor)
    var cells = OccupancyOfAnySize(occupancy)
    try visitor.visit(&cells, named: "occupancy")
    occupancy = cells.grid
    try visitor.visit(&settings.step, named: "step")
    try visitor.require(
      settings.step > 0 && settings.step.isFinite, of: "step", "a step is \(settings.step) long")
  }
}
