import TensorKit

extension TriangleMesh {
  /// Reads a mesh from an `.obj` or `.ply` file.
  ///
  /// - Parameter path: The path of the file, whose ending says what it is.
  /// - Throws: `FileError`, as ``init(objBytes:)`` and ``init(plyBytes:)``, of the kinds `noSuchFile` and
  ///   `unreadable` if the file cannot be read, and `unsupported` for another ending.
  public init(contentsOf path: String) throws {
    self = try FileError.naming(path) {
      switch fileEnding(of: path) {
      case "obj": try TriangleMesh(objBytes: WholeFile.bytes(ofFileAt: path))
      case "ply": try TriangleMesh(plyBytes: WholeFile.bytes(ofFileAt: path))
      default: throw unsupportedEnding("a mesh is read from .obj and .ply files")
      }
    }
  }

  /// Writes a mesh to an `.obj`, `.ply` or `.dae` file, whole or not at all.
  ///
  /// - Parameters:
  ///   - path: The path of the file, whose ending says what it is; one that exists is replaced.
  ///   - colors: Red, green and blue of each vertex, for `.ply` files only.
  ///   - normals: The normal at each vertex, for `.ply` files only.
  /// - Throws: `FileError` of the kind `unwritable` or `writingFailed`, and `unsupported` for another ending, or
  ///   for one that has no room for colours or normals.
  public func write(
    to path: String, colors: [SIMD3<UInt8>]? = nil, normals: [SIMD3<Double>]? = nil
  ) throws {
    try FileError.naming(path) {
      let ending = fileEnding(of: path)
      guard ending == "ply" || (colors == nil && normals == nil) else {
        throw FileError(
          .unsupported, reason: "colours and normals of vertices are written to .ply files only")
      }
      switch ending {
      case "obj": try WholeFile.write(objBytes(), toFileAt: path)
      case "ply":
        try WholeFile.write(plyBytes(colors: colors, normals: normals), toFileAt: path)
      case "dae": try WholeFile.write(daeBytes(), toFileAt: path)
      default: throw unsupportedEnding("a mesh is written to .obj, .ply and .dae files")
      }
    }
  }
}

extension PointCloud {
  /// Reads a cloud from a `.ply` or `.xyz` file.
  ///
  /// - Parameter path: The path of the file, whose ending says what it is.
  /// - Throws: `FileError`, as ``init(plyBytes:)`` and ``init(xyzBytes:)``, of the kinds `noSuchFile` and
  ///   `unreadable` if the file cannot be read, and `unsupported` for another ending.
  public init(contentsOf path: String) throws {
    self = try FileError.naming(path) {
      switch fileEnding(of: path) {
      case "ply": try PointCloud(plyBytes: WholeFile.bytes(ofFileAt: path))
      case "xyz": try PointCloud(xyzBytes: WholeFile.bytes(ofFileAt: path))
      default: throw unsupportedEnding("a cloud of points is read from .ply and .xyz files")
      }
    }
  }

  /// Writes a cloud to a `.ply` or `.xyz` file, whole or not at all.
  ///
  /// - Parameter path: The path of the file, whose ending says what it is; one that exists is replaced.
  /// - Throws: `FileError` of the kind `unwritable` or `writingFailed`, and `unsupported` for another ending.
  public func write(to path: String) throws {
    try FileError.naming(path) {
      switch fileEnding(of: path) {
      case "ply": try WholeFile.write(plyBytes(), toFileAt: path)
      case "xyz": try WholeFile.write(xyzBytes(), toFileAt: path)
      default: throw unsupportedEnding("a cloud of points is written to .ply and .xyz files")
      }
    }
  }
}

/// What follows the last point of a file's name, in lower case.
private func fileEnding(of path: String) -> String {
  let name = path.split(separator: "/").last ?? ""
  return name.contains(".") ? name.split(separator: ".").last?.lowercased() ?? "" : ""
}

private func unsupportedEnding(_ reason: String) -> FileError {
  FileError(.unsupported, reason: "its ending is of no known kind; \(reason)")
}
