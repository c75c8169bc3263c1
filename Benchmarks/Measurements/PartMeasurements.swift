import ExampleSupport
import TensorKit

/// Measures the parts that training steps are made of, on one thread.
struct PartMeasurements {
  let repetitions: Int

  /// A product of doubles, and the 21 leading eigenpairs in both precisions.
  func linearAlgebra(size: Int) throws -> [Measurement] {
    var generator = SeededGenerator(seed: 0)
    let factor = Tensor<Double>.uniform(over: -0.5...0.5, shape: [size, size], using: &generator)
    let kernel = Tensor.matrixProduct(factor, factor, transposingRight: true)
    let pairs = min(21, size)
    return [
      Measurement(
        "double product",
        timing: Timing(repetitions: repetitions) {
          _ = Tensor.matrixProduct(factor, factor, transposingRight: true)
        }, operations: 2 * Double(size * size * size)),
      Measurement(
        "\(pairs) eigenpairs, double",
        timing: try Timing(repetitions: repetitions) { _ = try kernel.symmetricEigenpairs(pairs) }),
      Measurement(
        "\(pairs) eigenpairs, single",
        timing: try Timing(repetitions: repetitions) { [kernel = Tensor<Float>(kernel)] in
          _ = try kernel.symmetricEigenpairs(pairs)
        }),
    ]
  }

  /// Adam's update of a large table: of all entries, and of those alone that a step used.
  private func updates(count: Int = 1 << 22) -> [Measurement] {
    var generator = SeededGenerator(seed: 0)
    let dense = Tensor<Float>.uniform(over: -1...1, shape: [count], using: &generator)
    let coefficients = AdamCoefficients(
      rate: 1e-2, firstDecay: 0.9, secondDecay: 0.99, epsilon: 1e-15, firstCorrection: 0.1,
      secondCorrection: 0.01, weightDecay: 0, decoupledWeightDecay: 0)
    var found: [Measurement] = []
    func update(_ name: String, _ gradient: Tensor<Float>, isSparse: Bool, counts: Bool = false) {
      var (table, first, second) = (
        dense, Tensor<Float>(zeros: [count]), Tensor<Float>(zeros: [count])
      )
      var largest: Tensor<Float>?
      var steps = counts ? Tensor<Float>(zeros: [count]) : nil
      let timing = Timing(repetitions: repetitions) {
        if isSparse {
          table.moveTouchedByAdam(
            gradient: gradient, firstMoment: &first, secondMoment: &second,
            counts: &steps, steps: 100, coefficients: coefficients, elements: 0..<count)
        } else {
          table.moveByAdam(
            gradient: gradient, firstMoment: &first, secondMoment: &second,
            largestMoment: &largest, coefficients: coefficients)
        }
      }
      found.append(Measurement("Adam, \(name)", timing: timing, elements: Double(count)))
    }
    // Entries of a table come by rows of a few numbers.
    let few = Tensor((0..<count).map { $0 / 4 % 50 == 0 ? dense[$0] : 0 })
    update("all entries", dense, isSparse: false)
    update("touched entries, all of them", dense, isSparse: true)
    update("touched entries, all of them, own counts", dense, isSparse: true, counts: true)
    update("touched entries, 2 %", few, isSparse: true)
    update("touched entries, 2 %, own counts", few, isSparse: true, counts: true)
    return found
  }

  func all() throws -> [Measurement] {
    let peak = try measuredPeak(threads: 1)
    var generator = SeededGenerator(seed: 0)
    func random(_ rows: Int, _ columns: Int) -> Tensor<Float> {
      .uniform(over: -1...1, shape: [rows, columns], using: &generator)
    }
    var found: [Measurement] = []
    for (rows, columns) in [(128, 256), (256, 256), (512, 256), (128, 64), (128, 1024)] {
      let (inputs, weight, cotangents) = (
        random(rows, columns), random(columns, columns), random(rows, columns)
      )
      let operations = 2 * Double(rows * columns * columns)
      let repeats = max(1, Int(2e8 / operations))
      func measure(_ name: String, _ work: () -> Void) {
        let timing = Timing(repetitions: repetitions) { for _ in 0..<repeats { work() } }
        found.append(
          Measurement(
            "\(name) \(rows) x \(columns)", timing: timing,
            operations: operations * Double(repeats), peak: peak))
      }
      measure("forward product") {
        _ = Tensor.matrixProduct(inputs, weight, transposingRight: true)
      }
      measure("backward product") { _ = Tensor.matrixProduct(cotangents, weight) }
      measure("weight gradient") {
        _ = Tensor.matrixProduct(cotangents, inputs, transposingLeft: true)
      }
    }
    let (values, bias) = (random(128, 256), random(1, 256).reshaped(to: [256]))
    func perElement(_ name: String, _ work: () -> Void) {
      let repeats = 200
      let timing = Timing(repetitions: repetitions) { for _ in 0..<repeats { work() } }
      found.append(
        Measurement(name, timing: timing, elements: Double(values.count * repeats)))
    }
    perElement("sines and slopes") { _ = values.sines(frequency: 30, bias: bias, slopes: true) }
    perElement("sines") { _ = values.sines(frequency: 30, bias: bias, slopes: false) }
    perElement("rectified") { _ = values.rectified(bias: bias) }
    perElement("gaussians and slopes") {
      _ = values.gaussians(scale: 3, bias: bias, slopes: true)
    }
    perElement("product of elements") { _ = values * values }
    perElement("exponential") { _ = values.exponential() }
    for size in [128, 384, 1024] {
      let factor = random(size, size)
      let kernel = Tensor.matrixProduct(factor, factor, transposingRight: true)
      let timing = try Timing(repetitions: repetitions, warmUps: 1) {
        _ = try kernel.symmetricEigenpairs(min(21, size))
      }
      found.append(Measurement("21 eigenpairs of \(size)", timing: timing))
    }
    return found + updates()
  }
}
