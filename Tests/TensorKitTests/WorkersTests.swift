import Synchronization
import TensorKit
import Testing

@Suite struct WorkersTests {
  struct Failure: Error, Equatable {
    let piece: Int
  }

  @Test(arguments: [1, 2, 3, 8])
  func resultsComeInTheOrderOfThePieces(_ threads: Int) throws {
    let workers = Workers(threads: threads)
    for pieces in [0, 1, 2, 7, 100] {
      #expect(try workers.map(pieces) { $0 * $0 } == (0..<pieces).map { $0 * $0 })
    }
  }

  @Test(arguments: [1, 4])
  func everyPieceRunsOnce(_ threads: Int) throws {
    let counts = Mutex([Int](repeating: 0, count: 500))
    try Workers(threads: threads).forEach(500) { piece in counts.withLock { $0[piece] += 1 } }
    #expect(counts.withLock { $0 } == [Int](repeating: 1, count: 500))
  }

  @Test(arguments: [1, 2, 3, 8])
  func reductionCombinesNeighboursInOneTree(_ threads: Int) throws {
    // Brackets show the tree; what cannot be reordered shows the order.
    let expected = [
      nil, "0", "(01)", "((01)2)", "((01)(23))", "(((01)(23))4)", "(((01)(23))(45))",
      "(((01)(23))((45)6))",
    ]
    for (pieces, expected) in expected.enumerated() {
      for _ in 0..<5 {
        let result = try Workers(threads: threads).reduce(pieces) {
          String($0)
        } combining: {
          $0 = "(" + $0 + $1 + ")"
        }
        #expect(result == expected)
      }
    }
  }

  /// A result that counts how many of its kind exist.
  private final class Counted: Sendable {
    static let living = Mutex((now: 0, most: 0))
    init() {
      Self.living.withLock { living in
        living.now += 1
        living.most = max(living.most, living.now)
      }
    }
    deinit { Self.living.withLock { $0.now -= 1 } }
  }

  @Test func reductionKeepsFewResults() throws {
    _ = try Workers(threads: 2).reduce(64) { _ in
      Counted()
    } combining: { _, _ in
    }
    let living = Counted.living.withLock { $0 }
    // One for each level of the tree and two for each thread.
    #expect(living.now == 0 && living.most <= 10)
  }

  @Test(arguments: [1, 4])
  func reductionThrowsTheFirstErrorInOrder(_ threads: Int) {
    #expect(throws: Failure(piece: 2)) {
      try Workers(threads: threads).reduce(9) { piece -> Int in
        if piece == 2 || piece == 7 { throw Failure(piece: piece) }
        return piece
      } combining: {
        $0 += $1
      }
    }
  }

  @Test(arguments: [1, 2, 8])
  func theFirstErrorInOrderIsThrown(_ threads: Int) {
    let workers = Workers(threads: threads)
    for _ in 0..<20 {
      #expect(throws: Failure(piece: 5)) {
        try workers.map(64) { piece -> Int in
          if piece == 5 || piece == 6 || piece == 40 { throw Failure(piece: piece) }
          return piece
        }
      }
    }
    #expect(throws: Failure(piece: 3)) {
      try workers.forEach(4) { if $0 == 3 { throw Failure(piece: 3) } }
    }
  }

  /// Missing results of pieces are not pieces that are missing.
  @Test(arguments: [1, 3])
  func resultsMayBeOptional(_ threads: Int) throws {
    let results: [Int?] = try Workers(threads: threads).map(10) { $0 % 2 == 0 ? nil : $0 }
    #expect(results == [nil, 1, nil, 3, nil, 5, nil, 7, nil, 9])
  }

  @Test func sumsInTheOrderOfPiecesAreTheSameBitsForAnyNumberOfThreads() throws {
    let x = randomTensor([1000, 7], as: Float.self)
    func sum(threads: Int) throws -> Tensor<Float> {
      let parts = try Workers(threads: threads).map(13) { piece in
        x.slice((piece * 1000 / 13)..<((piece + 1) * 1000 / 13)).sum(alongAxis: 0)
      }
      return parts.dropFirst().reduce(parts[0], +)
    }
    let expected = try sum(threads: 1)
    for threads in [2, 3, 8, 64] { #expect(try sum(threads: threads) == expected) }
  }

  @Test func allCoresAreTheDefault() {
    #expect(Workers.availableCores > 0)
    #expect(Workers() == Workers(threads: Workers.availableCores))
    #expect(Workers(threads: 2) != Workers(threads: 3))
  }
}
