import Foundation
import TensorKit

/// The sizes and conventions of a ``HashGrid`` in space, in the plane or on a line.
///
/// Level l has about `coarsestResolution · growth^l` cells along each side of the box. In ``Convention/tinyCUDA``
/// the scale is that number less one, and the level has as many vertices along a side as the scale, rounded up, and
/// one more. In ``Convention/paper`` the number of cells is rounded down. All of this is computed in double
/// precision; a number of cells within a relative 10⁻⁹ of a whole number counts as whole, so that a growth worked
/// out from the finest resolution meets it. (Code in single precision may have one more vertex on such a level.)
public struct HashGridSettings: Sendable, Hashable, Codable {
  /// How points are placed in a level, and vertices in its table.
  public enum Convention: String, Sendable, CaseIterable, Codable {
    /// As in tiny-cuda-nn: the place of a point x of the unit box is `x · scale + 1/2`. A level of R vertices along
    /// a side has min(R³, in the plane R², rounded up to a multiple of 8, 2^T) rows; vertices beyond R wrap around.
    case tinyCUDA = "tiny-cuda"
    /// As in the paper: N = ⌊coarsest · growth^l⌋ cells, the place of a point is `x · N`, and a level has min((N +
    /// 1)³, 2^T) rows.
    case paper
  }

  /// How values between vertices follow from those at vertices.
  public enum Interpolation: String, Sendable, CaseIterable, Codable {
    /// Trilinear.
    case linear
    /// Trilinear in 3f² − 2f³ for the fractions f of the cell: the derivative by position is continuous.
    case smoothstep
  }

  /// The number of levels L.
  public var levels: Int
  /// The number of features F that each level has.
  public var features: Int
  /// T: a level has at most 2^T rows in the table.
  public var log2RowsPerLevel: Int
  /// The resolution of the first level.
  public var coarsestResolution: Int
  /// b, the factor from each level's resolution to the next one's.
  public var growth: Double
  /// How points are placed in a level, and vertices in its table.
  public var convention: Convention
  /// How values between vertices follow from those at vertices.
  public var interpolation: Interpolation
  /// The number of coordinates of a point, from 1 to 3.
  public var dimensions = 3

  /// Levels that grow by a factor.
  ///
  /// - Precondition: There is a level, features, at least two cells at first, at most 2²⁴ cells at last, a growth
  ///   of at least 1, and T is from 3 to 28.
  public init(
    levels: Int, features: Int, log2RowsPerLevel: Int, coarsestResolution: Int, growth: Double,
    convention: Convention = .tinyCUDA, interpolation: Interpolation = .linear
  ) {
    self.levels = levels
    self.features = features
    self.log2RowsPerLevel = log2RowsPerLevel
    self.coarsestResolution = coarsestResolution
    self.growth = growth
    self.convention = convention
    self.interpolation = interpolation
    check()
  }

  /// Levels from a coarsest to a finest resolution, in equal ratios.
  ///
  /// - Precondition: As of the other initializer; the finest resolution is not below the coarsest, and equal to it
  ///   if there is one level.
  public init(
    levels: Int, features: Int, log2RowsPerLevel: Int, coarsestResolution: Int,
    finestResolution: Int, convention: Convention = .tinyCUDA,
    interpolation: Interpolation = .linear
  ) {
    precondition(
      coarsestResolution > 0 && finestResolution >= coarsestResolution
        && (levels > 1 || finestResolution == coarsestResolution),
      "\(levels) levels from resolution \(coarsestResolution) to \(finestResolution)")
    let ratio = Double(finestResolution) / Double(coarsestResolution)
    self.init(
      levels: levels, features: features, log2RowsPerLevel: log2RowsPerLevel,
      coarsestResolution: coarsestResolution,
      growth: levels > 1 ? pow(ratio, 1 / Double(levels - 1)) : 1, convention: convention,
      interpolation: interpolation)
  }

  func check() {
    precondition(
      levels > 0 && features > 0 && coarsestResolution > 1 && growth >= 1
        && (3...28).contains(log2RowsPerLevel) && (1...3).contains(dimensions)
        && Double(coarsestResolution) * pow(growth, Double(levels - 1)) <= 16_777_216,
      """
      a hash grid of \(levels) levels with \(features) features, 2^\(log2RowsPerLevel) rows, \
      resolution \(coarsestResolution) and growth \(growth), of \(dimensions) coordinates
      """)
  }

  /// The number of features of a point on all levels together.
  public var outputs: Int { levels * features }
}

