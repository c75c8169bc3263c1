import AutoDiff
import Foundation
import TensorKit
import Testing

@testable import INRZoo

/// How long a hash grid takes for a point, on one thread; measured where the environment variable TIMINGS is set.
///
/// `TIMINGS=1 swift test -c release --filter HashGridTimings`
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["TIMINGS"] != nil))
struct HashGridTimings {
  /// Points in tiles: drawn from the whole cube, or one after the other along rays through it.
  private static func tiles(areRays: Bool, count: Int = 256) -> [Tensor<Float>] {
    var generator = SeededGenerator(seed: 1)
    let even = Tensor<Float>.evenlySpaced(over: 0...1, count: 64).reshaped(to: [1, 64, 1])
    return (0..<count).map { _ in
      guard areRays else { return .uniform(over: 0...1, shape: [256, 3], using: &generator) }
      let ends = (0..<2).map { _ in
        Tensor<Float>.uniform(over: 0...1, shape: [4, 1, 3], using: &generator)
      }
      return (ends[0] + (ends[1] - ends[0]) * even).reshaped(to: [256, 3])
    }
  }

  /// The least time of a few runs, in nanoseconds a point.
  private static func time(_ tiles: [Tensor<Float>], _ body: (Tensor<Float>) -> Void) -> Double {
    (0..<7).map { _ in
      let time = ContinuousClock().measure { for tile in tiles { body(tile) } }
      return time / .nanoseconds(1) / Double(tiles.count * 256)
    }.min() ?? .nan
  }

  @Test(arguments: [15, 19], [false, true]) func levels16Features2(_ log2Rows: Int, _ areRays: Bool)
  {
    var generator = SeededGenerator(seed: 2)
    let grid = HashGrid<Float>(
      HashGridSettings(
        levels: 16, features: 2, log2RowsPerLevel: log2Rows, coarsestResolution: 16,
        finestResolution: 2048), using: &generator)
    let tiles = Self.tiles(areRays: areRays)
    let cotangent = Variable(Tensor<Float>(repeating: 0.1, shape: [256, 32]))
    let forward = Self.time(tiles) { _ = grid(Variable($0)).value }
    let places = Self.time(tiles) { _ = grid.tableRows(at: $0) }
    // A step of 65,536 points in tiles, with a gradient of the whole table.
    let training =
      (0..<7).map { _ in
        let time = ContinuousClock().measure {
          _ = gradient(at: grid) { grid in
            tiles.reduce(Variable(Tensor(0))) { $0 + (grid(Variable($1)) * cotangent).sum() }
          }
        }
        return time / .nanoseconds(1) / Double(tiles.count * 256)
      }.min() ?? .nan
    let (_, pullback) = valueWithPullback(at: [Variable(tiles[0])]) { grid($0[0]) }
    let toPoints = Self.time(tiles) { _ in _ = pullback(cotangent) }
    print(
      "T \(log2Rows), \(areRays ? "rays" : "random points"): forward \(forward) ns a point, rows "
        + "\(places), forward and pullback to the table \(training), pullback to points \(toPoints)"
    )
    // Tables that leave the cache take as long as memory does.
    #expect(log2Rows > 16 || forward < 1000)
  }
}
