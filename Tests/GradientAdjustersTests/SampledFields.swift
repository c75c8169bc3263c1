import AutoDiff
import INRZoo
import TensorKit

/// What rays see of a field in the plane: a row is a ray, with its origin and its direction.
///
/// The field gives raw densities and colours at points along each ray, which are composited front to
/// back.
struct RayField<Field: Module>: Module {
  typealias Scalar = Field.Scalar
  var field: Field
  /// How many points of a ray are looked at.
  var samples = 8

  var samplesPerRow: Int { samples }

  func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    let (origins, directions) = (
      input.slice(0..<2, alongAxis: 1), input.slice(2..<4, alongAxis: 1)
    )
    let distances = Tensor<Scalar>(
      (0..<(input.shape[0] * samples)).map { Scalar($0 % samples) + 0.5 },
      shape: [input.shape[0] * samples, 1])
    let points =
      origins.repeatedOverRuns(of: samples)
      + directions.repeatedOverRuns(of: samples) * Variable(distances / Scalar(samples))
    let raw = field(points)
    let depth = raw.slice(0..<1, alongAxis: 1).softplus() * (4 / Scalar(samples))
    let transmittance = (-depth.exclusiveSumsOverRuns(of: samples)).exponential()
    let weights = transmittance * (1 - (-depth).exponential())
    let colors = raw.slice(1..<raw.shape[1], alongAxis: 1).sigmoid()
    return (weights * colors).summedOverRuns(of: samples)
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&field, named: "field")
  }
}

/// Features interpolated in the tables of grids of several resolutions, and a network that reads them.
///
/// Points have coordinates within [-1, 1]. A cell's corners are looked up in a table by their place in the
/// grid, or by a hash of it if the grid has more vertices than the table has rows.
struct GridField<Scalar: TensorScalar>: Module {
  var tables: [Variable<Scalar>]
  let resolutions: [Int]
  var network: CoordinateNetwork<Scalar>
  /// Whether gradients of single samples are told whose the rows are.
  var namesPositions = true

  func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    let features = zip(tables, resolutions).map { table, resolution in
      let corners = gridCorners(
        of: Tensor(input.value), resolution: resolution, rows: table.shape[0])
      return table.rows(
        at: corners.indices, weightedBy: Variable(Tensor(corners.weights)),
        foundFrom: namesPositions ? input : nil)
    }
    return network(.concatenated(features, alongAxis: 1))
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    for index in tables.indices {
      visitor.visit(&tables[index], named: "tables.\(index)", role: .table)
    }
    visitor.visit(&network, named: "network")
  }
}

extension GridField {
  /// Tables of normal numbers of two columns, and a network with two hidden layers.
  init(
    resolutions: [Int], rows: Int, outputs: Int, width: Int = 12, inputs: Int = 2,
    seed: UInt64 = 1
  ) {
    var generator = SeededGenerator(seed: seed)
    self.init(
      tables: resolutions.map {
        let resolution = $0
        let vertices = (0..<inputs).reduce(1) { product, _ in product * (resolution + 1) }
        return Variable(.normal(shape: [min(vertices, rows), 2], using: &generator) * 0.3)
      },
      resolutions: resolutions,
      network: .siren(
        inputs: 2 * resolutions.count, outputs: outputs, width: width, hiddenLayers: 2,
        frequency: 3, using: &generator))
  }
}

/// The rows of the corners of the cells that points are in, and the weights of linear interpolation.
///
/// In concrete numbers: a loop over elements of any type would take twenty times as long.
func gridCorners(
  of points: Tensor<Double>, resolution: Int, rows: Int
) -> (indices: [Int], weights: Tensor<Double>) {
  let (count, dimensions) = (points.shape[0], points.shape[1])
  let corners = 1 << dimensions
  let primes = [1, 2_654_435_761, 805_459_861]
  let isDense = (0..<dimensions).reduce(1) { product, _ in product * (resolution + 1) } <= rows
  var indices = [Int](repeating: 0, count: count * corners)
  let weights = Tensor<Double>(shape: [count, corners]) { weights in
    points.withUnsafeElements { points in
      for point in 0..<count {
        for corner in 0..<corners {
          var (weight, dense, hash) = (Double(1), 0, 0)
          for axis in 0..<dimensions {
            let place = (points[point * dimensions + axis] + 1) / 2 * Double(resolution)
            let cell = min(max(Int(place), 0), resolution - 1)
            let (fraction, bit) = (place - Double(cell), corner >> axis & 1)
            weight *= bit == 1 ? fraction : 1 - fraction
            dense = dense * (resolution + 1) + cell + bit
            hash ^= (cell + bit) &* primes[axis]
          }
          weights[point * corners + corner] = weight
          indices[point * corners + corner] = isDense ? dense : (hash & 0xffff_ffff) % rows
        }
      }
    }
  }
  return (indices, weights)
}
