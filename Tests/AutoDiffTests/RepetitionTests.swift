import Foundation
import Synchronization
import TensorKit
import Testing

@testable import AutoDiff

/// What any number of threads must give the same bits for, again and again while others keep the cores busy.
///
/// `REPETITIONS=200 swift test --filter RepetitionTests` repeats that often; three times by default, which
/// costs little and finds less.
@Suite struct RepetitionTests {
  private static let repetitions =
    ProcessInfo.processInfo.environment["REPETITIONS"].flatMap { Int($0) } ?? 3

  /// Calls the body while other threads compete for the cores.
  private func besideLoad(_ body: () throws -> Void) rethrows {
    let isOver = Mutex(false)
    let ended = DispatchSemaphore(value: 0)
    let rivals = Workers.availableCores + 1
    for rival in 0..<rivals {
      Thread {
        var generator = SeededGenerator(seed: UInt64(rival))
        while !isOver.withLock({ $0 }) {
          let matrix = Tensor<Float>.normal(shape: [40, 40], using: &generator)
          _ = Tensor.matrixProduct(matrix, matrix)
        }
        ended.signal()
      }.start()
    }
    defer {
      isOver.withLock { $0 = true }
      for _ in 0..<rivals { ended.wait() }
    }
    try body()
  }

  @Test func kernelsAndGradientsOfSamples() throws {
    let model = Network([2, 24, 24, 1])
    let inputs = normal([700, 2], seed: 3)
    let weights = normal([700], seed: 4)
    var kernels: [Tensor<Double>] = []
    var sums: [Tensor<Double>] = []
    var gradients: [Tensor<Double>] = []
    try besideLoad {
      for _ in 0..<Self.repetitions {
        for threads in [1, 2, 3, 8] {
          let workers = Workers(threads: threads)
          let evaluation = TiledEvaluation(of: model, workers: workers, rowsPerTile: 16)
          let samples = try evaluation.perSampleGradients(for: inputs)
          let found = (
            kernel: try samples.gram(runner: workers),
            sum: try samples.sum(weightedBy: weights, workers: workers).values,
            gradient: try evaluation.pullback(of: weights.reshaped(to: [-1, 1]), for: inputs).values
          )
          if kernels.isEmpty {
            (kernels, sums, gradients) = ([found.kernel], [found.sum], [found.gradient])
          }
          #expect(found.kernel == kernels[0], "\(threads) threads")
          #expect(found.sum == sums[0], "\(threads) threads")
          #expect(found.gradient == gradients[0], "\(threads) threads")
        }
      }
    }
  }

  @Test func kernelsInSinglePrecision() throws {
    var generator = SeededGenerator(seed: 5)
    let rows = Tensor<Float>.normal(shape: [600, 30], using: &generator)
    var first: Tensor<Float>?
    try besideLoad {
      for _ in 0..<Self.repetitions {
        for threads in [1, 2, 3, 8] {
          let kernel = try Tensor<Float>.symmetric(size: 600, runner: Workers(threads: threads)) {
            Tensor.rowProducts(rows, rows: $0, rows, rows: $1)
          }
          if let first { #expect(kernel == first, "\(threads) threads") } else { first = kernel }
        }
      }
    }
  }
}
