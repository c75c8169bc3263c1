import Foundation
import TensorKit
import Testing

/// Files of which a part cannot be read: the rest is, and the part is named when it is asked for.
@Suite struct UnreadableArrayTests {
  /// A `.npy` file with a header of its own.
  private func array(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let header = "{'descr': \(type), 'fortran_order': False, 'shape': (1,)}"
    return [0x93] + Array("NUMPY\u{1}\0".utf8) + [UInt8(header.utf8.count), 0]
      + Array(header.utf8) + data
  }

  /// An archive with a number, and arrays of text, objects, complex numbers and records, and a note.
  private func archive() throws -> NumPyArchive {
    let others: [(name: String, contents: [UInt8])] = [
      ("text", array("'<U2'", [97, 0, 0, 0, 0, 0, 0, 0])),
      ("object", array("'|O'", [0x80, 4, 0x2E])),
      ("complex", array("'<c8'", [UInt8](repeating: 0, count: 8))),
      ("records", array("[('x', '<f4')]", [0, 0, 0, 0])),
    ]
    return try NumPyArchive(
      bytes: ZIPWriter.archive(
        [("number.npy", try NumPyFile(Tensor<Float>([1, 2])).bytes())]
          + others.map { ("\($0.name).npy", $0.contents) } + [("note.txt", Array("hello".utf8))]))
  }

  @Test func archivesAreReadAroundThem() throws {
    let archive = try archive()
    #expect(archive.names == ["number"])
    #expect(try archive.tensor(named: "number", as: Float.self) == Tensor([1, 2]))
    #expect(archive.unreadable.names == ["text", "object", "complex", "records", "note.txt"])
    for (name, part) in [
      ("text", "<U2"), ("object", "|O"), ("complex", "<c8"), ("records", "fields"),
      ("note.txt", "not an array"),
    ] {
      let error = #expect(throws: FileError.self) { try archive.array(named: name) }
      #expect(error?.kind == .unsupported && error?.description.contains(part) == true)
      #expect(archive[name] == nil)
    }
    #expect(throws: FileError.self) { try archive.requireReadable() }
  }

  @Test func archivesAreWrittenWithThem() throws {
    var archive = try archive()
    let again = try NumPyArchive(bytes: archive.bytes())
    #expect(again == archive && again.unreadable.count == 5)
    archive["text"] = sampleArray(.int8)
    archive["object"] = nil
    #expect(archive.names == ["number", "text"] && archive.unreadable.count == 3)
  }

  @Test func weightFilesAreReadAroundThemAndWrittenWithThem() throws {
    let header = #"""
      {"__metadata__":null,"a":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[4,7]},\#
      "b":{"dtype":"F32","shape":[],"data_offsets":[0,4],"other":{"x":[1.5e3,true,null,"\n"]}}}
      """#
    let bytes =
      withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
      + Array(header.utf8) + [0, 0, 0x80, 0x3F, 1, 2, 3]
    let file = try SafeTensorsFile(bytes: bytes)
    #expect(file.names == ["b"] && file.metadata.isEmpty)
    #expect(try file.tensor(named: "b", as: Float.self).scalar == 1)
    let error = #expect(throws: FileError.self) { try file.array(named: "a") }
    #expect(error?.kind == .unsupported && error?.description.contains("F8_E4M3") == true)
    let written = file.bytes()
    #expect(written.suffix(7) == [1, 2, 3, 0, 0, 0x80, 0x3F])
    #expect(try SafeTensorsFile(bytes: written) == file)
    #expect(throws: FileError.self) { try SavedState(file) }
  }

  @Test(arguments: [
    ("'?'", ArrayElementType.bool), ("'|?'", .bool), ("'u1'", .uint8), ("'b1'", .bool),
  ])
  func typesWithoutAnOrderOfBytesAreRead(type: String, expected: ArrayElementType) throws {
    let read = try NumPyFile(bytes: array(type, [1])).array
    #expect(read.elementType == expected && read.bytes == [1])
  }

  @Test func longTypesWithoutAnOrderOfBytesAreRead() throws {
    let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
    for type in ["'f8'", "'=f8'"] {
      #expect(try NumPyFile(bytes: array(type, bytes)).tensor(as: Double.self).scalar == 1)
    }
    #expect(throws: FileError.self) { try NumPyFile(bytes: array("'|f8'", bytes)) }
  }

  @Test func headersHaveBounds() throws {
    let most = try NumPyFile(sampleArray(.uint8, shape: Array(repeating: 1, count: 64))).bytes()
    #expect(try NumPyFile(bytes: most).array.shape.count == 64)
    let tooMany = sampleArray(.uint8, shape: Array(repeating: 1, count: 65))
    #expect(throws: FileError.self) { try NumPyFile(tooMany).bytes() }
    let shape = String(repeating: "1,", count: 65)
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(shape))}"
    let length = UInt16(header.utf8.count)
    let axes =
      [0x93] + Array("NUMPY\u{1}\0".utf8) + [UInt8(length & 0xFF), UInt8(length >> 8)]
      + Array(header.utf8) + [1]
    let long =
      [0x93] + Array("NUMPY\u{2}\0".utf8) + [0, 0, 0x20, 0]
      + [UInt8](repeating: UInt8(ascii: " "), count: 1 << 21)
    var file = SafeTensorsFile()
    (file["many"], file["few"]) = (tooMany, sampleArray(.int8, shape: []))
    let read = try SafeTensorsFile(bytes: file.bytes())
    #expect(read.names == ["few"] && read.unreadable["many"]?.kind == .unsupported)
    for bytes in [axes, long] {
      let error = #expect(throws: FileError.self) { try NumPyFile(bytes: bytes) }
      #expect(error?.kind == .unsupported)
    }
  }
}
