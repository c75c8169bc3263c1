import AutoDiff
import TensorKit

extension Module {
  /// The model with its normalizations folded into plain layers, by their statistics over some inputs.
  ///
  /// A normalization before the activation scales and shifts the columns of its layer's own values; one
  /// after the activation, the inputs of the next layer. That this is the layer the values go to, and
  /// the only one, is checked by what the folded model computes.
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

  /// Checks that a folded model computes what the other does, to rounding.
  func check(_ folded: Tensor<Scalar>, against outputs: Tensor<Scalar>) throws {
    guard let layer = lastFoldedForward, folded.isFinite, outputs.isFinite, outputs.count > 0
    else { return }
    // Generous: where values went another way the difference is of the size of the outputs.
    let tolerance = Double(Scalar.ulpOfOne).squareRoot() * 10
    let difference = Double((folded - outputs).norm())
    guard difference <= tolerance * Double(outputs.norm()) + Double(Scalar.ulpOfOne) else {
      throw AdjusterError.cannotFold(
        layer: layer, reason: "its values do not go to the next linear layer alone")
    }
  }
}
