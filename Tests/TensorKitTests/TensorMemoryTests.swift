import Foundation
import TensorKit
import Testing

/// In processes of their own, as these numbers are those of the whole process.
@Suite struct TensorMemoryTests {
  @Test func whatIsInUseIsCounted() async {
    await #expect(processExitsWith: .success) {
      let before = TensorMemory.bytesInUse
      var tensor: Tensor<Float>? = Tensor(zeros: [1 << 21])
      let with = TensorMemory.bytesInUse
      #expect(with - before == 1 << 23)
      // A copy shares the numbers until it is changed.
      var copy = tensor
      #expect(TensorMemory.bytesInUse == with)
      copy?[0] = 1
      #expect(TensorMemory.bytesInUse - with == 1 << 23)
      (tensor, copy) = (nil, nil)
      #expect(TensorMemory.bytesInUse == before && tensor == nil && copy == nil)
      #expect(TensorMemory.peakBytesInUse == before + 1 << 24)
      TensorMemory.restartPeak()
      #expect(TensorMemory.peakBytesInUse == before)
      let small = (0..<1000).map { Tensor<Float>([Float($0)]) }
      #expect(TensorMemory.bytesInUse == before + 64_000 && small.count == 1000)
    }
  }

  @Test func otherThreadsCountToo() async {
    await #expect(processExitsWith: .success) {
      let before = TensorMemory.bytesInUse
      let tensors = try Workers(threads: 4).map(16) { _ in Tensor<Double>(zeros: [1 << 17]) }
      #expect(TensorMemory.bytesInUse - before == tensors.count << 20)
    }
  }

  #if os(Linux)
    @Test func limitsOfTheProcessCount() async {
      await #expect(processExitsWith: .success) {
        let free = try #require(TensorMemory.availableBytes)
        #expect(free > 0)
        for resource in [RLIMIT_AS, RLIMIT_DATA] {
          var limit = rlimit(rlim_cur: 3 << 30, rlim_max: 3 << 30)
          setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
          let left = try #require(TensorMemory.availableBytes)
          #expect(left < 3 << 30 && left > 1 << 28)
        }
      }
    }
  #endif
}
