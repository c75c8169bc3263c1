import CTensorKernels
import Foundation
import Testing

/// Element counts around the widths of vectors and of unrolled loops.
private let awkwardCounts = [0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 100]
private let awkwardShapes = [(0, 5), (1, 1), (3, 7), (5, 16), (4, 33), (2, 100), (9, 3), (33, 64)]

/// Whether two numbers are the same, NaN included.
private func isSame<Scalar: KernelScalar>(_ a: Scalar, _ b: Scalar) -> Bool {
  a == b || (a.isNaN && b.isNaN)
}

private func areSame<Scalar: KernelScalar>(_ a: [Scalar], _ b: [Scalar]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy(isSame)
}

/// Runs a kernel on an unaligned buffer between two guards, which it must not touch.
///
/// The body gets a pointer to `initial` elements and may change them; they are returned.
private func guarded<Scalar: KernelScalar>(
  _ initial: [Scalar], _ body: (UnsafeMutablePointer<Scalar>) -> Void
) -> [Scalar] {
  let guardValue: Scalar = 12345
  var storage = [guardValue] + initial + [guardValue, guardValue]
  storage.withUnsafeMutableBufferPointer { buffer in
    guard let start = buffer.baseAddress else { return }
    body(start + 1)
  }
  #expect(storage.first == guardValue, "wrote before the buffer")
  #expect(storage.suffix(2) == [guardValue, guardValue], "wrote past the buffer")
  return Array(storage[1..<(initial.count + 1)])
}

/// Numbers of both signs with a few special ones among them.
private func mixedNumbers<Scalar: KernelScalar>(_ count: Int, seed: UInt64) -> [Scalar] {
  var numbers = TestNumbers(seed: seed)
  var array: [Scalar] = numbers.array(count, in: -3...3)
  let special: [Scalar] = [.nan, 0, .infinity, -0.0, -.infinity, 1]
  for (index, value) in special.enumerated() where 5 * index + Int(seed % 7) < count {
    array[5 * index + Int(seed % 7)] = value
  }
  return array
}

extension KernelSuites {
  /// What the kernels compute, for every instruction set, at awkward sizes and in place.
  @Suite struct KernelTests {
    // MARK: Elementwise

    private func referenceBinary<Scalar: KernelScalar>(
      _ operation: Int, _ a: Scalar, _ b: Scalar
    ) -> Scalar {
      switch operation {
      case Int(tk_add): a + b
      case Int(tk_subtract): a - b
      case Int(tk_multiply): a * b
      case Int(tk_divide): a / b
      case Int(tk_minimum): a.isNaN || b.isNaN ? .nan : (a < b ? a : b)
      default: a.isNaN || b.isNaN ? .nan : (a > b ? a : b)
      }
    }

    private func checkBinary<Scalar: KernelScalar>(_ type: Scalar.Type) {
      withEachInstructionSet { name in
        for operation in Int(tk_add)...Int(tk_maximum) {
          for operands in Int(tk_both_vectors)...Int(tk_left_scalar) {
            for count in awkwardCounts {
              let leftCount = operands == Int(tk_left_scalar) ? 1 : count
              let rightCount = operands == Int(tk_right_scalar) ? 1 : count
              var a: [Scalar] = mixedNumbers(leftCount, seed: 11)
              var b: [Scalar] = mixedNumbers(rightCount, seed: 12)
              if leftCount == 1 { a = [1.5] }
              if rightCount == 1 { b = [-0.75] }
              let expected = (0..<count).map { index in
                referenceBinary(
                  operation, leftCount == 1 ? a[0] : a[index], rightCount == 1 ? b[0] : b[index])
              }
              let zeros = [Scalar](repeating: 0, count: count)
              let separate = guarded(zeros) {
                Scalar.binary(operation, operands, a, b, $0, count)
              }
              #expect(
                areSame(separate, expected),
                "\(Scalar.self) \(operation) \(operands) of \(count) on \(name)")
              if leftCount == count {
                let inLeft = guarded(a) { Scalar.binary(operation, operands, $0, b, $0, count) }
                #expect(areSame(inLeft, expected), "in place \(operation) of \(count) on \(name)")
              }
              if rightCount == count {
                let inRight = guarded(b) { Scalar.binary(operation, operands, a, $0, $0, count) }
                #expect(areSame(inRight, expected), "in place \(operation) of \(count) on \(name)")
              }
            }
          }
        }
      }
    }

