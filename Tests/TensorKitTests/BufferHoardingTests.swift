import CTensorKernels
import Foundation
import Synchronization
import TensorKit
import Testing

@Suite struct BufferHoardingTests {
  /// Two threads by turns, one of which allocates what either releases, for thousands of rounds.
  @Test func noThreadHoardsWhatOthersAllocate() async {
    await #expect(processExitsWith: .success) {
      let (count, size) = (12, 20_000)
      var generator = SeededGenerator(seed: 1)
      let threads = [TurnTaker(), TurnTaker()]
      let before = tk_buffer_bytes_held()
      nonisolated(unsafe) var buffers: [UnsafeMutableRawPointer?] = []
      for _ in 0..<3000 {
        threads[Int.random(in: 0...1, using: &generator)].take {
          buffers = (0..<count).map { _ in tk_buffer_allocate(size) }
        }
        threads[Int.random(in: 0...1, using: &generator)].take {
          for buffer in buffers { tk_buffer_release(buffer, size) }
        }
      }
      // Each thread may keep a round's buffers for itself, in a size class of a fifth more at most.
      #expect(tk_buffer_bytes_held() - before <= Int64(3 * count * size))
    }
  }

  /// Vectors of large models are kept from step to step, by their sizes, but never more than were in use at once.
  @Test func hugeBuffersAreKeptAndDoNotAddUp() async {
    await #expect(processExitsWith: .success) {
      let size = 20 << 20
      let before = tk_buffer_bytes_held()
      let first = tk_buffer_allocate(size)
      tk_buffer_release(first, size)
      let second = tk_buffer_allocate(size)
      #expect(second == first && tk_buffer_bytes_held() - before == Int64(size))
      tk_buffer_release(second, size)
      // Other sizes take the place of those that wait.
      for step in 1...50 {
        let other = size + 4096 * step
        let buffer = tk_buffer_allocate(other)
        #expect(tk_buffer_bytes_held() - before <= Int64(other))
        tk_buffer_release(buffer, other)
      }
      tk_buffer_trim()
      #expect(tk_buffer_bytes_held() == before)
    }
  }
}

/// A thread that does one thing at a time, while the caller waits.
private final class TurnTaker: Sendable {
  private let (start, end) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
  private let work = Mutex<(@Sendable () -> Void)?>(nil)

  init() {
    Thread { [self] in
      while true {
        start.wait()
        let work = work.withLock { $0 }
        work?()
        end.signal()
      }
    }.start()
  }

  func take(_ turn: @escaping @Sendable () -> Void) {
    work.withLock { $0 = turn }
    start.signal()
    end.wait()
  }
}
