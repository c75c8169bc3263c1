import INRZoo
import ShapeFiles
import TensorKit
import Testing

/// Meshes in files that trimesh and pycollada wrote.
@Suite struct MeshFileTests {
  static let boxes = [
    "box.stl", "box-text.stl", "box.off", "box.dae", "box.glb", "box.ply", "box.obj",
  ]

  @Test(arguments: boxes)
  func boxesAreRead(name: String) throws {
    let mesh = try ShapeFile.mesh(at: fixture(name))
    #expect(mesh.vertices.count == 8 && mesh.triangles.count == 12)
    #expect(mesh.bounds == BoundingBox(lower: [0.5, -1, 2], upper: [1.5, 1, 5]))
    #expect(abs(mesh.volume - 6) < 1e-12)
    #expect(mesh.boundaryEdgeCount == 0)
    #expect(ShapeFile.kind(ofFileAt: name) == .mesh)
  }

  @Test func offKeepsTheOrderOfItsVertices() throws {
    let mesh = try ShapeFile.mesh(at: fixture("box.off"))
    #expect(mesh.vertices[1] == [0.5, -1, 5])
    #expect(mesh.triangles[0] == [1, 3, 0])
  }

  @Test func scenesAreOneMeshWithTheirTransformations() throws {
    let mesh = try ShapeFile.mesh(at: fixture("scene.glb"))
    #expect(mesh.vertices.count == 16 && mesh.triangles.count == 24)
    #expect(mesh.bounds == BoundingBox(lower: [-1, -1, -0.5], upper: [1, 1, 11]))
    #expect(abs(mesh.volume - 9) < 1e-6)
  }

  @Test(arguments: [
    "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n", "OFF3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2",
    "# a note\nCOFF # colours\r\n\r\n3 1 0\r\n0 0 0 255 0 0\r\n1 0 0 0 0 0\r\n0 1 0 1 1 1\r\n3 0 1 2 9",
  ])
  func kindsOfOFFAreRead(text: String) throws {
    let mesh = try withFiles { try ShapeFile.mesh(at: $0("a.OFF", Array(text.utf8))) }
    #expect(
      mesh
        == TriangleMesh(vertices: [[0, 0, 0], [1, 0, 0], [0, 1, 0]], triangles: [[0, 1, 2]]))
  }

  @Test func polygonsBecomeTriangles() throws {
    let text = "OFF\n5 2 0\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n0 0 1\n4 0 1 2 3\n2 0 4\n"
    let mesh = try withFiles { try ShapeFile.mesh(at: $0("a.off", Array(text.utf8))) }
    #expect(mesh.triangles == [[0, 1, 2], [0, 2, 3]])
  }

  @Test(arguments: [
    ("a.off", "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 3\n", "corner 3"),
    ("a.off", "OFF\n3 1 0\n0 0 0\n1 0 x\n0 1 0\n3 0 1 2\n", "'x'"),
    ("a.off", "OFF\n3 1 0\n0 0 0\n1 0 inf\n0 1 0\n3 0 1 2\n", "'inf'"),
    ("a.off", "OFF\n3 1 0\n0 0 0\n1 0\n0 1 0\n3 0 1 2\n", "line 4"),
    ("a.off", "OFF\n-3 1 0\n", "'-3'"),
    ("a.off", "OFF\n99999999999999999999 1 0\n", "whole number"),
    ("a.off", "OFF\n4000000000 4000000000 0\n", "truncated"),
    ("a.off", "4OFF\n1 1 1\n", "three coord"),
    ("a.off", "OFF\n1 1 0\n0 0 0\n9223372036854775807 0\n", "missing"),
    ("a.off", "OFF\n3 0 0\n0 0 0\n1 0 0\n0 1 0\n", "without a triangle"), ("a.off", "", "empty"),
    ("a.off", "PLY\n", "'PLY'"), ("a.stl", "", "breaks off"),
    ("a.stl", "solid\nendsolid\n", "without"),
    ("a.stl", "solid\nfacet normal 0 0 0 outer loop vertex 0 0 nan", "'nan'"),
    ("a.stl", "solid\nfacet normal 0 0 0 outer loop vertex 0 0 1e99", "inf"),
    ("a.stl", "solid a\nfacet normal 0 0 0 loop", "'outer'"), ("a.stl", "solid", "truncated"),
    ("a.dae", "<COLLADA", "cannot be read"), ("a.gltf", "{}", "cannot be read"),
    ("a.glb", "", "cannot be read"), ("a.xyz", "0 0 0\n", "does not end"),
    ("a", "0 0 0\n", "does not end"),
  ])
  func whatIsNoMeshIsRefused(name: String, text: String, part: String) throws {
    try withFiles { write in
      expectRefusal(try write(name, Array(text.utf8)), part) { try ShapeFile.mesh(at: $0) }
    }
  }

  @Test(arguments: ["stl", "off", "dae", "glb", "obj", "ply"])
  func missingFilesAreRefused(ending: String) {
    let error = expectRefusal("/absent/file.\(ending)") { try ShapeFile.mesh(at: $0) }
    #expect(error?.kind == .noSuchFile)
  }

  @Test func foldersAreRefused() throws {
    try withFiles { write in
      let folder = try String(write("a.dae", []).dropLast(6))
      expectRefusal(folder + "/../", "does not end") { try ShapeFile.mesh(at: $0) }
    }
  }

  @Test(arguments: ["box.stl", "box-text.stl", "box.off", "box.dae", "box.glb", "scene.glb"])
  func truncatedFilesAreRefused(name: String) throws {
    let bytes = try contents(of: name)
    let all = try ShapeFile.mesh(at: fixture(name))
    try withFiles { write in
      for length in 0..<bytes.count where length < 400 || length % 13 == 0 {
        let path = try write("part." + name.suffix(3), Array(bytes[..<length]))
        do {
          let mesh = try ShapeFile.mesh(at: path)
          // What is missing is the end of the last line.
          #expect(mesh == all && length >= bytes.count - 4, "\(length) of \(bytes.count) bytes")
        } catch {
          #expect((error as? FileError)?.path == path, "\(length) bytes: \(error)")
        }
      }
    }
  }

  @Test(arguments: ["box.stl", "box-text.stl", "box.off"])
  func changedFilesAreReadOrRefused(name: String) throws {
    let bytes = try contents(of: name)
    try withFiles { write in
      for index in bytes.indices {
        for change: UInt8 in [0x01, 0x10, 0x80, 0xFF] {
          var changed = bytes
          changed[index] ^= change
          let path = try write("changed." + name.suffix(3), changed)
          do {
            _ = try ShapeFile.mesh(at: path)
          } catch {
            #expect((error as? FileError)?.path == path, "byte \(index): \(error)")
          }
        }
      }
    }
  }
}
