import AutoDiff
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct BandsTests {
  @Test(arguments: BandsExample.allCases)
  func bandsAreOrthogonalAndComplete(example: BandsExample) throws {
    let bands = example.bands(Double.self)
    let projections = try bands.projections()
    let count = bands.rowCount
    var sum = Tensor<Double>(zeros: [count, count])
    for (index, projection) in projections.enumerated() {
      sum += projection
      #expect(largestMagnitude(projection - projection.transposed()) < 1e-13)
      let trace = (projection * .identity(count)).sum()
      #expect(abs(trace - Double(bands.bands[index].rank)) < 1e-11, "\(bands.bands[index])")
      for (other, second) in projections.enumerated() {
        let product = Tensor.matrixProduct(projection, second)
        let expected = index == other ? projection : Tensor(zeros: [count, count])
        #expect(largestMagnitude(product - expected) < 1e-13, "\(index) times \(other)")
      }
    }
    #expect(largestMagnitude(sum - .identity(count)) < 1e-13)
    let constant = Tensor<Double>(repeating: 1 / Double(count), shape: [count, count])
    #expect(largestMagnitude(projections[0] - constant) < 1e-13)
  }

  @Test(arguments: BandsExample.allCases)
  func weightingsAndEnergiesAreThoseOfTheProjections(example: BandsExample) throws {
    let bands = example.bands(Double.self)
    let projections = try bands.projections()
    var generator = SeededGenerator(seed: 8)
    let rows = Tensor<Double>.normal(shape: [bands.rowCount, 3], using: &generator)
    let factors = projections.indices.map { 1 / Double(1 + $0 * $0) }
    let parts = projections.map { Tensor.matrixProduct($0, rows) }
    let expected = zip(parts, factors).map { $0 * $1 }.reduce(rows * 0, +)
    let weighting = bands.weighting(by: factors)
    let found = try weighting(rows, workers: Workers(threads: 2))
    #expect(largestMagnitude(found - expected) < 1e-12)
    let energies = try bands.energies(of: rows, workers: Workers(threads: 2))
    for (energy, part) in zip(energies, parts) {
      #expect(abs(energy - part.dot(part)) < 1e-10)
    }
    // Tile by tile, the coarse bands given, it is the same.
    guard let split = weighting.split else { return }
    let coarse = split.coarse(try split.groups.means(of: rows, workers: Workers(threads: 1)))
    var tiled = rows
    for cell in 0..<split.groups.count {
      let range = cell..<(cell + 1)
      let place = split.groups.rows(ofGroups: range)
      let part = split.fine(rows.rows(in: place), range, coarse.slice(range))
      switch place {
      case .range(let range): tiled.setRows(at: Array(range), to: part)
      case .list(let list): tiled.setRows(at: list, to: part)
      }
    }
    #expect(largestMagnitude(tiled - expected) < 1e-12)
  }

  @Test(arguments: BandsExample.allCases)
  func doesNotDependOnThreads(example: BandsExample) throws {
    let bands = example.bands(Float.self)
    var generator = SeededGenerator(seed: 2)
    let rows = Tensor<Float>.normal(shape: [bands.rowCount, 2], using: &generator)
    let weighting = bands.weighting(by: bands.bands.indices.map { 1 / Double($0 + 1) })
    let results = try [1, 2, 5].map { try weighting(rows, workers: Workers(threads: $0)) }
    #expect(results[0] == results[1] && results[0] == results[2])
    let energies = try [1, 2, 5].map { try bands.energies(of: rows, workers: Workers(threads: $0)) }
    #expect(energies[0] == energies[1] && energies[0] == energies[2])
  }

  @Test func largeBatchesDoNotDependOnThreads() throws {
    let grid = RowGrid(extents: [97, 130])
    let examples: [any Bands<Float>] = [
      NestedMeanBands(.blocks(of: grid)), CosineBands(grid), BlockCosineBands(grid),
    ]
    var generator = SeededGenerator(seed: 2)
    let rows = Tensor<Float>.normal(shape: [grid.count, 3], using: &generator)
    for bands in examples {
      let weighting = bands.weighting(by: bands.bands.indices.map { 1 / Double($0 + 1) })
      let results = try [1, 3].map { try weighting(rows, workers: Workers(threads: $0)) }
      #expect(results[0] == results[1])
      let energies = try [1, 3].map {
        try bands.energies(of: rows, workers: Workers(threads: $0))
      }
      #expect(energies[0] == energies[1])
      let total = Double(rows.dot(rows))
      #expect(abs(energies[0].reduce(0, +) - total) < 1e-4 * total)
    }
  }

  // MARK: - Against the definitions

  /// The projection on what is constant over rows of equal labels.
  private func meanProjection(_ labels: [Int]) -> Tensor<Double> {
    Tensor(
      labels.map { label in
        labels.map { $0 == label ? 1 / Double(labels.count { $0 == label }) : 0 }
      })
  }

  @Test func nestedBandsAreDifferencesOfGroupMeans() throws {
    let points = PictureSignal<Double>(values: Tensor(zeros: [6, 7, 1]), patch: 3).grid.points
    let places = try #require(points)
    let bands = NestedMeanBands<Double>(
      .blocks(of: RowGrid(extents: [6, 7], points: places)), rowsPerTile: 5)
    let levels = [100, 4, 2, 1].map { side in
      meanProjection(places.map { $0 / 7 / side * 100 + $0 % 7 / side })
    }
    let found = try bands.projections()
    #expect(found.count == 4)
    #expect(bands.bands.map(\.rank) == [1, 3, 8, 30])
    for band in found.indices {
      let expected = band == 0 ? levels[0] : levels[band] - levels[band - 1]
      #expect(largestMagnitude(found[band] - expected) < 1e-14)
    }
  }

  /// A wave that oscillates half as often as its index says over an interval's points.
  private func cosine(_ index: Int, size: Int) -> Tensor<Double> {
    Tensor((0..<size).map { cos(.pi * Double(index) * (Double($0) + 0.5) / Double(size)) })
  }

  @Test func cosineBandsHoldCosinesOfTheirRadius() throws {
    let (height, width) = (6, 9)
    let bands = CosineBands<Double>(RowGrid(extents: [height, width]), count: 5)
    let projections = try bands.projections()
    var bandOfRadius: [(radius: Double, band: Int)] = []
    for i in 0..<height {
      for j in 0..<width {
        let waves = Tensor.matrixProduct(
          cosine(i, size: height).reshaped(to: [-1, 1]),
          cosine(j, size: width).reshaped(to: [1, -1]))
        let wave = waves.reshaped(to: [-1, 1])
        let shares = projections.map {
          Tensor.matrixProduct($0, wave).dot(wave) / wave.dot(wave)
        }
        let band = try #require(shares.firstIndex { $0 > 0.5 })
        #expect(abs(shares[band] - 1) < 1e-12)
        bandOfRadius.append((Double(i * i + j * j).squareRoot(), band))
      }
    }
    // Bands are intervals of the radius: the constant, then up to 1.5, then on a logarithmic scale.
    let sorted = bandOfRadius.sorted { $0.radius < $1.radius }
    #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.band <= $1.band })
    #expect(sorted.filter { $0.band == 0 }.count == 1)
    let largest = sorted[sorted.count - 1].radius
    for (radius, band) in sorted where band > 0 {
      let ratio = largest / 1.5
      let expected = radius < 1.5 ? 1 : 2 + Int(3 * log(radius / 1.5) / log(ratio) - 1e-9)
      #expect(band == expected, "radius \(radius)")
    }
  }

  @Test func blockCosineBandsStayWithinBlocks() throws {
    let grid = RowGrid(extents: [5, 6])
    let bands = BlockCosineBands<Double>(grid, side: 4, count: 3)
    // The constant, the means of four blocks, and three bands within them.
    #expect(bands.bands.map(\.rank).prefix(2) == [1, 3])
    let projections = try bands.projections()
    let blocks = (0..<30).map { $0 / 6 / 4 * 10 + $0 % 6 / 4 }
    let means = meanProjection(blocks)
    #expect(largestMagnitude(projections[0] + projections[1] - means) < 1e-14)
    for projection in projections.dropFirst(2) {
      for row in 0..<30 {
        for column in 0..<30 where blocks[row] != blocks[column] {
          #expect(abs(projection[row, column]) < 1e-14)
        }
      }
    }
    // The slowest wave along a whole block's row is in the slowest band of blocks.
    let slowest = cosine(1, size: 4).elements
    let wave = Tensor<Double>(
      (0..<30).map { place in
        let (row, column) = (place / 6, place % 6)
        return row < 4 && column < 4 ? slowest[column] : 0
      }
    ).reshaped(to: [30, 1])
    #expect(largestMagnitude(Tensor.matrixProduct(projections[2], wave) - wave) < 1e-13)
  }

  @Test func treesHalveGroupsOfNeighbours() throws {
    var generator = SeededGenerator(seed: 3)
    let points = Tensor<Double>.uniform(over: -1...1, shape: [1000, 2], using: &generator)
    let bands = NestedMeanBands<Double>(.bisecting(points))
    // 1, 4, 16, 64, 256 groups, then single rows: 1000 / 256 are too many for one more level of cuts.
    #expect(bands.bands.map(\.rank) == [1, 3, 12, 48, 192, 744])
    // Nearly all of a slow wave is in the coarse bands, nearly all of a white one in the fine ones.
    let slow = (points.slice(0..<1, alongAxis: 1) * 3).sine()
    let energies = try bands.energies(of: slow, workers: Workers(threads: 1))
    #expect(energies[1...3].reduce(0, +) > 0.95 * energies.reduce(0, +))
  }

  @Test func namesAndFrequenciesSayWhatBandsHold() {
    let nested = NestedMeanBands<Float>(.blocks(of: RowGrid(extents: [64, 128]))).bands
    #expect(
      nested.map(\.name) == [
        "constant", "blocks of 64", "blocks of 32", "blocks of 16", "blocks of 8", "blocks of 4",
        "blocks of 2", "single rows",
      ])
    let frequencies = nested.compactMap(\.frequency)
    #expect(frequencies.count == nested.count && frequencies[0] == 0)
    #expect(zip(frequencies, frequencies.dropFirst()).allSatisfy { $0 < $1 })
    let cosine = CosineBands<Float>(RowGrid(extents: [128, 192])).bands
    #expect(cosine.count == 14)
    #expect(cosine[1].name == "radius 0.5 to 1.5" && cosine[1].rank == 3)
    #expect(cosine.reduce(0) { $0 + $1.rank } == 128 * 192)
    let labelled = NestedMeanBands<Float>(RowPartition(rowCount: 4, labels: [[0, 0, 1, 1]])).bands
    #expect(labelled[1].frequency == nil && labelled[2].frequency == nil)
  }

  @Test func mistakesAreNamed() async {
    await #expect(processExitsWith: .failure) {
      _ = RowGrid(extents: [2, 2], points: [0, 1, 1, 3])
    }
    await #expect(processExitsWith: .failure) { _ = RowGrid(extents: [2, 0]) }
    await #expect(processExitsWith: .failure) {
      _ = CotangentTransform<Float>.withinGroups(
        of: RowPartition(rowCount: 3, groupSize: 2)
      ) { rows, _ in rows }
    }
    await #expect(processExitsWith: .failure) {
      _ = NestedMeanBands<Float>(RowPartition(rowCount: 4, groupSize: 2))
    }
    await #expect(processExitsWith: .failure) {
      _ = RowPartition.blocks(of: RowGrid(extents: [9]), sides: [4, 3])
    }
    await #expect(processExitsWith: .failure) { _ = RowPartition(rowCount: 3, labels: [[1, 2]]) }
    await #expect(processExitsWith: .failure) {
      _ = CosineBands<Float>(RowGrid(extents: [4]), count: 1)
    }
    await #expect(processExitsWith: .failure) {
      _ = CosineBands<Float>(RowGrid(extents: [4])).weighting(by: [1])
    }
  }
}
