import Foundation

/// The array of a `.npy` file that stays in the file, read a few rows at a time.
///
/// A picture of 16 gigapixels or a volume of 2048³ numbers has no room in memory. The array is looked at as a matrix:
/// its last axis has the columns, all others together the rows, in row-major order.
///
/// ```swift
/// let file = try NumPyRows(contentsOf: "scan.npy", columns: 1)
/// let values: Tensor<Float> = file.rows([0, 1, 2, 4096])  // of shape [4, 1]
/// ```
///
/// Rows that follow one another in the file are read at once. What the system has read lately it keeps as long as
/// nobody needs the memory; this process holds none of it.
public final class NumPyRows: Sendable {
  /// The path of the file.
  public let path: String
  /// The number of columns.
  public let columns: Int
  /// The number of rows.
  public let count: Int
  private let layout: NumPyLayout
  private let descriptor: Int32

  /// Opens a file, and reads its header alone.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - columns: The number of columns; the length of the last axis by default. 1 makes each element a row.
  /// - Throws: ``FileError`` if it is not there, cannot be read, is not a supported `.npy` file in row-major order,
  ///   breaks off, or has no rows of so many columns.
  public init(contentsOf path: String, columns: Int? = nil) throws {
    let file = try WholeFile.opened(path)
    do {
      layout = try FileError.naming(path) { try Self.layout(of: file) }
      self.columns = columns ?? layout.shape.last ?? 1
      let elements = layout.shape.reduce(1, *)
      count = self.columns > 0 ? elements / self.columns : 0
      guard self.columns > 0, count * self.columns == elements else {
        throw FileError(
          .malformed, path: path,
          reason: "its shape \(layout.shape) cannot be seen as rows of \(self.columns) columns")
      }
    } catch {
      // An object that is not made is not taken down.
      close(file)
      throw error
    }
    self.path = path
    descriptor = file
  }

  deinit { close(descriptor) }

  /// The type of the elements.
  public var elementType: ArrayElementType { layout.elementType }

  /// The lengths of the axes.
  public var shape: [Int] { layout.shape }

  /// How an open file holds its array.
  private static func layout(of file: Int32) throws -> NumPyLayout {
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(.unreadable, reason: "it is no file that can be read at any place")
    }
    // The longest header that is supported, and what precedes it.
    let size = Int(status.st_size)
    var start = [UInt8](repeating: 0, count: min(size, 1 << 20 + 12))
    guard start.withUnsafeMutableBytes({ read($0, of: file, from: 0) }) else {
      throw FileError(.unreadable, reason: "it cannot be read: \(WholeFile.systemMessage(errno))")
    }
    let layout = try NumPyLayout(start: start, fileSize: size)
    guard !layout.isFortranOrder || layout.shape.count < 2 else {
      throw FileError(
        .unsupported,
        reason: "its first axis runs fastest; save numpy.ascontiguousarray of it instead")
    }
    return layout
  }

  /// Fills bytes from a place in a file; false if it has not so many, or cannot be read.
  private static func read(
    _ bytes: UnsafeMutableRawBufferPointer, of file: Int32, from offset: Int
  ) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = WholeFile.retryingInterrupted {
        pread(file, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }

  /// Some rows, of shape [rows, columns].
  ///
  /// May be called on any thread. Should the file be cut off or the disk fail meanwhile, all numbers of the result
  /// are NaN, which training refuses by name.
  ///
  /// - Parameters:
  ///   - rows: Their indices, which may recur.
  ///   - type: The type of the tensor's elements, to which those of the file are rounded.
  /// - Precondition: The file has the rows.
  public func rows<Scalar: TensorScalar>(
    _ rows: some Sequence<Int>, as type: Scalar.Type = Scalar.self
  ) -> Tensor<Scalar> {
    let rowBytes = columns * elementType.byteCount
    var bytes: [UInt8] = []
    var isWhole = true
    func append(_ run: Range<Int>) {
      precondition(
        run.lowerBound >= 0 && run.upperBound <= count, "rows \(run) of the \(count) in \(path)")
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: run.count * rowBytes))
      isWhole =
        bytes.withUnsafeMutableBytes {
          Self.read(
            UnsafeMutableRawBufferPointer(rebasing: $0[start...]), of: descriptor,
            from: layout.elements.lowerBound + run.lowerBound * rowBytes)
        } && isWhole
    }
    var run = 0..<0
    for row in rows {
      if row == run.upperBound && !run.isEmpty {
        run = run.lowerBound..<(row + 1)
      } else {
        if !run.isEmpty { append(run) }
        run = row..<(row + 1)
      }
    }
    if !run.isEmpty { append(run) }
    let shape = [bytes.count / max(rowBytes, 1), columns]
    guard isWhole else { return Tensor(repeating: .nan, shape: shape) }
    if layout.isBigEndian { bytes = bytes.reversingRuns(of: elementType.byteCount) }
    return StoredArray(elementType, shape: shape, bytes: bytes).tensor()
  }
}
