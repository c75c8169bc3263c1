import AutoDiff
import TensorKit

extension Module {
  /// The model with its normalizations folded into plain layers, by their statistics over some inputs.
  ///
  /// A normalization before the activation scales and shifts the columns of its layer's own values; one
  /// after the activation, the inputs of the next layer. That this is the layer the values go to, and
  /// the only one, is checked by what the folded model computes; and so is that rounding errors did not grow,
  /// as they do where a column hardly varies over the inputs: it is the difference from its mean that
  /// counts, and a plain layer does not take that before it multiplies.
  func foldedNormalizations(over inputs: Tensor<Scalar>?) throws -> Self {
    guard hasNormalizations else { return self }
    guard let inputs else { throw AdjusterError.needsInputs }
    let evaluation = TiledEvaluation(of: self)
    let statistics = try evaluation.statistics(over: inputs)
    var folding = NormalizationFolding(statistics)
    var plain = self
    plain.forEachLayer { name, _, layer in folding.fold(&layer, named: name) }
    if let problem = folding.problem { throw problem }
    try folding.check(
      try TiledEvaluation(of: plain).outputs(for: inputs),
      against: try evaluation.knowing(statistics).outputs(for: inputs))
    return plain
  }
}

/// Folds one layer after the other.
private struct NormalizationFolding<Scalar: TensorScalar> {
  private let statistics: BatchStatistics<Scalar>
  /// How the inputs of the next layer are to be scaled and shifted, after a layer of a name.
  private var pending: (layer: String, scale: Tensor<Double>, shift: Tensor<Double>)?
  /// The last layer that was folded into the next.
  private var lastFoldedForward: String?
  /// The layer whose folding multiplies rounding errors the most, and by how much all do together.
  private var rounding = (layer: "", largest: 0.0, product: 1.0)
  private(set) var problemFound: AdjusterError?

  init(_ statistics: BatchStatistics<Scalar>) { self.statistics = statistics }

  /// Why the model cannot be folded, once all layers were.
  var problem: AdjusterError? {
    problemFound
      ?? pending.map { .cannotFold(layer: $0.layer, reason: "no linear layer comes after it") }
  }

  mutating func fold(_ layer: inout Linear<Scalar>, named name: String) {
    guard problemFound == nil else { return }
    if let (previous, scale, shift) = pending {
      pending = nil
      guard layer.inputs == scale.count else {
        problemFound = .cannotFold(
          layer: previous,
          reason: "the layer after it, \(name), does not have as many inputs as it has outputs")
        return
      }
      lastFoldedForward = previous
      // W (a ∘ scale + shift) + b
      let weight = Tensor<Double>(layer.weight.value)
      let moved = Tensor.matrixProduct(weight, shift.reshaped(to: [-1, 1])).reshaped(to: [-1])
      layer.weight = Variable(Tensor(weight * scale))
      layer.bias = Variable(Tensor(layer.bias.map { Tensor<Double>($0.value) + moved } ?? moved))
    }
    guard let normalization = layer.normalization else { return }
    let columns = statistics.normalizations.filter { $0.layer == name }
    guard columns.count == 1 else {
      problemFound = .cannotFold(
        layer: name,
        reason: "the model applies the layer \(columns.count) times, each with its own statistics")
      return
    }
    let deviation = (columns[0].variance + Normalization<Scalar>.epsilon).squareRoot()
    noteRounding(of: name, columns[0].mean.absoluteValue() / deviation)
    let scale = Tensor<Double>(normalization.weight.value) / deviation
    let shift = Tensor<Double>(normalization.bias.value) - columns[0].mean * scale
    layer.normalization = nil
    switch normalization.placement {
    case .beforeActivation:
      // (W a + b) ∘ scale + shift
      layer.weight = Variable(
        Tensor(Tensor<Double>(layer.weight.value) * scale.reshaped(to: [-1, 1])))
      layer.bias = Variable(
        Tensor(layer.bias.map { Tensor<Double>($0.value) * scale + shift } ?? shift))
    case .afterActivation: pending = (name, scale, shift)
    }
  }

  private mutating func noteRounding(of layer: String, _ means: Tensor<Double>) {
    let largest = means.count > 0 ? max(means.largest(), 1) : 1
    if largest > rounding.largest { (rounding.layer, rounding.largest) = (layer, largest) }
    rounding.product *= largest
  }

  /// Checks that a folded model computes what the other does, to rounding.
  func check(_ folded: Tensor<Scalar>, against outputs: Tensor<Scalar>) throws {
    guard outputs.isFinite, outputs.count > 0 else { return }
    let unit = Double(Scalar.ulpOfOne)
    let difference = Double((folded - outputs).norm())
    guard !(difference <= Self.tolerance * Double(outputs.norm()) + unit) else { return }
    if let layer = lastFoldedForward, rounding.product * unit < Self.tolerance {
      throw AdjusterError.cannotFold(
        layer: layer, reason: "its values do not go to the next linear layer alone")
    }
    throw AdjusterError.cannotFold(
      layer: rounding.layer,
      reason: """
        over the \(outputs.shape[0]) \(outputs.shape[0] == 1 ? "row" : "rows") given a column hardly varies, and \
        a plain layer's rounding errors would grow with it; fold over more rows, or in double precision
        """)
  }

  /// How much the outputs may differ: four digits of single precision, and ten of double.
  private static var tolerance: Double { Double(Scalar.ulpOfOne).raised(to: 0.62) }
}
