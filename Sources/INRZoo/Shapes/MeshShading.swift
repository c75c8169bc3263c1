import Foundation
import TensorKit

/// The light on what is seen of a mesh.
struct MeshShading: Sendable {
  private let mesh: TriangleMesh
  private let raster: MeshRaster
  private let camera: MeshCamera
  private let rendering: MeshRendering
  /// By vertex, in proportion to the light; nil if the whole mesh has one color.
  private let colors: [SIMD3<Double>]?
  private let normals: SmoothNormals
  private let color: SIMD3<Double>

  /// The directions of two lamps in the view, and how bright they are.
  private static let lamps: [(direction: SIMD3<Double>, brightness: Double)] = [
    (unit([-0.5, 0.65, 0.75]), 0.92), (unit([0.8, 0.05, 0.45]), 0.16),
  ]
  /// How bright the sky and the ground are.
  private static let (sky, ground) = (0.30, 0.12)
  /// The share of the light that a smooth surface mirrors, and how narrow that is.
  private static let (gloss, glossExponent) = (0.07, 24.0)
  /// What the inner side is multiplied by.
  private static let innerTint = SIMD3<Double>(0.62, 0.42, 0.36)
  /// How far from a point its hollow is looked for, in the view.
  private static let hollowRadius = 0.22
  /// How much of the light a hollow may lose.
  private static let hollowStrength = 1.5
  /// The offsets at which a hollow is looked for: a spiral of equal areas in the unit circle.
  private static let hollowOffsets: [SIMD2<Double>] = (0..<16).map { index in
    let radius = ((Double(index) + 0.5) / 16).squareRoot()
    let angle = Double(index) * .pi * (3 - 5.0.squareRoot())
    return SIMD2(cos(angle), sin(angle)) * radius
  }

  init(
    of mesh: TriangleMesh, raster: MeshRaster, camera: MeshCamera, rendering: MeshRendering,
    colors: [SIMD3<Double>]?
  ) {
    self.mesh = mesh
    self.raster = raster
    self.camera = camera
    self.rendering = rendering
    self.colors = colors?.map(Self.decoded)
    color = Self.decoded(rendering.color)
    normals = SmoothNormals(of: mesh, unit: camera.unit, where: raster.draws)
  }

  /// The picture, each pixel the mean of its samples' light.
  func picture(workers: Workers) -> Picture {
    let (width, height) = (rendering.width, rendering.height)
    let channels = rendering.background == .transparent ? 4 : 3
    // Rows do not depend on each other, nor on how they are shared out.
    let bands = workers.collect(height) { row in self.pixels(ofRow: row, channels: channels) }
    return Picture(
      Tensor<Double>(shape: [height, width, channels]) { values in
        var place = 0
        for band in bands {
          for value in band {
            values[place] = value
            place += 1
          }
        }
      })
  }

  private func pixels(ofRow row: Int, channels: Int) -> [Double] {
    let samples = MeshCamera.samplesPerPixel
    var values: [Double] = []
    values.reserveCapacity(rendering.width * channels)
    for column in 0..<rendering.width {
      var light = SIMD3<Double>.zero
      var covered = 0
      for sample in 0..<(samples * samples) {
        let (x, y) = (column * samples + sample % samples, row * samples + sample / samples)
        guard let seen = self.light(column: x, row: y, turn: sample) else { continue }
        light += seen
        covered += 1
      }
      let count = samples * samples
      if channels == 4 {
        let color = covered == 0 ? .zero : Self.encoded(light / Double(covered))
        values += [color.x, color.y, color.z, Double(covered) / Double(count)]
      } else {
        let color = Self.encoded(
          (light + SIMD3(repeating: Double(count - covered))) / Double(count))
        values += [color.x, color.y, color.z]
      }
    }
    return values
  }

