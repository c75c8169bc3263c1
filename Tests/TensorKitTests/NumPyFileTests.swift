import Foundation
import TensorKit
import Testing

@Suite struct NumPyFileTests {
  static let types: [(name: String, type: ArrayElementType)] = [
    ("f2", .float16), ("f4", .float32), ("f8", .float64), ("b1", .bool),
    ("i1", .int8), ("i2", .int16), ("i4", .int32), ("i8", .int64),
    ("u1", .uint8), ("u2", .uint16), ("u4", .uint32), ("u8", .uint64),
    ("f2-big-endian", .float16), ("f4-big-endian", .float32), ("f8-big-endian", .float64),
    ("i2-big-endian", .int16), ("i4-big-endian", .int32), ("u8-big-endian", .uint64),
    ("f4-fortran", .float32), ("f8-fortran", .float64), ("u1-fortran", .uint8),
    ("i4-big-endian-fortran", .int32), ("f4-version-2", .float32), ("f4-version-3", .float32),
  ]

  @Test(arguments: types)
  func readsWhatNumPyWrites(name: String, type: ArrayElementType) throws {
    let file = try NumPyFile(contentsOf: fixture("arrays/\(name).npy"))
    #expect(file.array.elementType == type)
    #expect(file.tensor(as: Double.self) == Tensor(fixtureElements(type), shape: [3, 4]))
    #expect(
      file.tensor(as: Float.self) == Tensor(fixtureElements(type).map(Float.init), shape: [3, 4]))
  }

  @Test(arguments: [
    ("f4", ArrayElementType.float32), ("f8", .float64), ("u1", .uint8), ("i4-big-endian", .int32),
  ])
  func readsColumnMajorOrder(name: String, type: ArrayElementType) throws {
    let file = try NumPyFile(contentsOf: fixture("arrays/\(name)-fortran-3d.npy"))
    #expect(file.tensor(as: Double.self) == Tensor(fixtureElements(type), shape: [2, 3, 2]))
  }

  @Test func readsNumbersAndEmptyArrays() throws {
    let number = try NumPyFile(contentsOf: fixture("arrays/f8-number.npy"))
    #expect(number.array.shape == [] && number.tensor(as: Double.self).scalar == 0.375)
    let empty = try NumPyFile(contentsOf: fixture("arrays/f4-empty.npy"))
    #expect(empty.array.shape == [0, 5] && empty.tensor(as: Float.self).count == 0)
  }

  @Test(arguments: ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"])
  func writesTheBytesThatNumPyWrites(name: String) throws {
    let path = fixture("arrays/\(name).npy")
    let expected = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
    let written = try NumPyFile(contentsOf: path).bytes()
    // NumPy leaves more room in the header; what it says and what follows are the same.
    #expect(written.count % 64 == expected.count % 64)
    #expect(written.suffix(from: 128) == expected.suffix(from: 128))
    let text = String(decoding: written[10..<128], as: UTF8.self)
    #expect(text == String(decoding: expected[10..<128], as: UTF8.self))
  }

  @Test(arguments: ArrayElementType.allCases, [[], [0], [7], [2, 3, 4]])
  func writesWhatItReads(type: ArrayElementType, shape: [Int]) throws {
    let array = sampleArray(type, shape: shape)
    let bytes = try NumPyFile(array).bytes()
    let read = try NumPyFile(bytes: bytes).array
    if type == .bfloat16 {
      #expect(read.elementType == .float32)
      let (widened, original) = (read.tensor(as: Float.self), array.tensor(as: Float.self))
      #expect(widened.shape == shape)
      #expect(widened.elements.map(\.bitPattern) == original.elements.map(\.bitPattern))
    } else {
      #expect(read == array)
    }
  }

  @Test func unsupportedKindsAreNamed() {
    for (name, word) in [("complex", "<c16"), ("text", "<U2"), ("records", "field")] {
      let path = fixture("arrays/unsupported-\(name).npy")
      let error = #expect(throws: FileError.self) { try NumPyFile(contentsOf: path) }
      #expect(error?.kind == .unsupported && error?.path == path)
      #expect(error?.description.contains(word) == true)
    }
    let error = #expect(throws: FileError.self) {
      try NumPyFile(contentsOf: fixture("arrays/malformed-two-arrays.npy"))
    }
    #expect(error?.kind == .malformed)
  }

  @Test(arguments: [
    "", "{", "{}", "{'descr': '<f4'}", "[]",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807, 4)}",
    "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '', 'fortran_order': False, 'shape': (1,)}",
  ])
  func malformedHeadersAreRefused(header: String) {
    let bytes = [0x93] + Array("NUMPY\u{1}\0".utf8) + [UInt8(header.utf8.count), 0]
    #expect(throws: FileError.self) {
      try NumPyFile(bytes: bytes + Array(header.utf8) + [0, 0, 0, 0])
    }
  }

  @Test func hostileBytesAreSurvived() throws {
    for version in [1, 2] {
      var bytes = try NumPyFile(sampleArray(.int16)).bytes()
      if version == 2 {
        bytes[6] = 2
        bytes.insert(contentsOf: [0, 0], at: 10)
      }
      expectHostileBytesAreSurvived(bytes) { _ = try NumPyFile(bytes: $0) }
    }
  }
}

