import CTurboJPEG
import TensorKit

extension Picture {
  /// Creates a picture from the contents of a JPEG file, turned as its orientation says.
  ///
  /// A grey file gives one channel, any other red, green and blue. The orientation is that of the file's Exif
  /// metadata; metadata that is missing or damaged leaves the picture as it is stored. Any damage of the rest is
  /// refused, where many programs would show grey in its place.
  ///
  /// More than 1,000,000,000 samples are refused, and so is a size for which the file has too few bytes: more than
  /// 4,000,000 pixels, and than a hundred for each byte beyond.
  ///
  /// - Parameter bytes: The contents of a whole file.
  /// - Throws: `FileError` of the kind `malformed` if they are not those of a JPEG file, break off, are damaged or
  ///   hold too large a picture, and `unsupported` if its colours are not of the kinds above.
  public init(jpegBytes bytes: [UInt8]) throws {
    let markers = try JPEGMarkers(bytes)
    guard let decoder = tjInitDecompress() else {
      throw FileError(.unreadable, reason: "libjpeg-turbo could not be started")
    }
    defer { tjDestroy(decoder) }
    var (width, height, sampling, colors): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    let length = UInt(bytes.count)
    let headerResult = bytes.withUnsafeBufferPointer {
      tjDecompressHeader3(
        decoder, $0.baseAddress, length, &width, &height, &sampling, &colors)
    }
    guard headerResult == 0 else { throw Self.jpegError(decoder) }
    let isGrey = colors == TJCS_GRAY.rawValue
    guard isGrey || colors == TJCS_YCbCr.rawValue || colors == TJCS_RGB.rawValue else {
      throw FileError(
        .unsupported,
        reason: "it is a JPEG file of four inks (CMYK); convert it to one of red, green and blue")
    }
    let channels = isGrey ? 1 : 3
    try Self.checkJPEGSize(
      height: Int(height), width: Int(width), channels: channels, byteCount: bytes.count)
    let format = isGrey ? TJPF_GRAY.rawValue : TJPF_RGB.rawValue
    // What a file that breaks off leaves out would be grey: the first warning ends the decoding. A file of very many
    // passes would take long.
    let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
    let count = Int(height) * Int(width) * channels
    var result: Int32 = 0
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { pixels, initialized in
      result = bytes.withUnsafeBufferPointer {
        tjDecompress2(
          decoder, $0.baseAddress, length, pixels.baseAddress, width, 0, height, format, flags)
      }
      // A file that states more rows than it has is found out before the memory for them is touched.
      initialized = result == 0 ? count : 0
    }
    guard result == 0 else { throw Self.jpegError(decoder) }
    let turned = markers.orientation.shape(height: Int(height), width: Int(width))
    let samples = Tensor<Double>(shape: [turned.height, turned.width, channels]) { samples in
      var next = 0
      for row in 0..<turned.height {
        for column in 0..<turned.width {
          let place = markers.orientation.stored(
            row: row, column: column, height: Int(height), width: Int(width))
          let start = (place.row * Int(width) + place.column) * channels
          for channel in 0..<channels {
            samples[next] = Double(pixels[start + channel])
            next += 1
          }
        }
      }
    }
    self.init(samples: samples, bitDepth: .eight)
  }

  /// Whether a file begins as JPEG files do.
  static func isJPEG(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0xFF, 0xD8, 0xFF]) }

  /// Pictures of as many pixels may have any number of bytes.
  private static let freePixels = 4_000_000
  /// How many more pixels a byte may stand for.
  ///
  /// Those of photographs take a bit and more each, and those of an empty page ten times less. The decoder takes memory
  /// for all that a file states.
  private static let mostPixelsPerByte = 100

  private static func checkJPEGSize(
    height: Int, width: Int, channels: Int, byteCount: Int
  ) throws {
    let samples = height * width * channels
    guard height > 0, width > 0, samples <= 1_000_000_000 else {
      throw FileError(
        .malformed,
        reason: "it cannot be read as JPEG: a picture of \(width) x \(height) pixels is too large")
    }
    guard height * width <= freePixels + byteCount * mostPixelsPerByte else {
      throw FileError(
        .malformed,
        reason: """
          it cannot be read as JPEG: \(byteCount) bytes are too few for a picture of \(width) x \(height) pixels
          """)
    }
  }

  private static func jpegError(_ decoder: tjhandle) -> FileError {
    let message = tjGetErrorStr2(decoder).map { String(cString: $0) } ?? "it is damaged"
    return FileError(.malformed, reason: "it cannot be read as JPEG: \(message)")
  }
}
