import INRZoo

/// A side from which shapes are shown.
struct ShapeView: Sendable {
  /// What the view is called.
  let name: String
  /// From where one looks, in degrees around the upright axis.
  let azimuth: Double
  /// From where one looks, in degrees above the horizon.
  let elevation: Double

  /// From in front, a little from above.
  static let front = ShapeView(name: "From in front", azimuth: 20, elevation: 15)

  /// All views of a report.
  static let all = [
    front, ShapeView(name: "From behind", azimuth: 200, elevation: 15),
    ShapeView(name: "From above", azimuth: 110, elevation: 60),
  ]
}
