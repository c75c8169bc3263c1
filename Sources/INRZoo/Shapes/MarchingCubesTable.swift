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
    let customaryCuts = Self.customaryCuts()
    var rows: [UInt8] = []
    for insideCorners in 0..<256 {
      let cuts = customaryCuts[insideCorners]
      let triangles = Self.loops(insideCorners).flatMap { loop in
        Self.triangles(of: loop) { first, second in
          cuts.map { $0.contains(SIMD2(min(first, second), max(first, second))) }
            ?? !Self.sharesFace(first, second)
        } ?? []
      }
      let edges = triangles.flatMap { [UInt8($0.x), UInt8($0.y), UInt8($0.z)] }
      rows.append(UInt8(triangles.count))
      rows += edges
      rows += [UInt8](repeating: 0, count: Self.rowLength - 1 - edges.count)
    }
    self.rows = rows
  }

  /// The edges that each customary cut joins, for the cases that have one loop of four edges or more and no face
  /// with inside corners at opposite ends only; nil for others.
  ///
  /// Inside and outside have the same ones. Two cases stand for all that a turn of the cube makes of them; those
  /// that some turn leaves as they are, but not their cuts, are given one by one. Source: the table of
  /// scikit-image, whose cuts these are.
  private static func customaryCuts() -> [[SIMD2<Int>]?] {
    let single: [(insideCorners: Int, cuts: [SIMD2<Int>])] = [
      (15, [SIMD2(0, 3)]),
      (51, [SIMD2(4, 7)]),
      (85, [SIMD2(9, 10)]),
      (23, [SIMD2(1, 2), SIMD2(1, 9), SIMD2(2, 10)]),
      (43, [SIMD2(4, 7), SIMD2(4, 10), SIMD2(7, 9)]),
      (77, [SIMD2(0, 5), SIMD2(3, 6), SIMD2(5, 6)]),
      (113, [SIMD2(4, 11), SIMD2(7, 8), SIMD2(8, 11)]),
      (27, [SIMD2(1, 6), SIMD2(1, 9), SIMD2(6, 9)]),
      (29, [SIMD2(2, 5), SIMD2(2, 10), SIMD2(5, 10)]),
      (39, [SIMD2(0, 7), SIMD2(0, 9), SIMD2(7, 9)]),
      (46, [SIMD2(2, 7), SIMD2(2, 8), SIMD2(7, 8)]),
      (53, [SIMD2(1, 6), SIMD2(1, 9), SIMD2(6, 9)]),
      (58, [SIMD2(0, 7), SIMD2(0, 9), SIMD2(7, 9)]),
      (71, [SIMD2(0, 5), SIMD2(0, 11), SIMD2(5, 11)]),
      (78, [SIMD2(3, 6), SIMD2(3, 8), SIMD2(6, 8)]),
      (83, [SIMD2(1, 4), SIMD2(1, 11), SIMD2(4, 11)]),
      (92, [SIMD2(0, 5), SIMD2(0, 11), SIMD2(5, 11)]),
      (114, [SIMD2(2, 7), SIMD2(2, 8), SIMD2(7, 8)]),
      (116, [SIMD2(0, 7), SIMD2(0, 9), SIMD2(7, 9)]),
    ]
    let turned: [(insideCorners: Int, cuts: [SIMD2<Int>])] = [
      (3, [SIMD2(0, 5)]), (7, [SIMD2(1, 2), SIMD2(2, 5)]),
    ]
    var all = [[SIMD2<Int>]?](repeating: nil, count: 256)
    for (insideCorners, cuts) in single {
      all[insideCorners] = cuts
      all[255 - insideCorners] = cuts
    }
    for turn in turns {
      for (insideCorners, cuts) in turned {
        let moved = (0..<8).reduce(0) { $0 | (insideCorners >> $1 & 1) << turn[$1] }
        let movedCuts = cuts.map { cut in
          let (first, second) = (turnedEdge(cut.x, turn), turnedEdge(cut.y, turn))
          return SIMD2(min(first, second), max(first, second))
        }
        all[moved] = movedCuts
        all[255 - moved] = movedCuts
      }
    }
    return all
  }

  /// Where each corner goes in each of the 24 turns of the cube.
  private static let turns: [[Int]] = {
    // A half turn of a face is made of two quarter turns, and all turns of those about two axes.
    let quarters = [
      (0..<8).map { ($0 & 4) | ($0 & 1) << 1 | ($0 & 2 ^ 2) >> 1 },
      (0..<8).map { ($0 & 1) | ($0 & 2) << 1 | ($0 & 4 ^ 4) >> 1 },
    ]
    var turns = [Array(0..<8)]
    var next = 0
    while next < turns.count {
      for quarter in quarters {
        let turn = turns[next].map { quarter[$0] }
        if !turns.contains(turn) { turns.append(turn) }
      }
      next += 1
    }
    return turns
  }()

  /// Where an edge goes in a turn of the cube.
  private static func turnedEdge(_ index: Int, _ turn: [Int]) -> Int {
    for start in 0..<8 {
      for step in [1, 2, 4] where start & step == 0 && edge(start, start | step) == index {
        return edge(turn[start], turn[start | step])
      }
    }
    preconditionFailure("a cube has no edge \(index)")
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

  /// Cuts a loop, or a part of one, into triangles, by cuts that are allowed between two edges.
  private static func triangles(
    of loop: [Int], isAllowed: (Int, Int) -> Bool
  ) -> [SIMD3<Int>]? {
    guard loop.count > 2 else { return [] }
    let last = loop.count - 1
    for middle in 1..<last {
      let first = Array(loop[...middle])
      let second = Array(loop[middle...])
      if first.count > 2, !isAllowed(loop[0], loop[middle]) { continue }
      if second.count > 2, !isAllowed(loop[middle], loop[last]) { continue }
      guard let before = triangles(of: first, isAllowed: isAllowed),
        let after = triangles(of: second, isAllowed: isAllowed)
      else { continue }
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
