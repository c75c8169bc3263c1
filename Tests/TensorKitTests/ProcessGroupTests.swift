import Synchronization
import Testing

@testable import TensorKit

@Suite("Processes that work as one")
struct ProcessGroupTests {
  /// The order in which shards are combined, as a text with parentheses.
  private struct Order: ShardResult {
    var text = ""
    mutating func combine(_ next: Order) { text = "(\(text) \(next.text))" }
    mutating func visitState(_ visitor: inout StateVisitor) throws {
      try visitor.visit(&text, named: "text")
    }
    static func of(_ shard: Int) -> Order {
      var order = Order()
      order.text = "\(shard)"
      return order
    }
  }

  /// How many shards a process worked on.
  private final class Counter: Sendable {
    private let number = Mutex(0)
    var count: Int { number.withLock { $0 } }
    func increment() { number.withLock { $0 += 1 } }
  }

  private struct Unlucky: Error, Equatable { let shard: Int }

  private func group(_ communicator: LocalCommunicator) -> ProcessGroup {
    ProcessGroup(communicator, workers: Workers(threads: 1 + communicator.rank % 2))
  }

  @Test("combine shards in the tree of one process", arguments: [1, 2, 3, 4, 7])
  func order(ranks: Int) throws {
    for shards in [0, 1, 2, 3, 5, 8, 13, 31, 32, 33, 64] {
      let expected = try Workers(threads: 1).reduce(shards) { Order.of($0) }?.text
      let found = try LocalCommunicator.run(ranks) { communicator in
        try group(communicator).reduce(shards) { Order.of($0) }?.text
      }
      #expect(found == Array(repeating: expected, count: ranks), "\(shards) shards")
    }
  }

  @Test("each work on shards of their own, and together on all")
  func ownShards() throws {
    let ranges = (1...9).flatMap { ranks in
      [0, 1, 5, 32, 100].map { (ranks, $0, ShardTree(shards: $0).ranges(ofRanks: ranks)) }
    }
    for (ranks, shards, ranges) in ranges {
      #expect(ranges.count == ranks)
      #expect(ranges.flatMap { Array($0) } == Array(0..<shards))
    }
    let parts = try LocalCommunicator.run(3) { communicator in
      let counter = Counter()
      _ = try group(communicator).reduce(32) { shard in
        counter.increment()
        return Order.of(shard)
      }
      return counter.count
    }
    #expect(parts.reduce(0, +) == 32 && parts.allSatisfy { $0 >= 8 })
  }

  @Test("send once for each process and subtree, and no more than that")
  func exchanges() {
    for ranks in [2, 4, 8, 16] {
      let exchanges = ShardTree(shards: 64).exchanges(ofRanks: ranks)
      #expect(exchanges.count { $0.leftRank != $0.rightRank } == ranks - 1)
    }
    // Three ranks cannot have subtrees of equal sizes alone.
    #expect(
      ShardTree(shards: 64).exchanges(ofRanks: 3).count { $0.leftRank != $0.rightRank } <= 6)
  }

  @Test("balance from 1 to 64 workers, by counting", arguments: [1, 2, 3, 5, 8, 13, 32, 64])
  func balance(ranks: Int) {
    // As many shards as a picture of 768 x 512 has.
    let ranges = ShardTree(shards: 256).ranges(ofRanks: ranks)
    let largest = ranges.map(\.count).max() ?? 0
    #expect(Double(largest) <= 1.25 * 256 / Double(ranks))
  }

  @Test("fail together, each with a reason")
  func failure() throws {
    let outcomes = try LocalCommunicator.run(3) { communicator -> String in
      do {
        _ = try group(communicator).reduce(32) { shard in
          if shard == 20 { throw Unlucky(shard: shard) }
          return Order.of(shard)
        }
        return "none"
      } catch let error as Unlucky {
        return "unlucky \(error.shard)"
      } catch {
        return "\(error)"
      }
    }
    #expect(outcomes.count { $0 == "unlucky 20" } == 1)
    #expect(outcomes.count { $0.hasPrefix("Process 1 failed: Unlucky") } == 2)
  }

  @Test("that end by themselves end the waiting of the others")
  func ended() {
    #expect(throws: Unlucky(shard: 7)) {
      _ = try LocalCommunicator.run(3) { communicator in
        if communicator.rank == 2 { throw Unlucky(shard: 7) }
        return try group(communicator).reduce(32) { Order.of($0) }
      }
    }
  }

  @Test("share the first one's values")
  func shared() throws {
    let values = try LocalCommunicator.run(3) { communicator in
      let group = group(communicator)
      let number = try group.shared(Double(communicator.rank) + 0.1)
      let text = try group.shared("rank \(communicator.rank)")
      try group.wait()
      return "\(number) \(text)"
    }
    #expect(values == Array(repeating: "0.1 rank 0", count: 3))
  }

  @Test("fill symmetric matrices together, to the last bit")
  func symmetric() throws {
    var generator = SeededGenerator(seed: 3)
    let factors = Tensor<Float>.normal(shape: [300, 7], using: &generator)
    @Sendable func matrix(_ runner: any ShardRunner) throws -> Tensor<Float> {
      try .symmetric(size: 300, runner: runner) { rows, columns in
        .matrixProduct(factors.slice(rows), factors.slice(columns), transposingRight: true)
      }
    }
    let expected = try matrix(Workers(threads: 2))
    let found = try LocalCommunicator.run(3) { try matrix(group($0)) }
    #expect(found == [expected, expected, expected])
  }

  @Test("take the cores that they are bound to, and their part of those that they share")
  func cores() {
    func threads(_ places: [String], available: Int = 64) -> [Int] {
      places.indices.map {
        CoreShare.threads(ofRank: $0, places: places, available: available)
      }
    }
    // Bound to a core each; to four each; to none on two machines; two to each of two sockets.
    #expect(threads(["a\n0", "a\n1", "a\n2"]) == [1, 1, 1])
    #expect(threads(["a\n0 1 2 3", "a\n4 5 6 7"]) == [4, 4])
    #expect(threads(["a\n0 1 2 3", "a\n0 1 2 3", "b\n0 1 2 3"]) == [2, 2, 4])
    #expect(threads(["a\n0 1", "a\n0 1", "a\n2 3", "a\n2 3"]) == [1, 1, 1, 1])
    // More processes than cores, a quota, and a system that does not tell.
    #expect(threads(["a\n0 1", "a\n0 1", "a\n0 1", "a\n0 1"]) == [1, 1, 1, 1])
    #expect(threads(["a\n0 1 2 3", "b\n0 1 2 3"], available: 2) == [2, 2])
    #expect(threads(["a\n", "a\n"], available: 8) == [4, 4])
    #expect(Workers.availableCores >= 1)
  }
}