    @Test func binaryOperations() {
      checkBinary(Float.self)
      checkBinary(Double.self)
    }

    private func checkUnary<Scalar: KernelScalar>(_ type: Scalar.Type) {
      let exact: [(Int, (Scalar) -> Scalar)] = [
        (Int(tk_negate), { -$0 }),
        (Int(tk_absolute), { $0.magnitude }),
        (Int(tk_square), { $0 * $0 }),
        (Int(tk_square_root), { $0.squareRoot() }),
        (Int(tk_reciprocal), { 1 / $0 }),
        (Int(tk_rectify), { $0.isNaN ? $0 : ($0 > 0 ? $0 : 0) }),
        (Int(tk_step), { $0 > 0 ? 1 : 0 }),
        (Int(tk_sign), { $0 > 0 ? 1 : ($0 < 0 ? -1 : 0) }),
      ]
      withEachInstructionSet { name in
        for count in awkwardCounts {
          let x: [Scalar] = mixedNumbers(count, seed: 21)
          for (operation, function) in exact {
            let expected = x.map(function)
            let inPlace = guarded(x) { Scalar.unary(operation, $0, $0, count) }
            #expect(
              areSame(inPlace, expected), "\(Scalar.self) \(operation) of \(count) on \(name)")
          }
          for function in MeasuredFunction.allCases {
            let inPlace = guarded(x) { Scalar.unary(function.operation, $0, $0, count) }
            let worst = zip(x, inPlace).map { argument, value in
              ulpError(value, Scalar.truth(function, Scalar.Truth(argument)))
            }.max()
            #expect(worst ?? 0 <= 4, "\(Scalar.self) \(function) of \(count) on \(name)")
          }
        }
      }
    }

    @Test func unaryOperations() {
      checkUnary(Float.self)
      checkUnary(Double.self)
    }

    private func checkFillAndAccumulate<Scalar: KernelScalar>(_ type: Scalar.Type) {
      withEachInstructionSet { name in
        for count in awkwardCounts {
          let zeros = [Scalar](repeating: 0, count: count)
          let filled = guarded(zeros) { Scalar.fill(2.5, $0, count) }
          #expect(filled == [Scalar](repeating: 2.5, count: count), "\(name)")
          let negativeZeros = guarded(zeros) { Scalar.fill(-0.0, $0, count) }
          #expect(negativeZeros.allSatisfy { $0.sign == .minus }, "\(name)")

          // Small integers: exact whether or not the multiply-add is fused.
          let x = (0..<count).map { Scalar($0 % 13 - 6) }
          let y = (0..<count).map { Scalar($0 % 5) }
          let sums = guarded(y) { Scalar.accumulate(-3, x, $0, count) }
          #expect(sums == zip(x, y).map { $1 - 3 * $0 }, "\(name)")
          let products = guarded(y) { Scalar.accumulateProducts(x, y, 2, $0, count) }
          #expect(products == zip(x, y).map { $1 + $0 * ($1 + 2) }, "\(name)")
        }
      }
    }

    @Test func fillAndAccumulate() {
      checkFillAndAccumulate(Float.self)
      checkFillAndAccumulate(Double.self)
    }

    // MARK: Reductions

    private func checkSums<Scalar: KernelScalar>(_ type: Scalar.Type) {
      var numbers = TestNumbers(seed: 31)
      for count in awkwardCounts + [63, 64, 65, 1000, 4099] {
        let x: [Scalar] = numbers.array(count, in: -1...1)
        let y: [Scalar] = numbers.array(count, in: -1...1)
        let wideX = x.map(Scalar.Truth.init)
        let wideY = y.map(Scalar.Truth.init)
        let magnitude = Double(wideX.reduce(0) { $0 + $1.magnitude })
        let trueSum = Double(wideX.reduce(0, +))
        let trueDot = Double(zip(wideX, wideY).reduce(0) { $0 + $1.0 * $1.1 })
        // The references round too; no sum of these is less exact than this.
        let tolerance = (Double(count) + 1) * magnitude * 0x1p-53
        var bits: Set<[UInt64]> = []
        withEachInstructionSet { name in
          let sum = Scalar.sum(x, count)
          let dot = Scalar.dot(x, y, count)
          let absolute = Scalar.absoluteSum(x, count)
          #expect(abs(sum - trueSum) <= tolerance, "\(Scalar.self) \(count) on \(name)")
          #expect(abs(dot - trueDot) <= tolerance, "\(Scalar.self) \(count) on \(name)")
          #expect(abs(absolute - magnitude) <= tolerance, "\(Scalar.self) \(count) on \(name)")
          bits.insert([sum.bitPattern, dot.bitPattern, absolute.bitPattern])
          // Not even the alignment matters.
          var shifted = 0.0
          _ = guarded(x) { shifted = Scalar.sum($0, count) }
          #expect(shifted == sum)
        }
        #expect(bits.count == 1, "every instruction set gives the same bits")
      }
    }

    @Test func sums() {
      checkSums(Float.self)
      checkSums(Double.self)
    }

    private func checkExtremes<Scalar: KernelScalar>(_ type: Scalar.Type) {
      var numbers = TestNumbers(seed: 32)
      withEachInstructionSet { name in
        for count in awkwardCounts + [64, 65, 129] where count > 0 {
          let x: [Scalar] = numbers.array(count, in: -9 ... -1)
          #expect(Scalar.largest(x, count) == x.max(), "\(name)")
          #expect(Scalar.smallest(x, count) == x.min(), "\(name)")
          for index in x.indices {
            var changed = x
            changed[index] = .infinity
            #expect(Scalar.largest(changed, count) == .infinity, "\(name)")
            changed[index] = -.infinity
            #expect(Scalar.smallest(changed, count) == -.infinity, "\(name)")
            changed[index] = .nan
            #expect(Scalar.largest(changed, count).isNaN, "\(name)")
            #expect(Scalar.smallest(changed, count).isNaN, "\(name)")
          }
        }
      }
    }

    @Test func largestAndSmallest() {
      checkExtremes(Float.self)
      checkExtremes(Double.self)
    }

    private func checkFiniteness<Scalar: KernelScalar>(_ type: Scalar.Type) {
      withEachInstructionSet { name in
        for count in awkwardCounts + [1024, 1031, 2500] {
          var x = [Scalar](repeating: .greatestFiniteMagnitude, count: count)
          #expect(Scalar.allFinite(x, count), "\(name)")
          for index in stride(from: 0, to: count, by: count > 100 ? 97 : 1) {
            for value in [Scalar.infinity, -.infinity, .nan] {
              x[index] = value
              #expect(!Scalar.allFinite(x, count), "\(value) at \(index) of \(count) on \(name)")
            }
            x[index] = -1
          }
        }
      }
    }

    @Test func finiteness() {
      checkFiniteness(Float.self)
      checkFiniteness(Double.self)
    }

    private func checkResidual<Scalar: KernelScalar>(_ type: Scalar.Type) {
      var numbers = TestNumbers(seed: 33)
      for count in awkwardCounts + [1000] {
        let output: [Scalar] = numbers.array(count, in: -1...1)
        let target: [Scalar] = numbers.array(count, in: -1...1)
        let expected = zip(output, target).map { $0 - $1 }
        let squares = expected.reduce(0.0) { $0 + Double($1) * Double($1) }
        withEachInstructionSet { name in
          var sum = 0.0
          let residual = guarded(output) { sum = Scalar.residual($0, target, $0, count) }
          #expect(residual == expected, "\(count) on \(name)")
          #expect(abs(sum - squares) <= 1e-13 * squares, "\(count) on \(name)")
        }
      }
    }

    @Test func residuals() {
      checkResidual(Float.self)
      checkResidual(Double.self)
    }

    // MARK: Matrices

    private func checkTranspose<Scalar: KernelScalar>(_ type: Scalar.Type) {
      let shapes = [
        (0, 3), (1, 1), (1, 9), (9, 1), (3, 5), (8, 8), (16, 16), (17, 33), (64, 48), (65, 100),
        (130, 70), (128, 256),
      ]
      withEachInstructionSet { name in
        for (rows, columns) in shapes {
          let x = (0..<(rows * columns)).map { Scalar($0) }
          let zeros = [Scalar](repeating: 0, count: x.count)
          let out = guarded(zeros) { Scalar.transpose(x, $0, rows, columns) }
          var expected = zeros
          for row in 0..<rows {
            for column in 0..<columns {
              expected[column * rows + row] = x[row * columns + column]
            }
          }
          #expect(out == expected, "\(Scalar.self) \(rows) x \(columns) on \(name)")
        }
      }
    }

    @Test func transposition() {
      checkTranspose(Float.self)
      checkTranspose(Double.self)
    }

    private func checkColumnSums<Scalar: KernelScalar>(_ type: Scalar.Type) {
      var numbers = TestNumbers(seed: 41)
      let shapes = awkwardShapes + [(70, 1), (100, 65), (33, 1030), (40, 2100), (1000, 12)]
      for (rows, columns) in shapes {
        let x: [Scalar] = numbers.array(rows * columns, in: -1...1)
        let start: [Scalar] = numbers.array(columns, in: -1...1)
        var expected = start.map { Double($0) }
        for row in 0..<rows {
          for column in 0..<columns { expected[column] += Double(x[row * columns + column]) }
        }
        let tolerance = Double(Scalar.ulpOfOne) * 64 + Double(rows) * 0x1p-46
        withEachInstructionSet { name in
          let sums = guarded(start) { Scalar.addColumnSums(x, $0, rows, columns) }
          let isClose = zip(sums, expected).allSatisfy { abs(Double($0) - $1) <= tolerance }
          #expect(isClose, "\(Scalar.self) \(rows) x \(columns) on \(name)")
        }
      }
    }

    @Test func columnSums() {
      checkColumnSums(Float.self)
      checkColumnSums(Double.self)
    }

    // MARK: Buffers

    @Test func buffersAreAlignedAndDistinct() throws {
      let sizes = [0, 0, 1, 63, 64, 65, 256, 257, 320, 1000, 1 << 20, (1 << 25) + 1]
      let buffers = try sizes.map { try #require(tk_buffer_allocate($0)) }
      #expect(Set(buffers).count == sizes.count)
      for (buffer, size) in zip(buffers, sizes) {
        #expect(UInt(bitPattern: buffer) % 64 == 0)
        memset(buffer, 0xA5, size)
      }
      for (buffer, size) in zip(buffers, sizes) { tk_buffer_release(buffer, size) }
      tk_buffer_release(nil, 100)
      #expect(tk_buffer_allocate(Int.max) == nil)
    }

    @Test func everySizeClassHoldsWhatWasAskedFor() throws {
      // Neighbours in the pool would be overwritten, and the allocator would notice, were one short.
      for exponent in 0..<18 {
        for quarter in 4...8 {
          for size in [(quarter << exponent) / 4 - 1, (quarter << exponent) / 4] where size >= 0 {
            let buffer = try #require(tk_buffer_allocate(size))
            memset(buffer, 1, size)
            tk_buffer_release(buffer, size)
          }
        }
      }
    }

    @Test func releasedBuffersAreUsedAgain() throws {
      for size in [1, 64, 1000, 4096, 5000, 100_000, 3 << 20] {
        let first = try #require(tk_buffer_allocate(size))
        tk_buffer_release(first, size)
        let second = try #require(tk_buffer_allocate(size))
        #expect(first == second, "\(size) bytes")
        tk_buffer_release(second, size)
      }
    }

    @Test func buffersMayBeReleasedByAnotherThread() throws {
      let size = 777_777
      let buffer = try #require(tk_buffer_allocate(size))
      let address = UInt(bitPattern: buffer)
      nonisolated(unsafe) var isUsedAgain = false
      let finished = DispatchSemaphore(value: 0)
      let thread = Thread {
        tk_buffer_release(UnsafeMutableRawPointer(bitPattern: address), size)
        let again = tk_buffer_allocate(size)
        isUsedAgain = UInt(bitPattern: again) == address
        tk_buffer_release(again, size)
        finished.signal()
      }
      thread.start()
      finished.wait()
      #expect(isUsedAgain)
    }

    @Test func cacheIsBounded() throws {
      // More than the limit in all: some of it must go back to the system, and nothing may break.
      let size = 6 << 20
      let buffers = try (0..<6).map { _ in try #require(tk_buffer_allocate(size)) }
      for buffer in buffers { tk_buffer_release(buffer, size) }
      let again = try #require(tk_buffer_allocate(size))
      #expect(buffers.contains(again))
      tk_buffer_release(again, size)
    }

    @Test func processorName() {
      guard let name = tk_processor_name() else { return }
      #expect(!String(cString: name).isEmpty)
      #expect(tk_processor_name() == name)
    }
  }
}