extension HashGridSettings {
  /// The sizes of ngp_pl: 16 levels of 2 features from 16 to 2048 cells for a unit box, 2¹⁹ rows each.
  ///
  /// Source: kwea123/ngp_pl, after T. Müller et al., "Instant neural graphics primitives with a multiresolution
  /// hash encoding", SIGGRAPH 2022.
  public static let ngpPyTorch = HashGridSettings(
    levels: 16, features: 2, log2RowsPerLevel: 19, coarsestResolution: 16, finestResolution: 2048)

  /// The sizes of instant-ngp's configuration `base`: 8 levels of 4 features from 16 to 2048 cells, 2¹⁹ rows each.
  public static let instantNGP = HashGridSettings(
    levels: 8, features: 4, log2RowsPerLevel: 19, coarsestResolution: 16, finestResolution: 2048)

  /// The sizes of instant-ngp's configuration `small`: as ``instantNGP``, with 2¹⁵ rows each.
  public static let instantNGPSmall = HashGridSettings(
    levels: 8, features: 4, log2RowsPerLevel: 15, coarsestResolution: 16, finestResolution: 2048)

  /// Sizes for pictures of scenes, or pictures themselves: no level is much finer than a pixel's footprint, and tables
  /// stay in a processor's cache.
  ///
  /// Levels of 2 features from 16 cells on, each about 1.4 times finer than the one before.
  ///
  /// - Parameters:
  ///   - pixels: How many pixels the box's longest side takes in a picture that shows it from near.
  ///   - log2RowsPerLevel: T; 15 or 16 are a few megabytes for all levels.
  ///   - dimensions: The number of coordinates of a point.
  /// - Precondition: The number of pixels is positive and not above 2²⁰.
  public static func fitting(
    pixels: Int, log2RowsPerLevel: Int = 15, dimensions: Int = 3
  ) -> HashGridSettings {
    precondition(pixels > 0 && pixels <= 1 << 20, "a grid for \(pixels) pixels")
    let finest = max(pixels, 32)
    let steps = (log(Double(finest) / 16) / log(1.4)).rounded()
    var settings = HashGridSettings(
      levels: 1 + Int(steps), features: 2, log2RowsPerLevel: log2RowsPerLevel,
      coarsestResolution: 16, finestResolution: finest)
    settings.dimensions = dimensions
    settings.check()
    return settings
  }
}

extension HashGridSettings {
  /// What the places of the vertices' coordinates are multiplied with before they are joined.
  private static let primes = SIMD3<UInt32>(1, 2_654_435_761, 805_459_861)

  /// The level's scale, its number of vertices along a side and its number of rows.
  func sizes(ofLevel level: Int) -> (scale: Double, resolution: Int, rows: Int) {
    var cells = Double(coarsestResolution) * pow(growth, Double(level))
    if abs(cells - cells.rounded()) <= 1e-9 * cells { cells = cells.rounded() }
    let most = 1 << log2RowsPerLevel
    // Up to 2²⁴ vertices along a side, whose third power exceeds 64 bits.
    func cube(_ side: Int) -> Int {
      (0..<dimensions).reduce(1) { count, _ in count > 1 << 28 ? count : count * side }
    }
    switch convention {
    case .tinyCUDA:
      let resolution = Int((cells - 1).rounded(.up)) + 1
      return (cells - 1, resolution, min((cube(resolution) + 7) / 8 * 8, most))
    case .paper:
      let resolution = Int(cells.rounded(.down)) + 1
      return (cells.rounded(.down), resolution, min(cube(resolution), most))
    }
  }

  /// The levels over a box, one after the other in a table.
  func grid(over box: BoundingBox) -> TableGrid {
    var firstRow = 0
    let levels = (0..<levels).map { level in
      let (scale, resolution, rows) = sizes(ofLevel: level)
      defer { firstRow += rows }
      let isDense =
        (0..<dimensions).reduce(1) { count, _ in count > rows ? count : count * resolution } <= rows
      let offset = convention == .tinyCUDA ? 0.5 : 0
      let side = UInt32(resolution)
      var strides = Self.primes
      if isDense { strides = SIMD3(1, side, dimensions > 2 ? side * side : 0) }
      // There are no cells along coordinates that points do not have.
      func along<Value: SIMDScalar>(_ value: Value, else other: Value) -> SIMD3<Value> {
        SIMD3(value, dimensions > 1 ? value : other, dimensions > 2 ? value : other)
      }
      for axis in dimensions..<3 { strides[axis] = 0 }
      return TableGrid.Level(
        scale: along(scale, else: 0), offset: along(offset, else: 0),
        extents: along(resolution, else: 1), strides: strides,
        addressing: isDense ? .wrapped : .hashed, rows: firstRow..<(firstRow + rows))
    }
    return TableGrid(
      levels: levels, from: box.lower, to: box.upper, isSmooth: interpolation == .smoothstep)
  }
}
