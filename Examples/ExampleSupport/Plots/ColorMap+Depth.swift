import Foundation
import INRZoo

extension ColorMap {
  /// A PNG file of how far away is what a camera sees: bright what is near, and transparent where nothing is.
  ///
  /// - Throws: `FileError` if the picture is too large for a file.
  package static func depth<Scalar>(_ view: RenderedView<Scalar>) throws -> Data {
    let distances = view.distance.elements.map { Double($0) }
    let seen = distances.filter(\.isFinite)
    let (nearest, farthest) = (seen.min() ?? 0, seen.max() ?? 1)
    let span = max(farthest - nearest, 1e-9)
    return try viridis.png(
      distances.map { $0.isFinite ? (farthest - $0) / span : .nan }, width: view.depth.shape[1])
  }
}
