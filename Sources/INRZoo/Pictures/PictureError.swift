import Foundation

/// What cannot be done with a picture.
public enum PictureError: Error, Hashable, Sendable {
  /// Blocks of this side are larger than the picture, or the side is not positive.
  case blockDoesNotFit(side: Int, height: Int, width: Int)
  /// The picture is too small for a network to have features of it.
  case tooSmallForFeatures(of: PerceptualBackbone, height: Int, width: Int)
}

extension PictureError: CustomStringConvertible, LocalizedError {
  /// A sentence for people: what is wrong, and the remedy.
  public var description: String {
    switch self {
    case .blockDoesNotFit(let side, let height, let width):
      "A picture of \(width) x \(height) pixels has no blocks of \(side) x \(side); "
        + "choose a side from 1 to \(min(height, width))."
    case .tooSmallForFeatures(let backbone, let height, let width):
      "A picture of \(width) x \(height) pixels is too small for the features of \(backbone.name); "
        + "choose one with sides of at least \(backbone.smallestSide) pixels."
    }
  }

  /// The same sentence as ``description``.
  public var errorDescription: String? { description }
}
