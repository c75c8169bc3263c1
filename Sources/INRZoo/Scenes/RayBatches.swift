import AutoDiff
import GradientAdjusters
import TensorKit

/// How the rays of a step are drawn from the pictures of a scene.
public struct RayDrawing: Hashable, Codable, Sendable {
  /// Where a step's rays come from.
  public enum Order: String, CaseIterable, Codable, Sendable {
    /// One picture that is drawn for each step; no pixel twice. As released with NeRF for synthetic scenes.
    case onePicture = "one-picture"
    /// One picture that is drawn for each step; pixels may come twice. As in torch-ngp.
    case onePictureWithRepeats = "one-picture-repeats"
    /// All pictures; each pixel once before any comes again.
    case shuffled
    /// All pictures; pixels may come twice.
    case uniform
  }

  /// The number of rays of a step.
  public var count = 1024
  /// Where they come from.
  public var order = Order.shuffled
  /// Which point of a pixel a ray goes through.
  public var position = PixelPosition.center
  /// Whether directions have unit length.
  public var isNormalized = false
  /// What is behind the scene.
  public var background = RayBackground.white
  /// How many of the first steps take rays from the middle of pictures alone.
  public var croppedSteps = 0
  /// The share of a side that the middle has.
  public var croppedShare = 0.5
  /// Rays come in squares of so many pixels a side, whose rays form a group.
  public var blockSide = 1

  /// 1024 rays of all pictures, each through the middle of its pixel.
  public init() {}
}

/// Rays of a scene's pictures, drawn anew for each step, with the colours that are seen along them.
///
/// Inputs are rows as ``RayColumns`` describes them, and targets red, green and blue. A random background is put
/// behind the targets as well.
///
/// ```swift
/// var source = RayBatches<Float>(of: scene, RayDrawing(), noiseColumns: renderer.noiseColumns)
/// ```
public struct RayBatches<Scalar: TensorScalar>: BatchSource {
  /// How rays are drawn.
  public let drawing: RayDrawing
  /// How many numbers a row has to draw samples with.
  public let noiseColumns: Int
  private let views: [SceneView]
  /// The blocks of each view that may be drawn, by the place of their first pixel.
  private let blocks: [[UInt32]]
  /// How many blocks come before each view's, and how many there are.
  private let starts: [Int]
  private var generator: SeededGenerator
  /// Has a branch for each pass through all blocks, which gives the order of that pass.
  private var orders: SeededGenerator
  /// How many steps were drawn, and how many blocks in a shuffled order.
  private var step = 0
  private var drawnBlocks = 0

  /// Rays of a scene.
  ///
  /// - Parameters:
  ///   - scene: The scene, whose views to learn from are taken.
  ///   - drawing: How rays are drawn.
  ///   - noiseColumns: How many numbers a row has to draw samples with.
  ///   - seed: Seeds what is drawn.
  ///   - isWanted: Which pixels may be drawn at all, given a view's index and a pixel; all by default. A block
  ///     is drawn if any of its pixels is wanted.
  /// - Precondition: There is a ray in a step, and a block has a pixel.
  public init(
    of scene: PosedScene, _ drawing: RayDrawing, noiseColumns: Int, seed: UInt64 = 0,
    isWanted: ((_ view: Int, _ pixel: Int) -> Bool)? = nil
  ) {
    precondition(
      drawing.count > 0 && drawing.blockSide > 0 && noiseColumns >= 0,
      "\(drawing.count) rays in blocks of \(drawing.blockSide)")
    self.drawing = drawing
    self.noiseColumns = noiseColumns
    views = scene.training
    let all = views.enumerated().map { index, view in
      Self.blocks(of: view.camera, side: drawing.blockSide) { pixel in
        isWanted?(index, pixel) ?? true
      }
    }
    // Where nothing is wanted, everything is.
    blocks =
      all.contains { !$0.isEmpty }
      ? all
      : views.map { Self.blocks(of: $0.camera, side: drawing.blockSide) { _ in true } }
    starts = blocks.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    generator = SeededGenerator(seed: seed)
    orders = SeededGenerator(seed: seed)
  }

  private static func blocks(
    of camera: Camera, side: Int, isWanted: (_ pixel: Int) -> Bool
  ) -> [UInt32] {
    var found: [UInt32] = []
    for row in stride(from: 0, to: camera.height, by: side) {
      for column in stride(from: 0, to: camera.width, by: side) {
        let pixels = pixels(ofBlockAt: row * camera.width + column, in: camera, side: side)
        if pixels.contains(where: isWanted) { found.append(UInt32(row * camera.width + column)) }
      }
    }
    return found
  }

  /// The pixels of a block, of which those at the border may lack some.
  private static func pixels(ofBlockAt first: Int, in camera: Camera, side: Int) -> [Int] {
    let (row, column) = (first / camera.width, first % camera.width)
    return (row..<min(row + side, camera.height)).flatMap { row in
      (column..<min(column + side, camera.width)).map { row * camera.width + $0 }
    }
  }

  /// The number of rays that may be drawn, or of blocks of them.
  public var blockCount: Int { starts[starts.count - 1] }

