import AutoDiff
import TensorKit
import Testing

@testable import INRZoo

@Suite struct HashGridTests {
  private struct Settings: Decodable {
    struct Level: Decodable {
      let scale: Double
      let resolution: Int
      let size: Int
      let dense: Bool
    }
    let levels: [Level]
    let features: Int
    let table_size: Int
    let coarsest: Int
    let growth: Double
  }

  struct Example: Sendable, CustomTestStringConvertible {
    let convention: HashGridSettings.Convention
    let interpolation: HashGridSettings.Interpolation
    var file: String { convention == .paper ? "hash-encoding-paper" : "hash-encoding-tcnn" }
    var testDescription: String { "\(file) \(interpolation)" }
  }

  static let examples = HashGridSettings.Convention.allCases.flatMap { convention in
    HashGridSettings.Interpolation.allCases.map {
      Example(convention: convention, interpolation: $0)
    }
  }

  private func grid<Scalar: TensorScalar>(
    _ reference: FieldReference<Settings>, _ example: Example, _: Scalar.Type
  ) throws -> HashGrid<Scalar> {
    let settings = reference.settings
    let tables = try settings.levels.indices.map {
      try reference.tensor("table.\($0)", as: Scalar.self)
    }
    return HashGrid(
      HashGridSettings(
        levels: settings.levels.count, features: settings.features,
        log2RowsPerLevel: settings.table_size.trailingZeroBitCount,
        coarsestResolution: settings.coarsest, growth: settings.growth,
        convention: example.convention, interpolation: example.interpolation),
      table: .concatenated(tables))
  }

  @Test(arguments: examples) func levelsAreTheReferences(_ example: Example) throws {
    let reference = try FieldReference<Settings>(example.file)
    let settings = try grid(reference, example, Double.self).settings
    for (index, level) in reference.settings.levels.enumerated() {
      let found = settings.sizes(ofLevel: index)
      #expect(abs(found.scale - level.scale) <= 1e-12 * level.scale)
      #expect(found.rows == level.size && found.resolution == level.resolution)
      let cube = found.resolution * found.resolution * found.resolution
      #expect((cube <= found.rows) == level.dense)
    }
  }

  private func check<Scalar: TensorScalar>(
    _ example: Example, _: Scalar.Type, values: Double, gradients: Double, checksPlaces: Bool
  ) throws {
    let reference = try FieldReference<Settings>(example.file)
    let grid = try grid(reference, example, Scalar.self)
    let points: Tensor<Scalar> = try reference.tensor("points")
    let name = example.interpolation.rawValue
    if checksPlaces {
      let expected = try reference.indices("table_rows")
      let levels = reference.settings.levels.count
      let found = grid.tableRows(at: points).enumerated().map { place, row in
        row - grid.rows(ofLevel: place / 8 % levels).lowerBound
      }
      #expect(found == expected)
    }
    let cotangent = Variable(try reference.tensor("cotangent", as: Scalar.self))
    let (features, pullback) = valueWithPullback(at: [Variable(points), grid.table]) { inputs in
      var copy = grid
      var visitor = ModuleVisitor<Scalar>(onParameter: { _, _, table, _ in table = inputs[1] })
      copy.visit(&visitor)
      return copy(inputs[0])
    }
    try reference.expect(features.value, "features.\(name)", tolerance: values)
    let gradient = pullback(cotangent)
    if checksPlaces {
      try reference.expect(gradient[0].value, "gradient.points.\(name)", tolerance: gradients)
    }
    for level in reference.settings.levels.indices {
      try reference.expect(
        gradient[1].value.slice(grid.rows(ofLevel: level)), "gradient.table.\(level).\(name)",
        tolerance: gradients)
    }
  }

  @Test(arguments: examples) func featuresAndGradients(_ example: Example) throws {
    try check(example, Double.self, values: 1e-12, gradients: 1e-10, checksPlaces: true)
    try check(example, Float.self, values: 2e-5, gradients: 1e-4, checksPlaces: false)
  }

  /// Two levels, one with a row for each vertex, over a box that is no cube.
  private static func small(_ example: Example) -> HashGrid<Double> {
    var generator = SeededGenerator(seed: 4)
    let settings = HashGridSettings(
      levels: 2, features: 2, log2RowsPerLevel: 5, coarsestResolution: 2, growth: 2,
      convention: example.convention, interpolation: example.interpolation)
    let box = BoundingBox(lower: SIMD3(-1, 0, -0.5), upper: SIMD3(1, 1.5, 1))
    let sizes = HashGrid<Double>(settings, box: box, using: &generator)
    return HashGrid(
      settings, box: box, table: .normal(shape: sizes.table.shape, using: &generator))
  }

  private static let points = Tensor<Double>([
    [-0.613, 0.281, 0.137], [0.371, 1.113, 0.731], [0.357, 1.127, 0.719], [-0.233, 0.61, -0.11],
  ])

  @Test(arguments: examples) func derivatives(_ example: Example) {
    let findings = checkDerivatives(of: Self.small(example), at: Self.points, step: 2e-4)
    #expect(findings.isEmpty, "\(findings)")
  }