@Suite struct NumPyArchiveTests {
  @Test(arguments: ["stored", "compressed"])
  func readsWhatNumPyWrites(name: String) throws {
    let path = fixture("arrays/\(name).npz")
    let archive = try NumPyArchive(contentsOf: path)
    #expect(archive.path == path)
    #expect(archive.names == ["weight", "bias", "größe", "mask", "long"])
    let weight = try archive.tensor(named: "weight", as: Float.self)
    #expect(weight == Tensor(fixtureElements(.float32).map(Float.init), shape: [3, 4]))
    let bias = try archive.tensor(named: "bias", as: Double.self)
    #expect(bias == Tensor(fixtureElements(.float64), shape: [3, 4]))
    let size = try archive.tensor(named: "größe", as: Double.self)
    #expect(size == Tensor(fixtureElements(.int32), shape: [2, 3, 2]))
    #expect(try archive.array(named: "mask").elementType == .bool)
    #expect(try archive.tensor(named: "long", as: Double.self) == Tensor(zeros: [5000]))
  }

  @Test func writesWhatItReads() throws {
    var archive = NumPyArchive()
    #expect(try NumPyArchive(bytes: archive.bytes()) == archive)
    for type in ArrayElementType.allCases where type != .bfloat16 {
      archive["ä/\(type.rawValue)"] = sampleArray(type)
    }
    archive.store(Tensor<Float>([1, 2, 3]), named: "tensor")
    let again = try NumPyArchive(bytes: archive.bytes())
    #expect(again == archive)
    #expect(again.names == archive.names)
    try withTemporaryFolder { folder in
      try archive.write(to: folder + "/arrays.npz")
      #expect(try NumPyArchive(contentsOf: folder + "/arrays.npz") == archive)
    }
  }

  @Test func hostileBytesAreSurvived() throws {
    var archive = NumPyArchive()
    archive["a"] = sampleArray(.uint8, shape: [3])
    archive["b"] = sampleArray(.float32, shape: [1])
    try expectHostileBytesAreSurvived(archive.bytes()) { _ = try NumPyArchive(bytes: $0) }
  }

  @Test func damagedCompressedMembersAreRefused() throws {
    let url = URL(fileURLWithPath: fixture("arrays/compressed.npz"))
    let bytes = try Array(Data(contentsOf: url))
    #expect(throws: Never.self) { try NumPyArchive(bytes: bytes) }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x5A
      do {
        _ = try NumPyArchive(bytes: changed)
      } catch {
        #expect(error is FileError)
      }
    }
    for count in stride(from: 0, to: bytes.count, by: 7) {
      #expect(throws: FileError.self) { try NumPyArchive(bytes: Array(bytes[..<count])) }
    }
  }

  /// The offset of the entry of the only member in the table of contents.
  private func entry(in bytes: [UInt8]) throws -> Int {
    try #require(bytes.indices.dropLast(4).first { bytes[$0...].starts(with: [80, 75, 1, 2]) })
  }

  private func set(_ value: UInt32, at offset: Int, in bytes: inout [UInt8]) {
    for place in 0..<4 { bytes[offset + place] = UInt8(truncatingIfNeeded: value >> (8 * place)) }
  }

  @Test func statedSizesAreNotTrusted() throws {
    var archive = NumPyArchive()
    archive["a"] = sampleArray(.uint8, shape: [8])
    let bytes = try archive.bytes()
    let entry = try entry(in: bytes)
    // The packed size, the size, the offset of the data; the size of the table and its offset.
    for offset in [entry + 20, entry + 24, entry + 42, bytes.count - 10, bytes.count - 6] {
      for value: UInt32 in [.max, .max - 1, 1 << 31, 1 << 20, 1] {
        var changed = bytes
        set(value, at: offset, in: &changed)
        #expect(throws: FileError.self) { try NumPyArchive(bytes: changed) }
        // As if it were compressed: four gigabytes out of a few hundred bytes.
        changed[entry + 10] = 8
        #expect(throws: FileError.self) { try NumPyArchive(bytes: changed) }
      }
    }
    var sized = bytes
    set(.max, at: entry + 24, in: &sized)
    let error = #expect(throws: FileError.self) { try NumPyArchive(bytes: sized) }
    #expect(error?.kind == .unsupported && error?.description.contains("ZIP64") == true)
  }

  @Test func overlapsAndRepeatedNamesAreRefused() throws {
    var archive = NumPyArchive()
    archive["a"] = sampleArray(.uint8, shape: [8])
    archive["b"] = sampleArray(.uint8, shape: [8])
    let bytes = try archive.bytes()
    // Both entries of the table name the member a, at its one place and then at two.
    let places = bytes.indices.dropLast(4).filter { bytes[$0...].starts(with: [80, 75, 1, 2]) }
    var repeated = bytes
    repeated[places[1] + 46] = UInt8(ascii: "a")
    #expect(throws: FileError.self) { try NumPyArchive(bytes: repeated) }
    set(0, at: places[1] + 42, in: &repeated)
    #expect(throws: FileError.self) { try NumPyArchive(bytes: repeated) }
    // The second member begins within the first one's data.
    var overlapping = bytes
    set(40, at: places[1] + 42, in: &overlapping)
    #expect(throws: FileError.self) { try NumPyArchive(bytes: overlapping) }
  }
}
