import TensorKit
import Testing

/// Mistakes of a caller end the program with their reason, in optimized builds as well.
@Suite struct PreconditionTests {
  @Test func aShapeMistakeNamesBothShapes() async throws {
    let result = try #require(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let left = Tensor<Float>(zeros: [2, 3])
        _ = Tensor.matrixProduct(left, Tensor(zeros: [4, 5]))
      })
    let reason = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(reason.contains("[2, 3]") && reason.contains("[4, 5]"), "\(reason)")
  }

  @Test func whatWasPrintedBeforeIsNotLost() async throws {
    let result = try #require(
      await #expect(processExitsWith: .failure, observing: [\.standardOutputContent]) {
        print("the last line before")
        _ = Tensor<Float>(zeros: [2]).reshaped(to: [3])
      })
    let printed = String(decoding: result.standardOutputContent, as: UTF8.self)
    #expect(printed.contains("the last line before"))
  }
}
