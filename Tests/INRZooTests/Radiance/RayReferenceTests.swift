import AutoDiff
import INRZoo
import TensorKit
import Testing

/// Cameras, rays and samples along them against float64 values from PyTorch and numpy.
@Suite struct RayReferenceTests {
  struct RaySettings: Decodable {
    let height: Int
    let width: Int
  }

  private func poses(_ tensor: Tensor<Double>) -> [CameraPose] {
    (0..<tensor.shape[0]).map { index in
      CameraPose(rows: (0..<3).map { row in (0..<4).map { tensor[index, row, $0] } })
    }
  }

  @Test(arguments: PixelPosition.allCases) func raysOfCamerasAndBoxes(
    _ position: PixelPosition
  ) throws {
    let reference = try FieldReference("rays", RaySettings.self)
    let name = position == .center ? "centre" : "corner"
    let angle = try reference.tensor("camera_angle_x", as: Double.self)[0]
    var (origins, directions, units): ([Tensor<Double>], [Tensor<Double>], [Tensor<Double>]) = (
      [], [], []
    )
    var (entries, exits): ([Tensor<Double>], [Tensor<Double>]) = ([], [])
    let box = BoundingBox(lower: SIMD3(repeating: -1.5), upper: SIMD3(repeating: 1.5))
    for pose in poses(try reference.tensor("camera_to_world")) {
      let camera = Camera(
        width: reference.settings.width, height: reference.settings.height,
        horizontalFieldOfView: angle, pose: pose)
      let focal = try reference.tensor("focal", as: Double.self)[0]
      #expect(abs(camera.focalLength - focal) <= 1e-12 * focal)
      let rays: Rays<Double> = camera.rays(through: position)
      origins.append(rays.origins)
      directions.append(rays.directions)
      units.append(rays.normalized.directions)
      let straight: Rays<Double> = camera.rays(through: position, isNormalized: true)
      #expect(
        straight.directions.isApproximatelyEqual(
          to: units[units.count - 1], relativeTolerance: 1e-12))
      let crossings = rays.normalized.crossings(of: box)
      entries.append(crossings.entry)
      exits.append(crossings.exit)
    }
    try reference.expect(.concatenated(origins), "origins.\(name)", tolerance: 1e-12)
    try reference.expect(.concatenated(directions), "directions.\(name)", tolerance: 1e-12)
    try reference.expect(.concatenated(units), "unit_directions.\(name)", tolerance: 1e-12)
    try reference.expect(.concatenated(entries), "box_entry.\(name)", tolerance: 1e-12)
    try reference.expect(.concatenated(exits), "box_exit.\(name)", tolerance: 1e-12)
  }

  @Test func framesOfOtherSystems() throws {
    let reference = try FieldReference("rays", RaySettings.self)
    let poses = poses(try reference.tensor("camera_to_world"))
    let last: [[Double]] = [[0, 0, 0, 1]]
    func matrix(_ rows: [[[Double]]]) -> Tensor<Double> {
      Tensor(Array(rows.joined().joined()))
    }
    let ngp = poses.map { $0.scaled(toDistance: 1.5).rows(axes: .rightDownForward) }
    try reference.expect(matrix(ngp), "camera_to_world.ngp_pl", tolerance: 1e-12)
    let torch = poses.map {
      $0.withAxesCycled.scaled(by: 0.8).rows(axes: .rightDownForward) + last
    }
    try reference.expect(matrix(torch), "camera_to_world.torch_ngp", tolerance: 1e-12)
    let path = CameraPose.circle().map { $0.rows() + last }
    try reference.expect(matrix(path), "path", tolerance: 1e-12)
  }

  @Test func aCameraLooksAtItsTarget() {
    for position in [SIMD3(3.0, -2, 1), SIMD3(0.5, 0.25, 5), SIMD3(0.5, 0.25, -5)] {
      let target = SIMD3(0.5, 0.25, 0.125)
      let camera = Camera(
        width: 40, height: 30, focalLength: 50,
        pose: .looking(at: target, from: position))
      let place = camera.place(of: target)
      #expect(abs((place?.column ?? 0) - 20) < 1e-9 && abs((place?.row ?? 0) - 15) < 1e-9)
      let point = position + camera.direction(column: 7.5, row: 11) * 3
      let found = camera.place(of: point)
      #expect(abs((found?.column ?? 0) - 7.5) < 1e-9 && abs((found?.row ?? 0) - 11) < 1e-9)
      #expect(abs((found?.depth ?? 0) - 3) < 1e-9)
      #expect(camera.place(of: position + camera.pose.backward) == nil)
    }
  }

  struct NoSettings: Decodable {}

  @Test func stratifiedAndHierarchicalSamples() throws {
    let reference = try FieldReference("sampling", NoSettings.self)
    let bounds = try reference.tensor("near_far", as: Double.self)
    let jitter = try reference.tensor("jitter", as: Double.self)
    let sampling = StratifiedSampling(near: bounds[0], far: bounds[1], count: jitter.shape[1])
    let distances = sampling.distances(rayCount: jitter.shape[0], jitter: jitter)
    try reference.expect(distances, "stratified", tolerance: 1e-12)
    let weights = try reference.tensor("weights", as: Double.self)
    let random = try reference.tensor("uniform", as: Double.self)
    let even = Tensor<Double>.evenlySpaced(over: 0...1, count: random.shape[1])
      .reshaped(to: [1, -1]).broadcast(to: random.shape)
    for (name, uniform) in [("random", random), ("even", even)] {
      try reference.expect(
        HierarchicalSampling.resampled(
          bins: try reference.tensor("bins"),
          weights: weights.slice(1..<(weights.shape[1] - 1), alongAxis: 1), uniform: uniform),
        "resampled.\(name)", tolerance: 1e-12)
      try reference.expect(
        HierarchicalSampling.refined(distances, weights: weights, uniform: uniform),
        "merged.\(name)", tolerance: 1e-12)
    }
  }
}
