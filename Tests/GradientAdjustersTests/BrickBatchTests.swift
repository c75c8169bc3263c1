import AutoDiff
import Foundation
import GradientAdjusters
import TensorKit
import Testing

/// Batches of whole bricks of a grid, of signals that stay in files.
@Suite struct BrickBatchTests {
  /// A signal on a grid whose targets are the points' numbers.
  private static func signal(_ extents: [Int]) -> (batch: Batch<Double>, grid: RowGrid) {
    let count = extents.reduce(1, *)
    let targets = Rows<Double>(count: count, columns: 1) { rows in
      Tensor(rows.map { Double($0) }).reshaped(to: [-1, 1])
    }
    return (
      Batch(inputs: Rows.grid(extents: extents), targets: targets), RowGrid(extents: extents)
    )
  }

  @Test(arguments: [([12], 4), ([8, 12], 4), ([4, 8, 4], 4), ([3, 9], 4)])
  func bricksAreNeighboursAndGroups(extents: [Int], side: Int) throws {
    let (signal, grid) = Self.signal(extents)
    var source = BrickBatches(of: signal, on: grid, brickSide: side, bricksPerBatch: 5, seed: 3)
    let batch = source.nextBatch()
    #expect(batch.groups.count == 5 && batch.rowCount == source.rowCount)
    let points = batch.targets.elements.map { Int($0) }
    for group in 0..<5 {
      let size = points.count / 5
      let places = points[group * size..<(group + 1) * size].map(grid.indices(ofPoint:))
      for axis in extents.indices {
        let along = Set(places.map { $0[axis] })
        #expect(along.count == source.brickSides[axis])
        #expect((along.max() ?? 0) - (along.min() ?? 0) == along.count - 1)
      }
    }
    let expected = signal.inputRows.rows(at: points)
    #expect(batch.inputs == expected)
  }

  @Test(
    "The expected sum of weighted rows is that of all points", arguments: [[13], [8, 8], [9, 6]])
  func isUnbiased(extents: [Int]) {
    // With as many bricks as there are, each is drawn once.
    let (signal, grid) = Self.signal(extents)
    let first = BrickBatches(of: signal, on: grid, brickSide: 4, bricksPerBatch: 1)
    var all = BrickBatches(
      of: signal, on: grid, brickSide: 4, bricksPerBatch: first.bricks.count)
    let batch = all.nextBatch()
    let weights = batch.weights ?? Tensor(repeating: 1, shape: [batch.rowCount, 1])
    var sums = [Double](repeating: 0, count: grid.count)
    for (point, weight) in zip(batch.targets.elements, weights.elements) {
      sums[Int(point)] += weight / Double(batch.rowCount)
    }
    for sum in sums { #expect(abs(sum - 1 / Double(grid.count)) < 1e-15) }
  }

  @Test func drawsCoverTheSignalEvenlyAndDependOnTheSeed() {
    let (signal, grid) = Self.signal([64, 64])
    func points(seed: UInt64, steps: Int) -> [[Int]] {
      var source = BrickBatches(of: signal, on: grid, brickSide: 4, bricksPerBatch: 8, seed: seed)
      return (0..<steps).map { _ in source.nextBatch().targets.elements.map { Int($0) } }
    }
    let drawn = points(seed: 1, steps: 400)
    #expect(drawn == points(seed: 1, steps: 400))
    #expect(drawn[0] != points(seed: 2, steps: 1)[0] && drawn[0] != drawn[1])
    // One brick of every 32 rows of bricks' order.
    for step in drawn.prefix(20) {
      let rows = step.enumerated().filter { $0.offset.isMultiple(of: 16) }.map { $0.element / 512 }
      #expect(rows == Array(0..<8))
    }
    var counts = [Int](repeating: 0, count: grid.count)
    for point in drawn.joined() { counts[point] += 1 }
    // 12.5 of each are expected.
    #expect(counts.allSatisfy { $0 > 0 && $0 < 32 })
  }

  @Test func aSavedSourceGoesOn() throws {
    let (signal, grid) = Self.signal([10, 10])
    var source = BrickBatches(of: signal, on: grid, brickSide: 4, bricksPerBatch: 3, seed: 1)
    _ = source.nextBatch()
    var other = BrickBatches(of: signal, on: grid, brickSide: 4, bricksPerBatch: 3, seed: 9)
    try other.restore(from: source.savedState())
    for _ in 0..<3 { #expect(source.nextBatch().identity == other.nextBatch().identity) }
  }

  @Test func bytesOfAFileAreScaled() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("bytes-\(UUID().uuidString).npy").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try NumPyFile(StoredArray(.uint8, shape: [2, 3], bytes: [0, 51, 102, 153, 204, 255])).write(
      to: path)
    let rows = Rows<Double>(try NumPyRows(contentsOf: path), scaledBy: 1 / 255)
    #expect(rows.count == 2 && rows.columns == 3)
    let expected = Tensor<Double>([[0.6, 0.8, 1], [0, 0.2, 0.4]])
    #expect(rows.rows(at: [1, 0]).largestDifference(from: expected) < 1e-15)
    #expect(rows.rows(in: .range(0..<1)).largestDifference(from: expected.slice(1..<2)) < 1e-15)
  }

  @Test("A file of 100 gigabytes is fitted in flat memory")
  func largeFile() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("bricks-\(UUID().uuidString).npy").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    // A header, and a hole that takes no room on the disk.
    let extents = [2924, 2924, 2924]
    let start = try NumPyFile(StoredArray(.float32, shape: [1, 1, 1], bytes: [0, 0, 0, 0])).bytes()
    var text = String(decoding: start[10..<start.count - 4], as: UTF8.self)
    let numbers = extents.map(String.init).joined(separator: ", ")
    text = text.replacing("(1, 1, 1)", with: "(\(numbers))")
    text = text.replacing(String(repeating: " ", count: numbers.count - 7) + "\n", with: "\n")
    let header = Array(start[..<10]) + Array(text.utf8)
    try #require(FileManager.default.createFile(atPath: path, contents: Data(header)))
    let size = header.count + extents.reduce(4, *)
    guard truncate(path, off_t(size)) == 0 else {
      print("skipped: this disk has no files of 100 gigabytes")
      return
    }
    let file = try NumPyRows(contentsOf: path, columns: 1)
    #expect(file.shape == extents && file.count == extents.reduce(1, *))
    let grid = RowGrid(extents: extents)
    let signal = Batch(inputs: Rows<Float>.grid(extents: extents), targets: Rows(file))
    var source = BrickBatches(of: signal, on: grid, brickSide: 8, bricksPerBatch: 8, seed: 1)
    var generator = SeededGenerator(seed: 1)
    let model = Linear<Float>(inputs: 3, outputs: 1, weightBound: 1, using: &generator)
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: 5e-2), adjuster: InductiveGradientAdjuster(end: 3))
    let first = try trainer.advance(on: source.nextBatch())
    let before = Self.residentBytes
    var last = first
    for _ in 0..<60 { last = try trainer.advance(on: source.nextBatch()) }
    #expect(last < first / 4)
    // 61 batches of 8 bricks of 64 lines: the pages that a map of the file would have touched are 128 MB.
    #expect(Self.residentBytes - before < 64 << 20)
  }

  /// The memory of this process that is in use.
  private static var residentBytes: Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4096
  }
}