  /// The number of steps in which every pixel comes about once.
  public var stepsPerEpoch: Int {
    max(1, blockCount * drawing.blockSide * drawing.blockSide / drawing.count)
  }

  /// The rays of the next step.
  public mutating func nextBatch() -> Batch<Scalar> {
    let drawn = drawBlocks()
    step += 1
    var sizes: [Int] = []
    var pixels: [(view: Int, pixel: Int)] = []
    for (view, first) in drawn {
      let camera = views[view].camera
      let block = Self.pixels(ofBlockAt: first, in: camera, side: drawing.blockSide)
      sizes.append(block.count)
      pixels += block.map { (view, $0) }
    }
    return batch(of: pixels, groupSizes: sizes)
  }

  /// Rays of given pixels as a batch of their own, with samples drawn for them.
  private mutating func batch(
    of pixels: [(view: Int, pixel: Int)], groupSizes: [Int]
  ) -> Batch<Scalar> {
    let columns = RayColumns.count + noiseColumns
    var targets = Tensor<Scalar>(zeros: [pixels.count, 3])
    var rows = Tensor<Scalar>(zeros: [pixels.count, columns])
    rows.withUnsafeMutableElements { rows in
      targets.withUnsafeMutableElements { targets in
        for (index, place) in pixels.enumerated() {
          let view = views[place.view]
          let camera = view.camera
          var direction = camera.direction(
            column: Double(place.pixel % camera.width) + drawing.position.offset,
            row: Double(place.pixel / camera.width) + drawing.position.offset)
          if drawing.isNormalized { direction /= length(direction) }
          var background = drawing.background.shown
          if drawing.background == .random {
            for channel in 0..<3 { background[channel] = .random(in: 0..<1, using: &generator) }
          }
          let color = view.color(ofPixel: place.pixel, over: background)
          let start = index * columns
          for axis in 0..<3 {
            rows[start + axis] = Scalar(camera.pose.position[axis])
            rows[start + 3 + axis] = Scalar(direction[axis])
            rows[start + 6 + axis] = Scalar(background[axis])
            targets[3 * index + axis] = Scalar(color[axis])
          }
          for column in RayColumns.count..<columns {
            rows[start + column] = Scalar(generator.next() >> 40) * Scalar(0x1p-24)
          }
        }
      }
    }
    return Batch(inputs: rows, targets: targets, groups: RowPartition(groupSizes: groupSizes))
  }

  // MARK: - Drawing

  /// The views and first pixels of the next step's blocks.
  private mutating func drawBlocks() -> [(view: Int, first: Int)] {
    let side = drawing.blockSide
    let count = max(1, drawing.count / (side * side))
    switch drawing.order {
    case .onePicture, .onePictureWithRepeats:
      let candidates = blocks.indices.filter { !blocks[$0].isEmpty }
      let view = candidates[Int.random(in: 0..<candidates.count, using: &generator)]
      var available = blocks[view].map { Int($0) }
      if step < drawing.croppedSteps {
        let middle = available.filter { isInMiddle($0, of: views[view].camera) }
        if !middle.isEmpty { available = middle }
      }
      if drawing.order == .onePictureWithRepeats {
        return (0..<count).map { _ in
          (view, available[Int.random(in: 0..<available.count, using: &generator)])
        }
      }
      let drawn = min(count, available.count)
      for index in 0..<drawn {
        available.swapAt(index, Int.random(in: index..<available.count, using: &generator))
      }
      return available.prefix(drawn).map { (view, $0) }
    case .uniform:
      return (0..<count).map { _ in block(Int.random(in: 0..<blockCount, using: &generator)) }
    case .shuffled:
      // A pass through all blocks has an order of its own.
      var order: (epoch: Int, RandomOrder)?
      return (0..<count).map { _ in
        defer { drawnBlocks += 1 }
        let (epoch, place) = drawnBlocks.quotientAndRemainder(dividingBy: blockCount)
        if order?.epoch != epoch {
          order = (
            epoch, RandomOrder(count: blockCount, using: orders.branch(UInt64(epoch)))
          )
        }
        return block(order?.1[place] ?? 0)
      }
    }
  }

  /// The view and the first pixel of a block, counted over all views.
  private func block(_ index: Int) -> (view: Int, first: Int) {
    var (low, high) = (0, starts.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle } else { high = middle }
    }
    return (low, Int(blocks[low][index - starts[low]]))
  }

  private func isInMiddle(_ pixel: Int, of camera: Camera) -> Bool {
    func isNear(_ place: Int, _ extent: Int) -> Bool {
      let half = Int(Double(extent) / 2 * drawing.croppedShare)
      return (extent / 2 - half)..<(extent / 2 + half) ~= place
    }
    return isNear(pixel / camera.width, camera.height) && isNear(pixel % camera.width, camera.width)
  }

  /// Shows the generators and how much was drawn.
  ///
  /// - Throws: `StateError` if a number is negative.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
    try visitor.visit(&orders, named: "orders")
    try visitor.visit(&step, named: "step")
    try visitor.visit(&drawnBlocks, named: "drawnBlocks")
    try visitor.require(
      step >= 0 && drawnBlocks >= 0, of: "step", "\(step) steps and \(drawnBlocks) blocks")
  }
}
