import Foundation
import Testing

@testable import TensorKit

/// Rows of `.npy` files that are read as they are needed.
@Suite struct NumPyRowsTests {
  private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("rows-\(UUID().uuidString).npy").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    try body(path)
  }

  @Test(arguments: [[6, 5], [2, 3, 5], [30]])
  func rowsAreThoseOfTheArray(shape: [Int]) throws {
    var generator = SeededGenerator(seed: 4)
    let tensor = Tensor<Double>.normal(shape: shape, using: &generator)
    try withFile(NumPyFile(StoredArray(tensor)).bytes()) { path in
      let file = try NumPyRows(contentsOf: path, columns: 5)
      #expect(file.shape == shape && file.count == 6 && file.elementType == .float64)
      let matrix = tensor.reshaped(to: [6, 5])
      for rows in [[0], [5, 0, 0, 3], [1, 2, 3], [], Array(0..<6), [4, 5, 0, 1, 3]] {
        #expect(file.rows(rows, as: Double.self) == matrix.rows(at: rows))
      }
      #expect(file.rows(2..<5, as: Float.self) == Tensor<Float>(matrix.slice(2..<5)))
      #expect(try NumPyRows(contentsOf: path, columns: 1).count == 30)
      #expect(try NumPyRows(contentsOf: path).columns == shape.last)
    }
  }

  @Test func bytesAndForeignOrderAreRead() throws {
    let picture = StoredArray(.uint8, shape: [2, 3], bytes: [0, 1, 2, 253, 254, 255])
    try withFile(NumPyFile(picture).bytes()) { path in
      let file = try NumPyRows(contentsOf: path)
      #expect(file.rows([1], as: Float.self) == Tensor([253, 254, 255]).reshaped(to: [1, 3]))
    }
    // Two numbers of two bytes with the most significant byte first.
    var bytes = try NumPyFile(StoredArray(.uint16, shape: [2], bytes: [1, 2, 3, 4])).bytes()
    let place = try #require(bytes.firstIndex(of: UInt8(ascii: "<")))
    bytes[place] = UInt8(ascii: ">")
    try withFile(bytes) { path in
      let file = try NumPyRows(contentsOf: path, columns: 1)
      #expect(file.rows(0..<2, as: Double.self).elements == [258, 772])
    }
  }

  @Test func filesThatDoNotServeAreRefusedByName() throws {
    func reason(_ bytes: [UInt8], columns: Int? = nil) throws -> String {
      var text = ""
      try withFile(bytes) { path in
        do {
          _ = try NumPyRows(contentsOf: path, columns: columns)
        } catch let error as FileError {
          #expect(error.path == path)
          text = error.description
        }
        // What was refused is not left open.
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for name in open {
          let target = try? FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/self/fd/\(name)")
          #expect(target != path)
        }
      }
      return text
    }
    let whole = try NumPyFile(StoredArray(.uint8, shape: [2, 3], bytes: [0, 1, 2, 3, 4, 5])).bytes()
    #expect(try reason(Array(whole.dropLast())).contains("truncated"))
    #expect(try reason([1, 2, 3]).contains("does not begin"))
    #expect(try reason([]).contains("does not begin"))
    #expect(try reason(whole, columns: 4).contains("4 columns"))
    #expect(try reason(whole, columns: 0).contains("0 columns"))
    var fortran = whole
    let word = try #require(whole.firstRange(of: Array("False,".utf8)))
    fortran.replaceSubrange(word, with: Array("True, ".utf8))
    #expect(try reason(fortran).contains("ascontiguousarray"))
    #expect(throws: FileError.self) { try NumPyRows(contentsOf: "/nowhere/there.npy") }
    #expect(throws: FileError.self) { try NumPyRows(contentsOf: "/tmp") }
  }

  @Test func aFileThatIsCutOffMeanwhileGivesNaN() throws {
    let tensor = Tensor<Float>(repeating: 1, shape: [64, 64])
    try withFile(NumPyFile(StoredArray(tensor)).bytes()) { path in
      let file = try NumPyRows(contentsOf: path)
      #expect(truncate(path, 200) == 0)
      let last = file.rows([63], as: Float.self).elements
      #expect(last.count == 64 && last.count { $0.isNaN } == 64)
    }
  }
}
