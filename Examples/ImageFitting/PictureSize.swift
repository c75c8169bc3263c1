import TensorKit

/// The size of the picture that a network was fitted to, which weight files note.
struct PictureSize: Equatable {
  /// The number of columns of pixels.
  let width: Int
  /// The number of rows of pixels.
  let height: Int
  /// The number of values of a pixel.
  let channels: Int

  /// The name under which weight files note it.
  static let metadataKey = "picture-size"
  /// No side is longer.
  private static let longestSide = 1_000_000

  /// As it is noted.
  var text: String { "\(width)x\(height)x\(channels)" }

  init(width: Int, height: Int, channels: Int) {
    (self.width, self.height, self.channels) = (width, height, channels)
  }

  /// The size that a weight file notes.
  ///
  /// - Throws: `FileError` if it notes none, or what is noted is no size.
  init(metadata: NamedValues<String>) throws {
    guard let text = metadata[Self.metadataKey] else {
      throw FileError(
        .malformed,
        reason: """
          it does not note the size of the picture that its network was fitted to; give a file that \
          FitImage --save-weights wrote in version 0.2.0 or later
          """)
    }
    let numbers = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard numbers.count == 3, numbers.allSatisfy((1...Self.longestSide).contains),
      numbers[2] <= 4
    else {
      throw FileError(.malformed, reason: "its \(Self.metadataKey) \"\(text)\" is no size")
    }
    self.init(width: numbers[0], height: numbers[1], channels: numbers[2])
  }
}
