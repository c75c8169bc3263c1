import Foundation
import INRZoo
import TensorKit
import Testing

@Suite struct MeshRenderingTests {
  /// A camera in front, whose lines are parallel, of a small picture.
  private func front(
    azimuth: Double = 0, elevation: Double = 0, up: MeshRendering.Axis = .y,
    background: MeshRendering.Background = .transparent
  ) -> MeshRendering {
    MeshRendering(
      azimuth: azimuth, elevation: elevation, up: up, projection: .orthographic, width: 80,
      height: 80, background: background)
  }

  private func channel(_ index: Int, of picture: Picture) -> [Double] {
    let values = picture.values(as: Double.self).elements
    return stride(from: index, to: values.count, by: picture.channels).map { values[$0] }
  }

  @Test func withoutTrianglesThereIsTheBackground() {
    let empty = TriangleMesh(vertices: [[0, 0, 0]], triangles: [])
    let white = empty.rendered(front(background: .white))
    #expect(white.samples.shape == [80, 80, 3] && white.samples.elements.allSatisfy { $0 == 255 })
    let transparent = empty.rendered(front())
    #expect(transparent.samples.shape == [80, 80, 4])
    #expect(transparent.samples.elements.allSatisfy { $0 == 0 })
  }

  @Test(arguments: [
    MeshRendering.Projection.orthographic, .perspective(fieldOfView: 20),
    .perspective(fieldOfView: 90),
  ])
  func spheresFillAllButTheMargin(projection: MeshRendering.Projection) {
    let sphere = TriangleMesh.sphere(center: [5, -3, 100], radius: 0.25, subdivisions: 5)
    let rendering = MeshRendering(
      azimuth: 77, elevation: -20, projection: projection, width: 120, height: 100,
      background: .transparent)
    let alpha = channel(3, of: sphere.rendered(rendering))
    let covered = alpha.reduce(0, +)
    // Nine tenths of the height; near cameras see less of a sphere than its greatest circle, framed alike.
    #expect(abs(covered / (.pi * 45 * 45) - 1) < 0.015)
    // No gap between triangles.
    for (index, value) in alpha.enumerated() {
      let (x, y) = (Double(index % 120) + 0.5 - 60, Double(index / 120) + 0.5 - 50)
      let radius = (x * x + y * y).squareRoot()
      if radius < 42 { #expect(value == 1) }
      if radius > 47.5 { #expect(value == 0) }
    }
  }

  @Test func threadsAndRepetitionChangeNothing() {
    let torus = TriangleMesh.torus()
    let rendering = MeshRendering(width: 90, height: 70)
    let picture = torus.rendered(rendering, workers: Workers(threads: 1))
    #expect(torus.rendered(rendering, workers: Workers(threads: 3)) == picture)
  }

  @Test func sizeAndPlaceChangeNothing() {
    let torus = TriangleMesh.torus()
    let picture = torus.rendered(front(azimuth: 20, elevation: 35))
    for factor in [0x1p-60, 0x1p60] {
      #expect(torus.scaled(by: factor).rendered(front(azimuth: 20, elevation: 35)) == picture)
    }
    // Nor does which axis points up, if coordinates change places with it.
    for (up, order) in [(MeshRendering.Axis.z, [2, 0, 1]), (.x, [1, 2, 0])] {
      let turned = TriangleMesh(
        vertices: torus.vertices.map { [$0[order[0]], $0[order[1]], $0[order[2]]] },
        triangles: torus.triangles)
      let other = turned.rendered(front(azimuth: 20, elevation: 35, up: up))
      let difference = (other.samples - picture.samples).absoluteValue().mean()
      #expect(difference < 0.05, "\(up)")
    }
  }

  /// A square that faces the camera on the third axis, red at its right end, blue at its left.
  private static let square = TriangleMesh(
    vertices: [[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], triangles: [[0, 1, 2], [0, 2, 3]])
  private static let colors: [SIMD3<Double>] = [[0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 0, 1]]

  @Test func colorsAreBetweenThoseOfTheVertices() {
    let picture = Self.square.rendered(front(), colors: Self.colors)
    let (red, blue) = (channel(0, of: picture), channel(2, of: picture))
    let row = (10..<70).map { 40 * 80 + $0 }
    for (left, right) in zip(row, row.dropFirst()) {
      #expect(red[right] >= red[left] && blue[right] <= blue[left])
    }
    #expect(red[row[0]] < 0.4 && blue[row[0]] > 0.8 && red[row[59]] > 0.8 && blue[row[59]] < 0.4)
  }

  @Test func theCameraGoesAround() {
    // From the right, a square in the plane of the picture is a line; from behind its sides have changed.
    let side = Self.square.rendered(
      front(azimuth: 90), framedLike: [[-1, -1, -1], [1, 1, 1]])
    #expect(channel(3, of: side).reduce(0, +) < 200)
    let back = Self.square.rendered(front(azimuth: 180), colors: Self.colors)
    let red = channel(0, of: back)
    #expect(red[40 * 80 + 10] > red[40 * 80 + 69])
    // From above, what is further along the third axis is further down.
    let floor = TriangleMesh(
      vertices: [[-1, 0, -1], [-1, 0, 1], [1, 0, 1], [1, 0, -1]],
      triangles: [[0, 1, 2], [0, 2, 3]])
    let above = floor.rendered(
      front(elevation: 90), colors: [[0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 0, 1]])
    let reds = channel(0, of: above)
    #expect(reds[69 * 80 + 40] > 0.8 && reds[10 * 80 + 40] < 0.4)
  }

  @Test func theNearerSurfaceIsSeen() {
    let (near, far) = (
      TriangleMesh.sphere(center: [0, 0, 3]), TriangleMesh.sphere(center: [0, 0, -3])
    )
    let offset = Int32(near.vertices.count)
    for turned in [false, true] {
      let (first, second) = turned ? (far, near) : (near, far)
      let both = TriangleMesh(
        vertices: first.vertices + second.vertices,
        triangles: first.triangles + second.triangles.map { $0 &+ SIMD3(repeating: offset) })
      let colors =
        [SIMD3<Double>](repeating: turned ? [0, 1, 0] : [1, 0, 0], count: near.vertices.count)
        + [SIMD3<Double>](repeating: turned ? [1, 0, 0] : [0, 1, 0], count: near.vertices.count)
      for projection in [
        MeshRendering.Projection.orthographic, .perspective(fieldOfView: 40),
      ] {
        let picture = both.rendered(
          MeshRendering(
            azimuth: 0, elevation: 0, projection: projection, width: 60, height: 60),
          colors: colors)
        let center = 30 * 60 + 30
        #expect(channel(0, of: picture)[center] > channel(1, of: picture)[center] + 0.2)
      }
    }
  }

  @Test func theInnerSideIsDarker() {
    let outer = Self.square.rendered(front())
    let inner = Self.square.turnedInsideOut().rendered(front())
    let center = 40 * 80 + 40
    #expect(channel(0, of: inner)[center] < channel(0, of: outer)[center] - 0.1)
  }

  @Test func smoothSurfacesHaveNoFacets() {
    // Between neighbouring pixels of a coarse sphere the light changes little, on a box it jumps at edges.
    func largestStep(_ mesh: TriangleMesh) -> Double {
      let picture = mesh.rendered(front(azimuth: 30, elevation: 20))
      let (red, alpha) = (channel(0, of: picture), channel(3, of: picture))
      let places = (0..<79).map { 40 * 80 + $0 }.filter { alpha[$0] == 1 && alpha[$0 + 1] == 1 }
      return places.dropFirst(6).dropLast(6).map { abs(red[$0] - red[$0 + 1]) }.max() ?? 0
    }
    #expect(largestStep(.sphere(subdivisions: 2)) < 0.03)
    #expect(largestStep(.box(.symmetricUnit)) > 0.1)
  }

  @Test func whatCannotBeDrawnIsLeftOut() {
    var mesh = TriangleMesh.sphere()
    let picture = mesh.rendered(front())
    let first = Int32(mesh.vertices.count)
    mesh.vertices += [
      [.nan, 0, 0], [0, .infinity, 0], [0, 0, 1e300], [1e30, 0, 0], [0, 0, 0], [1, 1, 1],
    ]
    mesh.triangles += [
      [first, 0, 1], [first + 1, 1, 2], [first + 2, 2, 3], [first + 3, 4, 5],
      [first + 4, first + 4, first + 5],
    ]
    let frame = TriangleMesh.sphere().vertices
    #expect(mesh.rendered(front(), framedLike: frame) == picture)
    _ = mesh.rendered(front())
    _ = mesh.rendered(MeshRendering(width: 3, height: 1), framedLike: [])
    // A camera within the mesh.
    let inside = TriangleMesh.sphere(radius: 50).rendered(
      MeshRendering(width: 20, height: 20), framedLike: frame)
    #expect(inside.samples.shape == [20, 20, 3])
  }

  /// As fast as readers of reports expect: a million triangles in about a second of an idle core.
  @Test func millionsOfTrianglesAreDrawn() {
    let torus = TriangleMesh.torus(segments: 1000, sides: 500)
    let clock = ContinuousClock()
    var picture: Picture?
    let time = clock.measure { picture = torus.rendered(MeshRendering(up: .z)) }
    #expect(torus.triangles.count == 1_000_000 && picture?.width == 480)
    #expect(time < .seconds(20), "\(time)")
  }
}
