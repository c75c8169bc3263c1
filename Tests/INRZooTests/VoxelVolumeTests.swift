import Foundation
import INRZoo
import TensorKit
import Testing

@Suite struct VoxelVolumeTests {
  /// A volume of 6 x 5 x 7 that is filled in the box from (1, 2, 3) to (3, 3, 5), and half filled in a corner.
  private func solid() -> VoxelVolume {
    var values = [UInt8](repeating: 0, count: 6 * 5 * 7)
    for first in 1...3 {
      for second in 2...3 {
        for third in 3...5 { values[(first * 5 + second) * 7 + third] = 253 }
      }
    }
    values[0] = 252
    return VoxelVolume(extents: [6, 5, 7], values: values)
  }

  @Test func voxelsAreFoundByTheirIndices() {
    let volume = solid()
    #expect(volume[1, 2, 3] == 253 && volume[3, 3, 5] == 253 && volume[4, 3, 5] == 0)
    #expect(volume[0, 0, 0] == 252)
    #expect(volume.occupancy() == 19 / 210 && volume.occupancy(from: 253) == 18 / 210)
    #expect(VoxelVolume(extents: [0, 2, 3], values: []).occupancy() == 0)
  }

  @Test func croppingLeavesTheFilledBox() throws {
    let volume = solid()
    #expect(volume.filledBox == [1..<4, 2..<4, 3..<6])
    let inclusive = try volume.cropped()
    #expect(inclusive.extents == [3, 2, 3] && inclusive.values.allSatisfy { $0 == 253 })
    let released = try volume.cropped(.released)
    #expect(released.extents == [2, 1, 2] && released.values.allSatisfy { $0 == 253 })
    #expect(try inclusive.cropped() == inclusive)
    let part = volume.part([0..<2, 1..<3, 2..<4])
    #expect(part.extents == [2, 2, 2] && part.values == [0, 0, 0, 0, 0, 0, 0, 253])
  }

