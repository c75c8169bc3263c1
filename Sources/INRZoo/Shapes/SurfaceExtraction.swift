/// Marching cubes, one layer of samples after another: what of it is held are two layers and the surface.
///
/// Each layer first gets the vertices on its edges, then the triangles between it and the former layer refer to
/// them by tables: nothing is looked up by coordinates, and no vertex is there twice.
struct SurfaceExtraction {
  /// The coordinates of the samples along each axis, and how many rows and columns a layer has.
  private let (xs, ys, zs): ([Double], [Double], [Double])
  private let (rows, columns): (Int, Int)
  private let level: Double
  private let table = MarchingCubesTable.standard.rows

  /// The samples of the former layer and of the present one, and whether each is inside.
  private var former: [Double]
  private var present: [Double]
  private var formerInside: [UInt8]
  private var presentInside: [UInt8]
  /// The vertices' indices on the edges: those along the rows and columns of either layer, and those between them.
  ///
  /// Five tables of a layer each: along y of layers of even and of odd numbers, along z of these, along x.
  private var edges: [Int32]
  /// How many layers there were.
  private var layer = 0

  private(set) var vertices: [SIMD3<Double>] = []
  private(set) var triangles: [SIMD3<Int32>] = []
  /// How many vertices lie on the edges within the latest layer; they are the latest.
  private(set) var latestLayerVertexCount = 0

  /// Prepares for layers of samples.
  ///
  /// - Parameters:
  ///   - coordinates: Those of the samples along each axis; two equal ones make a layer of no thickness.
  ///   - level: What samples inside are above.
  init(coordinates: [[Double]], level: Double) {
    (xs, ys, zs) = (coordinates[0], coordinates[1], coordinates[2])
    (rows, columns) = (ys.count, zs.count)
    self.level = level
    let count = rows * columns
    former = [Double](repeating: 0, count: count)
    present = former
    formerInside = [UInt8](repeating: 0, count: count)
    presentInside = formerInside
    edges = [Int32](repeating: 0, count: 5 * count)
  }

  /// Adds a layer of samples, and the surface between the former layer and it.
  ///
  /// - Parameters:
  ///   - number: The number of the layer along the first axis; they follow each other.
  ///   - fill: Writes the samples, all finite, row after row.
  mutating func add(
    layer number: Int, _ fill: (UnsafeMutablePointer<Double>) throws -> Void
  ) rethrows {
    swap(&former, &present)
    swap(&formerInside, &presentInside)
    try present.withUnsafeMutableBufferPointer { samples in
      if let base = samples.baseAddress { try fill(base) }
    }
    let level = level
    // Buffers without bounds checks here and below: all indices are of rows and columns of a layer.
    present.withUnsafeBufferPointer { samples in
      presentInside.withUnsafeMutableBufferPointer { inside in
        for index in samples.indices { inside[index] = samples[index] > level ? 1 : 0 }
      }
    }
    if layer > 0 { addVerticesBetweenLayers(number) }
    let count = vertices.count
    addVerticesWithinLayer(number)
    latestLayerVertexCount = vertices.count - count
    if layer > 0 { addTriangles() }
    layer += 1
  }

  /// Where a segment of a unit length between two samples meets the surface.
  @inline(__always)
  private static func crossing(_ start: Double, _ end: Double, _ level: Double) -> Double {
    // Halves, as the difference of two finite numbers may be infinite.
    (level * 0.5 - start * 0.5) / (end * 0.5 - start * 0.5)
  }

  private mutating func addVerticesBetweenLayers(_ number: Int) {
    let (low, high) = (xs[number - 1], xs[number])
    let table = 4 * rows * columns
    formerInside.withUnsafeBufferPointer { formerInside in
      presentInside.withUnsafeBufferPointer { presentInside in
        edges.withUnsafeMutableBufferPointer { edges in
          for row in 0..<rows {
            for index in (row * columns)..<((row + 1) * columns)
            where formerInside[index] != presentInside[index] {
              let share = Self.crossing(former[index], present[index], level)
              edges[table + index] = Int32(vertices.count)
              vertices.append(
                SIMD3(low + (high - low) * share, ys[row], zs[index - row * columns]))
            }
          }
        }
      }
    }
  }

  private mutating func addVerticesWithinLayer(_ number: Int) {
    let x = xs[number]
    let count = rows * columns
    let (alongY, alongZ) = (layer % 2 * count, (2 + layer % 2) * count)
    presentInside.withUnsafeBufferPointer { inside in
      edges.withUnsafeMutableBufferPointer { edges in
        for row in 0..<rows {
          let start = row * columns
          if row + 1 < rows {
            for index in start..<(start + columns) where inside[index] != inside[index + columns] {
              let share = Self.crossing(present[index], present[index + columns], level)
              edges[alongY + index] = Int32(vertices.count)
              vertices.append(
                SIMD3(x, ys[row] + (ys[row + 1] - ys[row]) * share, zs[index - start]))
            }
          }
          for index in start..<(start + columns - 1) where inside[index] != inside[index + 1] {
            let share = Self.crossing(present[index], present[index + 1], level)
            edges[alongZ + index] = Int32(vertices.count)
            let (low, high) = (zs[index - start], zs[index - start + 1])
            vertices.append(SIMD3(x, ys[row], low + (high - low) * share))
          }
        }
      }
    }
  }

  private mutating func addTriangles() {
    guard rows > 1, columns > 1 else { return }
    let count = rows * columns
    let (formerY, presentY) = ((layer + 1) % 2 * count, layer % 2 * count)
    let (formerZ, presentZ) = (formerY + 2 * count, presentY + 2 * count)
    let between = 4 * count
    // For each edge of a cube, its place in the tables from that of the cube's first corner.
    let offsets = [
      between, between + 1, between + columns, between + columns + 1,
      formerY, formerY + 1, presentY, presentY + 1,
      formerZ, formerZ + columns, presentZ, presentZ + columns,
    ]
    formerInside.withUnsafeBufferPointer { former in
      presentInside.withUnsafeBufferPointer { present in
        edges.withUnsafeBufferPointer { edges in
          table.withUnsafeBufferPointer { table in
            offsets.withUnsafeBufferPointer { offsets in
              for row in 0..<(rows - 1) {
                let start = row * columns
                /// The case's bits of the four corners in one column of samples.
                func corners(_ index: Int) -> Int {
                  Int(former[index]) | Int(former[index + columns]) << 2
                    | Int(present[index]) << 4 | Int(present[index + columns]) << 6
                }
                var low = corners(start)
                for index in start..<(start + columns - 1) {
                  let high = corners(index + 1)
                  let insideCorners = low | high << 1
                  low = high
                  if insideCorners == 0 || insideCorners == 255 { continue }
                  var place = insideCorners * MarchingCubesTable.rowLength
                  let end = place + 3 * Int(table[place])
                  while place < end {
                    triangles.append(
                      SIMD3(
                        edges[offsets[Int(table[place + 1])] + index],
                        edges[offsets[Int(table[place + 2])] + index],
                        edges[offsets[Int(table[place + 3])] + index]))
                    place += 3
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
