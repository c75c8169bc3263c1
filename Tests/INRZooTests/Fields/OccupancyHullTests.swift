import AutoDiff
import TensorKit
import Testing

@testable import INRZoo

/// Occupancy from a scene's pictures.
@Suite struct OccupancyHullTests {
  private static let radius = 0.5

  /// Pictures of a ball around the origin, from all sides.
  private static func views(_ count: Int, hasAlpha: Bool = true) -> [SceneView] {
    (0..<count).map { index in
      let height = -0.9 + 1.8 * (Double(index) + 0.5) / Double(count)
      let angle = 2.4 * Double(index)
      let around = (1 - height * height).squareRoot()
      let direction = Tensor<Double>([angle])
      let position = SIMD3(
        around * direction.cosine().scalar, around * direction.sine().scalar, height)
      let camera = Camera(
        width: 60, height: 50, horizontalFieldOfView: 0.6,
        pose: .looking(at: .zero, from: position * 4))
      let channels = hasAlpha ? 4 : 3
      let pixels = Tensor<Double>(shape: [50, 60, channels]) { elements in
        for pixel in 0..<(50 * 60) {
          for channel in 0..<3 { elements[pixel * channels + channel] = 1 }
          guard hasAlpha else { continue }
          // Covered where any of a few rays through the pixel meets the ball.
          let isCovered = (0..<49).contains { sample in
            let direction = camera.direction(
              column: Double(pixel % 60) + Double(sample % 7) / 6,
              row: Double(pixel / 60) + Double(sample / 7) / 6)
            let unit = direction / length(direction)
            let nearest = camera.pose.position - dot(camera.pose.position, unit) * unit
            return length(nearest) < radius
          }
          elements[pixel * channels + 3] = isCovered ? 1 : 0
        }
      }
      return SceneView(name: "\(index)", picture: Picture(pixels), camera: camera)
    }
  }

  private static let box = BoundingBox.symmetricUnit.enlarged(by: 0.8)

  @Test func theHullHoldsTheObjectAndLittleElse() throws {
    let extents = SIMD3(repeating: 40)
    let grid = try OccupancyGrid(
      hullOf: Self.views(40), box: Self.box, extents: extents, workers: Workers(threads: 2))
    let half = Self.box.size / SIMD3<Double>(extents) * 0.5
    for cell in 0..<grid.cellCount {
      let center = grid.center(ofCell: cell)
      // The point of the cell nearest to the middle of the ball.
      let nearest = center - center.clamped(lowerBound: -half, upperBound: half)
      if length(nearest) < 0.98 * Self.radius { #expect(grid.isOccupied(cell)) }
    }
    let ball = 4 / 3 * Double.pi * 0.125
    let volume = Double(grid.occupiedCount) / Double(grid.cellCount) * 1.6 * 1.6 * 1.6
    #expect(volume > ball && volume < 1.7 * ball)
    let wider = try OccupancyGrid(
      hullOf: Self.views(40), box: Self.box, extents: extents, margin: 2)
    #expect(wider.occupiedCount > grid.occupiedCount)
    #expect((0..<grid.cellCount).allSatisfy { !grid.isOccupied($0) || wider.isOccupied($0) })
  }

  @Test func picturesWithoutAlphaJudgeNothing() throws {
    let grid = try OccupancyGrid(
      hullOf: Self.views(3, hasAlpha: false), box: Self.box, extents: SIMD3(4, 4, 4))
    #expect(grid.occupiedCount == 64)
  }

  @Test func cellsThatNoCameraSeesAreRemoved() {
    let cameras = [
      Camera(
        width: 20, height: 20, horizontalFieldOfView: 0.2,
        pose: .looking(at: .zero, from: SIMD3(4, 0, 0)))
    ]
    var grid = OccupancyGrid(box: Self.box, extents: SIMD3(8, 8, 8))
    grid.removeUnseen(by: cameras)
    let half = Variable(Tensor<Double>(0.1))
    let slope = half.sine().scalar / half.cosine().scalar
    for cell in 0..<grid.cellCount {
      let center = grid.center(ofCell: cell)
      let reach = slope * (4 - center.x)
      let isSeen = abs(center.y) < reach && abs(center.z) < reach
      #expect(grid.isOccupied(cell) == isSeen)
      #expect(grid.densities[cell] == (isSeen ? 0 : -1))
    }
    grid.removeUnseen(by: cameras, nearerThan: 5)
    #expect(grid.occupiedCount == 0)
  }
}
