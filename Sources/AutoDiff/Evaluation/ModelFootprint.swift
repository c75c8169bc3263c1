import TensorKit

/// How many numbers a model stores, and how many a recording of one row of it holds.
///
/// Of a model of any size they can be told from smaller ones: see ``extrapolated(to:units:measuring:)``.
public struct ModelFootprint: Sendable, Equatable {
  /// Numbers that are trained.
  public var trainedCount: Int
  /// All numbers that are stored: parameters, trained or not, and fixed bases.
  public var storedCount: Int
  /// Numbers that a recording holds for each row.
  public var recordedPerRow: Int
  /// The number of inputs.
  public var inputs: Int
  /// The number of outputs.
  public var outputs: Int

  /// Measures a model, by recordings of one row and of two.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - inputs: How many numbers a row of its inputs has.
  /// - Throws: Nothing that the model does not.
  public init<Model: Module>(of model: Model, inputs: Int) throws {
    try self.init(of: model, on: Tensor(zeros: [2, inputs]))
  }

  /// Measures a model, by recordings of some rows and of half as many, as one must where rows differ.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - rows: Rows of its inputs. Shape: [rows, inputs].
  /// - Throws: Nothing that the model does not.
  /// - Precondition: There are two rows or more.
  public init<Model: Module>(of model: Model, on rows: Tensor<Model.Scalar>) throws {
    precondition(
      rows.rank == 2 && rows.shape[0] >= 2, "a footprint by rows of shape \(rows.shape)")
    let (count, inputs) = (rows.shape[0], rows.shape[1])
    var bases: [[Int]: Int] = [:]
    var copy = model
    var visitor = ModuleVisitor<Model.Scalar>(onLayer: { _, _, layer in
      // Layers of a shape share their basis.
      if let matrix = layer.basis?.matrix { bases[matrix.shape] = matrix.count }
    })
    copy.visit(&visitor)
    self.inputs = inputs
    trainedCount = model.parameterLayout.count
    storedCount =
      model.namedParameters.reduce(0) { $0 + $1.value.count } + bases.values.reduce(0, +)
    let evaluation = TiledEvaluation(of: model, workers: Workers(threads: 1))
    let statistics = try evaluation.statistics(over: rows)
    func recording(of rows: Tensor<Model.Scalar>) -> TileRecording<Model.Scalar> {
      let context = BatchCoupling<Model.Scalar>(.coupled(statistics), keepsSlopes: false)
      var recording = TileRecording<Model.Scalar>()
      context.record(
        &recording, calling: evaluation.coupled(evaluation.lifted.recorded, by: context),
        on: rows)
      return recording
    }
    let (some, all) = (recording(of: rows.slice(0..<(count / 2))), recording(of: rows))
    let numbers = max(all.bytes - some.bytes, 0) / MemoryLayout<Model.Scalar>.stride
    recordedPerRow = numbers / (count - count / 2)
    outputs = some.output?.shape[1] ?? 0
  }

  private init(inputs: Int, outputs: Int, numbers: [Int]) {
    (self.inputs, self.outputs) = (inputs, outputs)
    (trainedCount, storedCount, recordedPerRow) = (numbers[0], numbers[1], numbers[2])
  }

  /// The footprint of a network of some width, from narrow ones.
  ///
  /// All counts are polynomials of the number of units, of a degree of two at most, which three networks
  /// determine. So a network that would not fit into memory need not be made.
  ///
  /// - Parameters:
  ///   - width: The width.
  ///   - units: The number of hidden units that a width stands for; the width itself by default.
  ///   - measure: Measures a network of a width.
  /// - Throws: What measuring throws.
  public static func extrapolated(
    to width: Int, units: (Int) -> Int = { $0 }, measuring measure: (Int) throws -> ModelFootprint
  ) rethrows -> ModelFootprint {
    let widths = [16, 32, 48]
    guard width > widths[2] else { return try measure(width) }
    let known = try widths.map { (x: Double(units($0)), footprint: try measure($0)) }
    let x = Double(units(width))
    // Lagrange's formula.
    let shares = known.indices.map { index in
      known.indices.filter { $0 != index }.reduce(1.0) {
        $0 * (x - known[$1].x) / (known[index].x - known[$1].x)
      }
    }
    let numbers = [\ModelFootprint.trainedCount, \.storedCount, \.recordedPerRow].map { path in
      zip(known, shares).reduce(0.0) { $0 + Double($1.0.footprint[keyPath: path]) * $1.1 }.rounded()
    }
    let first = known[0].footprint
    return ModelFootprint(
      inputs: first.inputs, outputs: first.outputs, numbers: numbers.map { Int($0) })
  }
}
