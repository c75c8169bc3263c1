import INRZoo
import TensorKit

extension VoxelVolume {
  /// Reads a volume from a MATLAB file of version 5, 6, 7 or 7.3.
  ///
  /// The largest number becomes 255, and the others are scaled with it and rounded. The first axis of the
  /// array, which runs fastest in the file, is the first of the volume, where it runs slowest.
  ///
  /// Files up to version 7 are read by code of the package's own, which survives any damage. Those of 7.3 are read by
  /// matio and HDF5: ones that break off are refused, but HDF5 1.10 can crash where bytes within were changed. Do not
  /// read such files from strangers.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - variable: The name of the array; by default `hypercube`, or else the only array of three axes.
  /// - Throws: `FileError` if the file is not there, cannot be read, is no such file, breaks off, has no such
  ///   array, or a number in it is negative or not finite.
  public init(matlabFileAt path: String, variable: String? = nil) throws {
    self = try FileError.naming(path) {
      let bytes = try WholeFile.bytes(ofFileAt: path)
      switch try MATLABVersion(of: bytes) {
      case .five: return try MATLABFile(bytes: bytes).volume(named: variable)
      case .sevenPointThree: break
      }
      // matio reads the file anew; its bytes are not held meanwhile.
      return try MATLABHDF5File.volume(at: path, size: bytes.count, named: variable)
    }
  }
}

extension VoxelVolume {
  /// Creates a volume from the contents of a MATLAB file up to version 7.
  ///
  /// - Parameters:
  ///   - bytes: The contents of a whole file.
  ///   - variable: The name of the array; by default `hypercube`, or else the only array of three axes.
  /// - Throws: `FileError` as ``init(matlabFileAt:variable:)``, of the kind `unsupported` for version 7.3.
  public init(matlabBytes bytes: [UInt8], variable: String? = nil) throws {
    guard try MATLABVersion(of: bytes) == .five else {
      throw FileError(
        .unsupported, reason: "it is of version 7.3, which is read from files and not from bytes")
    }
    self = try MATLABFile(bytes: bytes).volume(named: variable)
  }
}

/// The formats of MATLAB files that have arrays of three axes.
enum MATLABVersion {
  /// Elements behind each other, of the versions 5 to 7.
  case five
  /// HDF5 behind a header of MATLAB's, of version 7.3.
  case sevenPointThree

  static let headerSize = 128

  /// The version of a file's contents.
  init(of bytes: [UInt8]) throws {
    let hdf5: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    if bytes.starts(with: hdf5) {
      throw FileError(
        .unsupported,
        reason: "it is an HDF5 file without the header of a MATLAB file; save it as .npy")
    }
    guard bytes.count >= Self.headerSize else {
      throw FileError(
        .malformed,
        reason: "it breaks off after \(bytes.count) bytes, and the header of a MATLAB file takes "
          + "\(Self.headerSize)")
    }
    switch Array(bytes[124..<128]) {
    case [0, 1, 0x49, 0x4D], [1, 0, 0x4D, 0x49]: self = .five
    case [0, 2, 0x49, 0x4D], [2, 0, 0x4D, 0x49]: self = .sevenPointThree
    default:
      throw FileError(
        .unsupported,
        reason:
          "it does not begin as a MATLAB file of version 5 to 7.3 does; those of version 4 have "
          + "no arrays of three axes")
    }
  }
}
