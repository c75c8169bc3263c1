import Foundation
import TensorKit
import Testing

@Suite struct SeededGeneratorTests {
  private func words(_ count: Int, of generator: SeededGenerator) -> [UInt64] {
    var copy = generator
    return (0..<count).map { _ in copy.next() }
  }

  private func generator(state: [UInt64]) throws -> SeededGenerator {
    let text = state.map(String.init).joined(separator: ",")
    return try JSONDecoder().decode(
      SeededGenerator.self, from: Data("{\"state\":[\(text)]}".utf8))
  }

  /// The outputs of the authors' xoshiro256plusplus.c from the state 1, 2, 3, 4.
  @Test func outputsAreThoseOfThePublishedProgram() throws {
    let expected: [UInt64] = [
      41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386,
      9_228_616_714_210_784_205, 9_973_669_472_204_895_162, 14_011_001_112_246_962_877,
      12_406_186_145_184_390_807, 15_849_039_046_786_891_736, 10_450_023_813_501_588_000,
    ]
    #expect(words(10, of: try generator(state: [1, 2, 3, 4])) == expected)
  }

  /// The outputs of the authors' splitmix64.c from 1234567.
  @Test func seedsAreSpreadBySplitMix() throws {
    let expected = try generator(state: [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431,
    ])
    #expect(SeededGenerator(seed: 1_234_567) == expected)
  }

  @Test func theSameSeedGivesTheSameSequence() {
    #expect(
      words(100, of: SeededGenerator(seed: 5)) == words(100, of: SeededGenerator(seed: 5)))
    #expect(words(4, of: SeededGenerator(seed: 5)) != words(4, of: SeededGenerator(seed: 6)))
    #expect(Set(words(1000, of: SeededGenerator(seed: 0))).count == 1000)
  }

  @Test func aDecodedGeneratorContinues() throws {
    var original = SeededGenerator(seed: 9)
    for _ in 0..<17 { _ = original.next() }
    let data = try JSONEncoder().encode(original)
    let decoded = try JSONDecoder().decode(SeededGenerator.self, from: data)
    #expect(decoded == original)
    #expect(words(50, of: decoded) == words(50, of: original))
  }

  @Test(arguments: [[], [1], [1, 2, 3], [1, 2, 3, 4, 5], [0, 0, 0, 0]] as [[UInt64]])
  func aStateThatNoGeneratorHasIsNotDecoded(_ state: [UInt64]) {
    #expect(throws: DecodingError.self) { try generator(state: state) }
  }

  @Test func branchesDrawNothingAndDiffer() {
    let generator = SeededGenerator(seed: 3)
    let before = generator
    let branches = (0..<50).map { words(3, of: generator.branch($0)) }
    #expect(generator == before)
    #expect(Set(branches).count == 50)
    #expect(words(3, of: generator.branch(7)) == branches[7])
    #expect(!branches.contains(words(3, of: generator)))
  }

  // MARK: Distributions

  /// For n numbers the mean's standard error is σ/√n, and that of the k-th moment follows from the
  /// 2k-th; five of them leave one chance in two million.
  private func expectMoments(
    _ numbers: Tensor<Double>, _ expected: [(moment: Int, mean: Double, ofSquare: Double)]
  ) {
    let count = Double(numbers.count)
    for (moment, mean, ofSquare) in expected {
      let found = numbers.elements.reduce(0.0) { $0 + pow($1, Double(moment)) } / count
      let error = ((ofSquare - mean * mean) / count).squareRoot()
      #expect(abs(found - mean) < 5 * error, "moment \(moment): \(found), not \(mean)")
    }
  }

  @Test func uniformNumbersHaveTheirMoments() {
    var generator = SeededGenerator(seed: 21)
    let numbers = Tensor<Double>.uniform(over: 0...1, shape: [100_000], using: &generator)
    // E xᵏ = 1 / (k + 1)
    expectMoments(
      numbers, (1...4).map { ($0, 1 / Double($0 + 1), 1 / Double(2 * $0 + 1)) })
    #expect(numbers.smallest() >= 0)
    #expect(numbers.largest() < 1)
    let shifted = Tensor<Double>.uniform(over: -3...5, shape: [1000], using: &generator)
    #expect(shifted.smallest() >= -3 && shifted.smallest() < -2.9)
    #expect(shifted.largest() <= 5 && shifted.largest() > 4.9)
  }

  @Test func normalNumbersHaveTheirMoments() {
    var generator = SeededGenerator(seed: 22)
    let numbers = Tensor<Double>.normal(shape: [100_001], using: &generator)
    // E x²ᵏ = (2k - 1)!!
    expectMoments(numbers, [(1, 0, 1), (2, 1, 3), (3, 0, 15), (4, 3, 105)])
    let wide = Tensor<Double>.normal(
      standardDeviation: 3, shape: [100_000], using: &generator)
    expectMoments(wide / 3, [(1, 0, 1), (2, 1, 3)])
    // Box and Muller's two numbers are independent: neighbours are not correlated.
    let pairs = wide.reshaped(to: [-1, 2]) / 3
    let correlation =
      pairs.slice(0..<1, alongAxis: 1).dot(pairs.slice(1..<2, alongAxis: 1)) / 50_000
    #expect(abs(correlation) < 5 / 50_000.0.squareRoot())
  }

  @Test(arguments: [[7], [4, 5], [], [0, 3]])
  func bothPrecisionsGetTheSameNumbers(_ shape: [Int]) {
    var (a, b) = (SeededGenerator(seed: 4), SeededGenerator(seed: 4))
    let double = Tensor<Double>.normal(shape: shape, using: &a)
    let single = Tensor<Float>.normal(shape: shape, using: &b)
    #expect(single == Tensor<Float>(double))
    #expect(a == b)
    let wide = Tensor<Double>.uniform(over: -2...9, shape: shape, using: &a)
    let narrow = Tensor<Float>.uniform(over: -2...9, shape: shape, using: &b)
    #expect(narrow == Tensor<Float>(wide))
    #expect(a == b)
  }
}
