import AutoDiff
import GradientAdjusters
import INRZoo
import Synchronization
import TensorKit
import Testing

/// What processes send each other in a step.
@Suite struct SentBytesTests {
  /// Counts what goes through another communicator.
  private struct Counting: Communicator {
    let inner: LocalCommunicator
    let bytes: Meter
    var rank: Int { inner.rank }
    var count: Int { inner.count }

    func send(_ bytes: [UInt8], to rank: Int) {
      self.bytes.add(bytes.count)
      inner.send(bytes, to: rank)
    }

    func receive(from rank: Int) throws -> [UInt8] { try inner.receive(from: rank) }
  }

  private final class Meter: Sendable {
    private let sum = Mutex(0)
    var total: Int { sum.withLock { $0 } }
    func add(_ count: Int) { sum.withLock { $0 += count } }
  }

  /// The bytes that all processes together send in three steps, over the least for a sum that all are to have.
  private static func ratio(
    _ adjuster: any GradientAdjuster<Float>, ranks: Int
  ) throws -> Double {
    let signal = PictureSignal<Float>(.procedural(height: 96, width: 128), patch: 8)
    var generator = SeededGenerator(seed: 1)
    let model = CoordinateNetwork<Float>.siren(
      inputs: 2, outputs: 3, width: 128, using: &generator)
    let meter = Meter()
    _ = try LocalCommunicator.run(ranks) { communicator in
      let group = ProcessGroup(
        Counting(inner: communicator, bytes: meter), workers: Workers(threads: 1))
      var trainer = try Trainer(
        model, optimizer: Adam(learningRate: 1e-3), adjuster: adjuster, runner: group)
      for _ in 0..<3 { try trainer.advance(on: signal.batch) }
      return trainer.step
    }
    // Each process but the first sends its part once, and receives the sum once.
    let least = 3 * 2 * (ranks - 1) * model.parameterLayout.count * MemoryLayout<Float>.size
    return Double(meter.total) / Double(least)
  }

  @Test(arguments: [2, 4])
  func plainTrainingSendsTheGradientAlone(ranks: Int) throws {
    let ratio = try Self.ratio(IdentityAdjuster(), ranks: ranks)
    #expect(ratio >= 1 && ratio < 1.03, "\(ratio)")
  }

  @Test func processesThatHaveSeveralSubtreesSendALittleMore() throws {
    let ratio = try Self.ratio(IdentityAdjuster(), ranks: 3)
    #expect(ratio < 2.1, "\(ratio)")
  }

  @Test func adjustersThatLookAtAllRowsSendTheirCotangentsAsWell() throws {
    // 12,288 rows of three cotangents are 147 kB beside the gradient's 135 kB.
    let ratio = try Self.ratio(InductiveGradientAdjuster(end: 8), ranks: 2)
    #expect(ratio < 3, "\(ratio)")
  }
}
