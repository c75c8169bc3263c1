import AutoDiff
import TensorKit

/// Direct voxel grid optimization's radiance field: a grid of raw densities, and one of colours or of features for
/// a small network.
///
/// Densities are interpolated before they are activated; their unit of length is the side of a voxel of the grid in
/// its final size, so that the activation stays the same as the grid is refined. In the coarse stage the second
/// grid holds raw colours, the same from everywhere. In the fine one it holds features that a network maps to
/// colours, together with the encoded direction of view. Parameters are named `density.grid`, `k0.grid` and
/// `rgbnet.N.weight`, `rgbnet.N.bias`.
///
/// Source: C. Sun, M. Sun and H.-T. Chen, "Direct voxel grid optimization", CVPR 2022, as published with it. The
/// encoded direction has the order of ``EncodingConvention/radians``, where the published code has all frequencies
/// of a coordinate side by side.
public struct VoxelField<Scalar: TensorScalar>: RadianceField {
  /// A size of the grids, and when it is reached.
  public struct Stage: Hashable, Codable, Sendable {
    /// Which share of the training comes before it.
    public var share: Double
    /// About how many vertices the grids have then.
    public var voxels: Int

    /// A size that is reached after some share of the training.
    public init(afterShare share: Double, voxels: Int) {
      self.share = share
      self.voxels = voxels
    }

    /// The published sizes up to a final one: an eighth, a quarter, half and all of it, after 5, 10, 15 and 20
    /// percent.
    ///
    /// Training starts with a sixteenth.
    public static func doubling(to finalVoxels: Int) -> [Stage] {
      (0..<4).map {
        Stage(afterShare: 0.05 * Double($0 + 1), voxels: max(1, finalVoxels >> (3 - $0)))
      }
    }
  }

  /// Raw densities, one channel.
  public private(set) var density: VoxelGrid<Scalar>
  /// Raw colours, or features for the network.
  public private(set) var features: VoxelGrid<Scalar>
  /// From features and the encoded direction to colours; none if the grid holds colours.
  public var colorLayers: [Linear<Scalar>]
  /// What is added to raw densities.
  public private(set) var shift: Double
  /// The side of a voxel in the final size, in units of the world: the length over which densities are activated.
  public private(set) var unit: Double
  /// The sizes that are still to come, in order.
  public var stages: [Stage] = []
  /// Where no vertex of a cell, nor a neighbour, is more opaque over a unit, rays need no samples once a size is
  /// reached.
  public var leastOpacity = 1e-4
  private let directionEncoding: PositionalEncoding<Scalar>

  private init(
    box: BoundingBox, voxels: Int, finalVoxels: Int, channels: Int, shift: Double,
    colorLayers: [Linear<Scalar>], encoding: PositionalEncoding<Scalar>
  ) {
    let extents = VoxelGrid<Scalar>.extents(of: box, voxels: voxels)
    density = VoxelGrid(channels: 1, extents: extents, box: box)
    features = VoxelGrid(channels: channels, extents: extents, box: box)
    self.colorLayers = colorLayers
    self.shift = shift
    unit = VoxelGrid<Scalar>.voxelSide(of: box, voxels: finalVoxels)
    directionEncoding = encoding
  }

  /// The field of the coarse stage: densities and colours that look the same from everywhere, zero at first.
  ///
  /// - Parameters:
  ///   - box: The box that the grid fills.
  ///   - voxels: About how many vertices the grid has; 1,024,000 as published.
  ///   - initialOpacity: The opacity at first of an interval of a voxel's side; 10⁻⁶ as published.
  /// - Precondition: No side of the box is zero, there is a voxel, and the opacity is between 0 and 1.
  public static func coarse(
    box: BoundingBox, voxels: Int = 1_024_000, initialOpacity: Double = 1e-6
  ) -> VoxelField {
    VoxelField(
      box: box, voxels: voxels, finalVoxels: voxels, channels: 3,
      shift: voxelDensityShift(initialOpacity: initialOpacity), colorLayers: [],
      encoding: PositionalEncoding(inputs: 3, frequencies: 0))
  }

