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
