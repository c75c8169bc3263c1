import CAssimp
import Foundation
import INRZoo
import Synchronization
import TensorKit

/// Meshes in files that assimp reads: scenes of nodes, each with transformations and meshes.
enum SceneFile {
  /// Files larger than this are refused: assimp holds several copies of what they contain.
  private static let largestSize = 4 << 30

  /// Whether assimp reads files with names of an end, without its dot.
  static func isReadable(pathExtension: String) -> Bool {
    !pathExtension.isEmpty && aiIsExtensionSupported(".\(pathExtension)") == AI_TRUE
  }

  /// Returns all triangles of a file as one mesh, with transformations applied and equal vertices joined.
  ///
  /// - Throws: `FileError` without a path.
  static func mesh(at path: String) throws -> TriangleMesh {
    try requireFile(at: path)
    guard let properties = aiCreatePropertyStore() else {
      throw FileError(.unreadable, reason: "there is no memory to read it")
    }
    defer { aiReleasePropertyStore(properties) }
    // Coordinates stay as they are written: a mesh is compared with others of its frame.
    aiSetImportPropertyInteger(properties, "IMPORT_COLLADA_IGNORE_UP_DIRECTION", 1)
    let steps = aiProcess_Triangulate.rawValue | aiProcess_PreTransformVertices.rawValue
    return try importing.withLock { _ in
      guard let scene = aiImportFileExWithProperties(path, steps, nil, properties) else {
        let reason = String(cString: aiGetErrorString()).split(whereSeparator: \.isNewline)
          .joined(separator: " ").trimmingCharacters(in: .whitespaces.union(["."]))
        throw FileError(
          .malformed,
          reason: "it cannot be read as a mesh: \(reason.isEmpty ? "it is damaged" : reason)")
      }
      defer { aiReleaseImport(scene) }
      guard scene.pointee.mFlags & UInt32(AI_SCENE_FLAGS_INCOMPLETE) == 0 else {
        throw FileError(.malformed, reason: "it holds a scene that is not complete")
      }
      return try mesh(of: scene.pointee)
    }
  }

  /// The text of an error is that of the last import of the process.
  private static let importing = Mutex(())

  private static func requireFile(at path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let code = errno
      let isMissing = code == ENOENT || code == ENOTDIR
      throw FileError(
        isMissing ? .noSuchFile : .unreadable,
        reason: isMissing
          ? "there is no such file; check the path"
          : "it cannot be opened: \(WholeFile.systemMessage(code))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(.unreadable, reason: "it is a folder or a device, not a file")
    }
    guard status.st_size <= largestSize else {
      throw FileError(
        .unsupported, reason: "it has \(status.st_size) bytes, and at most \(largestSize) are read")
    }
    guard access(path, R_OK) == 0 else {
      throw FileError(
        .unreadable, reason: "it cannot be opened: \(WholeFile.systemMessage(errno))")
    }
  }

  private static func mesh(of scene: aiScene) throws -> TriangleMesh {
    let meshes = UnsafeBufferPointer(start: scene.mMeshes, count: Int(scene.mNumMeshes))
    var joiner = VertexJoiner()
    joiner.reserve(
      triangles: meshes.reduce(0) { $0 + Int($1?.pointee.mNumFaces ?? 0) })
    for mesh in meshes {
      guard let mesh = mesh?.pointee else { continue }
      let vertices = UnsafeBufferPointer(start: mesh.mVertices, count: Int(mesh.mNumVertices))
      var indices = [Int32](repeating: -1, count: vertices.count)
      for face in UnsafeBufferPointer(start: mesh.mFaces, count: Int(mesh.mNumFaces)) {
        // Points and lines have no area.
        guard face.mNumIndices == 3, let corners = face.mIndices else { continue }
        var triangle = SIMD3<Int32>()
        for corner in 0..<3 {
          let vertex = Int(corners[corner])
          guard vertex < vertices.count else {
            throw FileError(
              .malformed,
              reason: "a face has the corner \(vertex), and there are \(vertices.count) vertices")
          }
          if indices[vertex] < 0 {
            let position = vertices[vertex]
            indices[vertex] = try joiner.index(of: [position.x, position.y, position.z])
          }
          triangle[corner] = indices[vertex]
        }
        joiner.addTriangle(triangle.x, triangle.y, triangle.z)
      }
    }
    return joiner.mesh
  }
}
