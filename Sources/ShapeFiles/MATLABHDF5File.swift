import CMatio
import Foundation
import INRZoo
import Synchronization
import TensorKit

/// A MATLAB file of version 7.3, which is an HDF5 file, read by matio.
enum MATLABHDF5File {
  /// matio and HDF5 have state of the process's own.
  private static let reading = Mutex(())

  /// More variables than this are no file of a volume.
  private static let mostVariables = 10_000
  /// What a deflated byte can unpack to, and some more for the file's tables.
  private static let largestRatio = 1040

  /// The types of numbers by matio's names of classes.
  private static let numberTypes: [UInt32: ArrayElementType] = [
    MAT_C_DOUBLE.rawValue: .float64, MAT_C_SINGLE.rawValue: .float32, MAT_C_INT8.rawValue: .int8,
    MAT_C_UINT8.rawValue: .uint8, MAT_C_INT16.rawValue: .int16, MAT_C_UINT16.rawValue: .uint16,
    MAT_C_INT32.rawValue: .int32, MAT_C_UINT32.rawValue: .uint32, MAT_C_INT64.rawValue: .int64,
    MAT_C_UINT64.rawValue: .uint64,
  ]

  /// Returns the volume of a variable.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - size: The number of the file's bytes, which bounds what it can hold.
  ///   - name: The name, or `nil` for the usual one, or else the only array of three axes.
  /// - Throws: `FileError` without a path.
  static func volume(at path: String, size: Int, named name: String?) throws -> VoxelVolume {
    try reading.withLock { _ in
      try HDF5Reports.silenced { try volumeWithoutReports(at: path, size: size, named: name) }
    }
  }

  private static func volumeWithoutReports(
    at path: String, size: Int, named name: String?
  ) throws -> VoxelVolume {
    guard let file = Mat_Open(path, Int32(MAT_ACC_RDONLY.rawValue)) else {
      throw FileError(
        .malformed,
        reason: "it begins as a MATLAB file of version 7.3, and HDF5 cannot read the rest; it is "
          + "truncated or damaged")
    }
    defer { Mat_Close(file) }
    let variables = try variables(of: file)
    let chosen = variables[try variables.volumeIndex(named: name)]
    guard let variable = Mat_VarReadInfo(file, chosen.name) else { throw damaged(chosen) }
    defer { Mat_VarFree(variable) }
    guard let type = numberTypes[variable.pointee.class_type.rawValue],
      let needed = StoredArray.byteCount(of: type, shape: chosen.extents),
      needed / largestRatio <= size
    else {
      throw FileError(
        .malformed,
        reason: "its variable \(chosen.description) is larger than its \(size) bytes can give")
    }
    guard Mat_VarReadDataAll(file, variable) == 0, let data = variable.pointee.data,
      variable.pointee.nbytes == needed, Int(variable.pointee.data_size) == type.byteCount
    else { throw damaged(chosen) }
    return try VoxelElements(
      type, isBigEndian: false, isColumnMajor: true, extents: chosen.extents
    ).volume(of: UnsafeRawBufferPointer(start: data, count: needed))
  }

  private static func variables(of file: OpaquePointer) throws -> [MATLABVariable] {
    var variables: [MATLABVariable] = []
    while let information = Mat_VarReadNextInfo(file) {
      defer { Mat_VarFree(information) }
      guard variables.count < mostVariables else {
        throw FileError(.unsupported, reason: "it has more than \(mostVariables) variables")
      }
      variables.append(MATLABVariable(information.pointee))
    }
    return variables
  }

  private static func damaged(_ variable: MATLABVariable) -> FileError {
    FileError(
      .malformed,
      reason: "its variable \(variable.description) cannot be read; it is truncated or damaged")
  }
}

extension MATLABVariable {
  /// Describes a variable of matio's.
  fileprivate init(_ variable: matvar_t) {
    let number = Int(variable.class_type.rawValue)
    let lengths = UnsafeBufferPointer(start: variable.dims, count: max(0, Int(variable.rank)))
    name = variable.name.map { String(cString: $0) } ?? ""
    className = Self.className(of: number)
    isReal = Self.isNumeric(number) && variable.isComplex == 0
    extents = lengths.map { Int(clamping: $0) }
  }
}
