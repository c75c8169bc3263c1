import TensorKit

extension TriangleSearch {
  /// Returns for each sample of a grid whether it is inside: 255 where the winding number is above 0.5, and 0.
  ///
  /// Blocks of samples that the surface does not pass are decided at their middles. Off the surface the gradient of
  /// the winding number is the field of a current along the open edges (Biot and Savart), so that over a block of
  /// the radius r, whose middle is d from these, it changes by at most r L / (4π (d - r)²), L being their length:
  /// by nothing if the mesh is closed. Only blocks for which this does not decide are cut further.
  func insideValues(at grid: SampleGrid, workers: Workers) -> [UInt8] {
    guard !mesh.triangles.isEmpty else { return [UInt8](repeating: 0, count: grid.count) }
    let coordinates = (0..<3).map { grid.coordinates(along: $0) }
    let open = mesh.openEdges
    // Edges as triangles of no area.
    let edges = TriangleSearch(
      TriangleMesh(unchecked: mesh.vertices, open.edges.map { SIMD3($0.x, $0.y, $0.y) }))
    let layer = grid.extents[1] * grid.extents[2]
    return workers.filling(
      grid.count, pieceLength: max(1, Self.blockSide * layer)
    ) { range, values in
      let slab = range.lowerBound / layer
      let layers = slab..<(range.upperBound / layer)
      withNearestFinder { finder in
        withWindingSummer(openingRatio: 2) { summer in
          edges.withNearestFinder { edgeFinder in
            let decision = BlockDecision(
              coordinates: coordinates, openLength: open.length, finder: finder,
              edgeFinder: edgeFinder, summer: summer, values: values, firstLayer: slab)
            for row in stride(from: 0, to: grid.extents[1], by: Self.blockSide) {
              for column in stride(from: 0, to: grid.extents[2], by: Self.blockSide) {
                decision.decide(
                  layers, row..<min(row + Self.blockSide, grid.extents[1]),
                  column..<min(column + Self.blockSide, grid.extents[2]))
              }
            }
          }
        }
      }
    }
  }

  /// The side of the largest blocks, in samples.
  private static let blockSide = 8
}

/// Decides blocks of samples, cutting those that it has to.
private struct BlockDecision {
  let coordinates: [[Double]]
  let openLength: Double
  let finder: NearestTriangleFinder
  /// Finds the nearest open edge.
  let edgeFinder: NearestTriangleFinder
  let summer: WindingSummer
  /// The samples from the first layer of a slab on.
  let values: UnsafeMutablePointer<UInt8>
  let firstLayer: Int

  /// More than the winding numbers' error.
  private static let margin = 0.05

  /// How much the winding number may change over a block that the surface does not pass.
  private func change(_ middle: SIMD3<Double>, radius: Double) -> Double {
    guard openLength > 0 else { return 0 }
    let room = edgeFinder.find(middle).distance - radius
    return room > 0 ? radius * openLength / (4 * .pi * room * room) : .infinity
  }

  func decide(_ layers: Range<Int>, _ rows: Range<Int>, _ columns: Range<Int>) {
    let ranges = [layers, rows, columns]
    var (low, high) = (SIMD3<Double>.zero, SIMD3<Double>.zero)
    for axis in 0..<3 {
      low[axis] = coordinates[axis][ranges[axis].lowerBound]
      high[axis] = coordinates[axis][ranges[axis].upperBound - 1]
    }
    let middle = (low + high) * 0.5
    let longest = max(layers.count, rows.count, columns.count)
    guard longest > 1 else { return fill(layers, rows, columns, summer.sum(middle) > 0.5) }

    let radius = length(high - low) / 2
    if !finder.isSurfaceWithin(radius, of: middle) {
      let number = summer.sum(middle)
      if abs(number - 0.5) > change(middle, radius: radius) + Self.margin {
        return fill(layers, rows, columns, number > 0.5)
      }
    }
    if longest <= 2 {
      for layer in layers {
        for row in rows {
          for column in columns {
            let place = SIMD3(
              coordinates[0][layer], coordinates[1][row], coordinates[2][column])
            fill(
              layer..<(layer + 1), row..<(row + 1), column..<(column + 1),
              summer.sum(place) > 0.5)
          }
        }
      }
      return
    }
    for layers in halves(layers) {
      for rows in halves(rows) {
        for columns in halves(columns) { decide(layers, rows, columns) }
      }
    }
  }

  private func halves(_ range: Range<Int>) -> [Range<Int>] {
    guard range.count > 1 else { return [range] }
    let middle = range.lowerBound + (range.count + 1) / 2
    return [range.lowerBound..<middle, middle..<range.upperBound]
  }

  private func fill(
    _ layers: Range<Int>, _ rows: Range<Int>, _ columns: Range<Int>, _ isInside: Bool
  ) {
    let (rowCount, columnCount) = (coordinates[1].count, coordinates[2].count)
    for layer in layers {
      for row in rows {
        let start = ((layer - firstLayer) * rowCount + row) * columnCount
        (values + start + columns.lowerBound).initialize(
          repeating: isInside ? 255 : 0, count: columns.count)
      }
    }
  }
}

extension TriangleMesh {
  /// The edges at which the surface ends, and their length.
  ///
  /// An edge is there that is passed more often in one direction than in the other, and counts as often for the
  /// length.
  var openEdges: (edges: [SIMD2<Int32>], length: Double) {
    var passages: [(key: UInt64, sign: Int)] = []
    passages.reserveCapacity(3 * triangles.count)
    for triangle in triangles {
      for corner in 0..<3 {
        let (start, end) = (triangle[corner], triangle[(corner + 1) % 3])
        passages.append(
          (UInt64(min(start, end)) << 32 | UInt64(max(start, end)), start < end ? 1 : -1))
      }
    }
    passages.sort { $0.key < $1.key }
    var open: (edges: [SIMD2<Int32>], length: Double) = ([], 0)
    var start = 0
    while start < passages.count {
      var (end, balance) = (start, 0)
      while end < passages.count, passages[end].key == passages[start].key {
        balance += passages[end].sign
        end += 1
      }
      if balance != 0 {
        let key = passages[start].key
        let edge = SIMD2(Int32(key >> 32), Int32(key & 0xFFFF_FFFF))
        open.edges.append(edge)
        open.length +=
          Double(abs(balance)) * length(vertices[Int(edge.y)] - vertices[Int(edge.x)])
      }
      start = end
    }
    return open
  }
}
