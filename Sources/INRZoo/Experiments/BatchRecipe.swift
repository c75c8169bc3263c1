import AutoDiff
import GradientAdjusters
import TensorKit

/// Which pixels of a picture a step learns from, under a name such as `blocks:4`.
public enum BatchRecipe: RawRepresentable, Codable, Hashable, Sendable {
  /// All, at every step.
  case all
  /// One of each block of pixels of a side, drawn anew.
  case blocks(side: Int)
  /// Those of so many patches, all patches in passes.
  case patches(count: Int)
  /// So many from anywhere, all pixels in passes.
  case shuffled(count: Int)
  /// So many, drawn in proportion to how far they were from the picture when all were last looked at.
  case residuals(count: Int)

  /// Reads a name; nil if it is none.
  public init?(rawValue text: String) {
    if text == "all" {
      self = .all
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let number = Int(parts[1]), number > 0 else { return nil }
    switch parts[0] {
    case "blocks": self = .blocks(side: number)
    case "patches": self = .patches(count: number)
    case "shuffled": self = .shuffled(count: number)
    case "residuals": self = .residuals(count: number)
    default: return nil
    }
  }

  /// The name.
  public var rawValue: String {
    switch self {
    case .all: "all"
    case .blocks(let side): "blocks:\(side)"
    case .patches(let count): "patches:\(count)"
    case .shuffled(let count): "shuffled:\(count)"
    case .residuals(let count): "residuals:\(count)"
    }
  }

  /// Whether the rows of all batches make the same grid.
  public var isGrid: Bool {
    switch self {
    case .all, .blocks: true
    case .patches, .shuffled, .residuals: false
    }
  }

  /// The number of rows of a step on a picture.
  ///
  /// - Parameters:
  ///   - height: The picture's number of rows of pixels.
  ///   - width: Its number of columns.
  ///   - patch: The side of its patches.
  public func rowCount(height: Int, width: Int, patch: Int) -> Int {
    switch self {
    case .all: height * width
    case .blocks(let side): ((height + side - 1) / side) * ((width + side - 1) / side)
    case .patches(let count):
      min(count, (height / patch) * (width / patch)) * patch * patch
    case .shuffled(let count), .residuals(let count): min(count, height * width)
    }
  }

  /// The number of groups of rows of a step on a picture.
  ///
  /// - Parameters:
  ///   - height: The picture's number of rows of pixels.
  ///   - width: Its number of columns.
  ///   - patch: The side of its patches.
  public func groupCount(height: Int, width: Int, patch: Int) -> Int {
    let patches = (height / patch) * (width / patch)
    switch self {
    case .all: return patches
    case .blocks(let side):
      let group = Self.blocks(ofSide: side, inPatch: patch)
      return ((height + side - 1) / side / group) * ((width + side - 1) / side / group)
    case .patches(let count): return min(count, patches)
    case .shuffled(let count): return min(count, patches)
    case .residuals(let count): return min(count, height * width)
    }
  }

  /// How many blocks a patch has along each side, about.
  private static func blocks(ofSide side: Int, inPatch patch: Int) -> Int {
    max((patch + side / 2) / side, 1)
  }

  /// The batches of a picture, and where their rows lie.
  ///
  /// - Parameters:
  ///   - pixels: All pixels, in patches.
  ///   - grid: Where they lie.
  ///   - patch: The side of the patches.
  ///   - seed: Seeds what is drawn.
  public func source<Scalar: TensorScalar>(
    of pixels: Batch<Scalar>, on grid: RowGrid, patch: Int, seed: UInt64
  ) -> (source: any BatchSource<Scalar>, places: AdjusterContext<Scalar>.Places) {
    switch self {
    case .all: return (WholeBatch(pixels), .grid(grid))
    case .blocks(let side):
      let blocks = grid.extents.map { ($0 + side - 1) / side }
      let group = Self.blocks(ofSide: side, inPatch: patch)
      let source = StratifiedBatches(
        of: pixels, on: grid, blockSide: side,
        groups: RowPartition(grid: blocks, sides: blocks.map { _ in group }), seed: seed)
      return (source, .grid(source.blocks))
    case .patches(let count):
      return (
        GroupBatches(of: pixels, groupsPerBatch: count, seed: seed),
        .nested { .bisecting($0.inputs) }
      )
    case .shuffled(let count):
      return (
        MiniBatches(of: pixels, rowCount: min(count, pixels.rowCount), seed: seed),
        .nested { .bisecting($0.inputs) }
      )
    case .residuals(let count):
      return (
        ImportanceSampledBatches(of: pixels, rowCount: min(count, pixels.rowCount), seed: seed),
        .nested { .bisecting($0.inputs) }
      )
    }
  }
}
