/// The triangles of a cube for each way in which its corners can lie inside and outside.
///
/// Corner c has the offsets bit 2, bit 1 and bit 0 of c along the three axes. Edge 4 a + 2 u + v runs along axis a,
/// with the offsets u and v along the other two in their order. Bit c of a case says that corner c is inside.
///
/// The table follows from one rule for faces, and so two cubes always agree on the face between them: where a
/// face has inside corners at opposite ends only, these stay apart. The segments of the six faces join to loops,
/// and a loop is cut into triangles so that no cut lies in a face, where the neighbour could have the same one. That
/// is always possible, and makes every edge belong to exactly two triangles. Source: Lorensen and Cline,
/// "Marching cubes", SIGGRAPH 1987; Montani, Scateni and Scopigno, "A modified look-up table for implicit
/// disambiguation of marching cubes", The Visual Computer 10, 1994, for the rule.
struct MarchingCubesTable: Sendable {
  /// The most triangles of a cube.
  static let mostTriangles = 5

  /// For each of the 256 cases the number of triangles, then three edges for each.
  let rows: [UInt8]
  /// The length of a row.
  static let rowLength = 1 + 3 * mostTriangles

  /// The only table there is.
  static let standard = MarchingCubesTable()

  private init() {
    var rows: [UInt8] = []
    for insideCorners in 0..<256 {
      let triangles = Self.loops(insideCorners).flatMap { Self.triangles(of: $0) ?? [] }
      let edges = triangles.flatMap { [UInt8($0.x), UInt8($0.y), UInt8($0.z)] }
      rows.append(UInt8(triangles.count))
      rows += edges
      rows += [UInt8](repeating: 0, count: Self.rowLength - 1 - edges.count)
    }
    self.rows = rows
  }

  /// The corners of each face, counter-clockwise as seen from outside the cube.
  private static let faces: [[Int]] = (0..<6).map { face in
    let (axis, side) = (face / 2, face % 2)
    let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map { first, second in
      (side << (2 - axis)) | (first << (2 - (axis + 1) % 3)) | (second << (2 - (axis + 2) % 3))
    }
    return side == 1 ? corners : corners.reversed()
  }

  /// The edge between two corners that differ along one axis.
  private static func edge(_ first: Int, _ second: Int) -> Int {
    let low = min(first, second)
    switch first ^ second {
    case 4: return low & 3
    case 2: return 4 + ((low & 4) >> 1 | low & 1)
    default: return 8 + low >> 1
    }
  }

  /// The edges at which the surface leaves the cube, loop by loop, counter-clockwise as seen from outside.
  private static func loops(_ insideCorners: Int) -> [[Int]] {
    func isInside(_ corner: Int) -> Bool { insideCorners >> corner & 1 == 1 }
    var next = [Int?](repeating: nil, count: 12)
    for face in faces {
      for start in 0..<4 {
        let (corner, following) = (face[start], face[(start + 1) % 4])
        guard isInside(corner), !isInside(following) else { continue }
        // Back over the inside corners that lie side by side to where they begin.
        var begin = start
        while isInside(face[(begin + 3) % 4]) { begin = (begin + 3) % 4 }
        next[edge(face[(begin + 3) % 4], face[begin])] = edge(corner, following)
      }
    }
    var loops: [[Int]] = []
    for start in 0..<12 {
      var loop: [Int] = []
      var place = start
      while let following = next[place] {
        loop.append(place)
        next[place] = nil
        place = following
      }
      if !loop.isEmpty { loops.append(loop) }
    }
    return loops
  }

  /// Cuts a loop, or a part of one, into triangles with no cut between two edges of one face.
  private static func triangles(of loop: [Int]) -> [SIMD3<Int>]? {
    guard loop.count > 2 else { return [] }
    let last = loop.count - 1
    for middle in 1..<last {
      let first = Array(loop[...middle])
      let second = Array(loop[middle...])
      if first.count > 2, sharesFace(loop[0], loop[middle]) { continue }
      if second.count > 2, sharesFace(loop[middle], loop[last]) { continue }
      guard let before = triangles(of: first), let after = triangles(of: second) else { continue }
      return before + [SIMD3(loop[0], loop[middle], loop[last])] + after
    }
    return nil
  }

  /// Whether two edges lie in one face.
  private static func sharesFace(_ first: Int, _ second: Int) -> Bool {
    faces.contains { face in
      let edges = (0..<4).map { edge(face[$0], face[($0 + 1) % 4]) }
      return edges.contains(first) && edges.contains(second)
    }
  }
}
