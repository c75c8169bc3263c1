/// Finds the nearest triangle of a tree, the nearer half of each node first.
struct NearestTriangleFinder {
  /// A node to be looked at, unless something nearer was found.
  struct Pending: BitwiseCopyable {
    var bound: Double
    var node: Int32
  }

  let nodes: UnsafeBufferPointer<BoundingVolumeTree.Node>
  let corners: UnsafeBufferPointer<Double>
  let order: UnsafeBufferPointer<Int32>
  let stack: UnsafeMutableBufferPointer<Pending>

  /// Returns the nearest point of the surface.
  func find(_ query: SIMD3<Double>) -> TriangleSearch.Nearest {
    let (x, y, z) = (query.x, query.y, query.z)
    var best = (squared: Double.infinity, offset: SIMD3<Double>.zero, triangle: Int32.max)
    var pending = 1
    stack[0] = Pending(bound: 0, node: 0)
    while pending > 0 {
      pending -= 1
      // A node as far as the nearest found may hold a triangle of a lower index.
      guard stack[pending].bound <= best.squared else { continue }
      var node = nodes[Int(stack[pending].node)]
      while node.count == 0 {
        let first = Int(node.first)
        let near = nodes[first].squaredDistance(x, y, z)
        let far = nodes[first + 1].squaredDistance(x, y, z)
        stack[pending] =
          near <= far
          ? Pending(bound: far, node: Int32(first + 1)) : Pending(bound: near, node: Int32(first))
        pending += 1
        node = nodes[near <= far ? first : first + 1]
      }
      for place in Int(node.first)..<Int(node.first + node.count) {
        let offset = offset(of: place, from: query)
        let squared = dot(offset, offset)
        let triangle = order[place]
        if squared < best.squared || (squared == best.squared && triangle < best.triangle) {
          best = (squared, offset, triangle)
        }
      }
    }
    return TriangleSearch.Nearest(
      distance: best.squared.squareRoot(), point: query + best.offset, triangle: best.triangle)
  }

  /// Whether a point of the surface is at most a distance away.
  func isSurfaceWithin(_ distance: Double, of query: SIMD3<Double>) -> Bool {
    let (x, y, z) = (query.x, query.y, query.z)
    let limit = distance * distance
    var pending = nodes[0].squaredDistance(x, y, z) <= limit ? 1 : 0
    stack[0] = Pending(bound: 0, node: 0)
    while pending > 0 {
      pending -= 1
      let node = nodes[Int(stack[pending].node)]
      if node.count == 0 {
        let first = Int(node.first)
        for child in first...(first + 1) where nodes[child].squaredDistance(x, y, z) <= limit {
          stack[pending] = Pending(bound: 0, node: Int32(child))
          pending += 1
        }
      } else {
        for place in Int(node.first)..<Int(node.first + node.count) {
          let offset = offset(of: place, from: query)
          if dot(offset, offset) <= limit { return true }
        }
      }
    }
    return false
  }

  /// The nearest point of the triangle at a place of the tree, relative to a query.
  @inline(__always)
  private func offset(of place: Int, from query: SIMD3<Double>) -> SIMD3<Double> {
    let (x, y, z) = (query.x, query.y, query.z)
    let base = 9 * place
    return Self.nearestOffset(
      SIMD3(corners[base] - x, corners[base + 1] - y, corners[base + 2] - z),
      SIMD3(corners[base + 3] - x, corners[base + 4] - y, corners[base + 5] - z),
      SIMD3(corners[base + 6] - x, corners[base + 7] - y, corners[base + 8] - z))
  }

  /// The point of a triangle that is nearest to the origin.
  ///
  /// Source: Ericson, "Real-Time Collision Detection", 2005, section 5.1.5. A triangle of no area is its sides.
  @inline(__always)
  private static func nearestOffset(
    _ a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>
  ) -> SIMD3<Double> {
    let (ab, ac) = (b - a, c - a)
    let (d1, d2) = (-dot(ab, a), -dot(ac, a))
    if d1 <= 0, d2 <= 0 { return a }
    let (d3, d4) = (-dot(ab, b), -dot(ac, b))
    if d3 >= 0, d4 <= d3 { return b }
    let (d5, d6) = (-dot(ab, c), -dot(ac, c))
    if d6 >= 0, d5 <= d6 { return c }
    let vc = d1 * d4 - d3 * d2
    if vc <= 0, d1 >= 0, d3 <= 0, d1 > d3 { return a + ab * (d1 / (d1 - d3)) }
    let vb = d5 * d2 - d1 * d6
    if vb <= 0, d2 >= 0, d6 <= 0, d2 > d6 { return a + ac * (d2 / (d2 - d6)) }
    let va = d3 * d6 - d5 * d4
    let (e1, e2) = (d4 - d3, d5 - d6)
    if va <= 0, e1 >= 0, e2 >= 0, e1 + e2 > 0 { return b + (c - b) * (e1 / (e1 + e2)) }
    let sum = va + vb + vc
    guard sum > 0 else { return nearestOfSides(a, b, c) }
    return a + ab * (vb / sum) + ac * (vc / sum)
  }

  /// The point of a triangle's sides that is nearest to the origin.
  @inline(never)
  private static func nearestOfSides(
    _ a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>
  ) -> SIMD3<Double> {
    func nearest(_ start: SIMD3<Double>, _ end: SIMD3<Double>) -> SIMD3<Double> {
      let side = end - start
      let squared = dot(side, side)
      guard squared > 0 else { return start }
      return start + side * min(max(-dot(side, start) / squared, 0), 1)
    }
    var best = nearest(a, b)
    for other in [nearest(b, c), nearest(c, a)] where dot(other, other) < dot(best, best) {
      best = other
    }
    return best
  }
}
