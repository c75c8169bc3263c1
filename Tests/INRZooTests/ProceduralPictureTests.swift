import Foundation
import INRZoo
import TensorKit
import Testing

@Suite struct ProceduralPictureTests {
  @Test func hasTheSizeThatIsAskedFor() {
    for (height, width) in [(96, 96), (1, 1), (2, 7), (64, 96)] {
      let picture = Picture.procedural(height: height, width: width)
      #expect(picture.samples.shape == [height, width, 3])
      #expect(picture.bitDepth == .eight)
    }
    #expect(Picture.procedural() == Picture.procedural(height: 96, width: 96))
  }

  @Test func equalsItsFile() throws {
    let picture = Picture.procedural(height: 48, width: 64)
    #expect(try Picture(pngBytes: picture.pngBytes()) == picture)
    #expect(picture == Picture.procedural(height: 48, width: 64))
  }

  @Test func hasSmoothPartsFineTextureAndHardEdges() {
    let picture = Picture.procedural()
    /// The mean absolute difference of neighbours in a row, over some columns of it, in samples.
    func roughness(row: Int, columns: Range<Int>) -> Double {
      let sum = columns.dropLast().reduce(0.0) { sum, column in
        sum + abs(picture.samples[row, column + 1, 0] - picture.samples[row, column, 0])
      }
      return sum / Double(columns.count - 1)
    }
    let sky = roughness(row: 2, columns: 0..<40)
    let cloth = roughness(row: 72, columns: 48..<88)
    #expect(sky < 2, "the sky is smooth")
    #expect(cloth > 15, "the cloth is not")
    let steepest = (0..<96).flatMap { row in
      (0..<95).map { abs(picture.samples[row, $0 + 1, 0] - picture.samples[row, $0, 0]) }
    }.max()
    #expect((steepest ?? 0) > 180, "the checkers have hard edges")
    // It uses the range of samples, and its colours differ.
    #expect(picture.samples.largest() > 240 && picture.samples.smallest() < 25)
    #expect(Set(picture.samples.elements).count > 200)
  }
}
