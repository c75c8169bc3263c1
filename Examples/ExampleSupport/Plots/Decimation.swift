/// A place on the drawing.
struct PlotPoint: Equatable {
  var x: Double
  var y: Double
}

/// Thins out lines that have more points than the drawing has columns.
enum Decimation {
  /// Keeps the first, lowest, highest and last point of every column of one unit's width.
  ///
  /// The drawn line covers the same places as before: no peak is lost.
  static func thin(_ points: [PlotPoint]) -> [PlotPoint] {
    var result: [PlotPoint] = []
    var index = 0
    while index < points.count {
      let column = points[index].x.rounded(.down)
      var end = index
      while end < points.count, points[end].x.rounded(.down) == column { end += 1 }
      if end - index <= 4 {
        result += points[index..<end]
      } else {
        var lowest = index
        var highest = index
        for i in index..<end {
          if points[i].y < points[lowest].y { lowest = i }
          if points[i].y > points[highest].y { highest = i }
        }
        result += Set([index, lowest, highest, end - 1]).sorted().map { points[$0] }
      }
      index = end
    }
    return result
  }

  /// Splits a list where a point is missing.
  static func runs<Point>(_ points: [Point?]) -> [[Point]] {
    points.split { $0 == nil }.map { $0.compactMap(\.self) }
  }
}
