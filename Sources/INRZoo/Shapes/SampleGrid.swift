import TensorKit

/// The places of the samples of a volume: evenly spaced over a box, both ends included.
///
/// Sample (i, j, k) of n samples along an axis lies at lower + (upper - lower) i / (n - 1); a single one lies
/// in the middle. The last axis runs fastest, as in a ``VoxelVolume``.
public struct SampleGrid: Hashable, Sendable {
  /// The number of samples along each of the three axes.
  public let extents: [Int]
  /// The box at whose faces the outermost samples lie.
  public let box: BoundingBox

  /// A grid of samples over a box.
  ///
  /// - Precondition: There are three extents, none of them negative.
  public init(extents: [Int], box: BoundingBox = .symmetricUnit) {
    precondition(
      extents.count == 3 && extents.allSatisfy { $0 >= 0 }, "a grid of the extents \(extents)")
    self.extents = extents
    self.box = box
  }

  /// The number of samples.
  public var count: Int { extents.reduce(1, *) }

  /// The coordinates of the samples along an axis.
  public func coordinates(along axis: Int) -> [Double] {
    let (low, high) = (box.lower[axis], box.upper[axis])
    let count = extents[axis]
    guard count > 1 else { return [Double](repeating: (low + high) / 2, count: count) }
    let last = Double(count - 1)
    // The last one is the box's face itself, whatever the quotient is rounded to.
    return (0..<count).map { $0 == count - 1 ? high : low + (high - low) * Double($0) / last }
  }

  /// The points of all samples, in the order of a volume's voxels.
  public var points: [SIMD3<Double>] {
    let (xs, ys, zs) = (coordinates(along: 0), coordinates(along: 1), coordinates(along: 2))
    var points: [SIMD3<Double>] = []
    points.reserveCapacity(count)
    for x in xs {
      for y in ys {
        for z in zs { points.append(SIMD3(x, y, z)) }
      }
    }
    return points
  }

  /// Returns the values of a function at all samples, in the order of a volume's voxels.
  ///
  /// - Parameters:
  ///   - workers: What computes the layers of the first axis.
  ///   - function: Its value at a point.
  public func values<Value: BitwiseCopyable>(
    workers: Workers = Workers(), of function: @Sendable (SIMD3<Double>) -> Value
  ) -> [Value] {
    let (xs, ys, zs) = (coordinates(along: 0), coordinates(along: 1), coordinates(along: 2))
    let layer = extents[1] * extents[2]
    return workers.filling(count, pieceLength: max(layer, 1)) { range, values in
      var place = 0
      let x = xs[range.lowerBound / layer]
      for y in ys {
        for z in zs {
          values[place] = function(SIMD3(x, y, z))
          place += 1
        }
      }
    }
  }
}

extension Workers {
  /// Returns an array whose runs of equal length are filled by a closure, several at a time.
  ///
  /// - Parameters:
  ///   - count: The number of elements.
  ///   - pieceLength: The length of a run; the last one may be shorter.
  ///   - body: Gets the indices of a run, and the memory of the first element of the run. It must initialize all
  ///     elements of it.
  func filling<Element: BitwiseCopyable>(
    _ count: Int, pieceLength: Int,
    _ body: @Sendable (Range<Int>, UnsafeMutablePointer<Element>) -> Void
  ) -> [Element] {
    [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let base = buffer.baseAddress else { return }
      // Threads write to runs that do not overlap.
      nonisolated(unsafe) let elements = base
      _ = collect((count + pieceLength - 1) / pieceLength) { piece in
        let start = piece * pieceLength
        body(start..<min(start + pieceLength, count), elements + start)
      }
      initialized = count
    }
  }
}
