import TensorKit

extension Picture {
  /// Reads a PNG or JPEG file, whatever its name ends in.
  ///
  /// See ``init(pngBytes:)`` and ``init(jpegBytes:)`` for what is read of them.
  ///
  /// - Parameter path: The path of the file.
  /// - Throws: `FileError`, of the kind `noSuchFile` or `unreadable` if the file cannot be read,
  ///   `malformed` if it is not such a file, breaks off, is damaged or is too large, and `unsupported` if it is of a
  ///   kind of JPEG that is not read.
  public init(contentsOf path: String) throws {
    self = try FileError.naming(path) {
      let bytes = try WholeFile.bytes(ofFileAt: path)
      return try Self.isJPEG(bytes) ? Picture(jpegBytes: bytes) : Picture(pngBytes: bytes)
    }
  }
}