  /// The field of the fine stage: densities, features and a network for colours.
  ///
  /// The grids are zero at first. The network has weights and biases within ±1/√fan-in, and a last bias of zero.
  ///
  /// - Parameters:
  ///   - box: The box that the grid fills.
  ///   - voxels: About how many vertices the grid has; 160³/2⁴ as published, see ``resized(voxels:shiftDecay:)``.
  ///   - finalVoxels: How many it is to have at last; 160³ as published.
  ///   - channels: The number of features of a vertex; 12 as published.
  ///   - width: The number of units of each of the network's two hidden layers; 128 as published.
  ///   - frequencies: The number of frequencies of the encoded direction; 4 as published.
  ///   - initialOpacity: The opacity at first of an interval of a final voxel's side; 10⁻² as published.
  ///   - generator: Draws the network, layer by layer.
  /// - Precondition: No side of the box is zero, numbers are positive, and the opacity is between 0 and 1.
  public static func fine(
    box: BoundingBox, voxels: Int = 256_000, finalVoxels: Int = 4_096_000, channels: Int = 12,
    width: Int = 128, frequencies: Int = 4, initialOpacity: Double = 1e-2,
    using generator: inout some RandomNumberGenerator
  ) -> VoxelField {
    precondition(
      channels > 0 && width > 0, "\(channels) features and a network of \(width) units")
    let encoding = PositionalEncoding<Scalar>(
      inputs: 3, frequencies: frequencies, convention: .radians)
    let sizes = [channels + encoding.outputs, width, width, 3]
    var layers: [Linear<Scalar>] = []
    for (inputs, outputs) in zip(sizes, sizes.dropFirst()) {
      layers.append(
        Linear(
          inputs: inputs, outputs: outputs, biasBound: outputs == 3 && layers.count == 2 ? 0 : nil,
          using: &generator))
    }
    return VoxelField(
      box: box, voxels: voxels, finalVoxels: finalVoxels, channels: channels,
      shift: voxelDensityShift(initialOpacity: initialOpacity), colorLayers: layers,
      encoding: encoding)
  }

  /// The box that the grids fill.
  public var box: BoundingBox { density.box }

  /// A softplus over the side of a final voxel.
  public var densityActivation: DensityActivation { .softplus(shift: shift, unit: unit) }

  /// The field on finer grids, interpolated from these.
  ///
  /// - Parameters:
  ///   - voxels: About how many vertices the new grids have.
  ///   - shiftDecay: What is taken from the shift of densities; 1 as published, which makes thin mist vanish.
  /// - Precondition: There is a voxel.
  public func resized(voxels: Int, shiftDecay: Double = 1) -> VoxelField {
    var copy = self
    let extents = VoxelGrid<Scalar>.extents(of: box, voxels: voxels)
    copy.density = density.resized(to: extents)
    copy.features = features.resized(to: extents)
    copy.shift -= shiftDecay
    return copy
  }

  /// The opacities of intervals of one unit at the grid's vertices, for a mask of what is not empty.
  public var opacities: VoxelGrid<Scalar> {
    VoxelGrid(
      values: density.values.voxelOpacity(shift: Scalar(shift), interval: 1).value,
      extents: density.extents, box: box)
  }

  /// Goes on to the next size, if its share of the training is done.
  ///
  /// The step becomes shorter as the voxels do. Cells that are nearly transparent are no longer occupied.
  public mutating func refine(
    beforeStep index: Int, share: Double, occupancy: inout OccupancyGrid, step: inout Double
  ) -> RendererChange {
    guard let next = stages.first, share >= next.share else { return .nothing }
    stages.removeFirst()
    let former = density.extents
    self = resized(voxels: next.voxels)
    let cells = SIMD3<Double>(former) / SIMD3<Double>(density.extents)
    step *= cells.sum() / 3
    // A grid of one vertex along an axis has no cells.
    if (0..<3).allSatisfy({ density.extents[$0] > 1 }) {
      var finer = OccupancyGrid(above: Scalar(leastOpacity), in: opacities)
      finer.formIntersection { occupancy.isOccupied(at: $0) }
      occupancy = finer
    }
    return .parameters
  }

