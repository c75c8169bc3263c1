import TensorKit

extension OccupancyGrid {
  /// A grid of the cells that may hold something by the silhouettes of a scene: the visual hull of its pictures.
  ///
  /// A cell is left out where some picture shows the whole of it in front of nothing: no pixel is covered within
  /// the circle that a ball around the cell is seen as, and around it. Cells beyond a picture's edge, and behind a
  /// camera, are not judged by it.
  ///
  /// - Parameters:
  ///   - views: Pictures whose alpha says what is covered; those without are passed over.
  ///   - box: The box that the cells fill.
  ///   - extents: The number of cells along x, y and z.
  ///   - margin: By how many pixels silhouettes are enlarged, not negative.
  ///   - workers: The threads that share the cells.
  /// - Throws: What the workers throw.
  public init(
    hullOf views: [SceneView], box: BoundingBox, extents: SIMD3<Int>, margin: Double = 0,
    workers: Workers = Workers()
  ) throws {
    precondition(margin >= 0, "silhouettes enlarged by \(margin) pixels")
    let covered = views.filter(\.hasAlpha)
    let silhouettes = try workers.map(covered.count) { Silhouette(covered[$0]) }
    let whole = OccupancyGrid(box: box, extents: extents)
    let cell = box.size / SIMD3<Double>(extents)
    let radius = 0.5 * length(cell)
    // A slab of cells at a time, which share their x.
    let slabSize = extents.y * extents.z
    let slabs = try workers.map(extents.x) { slab in
      (0..<slabSize).map { index in
        let center = whole.center(ofCell: slab * slabSize + index)
        return silhouettes.allSatisfy { $0.mayShow(center, radius: radius, margin: margin) }
      }
    }
    self.init(box: box, extents: extents, isOccupied: false)
    for (slab, cells) in slabs.enumerated() {
      for (index, isOccupied) in cells.enumerated() where isOccupied {
        set(slab * slabSize + index, to: true)
      }
    }
  }

  /// Empties for good the cells whose middles no camera has in its picture, or that lie too near to each that has.
  ///
  /// Source: ngp_pl, `mark_invisible_cells`.
  ///
  /// - Parameters:
  ///   - cameras: The cameras of all pictures that a field is fitted to.
  ///   - near: The least depth at which a camera sees a cell.
  public mutating func removeUnseen(by cameras: [Camera], nearerThan near: Double = 0.01) {
    removeUnseen { middle in
      cameras.contains { camera in
        guard let place = camera.place(of: middle), place.depth >= near else { return false }
        return place.column >= 0 && place.column < Double(camera.width) && place.row >= 0
          && place.row < Double(camera.height)
      }
    }
  }
}

/// Which pixels of a view are covered, counted so that a rectangle is looked up at once.
private struct Silhouette: Sendable {
  let camera: Camera
  /// How many covered pixels there are above and to the left of each corner of pixels.
  private let counts: [Int32]

  init(_ view: SceneView) {
    camera = view.camera
    let (width, height) = (view.camera.width, view.camera.height)
    var counts = [Int32](repeating: 0, count: (width + 1) * (height + 1))
    for row in 0..<height {
      var inRow: Int32 = 0
      for column in 0..<width {
        inRow += view.isCovered(atPixel: row * width + column) ? 1 : 0
        counts[(row + 1) * (width + 1) + column + 1] =
          counts[row * (width + 1) + column + 1] + inRow
      }
    }
    self.counts = counts
  }

  /// Whether something in a ball may be covered, by this view alone.
  func mayShow(_ center: SIMD3<Double>, radius: Double, margin: Double) -> Bool {
    guard let extent = camera.extent(ofBallAround: center, radius: radius) else { return true }
    let columns = (
      first: (extent.columns.lowerBound - margin).rounded(.down),
      last: extent.columns.upperBound + margin
    )
    let rows = (
      first: (extent.rows.lowerBound - margin).rounded(.down), last: extent.rows.upperBound + margin
    )
    let (width, height) = (camera.width, camera.height)
    guard
      columns.first >= 0, rows.first >= 0, columns.last < Double(width), rows.last < Double(height)
    else { return true }
    let (left, right) = (Int(columns.first), Int(columns.last) + 1)
    let (top, bottom) = (Int(rows.first), Int(rows.last) + 1)
    let stride = width + 1
    return counts[bottom * stride + right] - counts[top * stride + right]
      - counts[bottom * stride + left] + counts[top * stride + left] > 0
  }
}
