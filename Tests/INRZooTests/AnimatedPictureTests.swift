import Foundation
import TensorKit
import Testing

@testable import INRZoo

@Suite struct AnimatedPictureTests {
  private static func frame(_ shade: Double, width: Int = 5, height: Int = 3) -> Picture {
    Picture(Tensor<Double>(repeating: shade, shape: [height, width, 3]))
  }

  @Test func chunksAreThoseOfTheSpecification() throws {
    let frames = [0.1, 0.5, 0.9].map { Self.frame($0) }
    let bytes = try AnimatedPicture(frames, milliseconds: 70).pngBytes()
    #expect(Array(bytes.prefix(8)) == [137, 80, 78, 71, 13, 10, 26, 10])
    let chunks = try PNGChunk.all(in: bytes)
    let names = chunks.map(\.name)
    #expect(names.first == "IHDR" && names[1] == "acTL" && names.last == "IEND")
    #expect(names.count { $0 == "fcTL" } == 3 && names.count { $0 == "acTL" } == 1)
    let firstData = try #require(names.firstIndex(of: "IDAT"))
    #expect(names[firstData - 1] == "fcTL" && !names[..<firstData].contains("fdAT"))
    // Three frames, for ever.
    #expect(chunks[1].data == [0, 0, 0, 3, 0, 0, 0, 0])
    let control = try #require(chunks.first { $0.name == "fcTL" }).data
    #expect(control.count == 26)
    #expect(Array(control[4..<12]) == [0, 0, 0, 5, 0, 0, 0, 3])
    #expect(Array(control[20..<26]) == [0, 70, 3, 232, 0, 0])
    // Sequence numbers of control and data chunks rise from zero without a gap.
    let sequence = chunks.filter { ["fcTL", "fdAT"].contains($0.name) }
      .map { $0.data.prefix(4).reduce(0) { $0 << 8 | Int($1) } }
    #expect(sequence == Array(0..<sequence.count))
  }

  /// Readers that know no animations see the first picture, and each frame's data is that of its picture.
  @Test func framesArePictures() throws {
    let frames = [0.2, 0.8].map { Self.frame($0) }
    let bytes = try AnimatedPicture(frames).pngBytes()
    #expect(try Picture(pngBytes: bytes) == frames[0])
    let chunks = try PNGChunk.all(in: bytes)
    let second = chunks.filter { $0.name == "fdAT" }.flatMap { $0.data.dropFirst(4) }
    let alone = try PNGChunk.all(in: frames[1].pngBytes()).filter { $0.name == "IDAT" }
      .flatMap(\.data)
    #expect(second == alone && !second.isEmpty)
    let single = try AnimatedPicture([frames[0]]).pngBytes()
    #expect(try Picture(pngBytes: single) == frames[0])
  }

  /// The checksum of `IEND`, which every PNG file ends with.
  @Test func checksum() {
    #expect(Array("IEND".utf8).cyclicRedundancy == 0xAE42_6082)
    #expect(Array("123456789".utf8).cyclicRedundancy == 0xCBF4_3926)
  }
}
