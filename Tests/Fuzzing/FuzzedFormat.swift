import INRZoo
import ShapeFiles
import TensorKit

/// A format of files whose reader is fuzzed.
enum FuzzedFormat: String, CaseIterable, Sendable {
  /// Single arrays.
  case npy
  /// Arrays in ZIP archives.
  case npz
  /// Arrays behind a header in JSON.
  case safetensors
  /// Saved states, in the same files.
  case state
  /// Pictures.
  case png
  /// Pictures of photographs.
  case jpeg
  /// Volumes in single arrays.
  case volume
  /// Volumes in MATLAB files up to version 7.
  case mat
  /// Meshes of text.
  case obj
  /// Meshes and clouds of points, of text or bytes.
  case ply
  /// Clouds of points of text.
  case xyz
  /// Meshes of text or bytes.
  case stl
  /// Meshes of text.
  case off

  /// What comes before the files of the format that are in a folder of others.
  var pathExtension: String {
    switch self {
    case .state: "safetensors"
    case .jpeg: "jpg"
    case .volume: "npy"
    default: rawValue
    }
  }

  /// Reads a file, uses what was read, and writes and reads it again.
  ///
  /// - Throws: The reader's error if the file is refused; ``BrokenPromise`` if what was read is not what is
  ///   read again.
  func read(_ bytes: [UInt8]) throws {
    switch self {
    case .npy:
      let file = try NumPyFile(bytes: bytes)
      use(file.array)
      try promise { try NumPyFile(bytes: file.bytes()) == file }
    case .npz:
      let archive = try NumPyArchive(bytes: bytes)
      use(archive)
      try promise { try NumPyArchive(bytes: archive.bytes()) == archive }
    case .safetensors:
      let file = try SafeTensorsFile(bytes: bytes)
      use(file)
      try promise { try SafeTensorsFile(bytes: file.bytes()) == file }
    case .state:
      let state = try SavedState(SafeTensorsFile(bytes: bytes))
      try promise { try SavedState(SafeTensorsFile(bytes: state.file.bytes())) == state }
      var sample = SampleState()
      try sample.restore(from: state)
      try promise { try sample.savedState() == state }
    case .png:
      let picture = try Picture(pngBytes: bytes)
      try promise { try Picture(pngBytes: picture.pngBytes()) == picture }
    case .jpeg:
      let picture = try Picture(jpegBytes: bytes)
      try promise { try Picture(pngBytes: picture.pngBytes()) == picture }
    case .volume: try use(VoxelVolume(numPyBytes: bytes))
    case .mat: try use(VoxelVolume(matlabBytes: bytes))
    case .obj:
      let mesh = try TriangleMesh(objBytes: bytes)
      try promise { try TriangleMesh(objBytes: mesh.objBytes()) == mesh }
    case .ply:
      // Some have faces, and some have normals.
      _ = try? PointCloud(plyBytes: bytes)
      let mesh = try TriangleMesh(plyBytes: bytes)
      try promise { try TriangleMesh(plyBytes: mesh.plyBytes()) == mesh }
    case .xyz:
      let cloud = try PointCloud(xyzBytes: bytes)
      try promise { try PointCloud(xyzBytes: cloud.xyzBytes()).points == cloud.points }
    case .stl: try use(TriangleMesh(stlBytes: bytes))
    case .off: try use(TriangleMesh(offBytes: bytes))
    }
  }

  /// Whether an error is one that readers of this format throw.
  func isRefusal(_ error: any Error) -> Bool {
    error is FileError || self == .state && error is StateError
  }

  private func use(_ volume: VoxelVolume) throws {
    _ = volume.occupancy()
    _ = try? volume.cropped()
    _ = volume.downsampled(toLongestSide: 3)
    let file = NumPyFile(StoredArray(.uint8, shape: volume.extents, bytes: volume.values))
    try promise { try VoxelVolume(numPyBytes: file.bytes()) == volume }
  }

  private func use(_ mesh: TriangleMesh) throws {
    _ = mesh.bounds
    try promise {
      mesh.triangles.isEmpty ? true : try TriangleMesh(plyBytes: mesh.plyBytes()) == mesh
    }
  }

  private func use(_ file: some NamedArrayFile) {
    for name in file.names { if let array = file[name] { use(array) } }
    for (name, _) in file.unreadable { _ = try? file.array(named: name) }
  }

  private func use(_ array: StoredArray) {
    _ = array.tensor(as: Float.self)
    _ = "\(array.tensor(as: Double.self))"
  }

  private func promise(_ isKept: () throws -> Bool) throws {
    do {
      guard try isKept() else { throw BrokenPromise(reason: "it differs when it is read again") }
    } catch let error as BrokenPromise {
      throw error
    } catch {
      throw BrokenPromise(reason: "it cannot be written and read again: \(error)")
    }
  }
}

/// A file that is read, but not as it should be.
struct BrokenPromise: Error, CustomStringConvertible {
  let reason: String
  var description: String { reason }
}

/// A value with every kind of state.
struct SampleState: Checkpointable {
  struct Part: Checkpointable {
    var count = 1
    mutating func visitState(_ visitor: inout StateVisitor) throws {
      try visitor.visit(&count, named: "count")
    }
  }

  var weight = Tensor<Float>([1, 2, 3, 4], shape: [2, 2])
  var moments = [Tensor<Double>([1, 2]), Tensor<Double>([3])]
  var mean: Tensor<Float>?
  var integers = [1, 2, 3]
  var text = "ä text: \u{301}"
  var optionalText: String?
  var rate = 0.5
  var isReady = true
  var parts = [Part(), Part(count: 2)]
  var generator = SeededGenerator(seed: 3)

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&weight, named: "weight")
    try visitor.visit(&moments, named: "moments")
    try visitor.visit(&mean, named: "mean")
    try visitor.visit(&integers, named: "integers")
    try visitor.visit(&text, named: "text")
    try visitor.visit(&optionalText, named: "optionalText")
    try visitor.visit(&rate, named: "rate")
    try visitor.visit(&isReady, named: "isReady")
    try visitor.visit(&parts, named: "parts", startingFrom: Part())
    try visitor.visit(&generator, named: "generator")
  }
}
