import CPeak
import ExampleSupport
import Foundation
import TensorKit

/// Times of repetitions of one piece of work.
struct Timing {
  let seconds: [Double]

  var median: Double { seconds.median ?? .nan }
  var fastest: Double { seconds.min() ?? .nan }
  var slowest: Double { seconds.max() ?? .nan }

  /// Runs some work a few times unmeasured, then measures each repetition.
  init(repetitions: Int, warmUps: Int = 2, _ work: () throws -> Void) rethrows {
    for _ in 0..<warmUps { try work() }
    seconds = try (0..<repetitions).map { _ in
      let start = Machine.monotonicSeconds()
      try work()
      return Machine.monotonicSeconds() - start
    }
  }
}

/// The rate of fused multiply-adds that all threads together reach, in 10⁹ operations a second.
///
/// Measured for about half a second, the best of several short runs, because whatever else the machine
/// does can only lower it.
func measuredPeak(threads: Int) throws -> Double {
  let workers = Workers(threads: threads)
  let iterations = 4_000_000
  let rates = try (0..<6).map { _ in
    let start = Machine.monotonicSeconds()
    let operations = try workers.map(threads) { _ in peak_multiply_adds(iterations) }
    return operations.reduce(0, +) / (Machine.monotonicSeconds() - start) / 1e9
  }
  return rates.max() ?? .nan
}