  /// The light from what is seen at a sample, or `nil` for the background.
  ///
  /// - Parameter turn: Which of the samples of its pixel it is: their hollows are looked for in directions between
  ///   each other's, so that the mean of the pixel has four times as many.
  private func light(column: Int, row: Int, turn: Int) -> SIMD3<Double>? {
    let place = row * raster.columns + column
    let index = Int(raster.triangles[place])
    guard index >= 0 else { return nil }
    let triangle = mesh.triangles[index]
    var (shares, isOuter) = raster.shares(of: triangle, column: column, row: row)
    if camera.distance != nil {
      // Nearness is the magnification, by which shares over the picture become shares over the triangle.
      for corner in 0..<3 {
        shares[corner] *= Double(raster.corners[Int(triangle[corner])].nearness)
      }
      shares /= shares.sum()
    }
    let (first, second, third) = normals.corners(of: index)
    var normal = Self.unit(
      camera.direction(of: first * shares.x + second * shares.y + third * shares.z))
    if !isOuter { normal = -normal }

    let point = point(column: column, row: row, nearness: raster.nearness[place])
    let gaze = Self.unit(SIMD3(0, 0, camera.distance ?? 1e6) - point)
    // Means of normals may point away from what sees them.
    let away = (normal * gaze).sum()
    if away < 0 { normal = Self.unit(normal - gaze * (away * 1.02)) }

    var base = color
    if let colors {
      base =
        colors[Int(triangle.x)] * shares.x + colors[Int(triangle.y)] * shares.y
        + colors[Int(triangle.z)] * shares.z
    }
    if !isOuter { base *= Self.innerTint }
    let open = openness(at: point, normal: normal, column: column, row: row, turn: turn)
    let ambient = Self.ground + (Self.sky - Self.ground) * (0.5 + 0.5 * normal.y)
    var diffuse = ambient * open
    var mirrored = 0.0
    for lamp in Self.lamps {
      diffuse += lamp.brightness * max(0, (normal * lamp.direction).sum()) * (0.4 + 0.6 * open)
      let between = Self.unit(lamp.direction + gaze)
      mirrored += lamp.brightness * pow(max(0, (normal * between).sum()), Self.glossExponent)
    }
    return base * diffuse + SIMD3(repeating: Self.gloss * mirrored * open)
  }

  private func point(column: Int, row: Int, nearness: Float) -> SIMD3<Double> {
    let depth = camera.distance.map { $0 - $0 / Double(nearness) } ?? Double(nearness)
    return camera.view(column: Double(column) + 0.5, row: Double(row) + 0.5, depth: depth)
  }

  /// How much of the sky a point sees, from 0 to 1, by what stands out of its plane around it.
  ///
  /// Source: McGuire et al., "The alchemy screen-space ambient obscurance algorithm", High Performance Graphics
  /// 2011.
  private func openness(
    at point: SIMD3<Double>, normal: SIMD3<Double>, column: Int, row: Int, turn: Int
  ) -> Double {
    let radius = Self.hollowRadius
    let reach = radius * camera.scale * camera.magnification(at: point.z)
    let angle = Double(turn) * .pi / 2 / Double(Self.hollowOffsets.count)
    let (cosine, sine) = (cos(angle * 4), sin(angle * 4))
    var hidden = 0.0
    for offset in Self.hollowOffsets {
      let x = column + Int((offset.x * cosine - offset.y * sine) * reach)
      let y = row + Int((offset.x * sine + offset.y * cosine) * reach)
      guard x >= 0, y >= 0, x < raster.columns, y < raster.rows else { continue }
      let place = y * raster.columns + x
      guard raster.triangles[place] >= 0 else { continue }
      let away = self.point(column: x, row: y, nearness: raster.nearness[place]) - point
      let square = (away * away).sum()
      guard square > 1e-12, square < radius * radius else { continue }
      let rise = (away * normal).sum() / square.squareRoot() - 0.08
      if rise > 0 { hidden += rise * (1 - square / (radius * radius)) }
    }
    return max(0, 1 - Self.hollowStrength * hidden / Double(Self.hollowOffsets.count) * 2)
  }

  private static func unit(_ vector: SIMD3<Double>) -> SIMD3<Double> {
    let length = (vector * vector).sum().squareRoot()
    return length > 0 ? vector / length : [0, 0, 1]
  }

  /// Light in proportion to its energy, from what a picture stores (IEC 61966-2-1).
  private static func decoded(_ color: SIMD3<Double>) -> SIMD3<Double> {
    var light = SIMD3<Double>()
    for channel in 0..<3 {
      let value = color[channel] > 0 ? min(color[channel], 1) : 0
      light[channel] = value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return light
  }

  private static func encoded(_ light: SIMD3<Double>) -> SIMD3<Double> {
    var color = SIMD3<Double>()
    for channel in 0..<3 {
      let value = light[channel] > 0 ? min(light[channel], 1) : 0
      color[channel] = value <= 0.0031308 ? value * 12.92 : 1.055 * pow(value, 1 / 2.4) - 0.055
    }
    return color
  }
}