  @Test func emptyVolumesAreNotCropped() throws {
    let empty = VoxelVolume(extents: [2, 3, 4], values: [UInt8](repeating: 252, count: 24))
    #expect(empty.filledBox == nil)
    for cropping in VoxelVolume.Cropping.allCases {
      let error = #expect(throws: VoxelVolumeError.self) { try empty.cropped(cropping) }
      #expect(error?.description.contains("2 x 3 x 4 voxels is empty") == true)
    }
    let slice = VoxelVolume(extents: [1, 2, 2], values: [255, 255, 255, 255])
    #expect(try slice.cropped() == slice)
    #expect(throws: VoxelVolumeError.nothingIsLeft(box: [0..<1, 0..<2, 0..<2])) {
      try slice.cropped(.released)
    }
  }

  @Test func cubesAreAveraged() {
    let values = (0..<64).map { UInt8($0 * 4) }
    let volume = VoxelVolume(extents: [4, 4, 4], values: values)
    let half = volume.downsampled(by: 2)
    // The first cube has 0, 1, 4, 5, 16, 17, 20 and 21 times 4; the others lie 2, 8 and 32 further.
    let expected = [0, 2, 8, 10, 32, 34, 40, 42].map { UInt8(42 + 4 * $0) }
    #expect(half.extents == [2, 2, 2] && half.values == expected)
    #expect(volume.downsampled(toLongestSide: 2) == half)
    #expect(volume.downsampled(toLongestSide: 4) == volume && volume.downsampled(by: 1) == volume)
    #expect(volume.downsampled(by: 9).values == [UInt8((Double(4 * 2016) / 729).rounded())])
  }

  @Test func whatIsBeyondTheVolumeIsEmpty() {
    let full = VoxelVolume(extents: [3, 1, 2], values: [UInt8](repeating: 240, count: 6))
    let half = full.downsampled(by: 2)
    #expect(half.extents == [2, 1, 1] && half.values == [120, 60])
    // Cubes of side 1.5: of the second axis only a part of each is there.
    let two = full.downsampled(toLongestSide: 2)
    #expect(two.extents == [2, 1, 2] && two.values == [160, 53, 160, 53])
  }

  @Test func theMassIsKept() throws {
    var generator = SeededGenerator(seed: 4)
    let extents = [23, 17, 31]
    let values = (0..<(23 * 17 * 31)).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let volume = VoxelVolume(extents: extents, values: values)
    let mass = volume.values.reduce(0.0) { $0 + Double($1) }
    for longest in [1, 7, 13, 30] {
      let coarse = volume.downsampled(toLongestSide: longest)
      #expect(coarse.extents.max() == longest)
      let side = 31 / Double(longest)
      let coarseMass = coarse.values.reduce(0.0) { $0 + Double($1) } * side * side * side
      #expect(abs(coarseMass / mass - 1) < 0.02, "\(longest)")
    }
  }

  @Test(arguments: [
    "u1-fortran-3d.npy", "f4-fortran-3d.npy", "f8-fortran-3d.npy", "i4-big-endian-fortran-3d.npy",
  ])
  func arraysOfOtherProgramsAreScaled(name: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/arrays/\(name)").path
    let numbers = try NumPyFile(contentsOf: path).tensor(as: Double.self)
    let largest = numbers.elements.max() ?? 0
    if let least = numbers.elements.min(), least < 0 {
      let error = #expect(throws: FileError.self) { try VoxelVolume(contentsOf: path) }
      #expect(error?.path == path && error?.reason.contains("\(numbers.elements[0])") == true)
      return
    }
    let volume = try VoxelVolume(contentsOf: path)
    #expect(volume.extents == numbers.shape)
    #expect(volume.values == numbers.elements.map { UInt8(($0 / largest * 255).rounded()) })
  }

  @Test(arguments: ArrayElementType.allCases)
  func everyTypeIsScaledInEitherOrder(type: ArrayElementType) throws {
    // Larger than a tile of the reordering, and no multiple of it.
    let extents = [70, 3, 131]
    let count = extents.reduce(1, *)
    let numbers = (0..<count).map { ($0 * 7 + $0 / 131) % 100 }
    var bytes: [UInt8] = []
    for number in numbers {
      let value = type == .bool ? number % 2 : number
      switch type {
      case .uint8, .int8, .bool: bytes.append(UInt8(value))
      case .uint16, .int16: bytes += [UInt8(value), 0]
      case .uint32, .int32: bytes += [UInt8(value), 0, 0, 0]
      case .uint64, .int64: bytes += [UInt8(value), 0, 0, 0, 0, 0, 0, 0]
      case .float16:
        // Eighths: whole numbers below 2048 are exact in half precision.
        bytes += withUnsafeBytes(of: Float16(value)) { Array($0) }
      case .bfloat16:
        bytes += withUnsafeBytes(of: Float(value).bitPattern >> 16) { Array($0.prefix(2)) }
      case .float32: bytes += withUnsafeBytes(of: Float(value)) { Array($0) }
      case .float64: bytes += withUnsafeBytes(of: Double(value)) { Array($0) }
      }
    }
    let expected = numbers.map {
      type == .bool ? $0 % 2 * 255 : Int((Double($0) / 99 * 255).rounded())
    }
    // bfloat16 has no name in NumPy, and is written as float32.
    let file = NumPyFile(StoredArray(type, shape: extents, bytes: bytes))
    let volume = try VoxelVolume(numPyBytes: file.bytes())
    #expect(volume.extents == extents && volume.values == expected.map { UInt8($0) })

    // The same bytes as a Fortran array of the reverse extents have reverse indices.
    var fortran = try file.bytes()
    guard let place = fortran.firstRange(of: Array("False, ".utf8)) else {
      Issue.record("no order in the header")
      return
    }
    fortran.replaceSubrange(place, with: Array("True,  ".utf8))
    let turned = try VoxelVolume(numPyBytes: fortran)
    #expect(turned.extents == extents)
    let isEqual = (0..<count).allSatisfy { index in
      let (first, second, third) = (index % 70, index / 70 % 3, index / 210)
      return turned[first, second, third] == UInt8(expected[index])
    }
    #expect(isEqual)
  }

  @Test func writtenVolumesAreReadAgain() throws {
    let volume = try solid().cropped()
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("volume-\(UUID().uuidString).npy").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let full = VoxelVolume(extents: volume.extents, values: volume.values.map { _ in 255 })
    try full.write(to: path)
    #expect(try VoxelVolume(contentsOf: path) == full)
    #expect(try NumPyFile(contentsOf: path).array.elementType == .uint8)
  }

  @Test func volumesWithoutVoxelsAreRefused() throws {
    for shape in [[0, 2, 3], [2, 2, 0]] {
      let file = NumPyFile(StoredArray(.uint8, shape: shape, bytes: []))
      #expect(throws: FileError.self) { try VoxelVolume(numPyBytes: file.bytes()) }
    }
    // Lengths whose product no number holds, but for the zero.
    let length = Int.max / 2
    let file = NumPyFile(StoredArray(.uint8, shape: [length, 0, 1], bytes: []))
    #expect(throws: FileError.self) { try VoxelVolume(numPyBytes: file.bytes()) }
  }
}
