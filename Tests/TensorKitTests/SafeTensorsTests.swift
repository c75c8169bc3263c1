import Foundation
import TensorKit
import Testing

@Suite struct SafeTensorsTests {
  @Test func readsEveryTypeThatPythonWrites() throws {
    let file = try SafeTensorsFile(contentsOf: fixture("arrays/types.safetensors"))
    #expect(file.metadata["note"] == "every type, ä \" \\ \n 😀")
    #expect(file.metadata["format"] == "pt")
    #expect(file.names.first == "layer.F64" && file.names.last == "layer.BOOL")
    #expect(file.names.count == ArrayElementType.allCases.count)
    for type in ArrayElementType.allCases {
      let name = "layer.\(type.rawValue)"
      let array = try file.array(named: name)
      #expect(array.elementType == type && array.shape == [3, 4])
      let doubles = try file.tensor(named: name, as: Double.self)
      #expect(doubles == Tensor(fixtureElements(type), shape: [3, 4]), "\(type)")
      let floats = try file.tensor(named: name, as: Float.self)
      #expect(floats == Tensor(fixtureElements(type).map(Float.init), shape: [3, 4]), "\(type)")
    }
  }

  @Test func writesWhatItReads() throws {
    var file = SafeTensorsFile()
    file.metadata = ["b": "1", "a": "quote \" backslash \\ line\n control \u{1} é 😀"]
    for type in ArrayElementType.allCases.reversed() {
      file["z.\(type.rawValue)"] = sampleArray(type)
    }
    file["a number"] = sampleArray(.float64, shape: [])
    file["empty \"2\""] = sampleArray(.int16, shape: [3, 0, 2])
    file["empty \"1\""] = sampleArray(.bool, shape: [0])

    let bytes = file.bytes()
    let again = try SafeTensorsFile(bytes: bytes)
    #expect(again == file)
    #expect(again.names == file.names)
    #expect(again.metadata == file.metadata)
    #expect(again.bytes() == bytes)
    #expect(bytes[0] % 8 == 0, "the data begin at a multiple of 8 bytes")

    try withTemporaryFolder { folder in
      let path = folder + "/weights.safetensors"
      try file.write(to: path)
      let read = try SafeTensorsFile(contentsOf: path)
      #expect(read == file && read.path == path)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(names == ["weights.safetensors"], "nothing is left beside it")
    }
  }

  @Test func tensorsKeepTheirBits() throws {
    let single = Tensor<Float>([0.1, -0, .infinity, .leastNonzeroMagnitude], shape: [2, 2])
    let double = Tensor<Double>([0.1, .pi, -.greatestFiniteMagnitude])
    var file = SafeTensorsFile()
    file.store(single, named: "single")
    file.store(double, named: "double")
    #expect(file["single"]?.elementType == .float32)
    #expect(file["double"]?.elementType == .float64)
    let again = try SafeTensorsFile(bytes: file.bytes())
    let restored = try again.tensor(named: "single", as: Float.self)
    #expect(restored.shape == [2, 2])
    #expect(restored.elements.map(\.bitPattern) == single.elements.map(\.bitPattern))
    #expect(try again.tensor(named: "double", as: Double.self) == double)
    #expect(try again.tensor(named: "double", as: Float.self).elements[2] == -.infinity)
    file.store(double, named: "single")
    #expect(file.names == ["single", "double"])
    file["single"] = nil
    #expect(file.names == ["double"])
  }

  #if !(os(macOS) && arch(x86_64))
    @Test func halfPrecisionIsThatOfTheStandardLibrary() {
      let bytes = (0...UInt16.max).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
      let numbers = StoredArray(.float16, shape: [65536], bytes: bytes).tensor(as: Float.self)
      numbers.withUnsafeElements { numbers in
        for bits in 0...UInt16.max {
          let expected = Float(Float16(bitPattern: bits))
          let number = numbers[Int(bits)]
          #expect(number.bitPattern == expected.bitPattern || (number.isNaN && expected.isNaN))
        }
      }
    }
  #endif

  @Test func integersConvertToTheNearestNumber() {
    func array<Value: FixedWidthInteger>(_ type: ArrayElementType, _ value: Value) -> StoredArray {
      withUnsafeBytes(of: value.littleEndian) { StoredArray(type, shape: [1], bytes: Array($0)) }
    }
    #expect(array(.uint64, UInt64.max).tensor(as: Double.self).scalar == 0x1p64)
    #expect(array(.int64, Int64.min).tensor(as: Float.self).scalar == -0x1p63)
    #expect(array(.int32, Int32(16_777_217)).tensor(as: Float.self).scalar == 16_777_216)
    #expect(array(.int32, Int32(16_777_217)).tensor(as: Double.self).scalar == 16_777_217)
  }

