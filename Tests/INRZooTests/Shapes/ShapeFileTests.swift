import Foundation
import INRZoo
import TensorKit
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Files of meshes and clouds, good and bad.
@Suite struct ShapeFileTests {
  private static let tetrahedron = TriangleMesh(
    vertices: [SIMD3(0, 0, 0), SIMD3(1, 0, 0), SIMD3(0, 1.5, 0), SIMD3(0, 0, -2e-3)],
    triangles: [SIMD3(0, 1, 2), SIMD3(0, 2, 3), SIMD3(0, 3, 1), SIMD3(1, 3, 2)])

  /// A mesh whose coordinates use all digits of a number.
  private static let irrational = TriangleMesh.sphere(
    center: SIMD3(1e-9, 1e7, -3.3), radius: 0.7, subdivisions: 2)

  @Test func anOBJFileWithAllThatOthersWrite() throws {
    let text = """
      # a comment with f 1 2 3
      mtllib some.mtl
      o thing\r
      v 0 0 0\r
      v  1.0\t0 0e3 0.5 0.5 0.5
      vt 0.1 0.2
      vn 0 0 1
      v 0 15e-1 .0
      v -0 0. -2E-3
      usemtl none
      s off
      f 1 2 3
      f 1/1 3/1 4/1
      f -4//1 -1//1 -3//1
      f 2/1/1 4/1/1 3/1/1
      """
    #expect(try TriangleMesh(objBytes: Array(text.utf8)) == Self.tetrahedron)
  }

  @Test func polygonsBecomeFansAndFacesMayComeFirst() throws {
    let text = "f 1 2 3 4 5\nv 0 0 0\nv 1 0 0\nv 2 1 0\nv 1 2 0\nv 0 1 0\n"
    let mesh = try TriangleMesh(objBytes: Array(text.utf8))
    #expect(mesh.triangles == [SIMD3(0, 1, 2), SIMD3(0, 2, 3), SIMD3(0, 3, 4)])
    #expect(mesh.area == 2.5)
  }

