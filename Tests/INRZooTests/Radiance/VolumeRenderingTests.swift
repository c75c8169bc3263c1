import AutoDiff
import INRZoo
import TensorKit
import Testing

/// What rays show, and its derivatives, against float64 values from PyTorch.
@Suite struct VolumeRenderingTests {
  struct NoSettings: Decodable {}

  /// What is multiplied with the outputs, and summed to what is differentiated.
  private func total(
    _ rendering: VolumeRendering<Double>, _ color: Variable<Double>,
    _ reference: FieldReference<NoSettings>, weightsAt chosen: [Int]? = nil
  ) throws -> Variable<Double> {
    let rays = rendering.samples.rayCount
    func cotangent(_ name: String, _ shape: [Int]) throws -> Variable<Double> {
      Variable(try reference.tensor("cotangent.\(name)").reshaped(to: shape))
    }
    var weights = try cotangent("weights", [-1, 1])
    if let chosen { weights = weights.rows(at: chosen) }
    return try (color * cotangent("color", [rays, 3])).sum()
      + (rendering.depth * cotangent("depth", [rays, 1])).sum()
      + (rendering.opacity * cotangent("opacity", [rays, 1])).sum()
      + (rendering.weights * weights).sum()
  }

  @Test(arguments: ["black", "white"]) func ofEquallyManySamples(_ background: String) throws {
    let reference = try FieldReference("compositing-nerf", NoSettings.self)
    let raw = try reference.tensor("raw_density", as: Double.self)
    let colors = try reference.tensor("colors", as: Double.self)
    let lengths = try reference.tensor("directions", as: Double.self).squared()
      .sum(alongAxis: 1, keepingAxis: true).squareRoot()
    let samples = RaySamples(distances: try reference.tensor("distances"), lengths: lengths)
    func render(
      _ inputs: [Variable<Double>]
    ) -> (VolumeRendering<Double>, Variable<Double>) {
      let rendering = VolumeRendering(
        samples, density: DensityActivation.rectifier(inputs[0].reshaped(to: [-1, 1])),
        floor: 1e-10)
      let behind = Variable<Double>(Tensor(repeating: 1, shape: [1, 3]))
      return (
        rendering,
        rendering.color(
          of: inputs[1].reshaped(to: [-1, 3]), over: background == "white" ? behind : nil)
      )
    }
    let (rendering, color) = render([Variable(raw), Variable(colors)])
    try reference.expect(color.value, "color.\(background)", tolerance: 1e-12)
    try reference.expect(rendering.weights.value, "weights.\(background)", tolerance: 1e-12)
    try reference.expect(rendering.depth.value, "depth.\(background)", tolerance: 1e-12)
    try reference.expect(rendering.opacity.value, "opacity.\(background)", tolerance: 1e-12)
    let (_, pullback) = try valueWithPullback(at: [Variable(raw), Variable(colors)]) { inputs in
      let (rendering, color) = render(inputs)
      return try total(rendering, color, reference)
    }
    let gradients = pullback(Variable(Tensor(repeating: 1, shape: [])))
    try reference.expect(gradients[0].value, "gradient.raw_density.\(background)", tolerance: 1e-10)
    try reference.expect(gradients[1].value, "gradient.colors.\(background)", tolerance: 1e-10)
  }

  @Test(arguments: ["full", "early-stop"]) func ofPackedSamples(_ kind: String) throws {
    let reference = try FieldReference("compositing-packed", NoSettings.self)
    let starts = try reference.indices("ray_start")
    let counts = try reference.indices("ray_count")
    let all = RaySamples<Double>(
      bounds: [0] + zip(starts, counts).map { $0 + $1 },
      distances: try reference.tensor("distances").reshaped(to: [-1, 1]),
      intervals: try reference.tensor("intervals").reshaped(to: [-1, 1]))
    let density: Tensor<Double> = try reference.tensor("density").reshaped(to: [-1, 1])
    let kept =
      kind == "full"
      ? Array(0..<all.count) : all.indices(untilTransmittanceOf: density, isAtMost: 1e-4)
    let samples = all.selecting(kept)
    let used = zip(samples.bounds, samples.bounds.dropFirst()).map { $1 - $0 }
    #expect(try used == reference.indices("samples_used.\(kind)"))
    let background = Variable<Double>(try reference.tensor("background").reshaped(to: [1, 3]))
    let inputs = [Variable(density), Variable<Double>(try reference.tensor("colors"))]
    let (_, pullback) = try valueWithPullback(at: inputs) { inputs in
      let rendering = VolumeRendering(samples, density: inputs[0].rows(at: kept))
      let color = rendering.color(of: inputs[1].rows(at: kept), over: background)
      try reference.expect(color.value, "color.\(kind)", tolerance: 1e-12)
      try reference.expect(rendering.depth.value, "depth.\(kind)", tolerance: 1e-12)
      try reference.expect(rendering.opacity.value, "opacity.\(kind)", tolerance: 1e-12)
      var weights = Tensor<Double>(zeros: [all.count, 1])
      weights.addRows(at: kept, weightedBy: nil, rendering.weights.value)
      try reference.expect(weights, "weights.\(kind)", tolerance: 1e-12)
      return try total(rendering, color, reference, weightsAt: kept)
    }
    let gradients = pullback(Variable(Tensor(repeating: 1, shape: [])))
    try reference.expect(gradients[0].value, "gradient.density.\(kind)", tolerance: 1e-10)
    try reference.expect(gradients[1].value, "gradient.colors.\(kind)", tolerance: 1e-10)
  }

  /// Colours of some samples alone count as black elsewhere, and hide what is behind all the same.
  @Test func coloursOfChosenSamples() {
    var generator = SeededGenerator(seed: 3)
    let samples = RaySamples<Double>(
      bounds: [0, 3, 3, 7], distances: .uniform(over: 0...1, shape: [7, 1], using: &generator),
      intervals: .uniform(over: 0...1, shape: [7, 1], using: &generator))
    let density = Variable(
      Tensor<Double>.uniform(over: 0...3, shape: [7, 1], using: &generator))
    var colors = Tensor<Double>.uniform(over: 0...1, shape: [7, 3], using: &generator)
    let chosen = [0, 2, 3, 6]
    let rendering = VolumeRendering(samples, density: density)
    let some = rendering.color(of: Variable(colors.rows(at: chosen)), at: chosen)
    for sample in [1, 4, 5] { for channel in 0..<3 { colors[sample, channel] = 0 } }
    #expect(
      some.value.isApproximatelyEqual(
        to: rendering.color(of: Variable(colors)).value, relativeTolerance: 1e-12))
    #expect(some.value.slice(1..<2).elements == [0, 0, 0])
  }
}
