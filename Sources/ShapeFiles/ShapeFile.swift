import Foundation
import INRZoo
import TensorKit

/// Shapes from files of many formats, told apart by the ends of their names.
///
/// ```swift
/// let mesh = try ShapeFile.mesh(at: "dragon.stl")
/// let volume = try ShapeFile.volume(at: "thai_statue.mat").cropped()
/// ```
///
/// The formats that need no library of their own, `.obj`, `.ply` and `.npy`, are read by `INRZoo` as well.
public enum ShapeFile {
  /// What a file holds, as the end of its name tells.
  public enum Kind: Hashable, Sendable {
    /// A surface of triangles.
    case mesh
    /// A grid of voxels.
    case volume
  }

  /// Returns what a file of a name holds, or `nil` if the format is none that is read.
  ///
  /// - Parameter path: The path of the file, which need not exist.
  /// - Returns: The kind of shape.
  public static func kind(ofFileAt path: String) -> Kind? {
    switch pathExtension(of: path) {
    case "mat", "npy": .volume
    case let name: MeshReader(pathExtension: name) == nil ? nil : .mesh
    }
  }

  /// Reads a mesh: `.obj`, `.ply`, `.stl`, `.off`, and by assimp `.dae`, `.gltf`, `.glb` and others.
  ///
  /// Polygons are cut into triangles. Vertices of equal coordinates are one where the format repeats them.
  /// Transformations of the file's scene are applied; its unit and its upward axis are not.
  ///
  /// OBJ, PLY, STL and OFF are read by code of the package's own, which survives any damage. assimp 5.2 can crash on
  /// damaged COLLADA files: do not read such from strangers.
  ///
  /// - Parameter path: The path of the file.
  /// - Throws: `FileError`, which names the file, if it is not there, cannot be read, is of a format that is not
  ///   read, is damaged, or has no triangle.
  public static func mesh(at path: String) throws -> TriangleMesh {
    guard let reader = MeshReader(pathExtension: pathExtension(of: path)) else {
      throw unread(path, as: "mesh", of: "\(MeshReader.named) or another format of assimp's")
    }
    let mesh = try FileError.naming(path) { try reader.read(path) }
    guard !mesh.triangles.isEmpty else {
      throw FileError(.unsupported, path: path, reason: "it is a mesh without a triangle")
    }
    return mesh
  }

  /// Reads a volume: `.mat` of MATLAB, or `.npy` of NumPy.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - variable: The name of the array in a `.mat` file; by default `hypercube`, or else the only array
  ///     of three axes.
  /// - Throws: `FileError`, which names the file, if it is not there, cannot be read, is of a format that is not
  ///   read, is damaged, or has no such array.
  public static func volume(at path: String, variable: String? = nil) throws -> VoxelVolume {
    switch pathExtension(of: path) {
    case "mat": return try VoxelVolume(matlabFileAt: path, variable: variable)
    case "npy": return try VoxelVolume(contentsOf: path)
    default: throw unread(path, as: "volume", of: ".mat or .npy")
    }
  }

  private static func pathExtension(of path: String) -> String {
    URL(fileURLWithPath: path).pathExtension.lowercased()
  }

  private static func unread(_ path: String, as kind: String, of formats: String) -> FileError {
    FileError(
      .unsupported, path: path,
      reason:
        "it is not read as a \(kind), as its name does not end in that of a format which holds "
        + "one; give a file of \(formats)")
  }
}

/// What reads a mesh of a format.
private struct MeshReader {
  let read: (_ path: String) throws -> TriangleMesh

  /// The formats with readers of the package's own, and the commonest of the others.
  static let named = ".obj, .ply, .stl, .off, .dae, .gltf, .glb"

  /// The reader of files with names of an end in lower case, or `nil` if there is none.
  init?(pathExtension: String) {
    switch pathExtension {
    case "obj", "ply": read = { try TriangleMesh(contentsOf: $0) }
    case "stl": read = { try TriangleMesh(stlBytes: WholeFile.bytes(ofFileAt: $0)) }
    case "off": read = { try TriangleMesh(offBytes: WholeFile.bytes(ofFileAt: $0)) }
    case let name where SceneFile.isReadable(pathExtension: name):
      read = { try SceneFile.mesh(at: $0) }
    default: return nil
    }
  }
}
