import CTurboJPEG
import Foundation
import INRZoo
import TensorKit

/// Valid files, from which damaged ones are made.
enum SeedFiles {
  /// The package's own files of a format, and those of a folder that are not large.
  static func all(of format: FuzzedFormat, in corpus: URL?) throws -> [[UInt8]] {
    var files = try own(format)
    guard let corpus else { return files }
    let paths = try FileManager.default.subpathsOfDirectory(atPath: corpus.path).sorted()
    for path in paths where path.hasSuffix(".\(format.pathExtension)") {
      let bytes = try Array(Data(contentsOf: corpus.appendingPathComponent(path)))
      // Those of unsupported kinds are wanted too, so that refusals are fuzzed as well.
      if bytes.count <= largest { files.append(bytes) }
    }
    return files
  }

  private static let largest = 1 << 14

  private static func own(_ format: FuzzedFormat) throws -> [[UInt8]] {
    switch format {
    case .npy:
      return try ArrayElementType.allCases.flatMap { type in
        try [[], [0, 3], [7], [2, 3, 4]].map { try NumPyFile(array(type, $0)).bytes() }
      } + variants()
    case .npz:
      var archive = NumPyArchive()
      for type in ArrayElementType.allCases {
        archive["layer.\(type.rawValue)"] = array(type, [2, 3])
      }
      var small = NumPyArchive()
      small["é"] = array(.float32, [2])
      small["e\u{301}"] = array(.uint8, [3])
      return try [NumPyArchive().bytes(), small.bytes(), archive.bytes()]
    case .safetensors:
      var file = SafeTensorsFile()
      file.metadata = ["format": "pt", "é": "a \"text\"\n", "e\u{301}": "😀"]
      for type in ArrayElementType.allCases {
        file["layer.\(type.rawValue)"] = array(type, [2, 3])
      }
      var small = SafeTensorsFile()
      small["a"] = array(.float64, [])
      small["b"] = array(.bool, [0, 2])
      return [SafeTensorsFile().bytes(), small.bytes(), file.bytes(), unread]
    case .state: return [try SampleState().savedState().file.bytes()]
    case .png:
      return try Picture.BitDepth.allCases.flatMap { depth in
        try (1...4).map { channels in
          let values = Tensor(
            (0..<(5 * 9 * channels)).map { Float($0 % 17) / 16 }, shape: [5, 9, channels])
          return try Picture(values, bitDepth: depth).pngBytes()
        }
      }
    case .jpeg: return photographs
    case .volume:
      return try [ArrayElementType.uint8, .bool, .uint16].map {
        try NumPyFile(array($0, [2, 3, 4])).bytes()
      }
    // Other programs' files are in the corpus.
    case .mat: return []
    case .obj:
      return [box.objBytes(), Array("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1/1 -2//2 3/1/1\n".utf8)]
    case .ply:
      let normals = box.vertices.map { $0 / 3.0.squareRoot() }
      let colors = box.vertices.indices.map { SIMD3<UInt8>(repeating: UInt8($0)) }
      return [
        box.plyBytes(), box.plyBytes(colors: colors, normals: normals), cloud.plyBytes(),
      ]
    case .xyz: return [cloud.xyzBytes()]
    case .stl:
      let facet =
        "facet normal 0 0 1 outer loop vertex 0 0 0 vertex 1 0 0 vertex 0 1 0 endloop endfacet"
      return [Array("solid a name\n\(facet)\n\(facet)\nendsolid\n".utf8)]
    case .off: return [Array("OFF\n4 1 0\n0 0 0\n1 0 0\n1 1 0\n0 1e-3 0\n4 0 1 2 3 255 0 0\n".utf8)]
    }
  }

  /// JPEG files, grey and in colours, in one pass and in several, each with an orientation.
  private static var photographs: [[UInt8]] {
    let samples = (0..<(20 * 28 * 3)).map { UInt8($0 * 7 % 251) }
    return [
      (TJPF_GRAY, TJSAMP_GRAY, 0), (TJPF_RGB, TJSAMP_420, 0),
      (TJPF_RGB, TJSAMP_444, TJFLAG_PROGRESSIVE),
    ].compactMap { format, sampling, flags -> [UInt8]? in
      guard let encoder = tjInitCompress() else { return nil }
      defer { tjDestroy(encoder) }
      var output: UnsafeMutablePointer<UInt8>?
      var length: UInt = 0
      let result = tjCompress2(
        encoder, samples, 28, 0, 20, format.rawValue, &output, &length, Int32(sampling.rawValue),
        80, flags)
      defer { tjFree(output) }
      guard result == 0 else { return nil }
      let file = Array(UnsafeBufferPointer(start: output, count: Int(length)))
      // Metadata of one entry: the picture is to be turned by a quarter.
      let metadata: [UInt8] =
        Array("Exif".utf8) + [0, 0] + Array("MM".utf8)
        + [0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]
      return file[..<2] + [0xFF, 0xE1, 0, UInt8(metadata.count + 2)] + metadata + file[2...]
    }
  }

  private static let box = TriangleMesh.box(.symmetricUnit)
  private static let cloud = PointCloud(
    points: box.vertices, normals: box.vertices.map { $0 / 3.0.squareRoot() })

  private static func array(_ type: ArrayElementType, _ shape: [Int]) -> StoredArray {
    let count = shape.reduce(type.byteCount, *)
    return StoredArray(
      type, shape: shape, bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) })
  }

  /// Kinds of `.npy` files that the package reads and does not write.
  private static func variants() -> [[UInt8]] {
    let headers = [
      "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3), }",
      "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3, 2), }",
      "{'descr': '?', 'fortran_order': False, 'shape': (24,), }",
      "{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }",
    ]
    return headers.flatMap { header in
      (1...3).map { version in
        let length = UInt8(header.utf8.count)
        let lengths: [UInt8] = version == 1 ? [length, 0] : [length, 0, 0, 0]
        return [0x93] + Array("NUMPY".utf8) + [UInt8(version), 0] + lengths + Array(header.utf8)
          + [UInt8](repeating: 1, count: 24)
      }
    }
  }

  /// A `.safetensors` file with an array of a type that is not supported.
  private static let unread: [UInt8] = {
    let header = #"{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},"__metadata__":null}"#
    return [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [1, 2]
  }()
}