  @Test func numbersAreReadToTheLastBit() throws {
    let numbers = [
      "0.1", "-.5", "5.", "+1", "123456789012345", "1234567890123456789", "0.1234567890123456789",
      "0", "-0.0", "1e22", "1e23", "-1.7976931348623157e308", "5e-324", "2.2250738585072014e-308",
      "1E+2",
      "0.000000000000000000000012345", "00012.500", "9007199254740993", "1e-400",
    ]
    for number in numbers {
      let text = "v \(number) 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3"
      let mesh = try TriangleMesh(objBytes: Array(text.utf8))
      // The system's own reading.
      #expect(mesh.vertices[0].x == strtod(number, nil), "\(number)")
    }
    for number in [
      "nan", "inf", "-inf", "1e999", "0x10", "1.2.3", "--1", "1e", "e5", ".", "1,5", "é",
    ] {
      let text = "v 0 0 0\nv 0 \(number) 0\nv 0 0 1\nf 1 2 3"
      let error = #expect(throws: FileError.self, "\(number)") {
        try TriangleMesh(objBytes: Array(text.utf8))
      }
      #expect(error?.kind == .malformed)
      #expect(error?.reason.contains("line 2") == true)
    }
  }

  @Test(
    arguments: [
      ("v 0 0\nv 1 1 1\n", FileError.Kind.malformed, "line 1"),
      ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2\n", .malformed, "line 4 has a face of 2 corners"),
      ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 0\n", .malformed, "'0' for a corner"),
      ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 x\n", .malformed, "'x' for a corner"),
      ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 -4\n", .malformed, "the index -4 after 3 vertices"),
      ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf 1 2 4\n", .malformed, "line 5 names vertex 4"),
      ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9999999999\n", .malformed, "9999999999"),
      ("v 0 0 0\nf 1 1 99999999999999999999\n", .malformed, "line 2"),
      ("f 1 1 1\n", .malformed, "names vertex 1 of only 0"),
      ("f 1 2 /3\n", .malformed, "'/3' for a corner"),
      ("", .missing, "no faces"), ("v 0 0 0\n", .missing, "no faces, and 1 vertices"),
      ("\u{1b}[31m v 0 f\n\n\n", .missing, "no faces"),
    ])
  func badOBJFiles(text: String, kind: FileError.Kind, words: String) {
    let error = #expect(throws: FileError.self) {
      try TriangleMesh(objBytes: Array(text.utf8))
    }
    #expect(error?.kind == kind)
    #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
  }

  @Test func meshesAreReadBackExactly() throws {
    for mesh in [Self.tetrahedron, Self.irrational] {
      #expect(try TriangleMesh(objBytes: mesh.objBytes()) == mesh)
      #expect(try TriangleMesh(plyBytes: mesh.plyBytes()) == mesh)
      let colors = mesh.vertices.indices.map { SIMD3<UInt8>(truncatingIfNeeded: SIMD3($0, 7, 255)) }
      let bytes = mesh.plyBytes(colors: colors, normals: mesh.vertexNormals)
      #expect(try TriangleMesh(plyBytes: bytes) == mesh)
      let cloud = try PointCloud(plyBytes: bytes)
      #expect(cloud.points == mesh.vertices)
      #expect(zip(cloud.normals, mesh.vertexNormals).allSatisfy { ($0 - $1).norm < 1e-15 })
    }
  }

  @Test func cloudsAreReadBackExactly() throws {
    let cloud = Self.irrational.sampledSurface(count: 100, seed: 1)
    let copies = [
      try PointCloud(plyBytes: cloud.plyBytes()), try PointCloud(xyzBytes: cloud.xyzBytes()),
    ]
    for read in copies {
      #expect(read.points == cloud.points)
      #expect(zip(read.normals, cloud.normals).allSatisfy { ($0 - $1).norm < 1e-15 })
    }
    let text = "# x y z nx ny nz\n\n 1 2 3 0 0 -2 255 255\r\n4e0 5 6 3 4 0"
    let read = try PointCloud(xyzBytes: Array(text.utf8))
    #expect(read.points == [SIMD3(1, 2, 3), SIMD3(4, 5, 6)])
    let normals = [SIMD3(0, 0, -1), SIMD3(0.6, 0.8, 0)]
    #expect(zip(read.normals, normals).allSatisfy { ($0 - $1).norm < 1e-15 })
    for (text, words) in [
      ("1 2 3\n", "normal"), ("1 2 3 0 0 0\n", "no length"),
      ("1 2 3 4 5 6\n1 2 nan 4 5 6", "line 2"),
      ("", "no points"), ("# 1 2 3 4 5 6", "no points"),
    ] {
      let error = #expect(throws: FileError.self) { try PointCloud(xyzBytes: Array(text.utf8)) }
      #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }
  }

  /// The header of a file in which much is to be skipped.
  private static func header(_ format: String, end: String = "\n") -> String {
    [
      "ply", "format \(format) 1.0", "comment made by hand", "obj_info nothing",
      "element camera 1", "property list uchar short numbers", "property double zoom",
      "element vertex 4", "property uchar red", "property float x", "property list int uint tags",
      "property double y", "property short z",
      "element face 2", "property char flag", "property list uchar int vertex_indices",
      "property float quality",
      "element nothing 3", "end_header", "",
    ].joined(separator: end)
  }

  private static let skippedMesh = TriangleMesh(
    vertices: [SIMD3(0.5, -0.1, 3), SIMD3(1, 2, -3), SIMD3(0, 1e300, 0), SIMD3(-2, 4, 7)],
    triangles: [SIMD3(0, 1, 2), SIMD3(3, 2, 1), SIMD3(3, 1, 0)])

  @Test func aPLYFileInAllFormats() throws {
    let rows = """
      2 5 -6 0.25
      255 0.5 0 -0.1 3
      0 1 2 7 8 2 -3
      0 0 1 9 1e300 0
      0 -2 0 4 7
      -1 3 0 1 2 0.5
      1 4 3 2 1 0 0.5



      """
    for end in ["\n", "\r\n"] {
      let text = Self.header("ascii", end: end) + rows.replacing("\n", with: end)
      #expect(try TriangleMesh(plyBytes: Array(text.utf8)) == Self.skippedMesh)
    }
    for isLittle in [true, false] {
      var bytes = Array(Self.header("binary_\(isLittle ? "little" : "big")_endian").utf8)
      func append<Word: FixedWidthInteger>(_ word: Word) {
        withUnsafeBytes(of: isLittle ? word.littleEndian : word.bigEndian) {
          bytes.append(contentsOf: $0)
        }
      }
      append(UInt8(2))
      append(Int16(5))
      append(Int16(-6))
      append((0.25).bitPattern)
      for (index, vertex) in Self.skippedMesh.vertices.enumerated() {
        append(UInt8(index))
        append(Float(vertex.x).bitPattern)
        append(Int32(index))
        for tag in 0..<index { append(UInt32(tag)) }
        append(vertex.y.bitPattern)
        append(Int16(vertex.z))
      }
      for corners in [[0, 1, 2], [3, 2, 1, 0]] as [[Int32]] {
        append(Int8(-1))
        append(UInt8(corners.count))
        for corner in corners { append(corner) }
        append(Float(0.5).bitPattern)
      }
      #expect(try TriangleMesh(plyBytes: bytes) == Self.skippedMesh)
      // Cut anywhere, it is refused, and nothing else happens.
      for count in 0..<bytes.count {
        #expect(throws: FileError.self) { try TriangleMesh(plyBytes: Array(bytes[..<count])) }
      }
    }
  }

  @Test(
    arguments: [
      ("", "does not begin with 'ply'"), ("ply\n", "no end"), ("plyformat", "no end"),
      ("ply\nformat ascii 2.0\nend_header\n", "version"),
      ("ply\nformat octal 1.0\nend_header\n", "'octal'"),
      ("ply\nelement vertex 1\nend_header\n", "does not state a format"),
      ("ply\nformat ascii 1.0\nend_header\n", "no vertices"),
      ("ply\nformat ascii 1.0\nproperty float x\nend_header\n", "of no element"),
      ("ply\nformat ascii 1.0\nelement vertex -1\nend_header\n", "'-1' rows"),
      ("ply\nformat ascii 1.0\nelement vertex 99999999999999999999\nend_header\n", "rows"),
      ("ply\nformat ascii 1.0\nelement vertex 1\nproperty half x\nend_header\n", "'half'"),
      ("ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n", "no x, y"),
      ("ply\nformat ascii 1.0\nelement vertex 1\nnonsense\nend_header\n", "'nonsense'"),
      ("ply\nformat ascii 1.0\nelement vertex 1\nproperty list float int\nend_header\n", "3 words"),
    ])
  func badPLYHeaders(text: String, words: String) {
    let error = #expect(throws: FileError.self) {
      try TriangleMesh(plyBytes: Array(text.utf8))
    }
    #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
  }

  @Test(
    arguments: [
      ("2000000000", "0", "", "2000000000 rows of 'vertex'"),
      ("1", "2000000000", "0 0 0\n", "2000000000 rows of 'face'"),
      ("1", "1", "0 0 nan\n3 0 0 0\n", "'nan'"), ("1", "1", "0 0 1e999\n3 0 0 0\n", "1e999"),
      ("1", "1", "0 0\n3 0 0 0\n", "no number"),
      ("1", "1", "0 0 0 0\n3 0 0 0\n", "after the row"),
      ("1", "1", "0 0 0\n3 0 0 1\n", "the vertex 1.0"), ("1", "1", "0 0 0\n3 0 0 -1\n", "-1.0"),
      ("1", "1", "0 0 0\n3 0 0 0.5\n", "0.5"), ("1", "1", "0 0 0\n2 0 0\n", "2 corners"),
      ("1", "1", "0 0 0\n3000000000 0 0\n", "list of the length"),
      ("1", "1", "0 0 0\n-3 0 0\n", "list of the length -3"), ("1", "0", "0 0 0\n", "no faces"),
    ])
  func badPLYRows(vertices: String, faces: String, rows: String, words: String) {
    let header = """
      ply
      format ascii 1.0
      element vertex \(vertices)
      property float x
      property float y
      property float z
      element face \(faces)
      property list uchar int vertex_index
      end_header

      """
    let error = #expect(throws: FileError.self) {
      try TriangleMesh(plyBytes: Array((header + rows).utf8))
    }
    #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    // The same counts in a binary file, which has no rows at all.
    let binary = header.replacing("ascii", with: "binary_big_endian")
    #expect(throws: FileError.self) { try TriangleMesh(plyBytes: Array(binary.utf8)) }
  }

  @Test func coordinatesThatAreNotFiniteInABinaryFile() {
    var bytes = Self.tetrahedron.plyBytes()
    let place = bytes.count - 4 * 13 - 8
    bytes.replaceSubrange(place..<(place + 8), with: [0, 0, 0, 0, 0, 0, 0xF8, 0x7F])
    let error = #expect(throws: FileError.self) { try TriangleMesh(plyBytes: bytes) }
    #expect(error?.reason.contains("nan for 'z'") == true, "\(error?.reason ?? "")")
    #expect(error?.reason.contains("byte \(place + 8)") == true)
  }

  @Test func cloudsNeedNormals() {
    let error = #expect(throws: FileError.self) {
      try PointCloud(plyBytes: Self.tetrahedron.plyBytes())
    }
    #expect(error?.kind == .missing)
    #expect(error?.reason.contains("no normals") == true)
    let flat = Self.tetrahedron.plyBytes(normals: [.zero, .zero, .zero, .zero])
    #expect(throws: FileError.self) { try PointCloud(plyBytes: flat) }
  }

  @Test func filesByTheirEndings() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("shapes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    let mesh = Self.tetrahedron
    for name in ["mesh.obj", "mesh.PLY"] {
      try mesh.write(to: path(name))
      #expect(try TriangleMesh(contentsOf: path(name)) == mesh)
    }
    let cloud = mesh.sampledSurface(count: 5, seed: 2)
    for name in ["cloud.xyz", "cloud.ply"] {
      try cloud.write(to: path(name))
      #expect(try PointCloud(contentsOf: path(name)).points == cloud.points)
    }
    for name in ["mesh.stl", "mesh", ".obj/mesh", "cloud.xyz"] {
      let error = #expect(throws: FileError.self) { try mesh.write(to: path(name)) }
      #expect(error?.path == path(name))
    }
    #expect(throws: FileError.self) {
      try mesh.write(to: path("normals.obj"), normals: mesh.vertexNormals)
    }
    let missing = #expect(throws: FileError.self) { try TriangleMesh(contentsOf: path("no.obj")) }
    #expect(missing?.kind == .noSuchFile)
    try Data("v 0 0 x".utf8).write(to: URL(fileURLWithPath: path("bad.obj")))
    let bad = #expect(throws: FileError.self) { try TriangleMesh(contentsOf: path("bad.obj")) }
    #expect(bad?.description.contains("bad.obj: its line 1 has 'x' for a coordinate") == true)
  }

  @Test func aCOLLADAFileIsWellFormed() throws {
    let parser = XMLParser(data: Data(Self.tetrahedron.daeBytes()))
    let contents = ColladaContents()
    parser.delegate = contents
    #expect(parser.parse())
    #expect(contents.elements["COLLADA"]?["version"] == "1.4.1")
    #expect(contents.elements["triangles"]?["count"] == "4")
    #expect(contents.elements["float_array"]?["count"] == "12")
    #expect(contents.elements["accessor"]?["count"] == "4")
    let numbers = contents.texts["float_array"]?.split(whereSeparator: \.isWhitespace)
    #expect(
      numbers?.map { Double($0) ?? .nan }
        == Self.tetrahedron.vertices.flatMap { [$0.x, $0.y, $0.z] })
    let corners = contents.texts["p"]?.split(whereSeparator: \.isWhitespace)
    #expect(
      corners?.map { Int32($0) ?? -1 }
        == Self.tetrahedron.triangles.flatMap { [$0.x, $0.y, $0.z] })
    // Every reference is to an element that is there.
    for reference in contents.references {
      #expect(contents.identifiers.contains(reference), "\(reference)")
    }
    #expect(contents.references.count == 5)
  }
}

/// What an XML file holds, element by element.
private final class ColladaContents: NSObject, XMLParserDelegate {
  var elements: [String: [String: String]] = [:]
  var texts: [String: String] = [:]
  var identifiers: Set<String> = []
  var references: [String] = []
  private var current = ""

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String] = [:]
  ) {
    current = name
    elements[name] = attributes
    if let identifier = attributes["id"] { identifiers.insert("#\(identifier)") }
    for name in ["source", "url"] {
      if let reference = attributes[name] { references.append(reference) }
    }
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    texts[current, default: ""] += text
  }
}