  /// Two levels in the plane or on a line, one with a row for each vertex.
  private static func flat(_ example: Example, dimensions: Int) -> HashGrid<Double> {
    var generator = SeededGenerator(seed: 4)
    var settings = HashGridSettings(
      levels: 2, features: 2, log2RowsPerLevel: dimensions == 1 ? 3 : 5, coarsestResolution: 4,
      growth: 4, convention: example.convention, interpolation: example.interpolation)
    settings.dimensions = dimensions
    let box = BoundingBox(lower: SIMD3(-1, 0, 0), upper: SIMD3(1, 1.5, 1))
    let sizes = HashGrid<Double>(settings, box: box, using: &generator)
    return HashGrid(
      settings, box: box, table: .normal(shape: sizes.table.shape, using: &generator))
  }

  @Test(arguments: examples, [1, 2])
  func derivativesInThePlaneAndOnALine(_ example: Example, dimensions: Int) throws {
    let grid = Self.flat(example, dimensions: dimensions)
    #expect(grid.inputs == dimensions)
    var points = Self.points.slice(0..<dimensions, alongAxis: 1)
    // Not where differences would reach beyond a cell.
    if dimensions == 2 { points[0, 1] = 0.301 }
    let findings = checkDerivatives(of: grid, at: points, step: 2e-4)
    #expect(findings.isEmpty, "\(findings)")
    // The hashed level wraps around, and no row is beyond the table.
    #expect(grid.settings.sizes(ofLevel: 1).resolution > 8)
    let levelRows = grid.rows(ofLevel: 1)
    #expect(levelRows.count == 1 << grid.settings.log2RowsPerLevel)
    let rows = grid.tableRows(at: points)
    for place in rows.indices { #expect(grid.rows(ofLevel: place / 8 % 2).contains(rows[place])) }
  }

  @Test(arguments: HashGridSettings.Convention.allCases)
  func bilinearByHand(convention: HashGridSettings.Convention) {
    let grid = Self.flat(Example(convention: convention, interpolation: .linear), dimensions: 2)
    let (scale, resolution, rows) = grid.settings.sizes(ofLevel: 0)
    #expect(rows >= resolution * resolution && resolution == (convention == .paper ? 5 : 4))
    let offset = convention == .paper ? 0 : 0.5
    let table = grid.table.value
    for (x, y) in [(-0.613, 0.281), (0.371, 1.113), (-0.99, 0.03)] {
      let place = ((x + 1) / 2 * scale + offset, y / 1.5 * scale + offset)
      let cell = (Int(place.0), Int(place.1))
      let fraction = (place.0 - Double(cell.0), place.1 - Double(cell.1))
      let features = grid(Variable(Tensor([[x, y]]))).value
      for feature in 0..<2 {
        func vertex(_ column: Int, _ row: Int) -> Double {
          table[cell.0 + column + (cell.1 + row) * resolution, feature]
        }
        let expected =
          (vertex(0, 0) * (1 - fraction.0) + vertex(1, 0) * fraction.0) * (1 - fraction.1)
          + (vertex(0, 1) * (1 - fraction.0) + vertex(1, 1) * fraction.0) * fraction.1
        #expect(abs(features[0, feature] - expected) < 1e-13)
      }
    }
  }

  @Test func gradientsOfSamplesHaveFactors() throws {
    let grid = Self.small(Self.examples[0])
    let gradients = try TiledEvaluation(of: grid).perSampleGradients(for: Self.points)
    #expect(gradients.explicit == nil && gradients.factored.count == 2)
  }

  @Test func aBoxIsTheUnitCubeStretched() {
    let grid = Self.small(Self.examples[0])
    let unit = HashGrid(grid.settings, table: grid.table.value)
    let stretched = Self.points.rows(at: 0..<4)
    let lower = Tensor([grid.box.lower.x, grid.box.lower.y, grid.box.lower.z])
    let size = Tensor([grid.box.size.x, grid.box.size.y, grid.box.size.z])
    #expect(
      grid(Variable(stretched)).value.isApproximatelyEqual(
        to: unit(Variable((stretched - lower) / size)).value, relativeTolerance: 1e-13))
  }

  @Test func publishedSizes() {
    var generator = SeededGenerator(seed: 1)
    let settings = HashGridSettings.ngpPyTorch
    #expect(abs(settings.growth - 1.381912879967776) < 1e-12)
    #expect(settings.outputs == 32)
    // The finest level has exactly 2047 units a side, although the growth is no exact number.
    #expect(settings.sizes(ofLevel: 15).scale == 2047)
    #expect(settings.sizes(ofLevel: 15).resolution == 2048)
    #expect(settings.sizes(ofLevel: 0) == (15, 16, 4096))
    #expect(HashGridSettings.instantNGP.outputs == 32)
    #expect(HashGridSettings.instantNGPSmall.sizes(ofLevel: 7).rows == 1 << 15)
    let fitting = HashGridSettings.fitting(pixels: 160)
    #expect(fitting.levels == 8 && fitting.sizes(ofLevel: 7).resolution == 160)
    let grid = HashGrid<Float>(fitting, using: &generator)
    #expect(grid.table.value.absoluteValue().largest() <= 1e-4)
    #expect(grid.table.shape[0] == grid.rows(ofLevel: 7).upperBound)
    #expect(grid.parameterLayout.entries.map(\.role) == [.table])
  }

  @Test func noPoints() {
    let grid = Self.small(Self.examples[0])
    let none = Variable(Tensor<Double>(zeros: [0, 3]))
    let (value, pullback) = valueWithPullback(at: [none]) { grid($0[0]) }
    #expect(value.shape == [0, 4])
    #expect(pullback(value)[0].shape == [0, 3])
  }
}
