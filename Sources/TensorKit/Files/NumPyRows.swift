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
  /// The type of the elements.
  public let elementType: ArrayElementType
  /// The lengths of the axes.
  public let shape: [Int]
  /// The number of columns.
  public let columns: Int
  /// The number of rows.
  public let count: Int
  private let isBigEndian: Bool
  private let dataStart: Int
  private let descriptor: Int32

  /// Opens a file, and reads its header alone.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - columns: The number of columns; the length of the last axis by default. 1 makes each element a row.
  /// - Throws: ``FileError`` if it is not there, cannot be read, is not a supported `.npy` file in row-major order,
  ///   breaks off, or has no rows of so many columns.
  public init(contentsOf path: String, columns: Int? = nil) throws {
    self.path = path
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      let isMissing = errno == ENOENT || errno == ENOTDIR
      throw FileError(
        isMissing ? .noSuchFile : .unreadable, path: path,
        reason: isMissing
          ? "there is no such file; check the path"
          : "it cannot be opened: \(WholeFile.systemMessage(errno))")
    }
    // Closed by `deinit`, whatever follows.
    descriptor = file
    let (header, dataStart) = try FileError.naming(path) { try Self.header(of: file) }
    self.dataStart = dataStart
    elementType = header.elementType
    isBigEndian = header.isBigEndian
    shape = header.shape
    let elements = shape.reduce(1, *)
    self.columns = columns ?? shape.last ?? 1
    count = self.columns > 0 ? elements / self.columns : 0
    guard self.columns > 0, count * self.columns == elements else {
      throw FileError(
        .malformed, path: path,
        reason: "its shape \(shape) cannot be seen as rows of \(self.columns) columns")
    }
  }

  deinit { close(descriptor) }

  /// The header of an open file, and where its elements begin.
  private static func header(of file: Int32) throws -> (NumPyHeader, dataStart: Int) {
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(.unreadable, reason: "it is no file that can be read at any place")
    }
    let size = Int(status.st_size)
    // The longest header that is supported, and what precedes it.
    var start = [UInt8](repeating: 0, count: min(size, 1 << 20 + 12))
    guard read(&start, of: file, from: 0) else {
      throw FileError(.unreadable, reason: "it cannot be read: \(WholeFile.systemMessage(errno))")
    }
    let (header, dataStart) = try NumPyFile.header(of: start)
    guard !header.isFortranOrder || header.shape.count < 2 else {
      throw FileError(
        .unsupported,
        reason: "its first axis runs fastest; save numpy.ascontiguousarray of it instead")
    }
    guard let needed = StoredArray.byteCount(of: header.elementType, shape: header.shape),
      needed <= size - dataStart
    else {
      throw FileError(
        .malformed,
        reason: "it has \(size - dataStart) bytes of data, too few for "
          + "\(header.elementType.rawValue) with the shape \(header.shape); it is truncated")
    }
    return (header, dataStart)
  }

  /// Fills bytes from a place in a file; false if it has not so many, or cannot be read.
  private static func read(
    _ bytes: UnsafeMutableRawBufferPointer, of file: Int32, from offset: Int
  ) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = pread(
        file, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }

  private static func read(_ bytes: inout [UInt8], of file: Int32, from offset: Int) -> Bool {
    bytes.withUnsafeMutableBytes { read($0, of: file, from: offset) }
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
            from: dataStart + run.lowerBound * rowBytes)
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
    if isBigEndian { bytes = bytes.reversingRuns(of: elementType.byteCount) }
    return StoredArray(elementType, shape: shape, bytes: bytes).tensor()
  }
}
