import AutoDiff
import TensorKit

/// Which function's kernel stands for a ray in inductive gradient adjustment.
///
/// The adjustment acts on the residuals of rendered colours. The paper leaves open whose kernel it is computed from.
///
/// Source: K. Shi et al., ICML 2025; `point` and `officialPoint` after the code released with it.
public enum RayKernelReading: String, CaseIterable, Codable, Sendable {
  /// The rendered colour's: Σ over channels / √3, through compositing, with the samples' places held fixed. It is
  /// the kernel of the residuals that are adjusted.
  case ray
  /// The network's own at the sample of each ray with the largest weight: half the sum of the sigmoids of the four
  /// raw outputs.
  case point
  /// The same as released, where the frozen layer that sums the four is differentiated as well.
  case officialPoint = "official-point"
}

/// The function of rays whose kernel a renderer with a coarse and a fine field is adjusted by.
struct RayKernelModule<Field: RadianceField>: Module {
  typealias Scalar = Field.Scalar

  private var renderer: HierarchicalRenderer<Field>
  private let reading: RayKernelReading
  /// Sums the four outputs; a parameter in the reading of the released code.
  private var sum = Variable<Scalar>(Tensor(repeating: 0.5, shape: [4, 1]))

  init(renderer: HierarchicalRenderer<Field>, reading: RayKernelReading) {
    self.renderer = renderer
    self.reading = reading
  }

  var samplesPerRow: Int { reading == .ray ? renderer.samplesPerRow : 1 }

  func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> {
    let rays = RayRows(input)
    if reading == .ray { return renderer.renderFine(rays).color }
    let found = renderer.renderFine(RayRows(Variable(input.value))).rendering
    let distances = found.samples.distances.rows(at: found.samplesOfLargestWeight)
    let points = rays.origins + rays.directions * Variable(distances)
    let raw = renderer.fine(.concatenated([points, rays.unitDirections], alongAxis: 1))
    return .matrixProduct(raw.sigmoid(), sum)
  }

  mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
    visitor.visit(&renderer.fine, named: "fine")
    if reading == .officialPoint { visitor.visit(&sum, named: "sum") }
  }
}
