import INRZoo
import ShapeFiles
import TensorKit
import Testing

/// Volumes in files that SciPy, h5py and NumPy wrote.
@Suite struct VolumeFileTests {
  @Test(arguments: [
    ("plain.mat", Expected.bytes), ("deflated.mat", Expected.bytes),
    ("doubles.mat", Expected.scaled), ("singles-deflated.mat", Expected.scaled),
    ("shorts.mat", Expected.scaled), ("logical.mat", Expected.binary),
    ("cells.mat", Expected.binary), ("big-endian.mat", Expected.scaled),
    ("hdf5.mat", Expected.bytes), ("hdf5-deflated.mat", Expected.scaled),
    ("bytes.npy", Expected.bytes), ("fortran.npy", Expected.scaled),
    ("logical.npy", Expected.binary), ("long.npy", Expected.scaled), ("half.npy", Expected.scaled),
  ])
  func volumesAreRead(name: String, expected: [UInt8]) throws {
    let volume = try ShapeFile.volume(at: fixture(name))
    #expect(volume == VoxelVolume(extents: Expected.extents, values: expected))
    #expect(ShapeFile.kind(ofFileAt: name) == .volume)
  }

  @Test func variablesAreChosenByName() throws {
    for (name, expected) in [
      ("first", Expected.binary), ("second", Expected.binary.map { 255 - $0 }),
    ] {
      #expect(try ShapeFile.volume(at: fixture("two.mat"), variable: name).values == expected)
    }
    for name in ["plain.mat", "deflated.mat", "hdf5.mat"] {
      let volume = try ShapeFile.volume(at: fixture(name), variable: "hypercube")
      #expect(volume.values == Expected.bytes)
      expectRefusal(fixture(name), "other", "hypercube (uint8, 3 x 4 x 5)", "small (double, 2 x 3)")
      {
        try ShapeFile.volume(at: $0, variable: "other")
      }
      expectRefusal(fixture(name), "small (double, 2 x 3) is no volume") {
        try ShapeFile.volume(at: $0, variable: "small")
      }
    }
  }

  @Test(arguments: [
    ("two.mat", FileError.Kind.missing, "first (uint8, 3 x 4 x 5), second"),
    ("none.mat", .missing, "small (double, 2 x 3), text (char, 1 x 6)"),
    ("negative.mat", .unsupported, "-1.0"), ("infinite.mat", .unsupported, "inf"),
    ("complex.mat", .missing, "complex double"), ("version-4.mat", .malformed, "breaks off"),
    ("hdf5-without-header.mat", .unsupported, "HDF5"), ("hdf5-absurd.mat", .malformed, "larger"),
    ("plane.npy", .unsupported, "[2, 3]"), ("not-a-number.npy", .unsupported, "nan"),
    ("box.stl", .unsupported, ".mat or .npy"), ("absent.mat", .noSuchFile, "no such file"),
    ("absent.npy", .noSuchFile, "no such file"),
  ])
  func whatIsNoVolumeIsRefused(name: String, kind: FileError.Kind, part: String) {
    let error = expectRefusal(fixture(name), part) { try ShapeFile.volume(at: $0) }
    #expect(error?.kind == kind)
  }

  @Test(arguments: [
    "plain.mat", "deflated.mat", "doubles.mat", "logical.mat", "cells.mat", "big-endian.mat",
    "hdf5.mat", "hdf5-deflated.mat", "bytes.npy", "fortran.npy",
  ])
  func truncatedFilesAreRefused(name: String) throws {
    let bytes = try contents(of: name)
    let all = try ShapeFile.volume(at: fixture(name))
    try withFiles { write in
      // All lengths of the headers, and some of the rest.
      let lengths = (0..<bytes.count).filter { $0 < 300 || $0 > bytes.count - 40 || $0 % 61 == 0 }
      for length in lengths {
        let path = try write("part." + name.suffix(3), Array(bytes[..<length]))
        do {
          // A file may end behind the variable that is read.
          let volume = try ShapeFile.volume(at: path)
          #expect(volume == all, "\(length) of \(bytes.count) bytes")
          #expect(name == "plain.mat" || name == "cells.mat", "\(length) of \(bytes.count) bytes")
        } catch let error as FileError {
          #expect(error.path == path)
        }
      }
    }
  }

  @Test(arguments: [
    "plain.mat", "deflated.mat", "doubles.mat", "cells.mat", "big-endian.mat", "bytes.npy",
    "fortran.npy",
  ])
  func changedFilesAreReadOrRefused(name: String) throws {
    let bytes = try contents(of: name)
    try withFiles { write in
      for index in bytes.indices {
        for change: UInt8 in [0x01, 0x80, 0xFF] {
          var changed = bytes
          changed[index] ^= change
          let path = try write("changed." + name.suffix(3), changed)
          do {
            _ = try ShapeFile.volume(at: path)
          } catch {
            #expect((error as? FileError)?.path == path, "byte \(index): \(error)")
          }
        }
      }
    }
  }

  @Test func absurdSizesAreRefused() throws {
    let bytes = try contents(of: "plain.mat")
    try withFiles { write in
      // The extents of the first variable, and the size of its numbers.
      for (place, part) in [(160, "do not fit"), (164, "do not fit"), (132, "truncated")] {
        var changed = bytes
        changed.replaceSubrange(place..<(place + 4), with: [0xFF, 0xFF, 0xFF, 0x7F])
        expectRefusal(try write("absurd.mat", changed), part) { try ShapeFile.volume(at: $0) }
      }
      var empty = bytes
      empty.replaceSubrange(160..<164, with: [0, 0, 0, 0])
      expectRefusal(try write("empty.mat", empty)) { try ShapeFile.volume(at: $0) }
    }
  }
}
