import TensorKit

extension PosedScene {
  /// The cells of the scene's box that the silhouettes of its pictures leave; nil where no picture tells how opaque
  /// its pixels are.
  ///
  /// - Parameters:
  ///   - side: About how long the side of a cell is.
  ///   - margin: By how many pixels silhouettes are enlarged.
  ///   - workers: The threads that share the cells.
  /// - Returns: The cells, of which none may be occupied if the pictures show nothing.
  /// - Throws: What the workers throw.
  /// - Precondition: The side is positive.
  public func hull(
    cellSide side: Double, margin: Double = 1, workers: Workers = Workers()
  ) throws -> OccupancyGrid? {
    guard hasAlpha else { return nil }
    return try OccupancyGrid(
      hullOf: training, box: box, extents: Self.cells(in: box, side: side), margin: margin,
      workers: workers)
  }

  /// How many cells with about one side fill a box along each axis.
  static func cells(in box: BoundingBox, side: Double) -> SIMD3<Int> {
    precondition(side > 0, "cells with a side of \(side)")
    var extents = SIMD3<Int>(repeating: 1)
    for axis in 0..<3 { extents[axis] = max(1, Int((box.size[axis] / side).rounded())) }
    return extents
  }

  /// How long the longest side of the box is.
  public var longestSide: Double { max(box.size.x, box.size.y, box.size.z) }

  /// How long a pixel's side is in the middle of the scene: the mean distance of the cameras from it, divided by
  /// their focal length in pixels.
  public var pixelFootprint: Double {
    let middle = box.center
    let footprints = training.map { view in
      length(view.camera.pose.position - middle) / view.camera.focalLength
    }
    return footprints.reduce(0, +) / Double(max(footprints.count, 1))
  }

  /// Which pixels of each view to learn from have a ray that meets an occupied cell, and some of the others.
  ///
  /// - Parameters:
  ///   - cells: The cells.
  ///   - drawing: Where rays go through their pixels.
  ///   - stride: Of the other pixels one in so many is named as well; 1 for all, 0 for none.
  ///   - workers: The threads that share the views.
  /// - Returns: For each view a truth value for each pixel.
  /// - Throws: What the workers throw.
  public func pixels(
    meeting cells: OccupancyGrid, _ drawing: RayDrawing, otherwiseOneOf stride: Int,
    workers: Workers = Workers()
  ) throws -> [[Bool]] {
    // Half as long as a cell, so that no cell is passed over but at its edges.
    let cell = cells.box.size / SIMD3<Double>(cells.extents)
    let step = 0.5 * min(cell.x, cell.y, cell.z)
    let occupied = (0..<cells.cellCount).filter { cells.isOccupied($0) }
      .map { cells.center(ofCell: $0) }
    let radius = 0.5 * length(cell)
    return try workers.map(training.count) { index in
      let camera = training[index].camera
      let candidates = camera.pixels(showingBallsAround: occupied, radius: radius)
      let rays: Rays<Double> = camera.rays(
        atPixels: candidates, through: drawing.position, isNormalized: true)
      let bounds = cells.samples(
        alongRaysFrom: rays.origins, directions: rays.directions, near: near, step: step,
        jitter: Tensor(repeating: 0.5, shape: [rays.count]), atMost: 1
      ).bounds
      // A step without a factor in common with a row does not leave columns out.
      var isWanted = (0..<camera.pixelCount).map { pixel in
        stride > 0 && (pixel &* 2_654_435_761) % stride == 0
      }
      for (ray, pixel) in candidates.enumerated() where bounds[ray + 1] > bounds[ray] {
        isWanted[pixel] = true
      }
      return isWanted
    }
  }
}

extension Camera {
  /// The pixels that some balls of one size may be seen at: those of rectangles around them.
  fileprivate func pixels(
    showingBallsAround centers: [SIMD3<Double>], radius: Double
  ) -> [Int] {
    // A rectangle adds one at two of its corners and takes it away at the others; sums over rows and columns then
    // say how many rectangles a pixel is in.
    let stride = width + 1
    var counts = [Int32](repeating: 0, count: stride * (height + 1))
    func clamped(_ place: Double, _ limit: Int) -> Int { Int(min(max(place, 0), Double(limit))) }
    for center in centers {
      guard let extent = extent(ofBallAround: center, radius: radius) else {
        return Array(0..<pixelCount)
      }
      // A ray goes through a corner or the middle of its pixel.
      let left = clamped((extent.columns.lowerBound - 0.5).rounded(.down), width)
      let right = clamped((extent.columns.upperBound + 1).rounded(.down), width)
      let top = clamped((extent.rows.lowerBound - 0.5).rounded(.down), height)
      let bottom = clamped((extent.rows.upperBound + 1).rounded(.down), height)
      counts[top * stride + left] += 1
      counts[top * stride + right] -= 1
      counts[bottom * stride + left] -= 1
      counts[bottom * stride + right] += 1
    }
    var pixels: [Int] = []
    for row in 0..<height {
      var count: Int32 = 0
      for column in 0..<width {
        if row > 0 { counts[row * stride + column] += counts[(row - 1) * stride + column] }
        count += counts[row * stride + column]
        if count > 0 { pixels.append(row * width + column) }
      }
    }
    return pixels
  }
}
