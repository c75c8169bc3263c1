import Foundation
import TensorKit

extension Picture {
  /// Returns a picture that needs no file: a small landscape, painted by formulas.
  ///
  /// It shows plainly what a network learns late. The sky is smooth; the rings around the sun go
  /// from coarse to fine, so that the ring where a fit fades tells the frequency that it has reached;
  /// the tower and the letters have hard edges; the hills are of woven cloth and of stripes. It is
  /// the same scene at every size, with 8 bits per sample, so that it equals its PNG file.
  ///
  /// - Parameters:
  ///   - height: The number of rows of pixels.
  ///   - width: The number of pixels in a row.
  /// - Returns: An RGB picture.
  public static func procedural(height: Int = 96, width: Int = 96) -> Picture {
    precondition(height > 0 && width > 0, "a picture of \(width) x \(height) has no pixels")
    // Hard edges are averaged over this many points along each side of a pixel.
    let points = 4
    let unit = Double(min(height, width))
    let values = Tensor<Double>(shape: [height, width, 3]) { values in
      for row in 0..<height {
        for column in 0..<width {
          var sum = SIMD3<Double>.zero
          for point in 0..<(points * points) {
            let down = (Double(point / points) + 0.5) / Double(points)
            let across = (Double(point % points) + 0.5) / Double(points)
            sum += Landscape.color(
              x: (Double(column) + across - Double(width) / 2) / unit,
              y: (Double(row) + down - Double(height) / 2) / unit)
          }
          let color = sum / Double(points * points)
          for channel in 0..<3 {
            values[(row * width + column) * 3 + channel] = color[channel]
          }
        }
      }
    }
    return Picture(values)
  }
}

/// The scene: its colour at every point of the plane.
///
/// The middle of the picture is the origin, y points down, and the shorter side has the length 1.
private enum Landscape {
  typealias Color = SIMD3<Double>

  static func color(x: Double, y: Double) -> Color {
    if let color = letters(x: x, y: y) { return color }
    if let color = nearHill(x: x, y: y) { return color }
    if let color = tower(x: x, y: y) { return color }
    if let color = farHill(x: x, y: y) { return color }
    return sky(x: x, y: y)
  }

  // MARK: Sky

  /// A smooth evening sky with a sun whose rings are the finer, the further out.
  static func sky(x: Double, y: Double) -> Color {
    let top = Color(0.09, 0.20, 0.42)
    let middle = Color(0.36, 0.55, 0.72)
    let low = Color(0.99, 0.78, 0.56)
    let height = y + 0.5
    var color = mix(top, middle, smoothStep(0, 0.34, height))
    color = mix(color, low, smoothStep(0.22, 0.66, height))

    let (dx, dy) = (x - 0.17, y + 0.17)
    let squared = dx * dx + dy * dy
    let radius = squared.squareRoot()
    color = mix(color, Color(1.00, 0.86, 0.60), 0.55 * exp(-squared / 0.03))
    // 34 rings to the unit at the radius 0.3, where they end.
    let ring = 0.5 + 0.5 * cos(.pi * 34 / 0.3 * squared)
    let strength = 1 - smoothStep(0.27, 0.31, radius)
    return mix(color, Color(1.00, 0.93, 0.72), 0.85 * ring * strength)
  }

  // MARK: Hills

  /// A hill of woven cloth: threads that pass over and under each other.
  static func farHill(x: Double, y: Double) -> Color? {
    let crest = 0.16 + 0.045 * cos(7.0 * (x + 0.12)) + 0.02 * sin(15 * x)
    guard y > crest else { return nil }
    let (warp, weft) = (x * 30, (y - crest * 0.5) * 30)
    let over = (Int(floor(warp)) + Int(floor(weft))) % 2 == 0
    let along = over ? warp - floor(warp) : weft - floor(weft)
    let thread = sin(.pi * along)
    let color = over ? Color(0.62, 0.25, 0.28) : Color(0.93, 0.72, 0.45)
    let shade = 1 - 0.35 * smoothStep(0, 0.3, y - crest)
    return color * (0.45 + 0.55 * thread) * shade
  }

