import Foundation

/// What cannot be done with a volume.
public enum VoxelVolumeError: Error, Hashable, Sendable {
  /// A volume of these extents is to be cropped, and none of its voxels is filled.
  case nothingIsFilled(extents: [Int])
  /// A volume whose filled voxels lie in this box is to be cropped without the last slices.
  case nothingIsLeft(box: [Range<Int>])
}

extension VoxelVolumeError: CustomStringConvertible, LocalizedError {
  /// A sentence for people: what is wrong, and the remedy.
  public var description: String {
    switch self {
    case .nothingIsFilled(let extents):
      "A volume of \(Self.text(extents)) voxels is empty: none of its values is "
        + "\(VoxelVolume.filledValue) or more, so that there is nothing to crop it to; "
        + "choose one with a solid in it."
    case .nothingIsLeft(let box):
      "The filled voxels of a volume are a box of \(Self.text(box.map(\.count))), of which nothing "
        + "is left without its last slices; crop it inclusively."
    }
  }

  /// The same sentence as ``description``.
  public var errorDescription: String? { description }

  private static func text(_ extents: [Int]) -> String {
    extents.map { "\($0)" }.joined(separator: " x ")
  }
}
