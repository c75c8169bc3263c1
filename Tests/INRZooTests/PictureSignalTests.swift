import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct PictureSignalTests {
  /// A picture whose values say where they are.
  private func numbered(_ height: Int, _ width: Int) -> Tensor<Double> {
    Tensor((0..<(height * width * 2)).map(Double.init), shape: [height, width, 2])
  }

  @Test(arguments: [(6, 8, 2), (7, 9, 3), (5, 5, 8), (1, 1, 1), (4, 6, 4)])
  func patchesKeepEveryPixelOnce(height: Int, width: Int, side: Int) {
    let values = numbered(height, width)
    let signal = PictureSignal(values: values, patch: side)
    let groups = signal.batch.groups
    #expect(groups.count == (height / side) * (width / side))
    #expect(groups.count == 0 || groups.places == side * side)
    #expect(groups.remainder.count == height * width - groups.count * side * side)
    #expect(signal.batch.targets.elements.sorted() == values.elements)
    #expect(signal.pictureValues(from: signal.batch.targets) == values)
    // Each row's coordinates belong to its pixel.
    for row in 0..<(height * width) {
      let pixel = Int(signal.batch.targets[row, 0]) / 2
      let expectedRow = height == 1 ? -1 : -1 + 2 * Double(pixel / width) / Double(height - 1)
      let expectedColumn = width == 1 ? -1 : -1 + 2 * Double(pixel % width) / Double(width - 1)
      #expect(abs(signal.batch.inputs[row, 0] - expectedRow) < 1e-15)
      #expect(abs(signal.batch.inputs[row, 1] - expectedColumn) < 1e-15)
    }
  }

  @Test func groupsArePatchesInRowMajorOrder() {
    let signal = PictureSignal(values: numbered(4, 7), patch: 2)
    let groups = signal.batch.groups
    let pixels = (0..<groups.count).map { group in
      (0..<groups.places).map { place in
        Int(signal.batch.targets[groups.row(group: group, place: place), 0]) / 2
      }
    }
    #expect(pixels[0] == [0, 1, 7, 8])
    #expect(pixels[2] == [4, 5, 11, 12])
    #expect(pixels[3] == [14, 15, 21, 22])
    #expect(groups.remainder.count == 4)
  }

  @Test func coordinatesHaveBothEnds() {
    let coordinates: Tensor<Double> = pixelCoordinates(height: 3, width: 2)
    #expect(
      coordinates == Tensor([[-1, -1], [-1, 1], [0, -1], [0, 1], [1, -1], [1, 1]]))
  }

  @Test func signalToNoiseRatio() {
    #expect(abs(peakSignalToNoiseRatio(meanSquaredError: 0.01) - 20) < 1e-12)
    #expect(peakSignalToNoiseRatio(meanSquaredError: 0) == .infinity)
    #expect(peakSignalToNoiseRatio(meanSquaredError: .nan).isNaN)
    let reference = Tensor<Float>(zeros: [4, 5])
    #expect(abs(peakSignalToNoiseRatio(of: reference + 0.1, against: reference) - 20) < 1e-5)
  }

  @Test func spectrumFindsFrequenciesAndKeepsEnergy() {
    // A pure cosine of the transform: 3 cycles over 32 columns is coefficient 6.
    let basis = Tensor<Double>.cosineTransform(size: 32)
    #expect(
      Tensor.matrixProduct(basis, basis, transposingRight: true)
        .isApproximatelyEqual(to: .identity(32), relativeTolerance: 1e-13))
    let wave = basis.slice(6..<7).broadcast(to: [16, 32]).reshaped(to: [16, 32, 1])
    let spectrum = RadialSpectrum(of: wave)
    #expect(abs(spectrum.energies[3] - 16) < 1e-10)
    #expect(abs(spectrum.energies.reduce(0, +) - 16) < 1e-10)
    let half = RadialSpectrum(of: wave * 0.5)
    let ratios = RadialSpectrum.relativeAmplitudes(of: half, to: spectrum)
    #expect(abs(ratios[3] - 0.5) < 1e-12)
  }
}
