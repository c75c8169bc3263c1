import TensorKit

extension VoxelVolume {
  /// Reads a volume from a `.npy` file with three axes.
  ///
  /// Any real numbers will do, in row-major or Fortran order: the largest becomes 255, and the others are
  /// scaled with it and rounded. Beside the file's own bytes the volume takes one for each voxel.
  ///
  /// - Parameter path: The path of the file.
  /// - Throws: `FileError` if the file is not there, cannot be read, is no `.npy` file of three axes, or has a
  ///   number that is negative or not finite.
  public init(contentsOf path: String) throws {
    self = try FileError.naming(path) {
      try VoxelVolume(numPyBytes: WholeFile.bytes(ofFileAt: path))
    }
  }

  /// Creates a volume from the contents of a `.npy` file with three axes.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: `FileError` as ``init(contentsOf:)``.
  public init(numPyBytes bytes: [UInt8]) throws {
    let layout = try NumPyLayout(of: bytes)
    guard layout.shape.count == 3 else {
      throw FileError(
        .unsupported,
        reason: "it has an array of the shape \(layout.shape), and a volume has three axes")
    }
    let elements = VoxelElements(
      layout.elementType, isBigEndian: layout.isBigEndian, isColumnMajor: layout.isFortranOrder,
      extents: layout.shape)
    self = try bytes.withUnsafeBytes { bytes in
      try elements.volume(of: UnsafeRawBufferPointer(rebasing: bytes[layout.elements]))
    }
  }

  /// Writes a `.npy` file of the values as bytes, whole or not at all.
  ///
  /// - Parameter path: The path of the file, which is replaced if it exists.
  /// - Throws: `FileError` of the kind `unwritable` or `writingFailed`.
  public func write(to path: String) throws {
    try NumPyFile(StoredArray(.uint8, shape: extents, bytes: values)).write(to: path)
  }
}