  @Test func aMissingArrayIsNamed() throws {
    let path = fixture("arrays/types.safetensors")
    let file = try SafeTensorsFile(contentsOf: path)
    let error = #expect(throws: FileError.self) { try file.array(named: "layers.0.weight") }
    #expect(error?.kind == .missing)
    #expect(error?.path == path)
    #expect(error?.description.contains("layers.0.weight") == true)
    #expect(error?.localizedDescription == error?.description)
  }

  @Test func missingAndUnreadableFilesDiffer() throws {
    try withTemporaryFolder { folder in
      let missing = #expect(throws: FileError.self) {
        try SafeTensorsFile(contentsOf: folder + "/none")
      }
      #expect(missing?.kind == .noSuchFile)
      let unreadable = #expect(throws: FileError.self) { try SafeTensorsFile(contentsOf: folder) }
      #expect(unreadable?.kind == .unreadable)
      for path in [folder, folder + "/none/file"] {
        let unwritable = #expect(throws: FileError.self) { try SafeTensorsFile().write(to: path) }
        #expect(unwritable?.kind == .unwritable && unwritable?.path == path)
      }
    }
  }

  @Test func writingReplacesTheFileBehindALinkAndKeepsItsMode() throws {
    try withTemporaryFolder { folder in
      let manager = FileManager.default
      let (file, link) = (folder + "/file", folder + "/link")
      try SafeTensorsFile().write(to: file)
      try manager.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
      try manager.createSymbolicLink(atPath: link, withDestinationPath: file)
      var other = SafeTensorsFile()
      other.metadata["a"] = "b"
      try other.write(to: link)
      #expect(try SafeTensorsFile(contentsOf: file) == other)
      #expect(try manager.destinationOfSymbolicLink(atPath: link) == file)
      let mode = try manager.attributesOfItem(atPath: file)[.posixPermissions] as? Int
      #expect(mode == 0o640)
    }
  }

  static let malformedHeaders: [(header: String, dataCount: Int)] = [
    ("", 0), ("[]", 0), (" {}", 0), ("{", 0), ("{}}", 0), ("{} x", 0), ("{}", 1),
    (#"{"a":1}"#, 0), (#"{"a":{}}"#, 0), (#"{"a":null}"#, 0), (#"{"a":{},}"#, 0),
    (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4.0]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4e0]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0),
    (#"{"a":{"dtype":"F32","shape":[0,9223372036854775807,4],"data_offsets":[0,0]}}"#, 0),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8),
    (
      #"{"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"#
        + #""b":{"dtype":"I8","shape":[4],"data_offsets":[2,6]}}"#, 6
    ),
    (
      #"{"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"#
        + #""a":{"dtype":"I8","shape":[4],"data_offsets":[4,8]}}"#, 8
    ),
    (#"{"__metadata__":[]}"#, 0), (#"{"__metadata__":{"a":1}}"#, 0),
    (#"{"__metadata__":{"a":"\x"}}"#, 0), (#"{"__metadata__":{"a":"\ud800"}}"#, 0),
    (#"{"__metadata__":{"a":"\ud800\u0041"}}"#, 0), (#"{"__metadata__":{"a":"\u12"}}"#, 0),
    (#"{"__metadata__":{"a":"b","a":"b"}}"#, 0), ("{\"__metadata__\":{\"a\":\"\n\"}}", 0),
  ]

  @Test(arguments: malformedHeaders)
  func malformedHeadersAreRefused(header: String, dataCount: Int) {
    let bytes = contents(header: Array(header.utf8), dataCount: dataCount)
    let error = #expect(throws: FileError.self) { try SafeTensorsFile(bytes: bytes) }
    #expect(error?.kind == .malformed, "\(String(describing: error))")
  }

  @Test func deepNestingIsRefused() {
    let header = Array(String(repeating: #"{"a":"#, count: 100_000).utf8)
    #expect(throws: FileError.self) {
      try SafeTensorsFile(bytes: contents(header: header, dataCount: 0))
    }
  }

  @Test func invalidTextAndSizesAreRefused() {
    #expect(throws: FileError.self) {
      try SafeTensorsFile(bytes: contents(header: [0x7B, 0x22, 0xFF, 0x22, 0x7D], dataCount: 0))
    }
    for size: UInt64 in [.max, 1 << 63, 100_000_001, 3] {
      let bytes = withUnsafeBytes(of: size.littleEndian) { Array($0) } + [0x7B, 0x7D]
      #expect(throws: FileError.self) { try SafeTensorsFile(bytes: bytes) }
    }
  }

  @Test func hostileBytesAreSurvived() throws {
    var file = SafeTensorsFile()
    file.metadata["é"] = "\n"
    file["a"] = sampleArray(.float32, shape: [2])
    file["b"] = sampleArray(.uint8, shape: [1, 3])
    expectHostileBytesAreSurvived(file.bytes()) { _ = try SafeTensorsFile(bytes: $0) }
  }

  private func contents(header: [UInt8], dataCount: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header
      + [UInt8](repeating: 0, count: dataCount)
  }
}
