import TensorKit

/// Rows of numbers that are stored, or computed wherever they are needed.
///
/// A volume's coordinates follow from their places: 512³ rows of them would take 1.6 GB, and as computed rows
/// take nothing.
///
/// ```swift
/// let line = Rows<Float>(count: 1 << 30, columns: 1) { rows in
///   Tensor(rows.map { Float($0) / Float(1 << 30) }).reshaped(to: [-1, 1])
/// }
/// ```
public struct Rows<Scalar: TensorScalar>: Sendable {
  /// Computes the rows of some indices, as a matrix of as many rows.
  public typealias Computation = @Sendable (_ rows: RowTiles.Rows) -> Tensor<Scalar>

  private enum Source: Sendable {
    case stored(Tensor<Scalar>)
    case computed(Computation)
  }

  /// The number of rows.
  public let count: Int
  /// The number of columns.
  public let columns: Int
  private let source: Source

  /// Stored rows.
  ///
  /// - Parameter matrix: Shape: [rows, columns].
  /// - Precondition: The tensor is a matrix.
  public init(_ matrix: Tensor<Scalar>) {
    precondition(matrix.rank == 2, "rows from a tensor of shape \(matrix.shape)")
    (count, columns) = (matrix.shape[0], matrix.shape[1])
    source = .stored(matrix)
  }

  /// Rows that are computed wherever they are needed.
  ///
  /// - Parameters:
  ///   - count: The number of rows.
  ///   - columns: The number of columns.
  ///   - computation: Gives the rows of some indices, the same at every call, on any thread.
  /// - Precondition: The numbers are not negative.
  public init(count: Int, columns: Int, computing computation: @escaping Computation) {
    precondition(count >= 0 && columns >= 0, "\(count) rows of \(columns) columns")
    (self.count, self.columns) = (count, columns)
    source = .computed(computation)
  }

  /// The rows of a file that stay there, read wherever they are needed.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - scale: What each number is multiplied by, such as 1/255 for the bytes of a picture.
  public init(_ file: NumPyRows, scaledBy scale: Scalar = 1) {
    self.init(count: file.count, columns: file.columns) { rows in
      let values: Tensor<Scalar> =
        switch rows {
        case .range(let range): file.rows(range)
        case .list(let indices): file.rows(indices)
        }
      return scale == 1 ? values : values * scale
    }
  }

  /// The points of a regular grid in row-major order, computed: each axis evenly spaced over a range, both
  /// ends included.
  ///
  /// - Parameters:
  ///   - extents: The number of points along each axis; a single one lies at the range's lower end.
  ///   - range: What each axis spans.
  public static func grid(
    extents: [Int], over range: ClosedRange<Scalar> = -1...1
  ) -> Rows {
    let axes = extents.map { Tensor<Scalar>.evenlySpaced(over: range, count: $0).elements }
    return Rows(count: extents.reduce(1, *), columns: extents.count) { rows in
      Tensor(shape: [rows.count, extents.count]) { elements in
        var place = 0
        rows.forEach { point in
          var rest = point
          for axis in extents.indices.reversed() {
            elements[place + axis] = axes[axis][rest % extents[axis]]
            rest /= extents[axis]
          }
          place += extents.count
        }
      }
    }
  }

  /// Some rows, of shape [rows, columns].
  public func rows(in rows: RowTiles.Rows) -> Tensor<Scalar> {
    switch source {
    case .stored(let matrix): return matrix.rows(in: rows)
    case .computed(let compute):
      let computed = compute(rows)
      precondition(
        computed.shape == [rows.count, columns],
        "computed rows of shape \(computed.shape) instead of \([rows.count, columns])")
      return computed
    }
  }

  /// The rows at some indices, which may recur, of shape [indices, columns].
  public func rows(at indices: [Int]) -> Tensor<Scalar> { rows(in: .list(indices)) }

  /// All rows in one matrix, of shape [rows, columns]; computed ones are computed at each access.
  public var matrix: Tensor<Scalar> {
    if case .stored(let matrix) = source { matrix } else { rows(in: .range(0..<count)) }
  }

  /// Rows in another order, or some of them.
  ///
  /// - Parameter indices: The index here of each of the new rows.
  public func selecting(_ indices: [Int]) -> Rows {
    switch source {
    case .stored(let matrix): return Rows(matrix.rows(at: indices))
    case .computed:
      let all = self
      return Rows(count: indices.count, columns: columns) { rows in
        all.rows(at: rows.map { indices[$0] })
      }
    }
  }

  /// Consecutive rows, which are computed if these are.
  ///
  /// - Precondition: The range lies within the rows.
  public func slice(_ range: Range<Int>) -> Rows {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "rows \(range) of \(count)")
    switch source {
    case .stored(let matrix): return Rows(matrix.slice(range))
    case .computed:
      let all = self
      return Rows(count: range.count, columns: columns) { rows in
        switch rows {
        case .range(let part):
          all.rows(
            in: .range(
              (range.lowerBound + part.lowerBound)..<(range.lowerBound + part.upperBound)))
        case .list(let indices): all.rows(at: indices.map { range.lowerBound + $0 })
        }
      }
    }
  }

  /// A number that equal rows share, and others by chance only; of computed rows, by what a few of them are.
  package var fingerprint: UInt64 {
    switch source {
    case .stored(let matrix): return matrix.fingerprint
    case .computed:
      let samples = min(count, 64)
      var hash = rows(at: (0..<samples).map { $0 * count / samples }).fingerprint
      hash.mix(UInt64(count))
      return hash
    }
  }
}