  /// Raw densities and features.
  public func densities(
    at points: Variable<Scalar>
  ) -> (density: Variable<Scalar>, features: Variable<Scalar>) {
    (density(points), features(points))
  }

  /// Raw colours.
  public func colors(
    of features: Variable<Scalar>, at points: Variable<Scalar>,
    along directions: Variable<Scalar>, bounds: [Int]
  ) -> Variable<Scalar> {
    guard !colorLayers.isEmpty else { return features }
    let seen = directionEncoding(directions).repeatedOverRuns(bounds: bounds)
    return colorLayers.rectified(.concatenated([features, seen], alongAxis: 1))
  }

  /// Shows both grids and the network.
  public mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&density, named: "density")
    visitor.visit(&features, named: "k0")
    visitor.visit(
      &colorLayers, named: "rgbnet", roles: ParameterRole.chain(of: colorLayers.count))
  }
}

// MARK: - State

extension VoxelField {
  /// Shows the grids with their box, the network, the activation of densities and the sizes that are still to come.
  ///
  /// - Throws: `StateError` if they do not fit each other.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    var extents = (0..<3).map { density.extents[$0] }
    try visitor.visit(&extents, named: "extents")
    try visitor.require(
      extents.count == 3 && extents.allSatisfy { (1...(1 << 12)).contains($0) }
        && extents.reduce(1, *) <= 1 << 30, of: "extents", "no grid has \(extents) vertices")
    var corners = [density.box.lower, density.box.upper].flatMap { [$0.x, $0.y, $0.z] }
    try visitor.visit(&corners, named: "box")
    try visitor.require(
      corners.count == 6 && corners.allSatisfy(\.isFinite)
        && zip(corners.prefix(3), corners.suffix(3)).allSatisfy { $0 < $1 }, of: "box",
      "no box has the corners \(corners)")
    try visitor.visit(&shift, named: "shift")
    try visitor.visit(&unit, named: "unit")
    try visitor.require(
      shift.isFinite && unit > 0 && unit.isFinite, of: "unit", "it is \(unit), shift \(shift)")
    var (shares, voxels) = (stages.map(\.share), stages.map(\.voxels))
    try visitor.visit(&shares, named: "stages.shares")
    try visitor.visit(&voxels, named: "stages.voxels")
    try visitor.require(
      shares.count == voxels.count && shares.allSatisfy(\.isFinite)
        && voxels.allSatisfy { $0 > 0 }, of: "stages.voxels",
      "there are \(shares.count) shares, and grids of \(voxels) vertices")
    var (densities, channels) = (density.values.value, features.values.value)
    let channelCount = channels.shape[1]
    try visitor.visit(&densities, named: "density.grid", keepingShape: false)
    try visitor.visit(&channels, named: "k0.grid", keepingShape: false)
    for index in colorLayers.indices {
      try visitor.visit(&colorLayers[index], named: "rgbnet.\(index)")
    }
    guard visitor.isReading else { return }
    let count = extents.reduce(1, *)
    try visitor.requireShape(densities.shape, toBe: [count, 1], of: "density.grid")
    try visitor.requireShape(channels.shape, toBe: [count, channelCount], of: "k0.grid")
    let sides = SIMD3(extents[0], extents[1], extents[2])
    let box = BoundingBox(
      lower: SIMD3(corners[0], corners[1], corners[2]),
      upper: SIMD3(corners[3], corners[4], corners[5]))
    density = VoxelGrid(values: densities, extents: sides, box: box)
    features = VoxelGrid(values: channels, extents: sides, box: box)
    stages = zip(shares, voxels).map { Stage(afterShare: $0, voxels: $1) }
  }
}