  /// A hill with the furrows of a field, hard-edged and narrower towards its crest.
  static func nearHill(x: Double, y: Double) -> Color? {
    let crest = 0.34 - 0.05 * sin(4.5 * x + 0.6)
    guard y > crest else { return nil }
    let depth = y - crest + 0.05
    let furrow = sin((x + 0.1) / (depth + 0.18) * 12)
    let color = furrow > 0 ? Color(0.16, 0.38, 0.28) : Color(0.55, 0.66, 0.30)
    return color * (0.8 + 0.9 * depth)
  }

  // MARK: Tower

  /// A tower of bricks with a checkered band, a window and battlements.
  static func tower(x: Double, y: Double) -> Color? {
    let (dx, top) = (x + 0.27, -0.27)
    guard abs(dx) < 0.13, y > top, y < 0.4 else { return nil }
    if y < top + 0.05 {
      // Battlements: three merlons and two gaps.
      guard Int(floor((dx + 0.13) / 0.052)) % 2 == 0 else { return nil }
      return Color(0.80, 0.77, 0.72)
    }
    let light = 1.08 - 0.35 * smoothStep(-0.13, 0.13, -dx)
    if y < top + 0.05 + 0.13 {
      let column = Int(floor((dx + 0.13) / 0.0433))
      let row = Int(floor((y - top - 0.05) / 0.0433))
      return (column + row) % 2 == 0 ? Color(0.97, 0.95, 0.90) * light : Color(0.07, 0.09, 0.15)
    }
    if abs(dx) < 0.04, y < 0.10, y > 0 || dx * dx + y * y < 0.0016 {
      return Color(0.99, 0.84, 0.38)
    }
    let course = (y - top) / 0.042
    let shift = Int(floor(course)) % 2 == 0 ? 0.0 : 0.5
    let brick = (dx + 0.13) / 0.0867 + shift
    let isMortar = course - floor(course) < 0.24 || brick - floor(brick) < 0.13
    return (isMortar ? Color(0.86, 0.80, 0.72) : Color(0.66, 0.29, 0.20)) * light
  }

  // MARK: Letters

  /// Three letters of straight strokes: N, T and K.
  static func letters(x: Double, y: Double) -> Color? {
    let strokes: [(Double, Double, Double, Double)] = [
      (0.00, 1, 0.00, 0), (0.00, 0, 0.60, 1), (0.60, 1, 0.60, 0),
      (0.90, 0, 1.60, 0), (1.25, 0, 1.25, 1),
      (1.90, 0, 1.90, 1), (1.90, 0.55, 2.45, 0), (2.05, 0.42, 2.50, 1),
    ]
    let scale = 0.12
    let (px, py) = ((x - 0.13) / scale, (y - 0.35) / scale)
    guard px > -0.5, px < 3, py > -0.5, py < 1.5 else { return nil }
    let isInk = strokes.contains { distance(px, py, from: $0) < 0.115 }
    return isInk ? Color(0.98, 0.96, 0.90) : nil
  }

  /// The distance of a point from a stroke.
  static func distance(
    _ x: Double, _ y: Double, from stroke: (Double, Double, Double, Double)
  ) -> Double {
    let (dx, dy) = (stroke.2 - stroke.0, stroke.3 - stroke.1)
    let place = ((x - stroke.0) * dx + (y - stroke.1) * dy) / (dx * dx + dy * dy)
    let nearest = min(max(place, 0), 1)
    let (ex, ey) = (x - stroke.0 - nearest * dx, y - stroke.1 - nearest * dy)
    return (ex * ex + ey * ey).squareRoot()
  }

  // MARK: Helpers

  static func mix(_ first: Color, _ second: Color, _ share: Double) -> Color {
    first + (second - first) * share
  }

  /// Goes smoothly from 0 at one place to 1 at another.
  static func smoothStep(_ start: Double, _ end: Double, _ place: Double) -> Double {
    let share = min(max((place - start) / (end - start), 0), 1)
    return share * share * (3 - 2 * share)
  }
}
