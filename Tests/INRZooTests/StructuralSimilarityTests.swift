import Foundation
import INRZoo
import TensorKit
import Testing

/// Similarities against scikit-image's and pytorch-msssim's.
@Suite struct StructuralSimilarityTests {
  @Test(arguments: [5, 20, 60]) func agreesWithThePublishedPackages(noise: Int) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(
        "Fixtures/reference/image-metrics.safetensors"
      ).path
    let file = try SafeTensorsFile(contentsOf: path)
    let clean = try file.tensor(named: "clean", as: Double.self) * (1 / 255.0)
    let noisy = try file.tensor(named: "noisy.\(noise)", as: Double.self) * (1 / 255.0)
    let expected = try file.tensor(named: "psnr_ssim_msssim.\(noise)", as: Double.self).elements
    let psnr = peakSignalToNoiseRatio(of: noisy, against: clean)
    #expect(abs(psnr / expected[0] - 1) < 1e-12)
    let similarity = try #require(structuralSimilarity(of: noisy, against: clean))
    #expect(abs(similarity / expected[1] - 1) < 1e-10)
    let multiscale = try #require(multiscaleStructuralSimilarity(of: noisy, against: clean))
    // Its window is rounded to single precision.
    #expect(abs(multiscale / expected[2] - 1) < 1e-6)
    // In single precision too.
    let single = try #require(
      structuralSimilarity(of: Tensor<Float>(noisy), against: Tensor<Float>(clean)))
    #expect(abs(single / expected[1] - 1) < 1e-5)
  }

  @Test func oddSidesArePaddedAsPublished() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/measures/odd-sizes.npz").path
    let file = try NumPyArchive(contentsOf: path)
    let similarity = multiscaleStructuralSimilarity(
      of: try file.tensor(named: "noisy", as: Double.self) * (1 / 255.0),
      against: try file.tensor(named: "clean", as: Double.self) * (1 / 255.0))
    let expected = try file.tensor(named: "ms_ssim", as: Double.self).scalar
    #expect(abs(try #require(similarity) / expected - 1) < 1e-10)
  }

  @Test func equalPicturesAndThoseWithoutRoomForAWindow() {
    let values = (0..<(170 * 165)).map { (index: Int) -> Double in Double(index * index % 101) / 101
    }
    let picture = Tensor<Double>(values, shape: [170, 165, 1])
    #expect(abs((structuralSimilarity(of: picture, against: picture) ?? 0) - 1) < 1e-12)
    #expect(abs((multiscaleStructuralSimilarity(of: picture, against: picture) ?? 0) - 1) < 1e-12)
    let narrow = Tensor<Double>(zeros: [200, 6, 3])
    #expect(structuralSimilarity(of: narrow, against: narrow) == nil)
    let small = Tensor<Double>(zeros: [160, 200, 3])
    #expect(multiscaleStructuralSimilarity(of: small, against: small) == nil)
    #expect(structuralSimilarity(of: small, against: small) == 1)
  }

  @Test func aNegativeSimilarityCountsAsNone() throws {
    let values = (0..<(176 * 176)).map { (index: Int) -> Double in Double(index % 2) }
    let stripes = Tensor<Double>(values, shape: [176, 176, 1])
    let opposite = stripes * -1 + 1
    #expect(try #require(structuralSimilarity(of: stripes, against: opposite)) < -0.5)
    #expect(multiscaleStructuralSimilarity(of: stripes, against: opposite) == 0)
  }

  @Test func aWaveHasTwoFrequencies() {
    // cos 2π(2 y / 8 - 3 x / 10), of which half is at (2, -3) and half at (-2, 3).
    let waves = (0..<80).map { (index: Int) -> Double in
      let (row, column) = (Double(index / 10), Double(index % 10))
      return cos(2 * Double.pi * (2 * row / 8 - 3 * column / 10))
    }
    let plane = Tensor<Double>(waves, shape: [8, 10])
    let magnitudes = fourierMagnitudes(of: plane)
    for row in 0..<8 {
      for column in 0..<10 {
        let isThere = (row, column) == (6, 2) || (row, column) == (2, 8)
        let expected: Double = isThere ? 40 : 0
        #expect(abs(magnitudes[row, column] - expected) < 1e-12)
      }
    }
    // Frequency zero is in the middle, for odd sizes too.
    let flat = fourierMagnitudes(of: Tensor(repeating: 1, shape: [5, 7]))
    #expect(abs(flat[2, 3] - 35) < 1e-12)
    #expect(abs(flat.sum() - 35) < 1e-10)
  }
}
