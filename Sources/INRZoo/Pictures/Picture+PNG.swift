import CPNGFiles
import TensorKit

extension Picture {
  /// Creates a picture from the contents of a PNG file.
  ///
  /// Grey of fewer than 8 bits is scaled to 8, a palette becomes RGB, and transparency becomes an
  /// alpha channel. Interlaced files are read as well. Damage is refused wherever it could change a pixel;
  /// texts and other chunks that are not read may be damaged.
  ///
  /// A side of more than 1,000,000 pixels, and more than 1,000,000,000 samples, are refused, and so is
  /// a size that the file's bytes cannot give. Memory grows with the rows that were decoded.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: `FileError` of the kind `malformed` if they are not those of a PNG file, break off, are
  ///   damaged or hold too large a picture.
  public init(pngBytes bytes: [UInt8]) throws {
    var decoded = png_files_picture()
    try Self.reportingMessage(as: .malformed) { message, capacity in
      bytes.withUnsafeBufferPointer {
        png_files_decode($0.baseAddress, $0.count, &decoded, message, capacity)
      }
    }
    defer { png_files_release(decoded.samples) }
    let shape = [Int(decoded.height), Int(decoded.width), Int(decoded.channels)]
    let bitDepth: BitDepth = decoded.bits == 16 ? .sixteen : .eight
    let samples = Tensor<Double>(shape: shape) { samples in
      let source = UnsafeRawPointer(decoded.samples)
      switch bitDepth {
      case .eight:
        let source = source?.assumingMemoryBound(to: UInt8.self)
        for index in samples.indices { samples[index] = Double(source?[index] ?? 0) }
      case .sixteen:
        let source = source?.assumingMemoryBound(to: UInt16.self)
        for index in samples.indices { samples[index] = Double(source?[index] ?? 0) }
      }
    }
    self.init(samples: samples, bitDepth: bitDepth)
  }

  /// Returns the contents of a PNG file of the picture, its samples rounded to whole ones.
  ///
  /// - Throws: `FileError` of the kind `unwritable` if the picture is too large for a file.
  public func pngBytes() throws -> [UInt8] {
    switch bitDepth {
    case .eight: try Self.pngBytes(of: rounded(to: UInt8.self), shape: samples.shape)
    case .sixteen: try Self.pngBytes(of: rounded(to: UInt16.self), shape: samples.shape)
    }
  }

  private func rounded<Sample: FixedWidthInteger>(to type: Sample.Type) -> [Sample] {
    samples.withUnsafeElements { $0.map { Sample($0.rounded()) } }
  }

  /// Writes a PNG file, whole or not at all; samples are rounded to whole ones.
  ///
  /// - Parameter path: The path of the file, which is replaced if it exists.
  /// - Throws: `FileError` of the kind `unwritable` if the file cannot be written.
  public func write(to path: String) throws {
    try FileError.naming(path) { try WholeFile.write(pngBytes(), toFileAt: path) }
  }

  /// Returns the contents of a PNG file of samples of 8 or 16 bits.
  ///
  /// - Parameters:
  ///   - samples: In the order of the shape.
  ///   - shape: Height, width and channels, of which there are 1 to 4.
  /// - Throws: `FileError` of the kind `unwritable` if the picture is too large for a file.
  package static func pngBytes<Sample: FixedWidthInteger>(
    of samples: [Sample], shape: [Int]
  ) throws -> [UInt8] {
    precondition(
      shape.count == 3 && samples.count == shape.reduce(1, *),
      "\(samples.count) samples of a picture of shape \(shape)")
    var samples = samples
    var encoded: UnsafeMutablePointer<UInt8>?
    var length = 0
    try Self.reportingMessage(as: .unwritable) { message, capacity in
      samples.withUnsafeMutableBytes { samples in
        var picture = png_files_picture(
          width: UInt32(clamping: shape[1]), height: UInt32(clamping: shape[0]),
          channels: UInt32(shape[2]), bits: UInt32(Sample.bitWidth),
          samples: samples.baseAddress)
        return png_files_encode(&picture, &encoded, &length, message, capacity)
      }
    }
    defer { png_files_release(encoded) }
    return Array(UnsafeBufferPointer(start: encoded, count: length))
  }

  /// Calls a function of the C target, and throws its message if it fails.
  private static func reportingMessage(
    as kind: FileError.Kind,
    _ call: (_ message: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Bool
  ) throws {
    try withUnsafeTemporaryAllocation(
      of: CChar.self, capacity: Int(PNG_FILES_MESSAGE_CAPACITY)
    ) { buffer in
      guard !call(buffer.baseAddress, buffer.count) else { return }
      let message = buffer.baseAddress.map { String(cString: $0) } ?? ""
      throw FileError(
        kind, reason: kind == .malformed ? "it cannot be read as PNG: \(message)" : message)
    }
  }
}
