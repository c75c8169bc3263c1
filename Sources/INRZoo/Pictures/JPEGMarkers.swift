import TensorKit

/// What the segments before a JPEG file's pixels say beside what the decoder reads.
///
/// No length or offset in the file is trusted: each is compared with what there is.
struct JPEGMarkers: Equatable {
  /// How the picture is to be turned.
  private(set) var orientation = PictureOrientation.upright

  /// Reads the segments up to the first pixels.
  ///
  /// - Throws: `FileError` if the file is coded arithmetically, which may take far less than a bit for a block, so that
  ///   its size could not be checked.
  init(_ bytes: [UInt8]) throws {
    var place = 2
    var hasOrientation = false
    while place + 4 <= bytes.count, bytes[place] == 0xFF {
      let marker = bytes[place + 1]
      // Any number of these may stand before a marker.
      if marker == 0xFF {
        place += 1
        continue
      }
      // The pixels begin, or the file ends.
      if marker == 0xDA || marker == 0xD9 { return }
      let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
      guard length >= 2, place + 2 + length <= bytes.count else { return }
      if (0xC9...0xCB).contains(marker) || (0xCD...0xCF).contains(marker) {
        throw FileError(
          .unsupported,
          reason: "it is a JPEG file with arithmetic coding; convert it to one with Huffman coding")
      }
      if marker == 0xE1, !hasOrientation,
        let found = ExifSegment(bytes[(place + 4)..<(place + 2 + length)])?.orientation
      {
        orientation = found
        hasOrientation = true
      }
      place += 2 + length
    }
  }
}

/// The metadata of a segment that begins with `Exif`: a file of the format TIFF, of which the first directory is read.
private struct ExifSegment {
  private let bytes: [UInt8]
  private let isBigEndian: Bool

  /// A segment's contents; nil if they are not such metadata.
  init?(_ segment: ArraySlice<UInt8>) {
    let name = Array("Exif".utf8) + [0, 0]
    guard segment.starts(with: name) else { return nil }
    bytes = Array(segment.dropFirst(name.count))
    switch bytes.prefix(4) {
    case [0x4D, 0x4D, 0, 42]: isBigEndian = true
    case [0x49, 0x49, 42, 0]: isBigEndian = false
    default: return nil
    }
  }

  /// The number of the tag.
  private static let orientationTag = 0x0112
  /// The number of the type of whole numbers of two bytes.
  private static let shortType = 3

  /// How the picture is to be turned; nil if that is not said as it should be.
  var orientation: PictureOrientation? {
    guard let directory = integer(at: 4, byteCount: 4),
      let count = integer(at: directory, byteCount: 2)
    else { return nil }
    for entry in 0..<count {
      let place = directory + 2 + 12 * entry
      guard let tag = integer(at: place, byteCount: 2) else { return nil }
      guard tag == Self.orientationTag else { continue }
      guard integer(at: place + 2, byteCount: 2) == Self.shortType,
        integer(at: place + 4, byteCount: 4) == 1,
        let number = integer(at: place + 8, byteCount: 2)
      else { return nil }
      return PictureOrientation(rawValue: number)
    }
    return nil
  }

  /// A whole number without a sign; nil if it reaches beyond the end.
  private func integer(at place: Int, byteCount: Int) -> Int? {
    guard place >= 0, place <= bytes.count - byteCount else { return nil }
    let digits = bytes[place..<(place + byteCount)]
    return (isBigEndian ? Array(digits) : digits.reversed()).reduce(0) { $0 << 8 | Int($1) }
  }
}

/// Where the top and the left of a picture are stored, by the numbers of Exif.
enum PictureOrientation: Int, CaseIterable, Sendable {
  /// As the picture is shown.
  case upright = 1
  /// Left and right are exchanged.
  case mirrored = 2
  /// Turned by half a turn.
  case upsideDown = 3
  /// Top and bottom are exchanged.
  case flipped = 4
  /// Rows are columns.
  case transposed = 5
  /// To be turned by a quarter to the right.
  case turnedLeft = 6
  /// Rows are columns, both from the other end.
  case transposedUpsideDown = 7
  /// To be turned by a quarter to the left.
  case turnedRight = 8

  private var exchangesAxes: Bool { rawValue >= 5 }

  /// The size of the picture as it is shown, of one that is stored.
  func shape(height: Int, width: Int) -> (height: Int, width: Int) {
    exchangesAxes ? (width, height) : (height, width)
  }

  /// Where a pixel of the picture as it is shown is stored.
  func stored(row: Int, column: Int, height: Int, width: Int) -> (row: Int, column: Int) {
    let (lastRow, lastColumn) = (height - 1, width - 1)
    return switch self {
    case .upright: (row, column)
    case .mirrored: (row, lastColumn - column)
    case .upsideDown: (lastRow - row, lastColumn - column)
    case .flipped: (lastRow - row, column)
    case .transposed: (column, row)
    case .turnedLeft: (lastRow - column, row)
    case .transposedUpsideDown: (lastRow - column, lastColumn - row)
    case .turnedRight: (column, lastColumn - row)
    }
  }
}
