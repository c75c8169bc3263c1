import CTensorKernels
import Foundation
import Synchronization
import TensorKit
import Testing

/// All tests of the kernels, which switch the instruction set of their own thread alone.
@Suite
enum KernelSuites {}

extension KernelSuites {
  /// Errors of the elementary functions, in units in the last place, for every instruction set.
  @Suite struct KernelAccuracyTests {
    /// The results of a kernel for all arguments.
    private func results<Scalar: KernelScalar>(
      _ function: MeasuredFunction, _ arguments: [Scalar]
    ) -> [Scalar] {
      var out = [Scalar](repeating: 0, count: arguments.count)
      Scalar.unary(function.operation, arguments, &out, arguments.count)
      return out
    }

    /// Expects every result within the limit, on every instruction set.
    private func expectAccuracy<Scalar: KernelScalar>(
      of function: MeasuredFunction, at arguments: [Scalar], ulps limit: Double,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let truths = arguments.map { Scalar.truth(function, Scalar.Truth($0)) }
      withEachInstructionSet { name in
        let values = results(function, arguments)
        var worst = 0.0
        var worstArgument: Scalar = 0
        for index in arguments.indices {
          let error = ulpError(values[index], truths[index])
          if !(error <= worst) {
            worst = error
            worstArgument = arguments[index]
          }
        }
        #expect(
          worst <= limit + Scalar.truthUlps,
          "\(Scalar.self) \(function) on \(name): \(worst) ulp at \(worstArgument)",
          sourceLocation: sourceLocation)
      }
    }

    /// Even and logarithmic spreads over ±limit, and all neighbours of the multiples of pi/2.
    private func angles<Scalar: KernelScalar>(upTo limit: Double) -> [Scalar] {
      var numbers = TestNumbers(seed: 1)
      var angles: [Scalar] = numbers.array(60_000, in: -limit...limit)
      let exponents: [Double] = numbers.array(20_000, in: -40...0)
      for (index, exponent) in exponents.enumerated() {
        angles.append(Scalar(limit * exp2(exponent) * (index % 2 == 0 ? 1 : -1)))
      }
      let quarterTurn = Double.pi / 2
      let turns = Int(limit / quarterTurn)
      for turn in -turns...turns {
        let middle = Scalar(Double(turn) * quarterTurn)
        angles += [middle, middle.nextUp, middle.nextUp.nextUp, middle.nextDown]
        // Between the multiples, where the reduction changes its mind.
        angles.append(Scalar((Double(turn) + 0.5) * quarterTurn))
      }
      return angles.filter { $0.magnitude <= Scalar(limit) }
    }

    private func checkSineAndCosine<Scalar: KernelScalar>(_ type: Scalar.Type) {
      let fast: [Scalar] = angles(upTo: 1000)
      let ends: [Scalar] = [-1000, 1000, 0, .leastNonzeroMagnitude, -.leastNormalMagnitude]
      expectAccuracy(of: .sine, at: fast + ends, ulps: 2)
      expectAccuracy(of: .cosine, at: fast + ends, ulps: 2)

      // Across the border of the fast path and far beyond it, mixed within vectors.
      var numbers = TestNumbers(seed: 2)
      var far: [Scalar] = numbers.array(4000, in: 1000...20_000)
      far += [8191, 8192, Scalar(8192).nextUp, -8192, -8193, 1e5, 1e6, -1e10, 1e20, 1, -2]
      far += [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 3]
      expectAccuracy(of: .sine, at: far, ulps: 2)
      expectAccuracy(of: .cosine, at: far, ulps: 2)
    }

    @Test func sineAndCosineOfFloats() { checkSineAndCosine(Float.self) }
    @Test func sineAndCosineOfDoubles() { checkSineAndCosine(Double.self) }

    /// Bit patterns of all positive numbers at even distances: every binade equally dense.
    private func allMagnitudesOfFloat() -> [Float] {
      stride(from: UInt32(1), to: Float.infinity.bitPattern, by: 20_011).map(
        Float.init(bitPattern:))
    }

    private func allMagnitudesOfDouble() -> [Double] {
      let distance: UInt64 = 0x7FF0_0000_0000_0000 / 100_003
      return stride(from: UInt64(1), to: Double.infinity.bitPattern, by: UInt64.Stride(distance))
        .map(Double.init(bitPattern:))
    }

    @Test func exponential() {
      var numbers = TestNumbers(seed: 3)
      // The lowest arguments give subnormal results and 0, the highest infinity.
      let floats: [Float] = numbers.array(80_000, in: -106...90)
      expectAccuracy(of: .exponential, at: floats, ulps: 2)
      let tinyFloats = allMagnitudesOfFloat()
      expectAccuracy(of: .exponential, at: tinyFloats + tinyFloats.map { -$0 }, ulps: 2)
      let doubles: [Double] = numbers.array(80_000, in: -750...712)
      expectAccuracy(of: .exponential, at: doubles, ulps: 2)
      let subnormals: [Double] = numbers.array(20_000, in: -746 ... -707)
      expectAccuracy(of: .exponential, at: subnormals, ulps: 2)
      let tinyDoubles = allMagnitudesOfDouble()
      expectAccuracy(of: .exponential, at: tinyDoubles + tinyDoubles.map { -$0 }, ulps: 2)
    }

    @Test func logarithm() {
      var numbers = TestNumbers(seed: 4)
      expectAccuracy(of: .logarithm, at: allMagnitudesOfFloat(), ulps: 2)
      expectAccuracy(of: .logarithm, at: allMagnitudesOfDouble(), ulps: 2)
      let floats: [Float] = numbers.array(40_000, in: 0.4...2.5)
      expectAccuracy(of: .logarithm, at: floats + [1, Float(1).nextUp, Float(1).nextDown], ulps: 2)
      let doubles: [Double] = numbers.array(40_000, in: 0.4...2.5)
      expectAccuracy(
        of: .logarithm, at: doubles + [1, Double(1).nextUp, Double(1).nextDown], ulps: 2)
    }

    @Test func hyperbolicTangent() {
      var numbers = TestNumbers(seed: 5)
      let floats: [Float] = numbers.array(60_000, in: -10...10)
      let magnitudes = allMagnitudesOfFloat()
      expectAccuracy(of: .hyperbolicTangent, at: floats + magnitudes, ulps: 4)
      let doubles: [Double] = numbers.array(20_000, in: -20...20)
      expectAccuracy(of: .hyperbolicTangent, at: doubles + allMagnitudesOfDouble(), ulps: 4)
    }

    private func checkSpecialNumbers<Scalar: KernelScalar>(_ type: Scalar.Type) {
      let infinity = Scalar.infinity
      let arguments: [Scalar] = [
        .nan, infinity, -infinity, 0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 1, -1,
        -.greatestFiniteMagnitude, .greatestFiniteMagnitude,
      ]
      for function in MeasuredFunction.allCases {
        // Angles beyond the fast path have a test of their own.
        expectAccuracy(of: function, at: arguments, ulps: 4)
      }
      withEachInstructionSet { name in
        let sines = results(.sine, arguments)
        #expect(sines[0].isNaN && sines[1].isNaN && sines[2].isNaN, "\(name)")
        #expect(sines[3].sign == .plus && sines[4].sign == .minus && sines[4] == 0, "\(name)")
        let exponentials = results(.exponential, arguments)
        #expect(exponentials[1] == infinity && exponentials[2] == 0, "\(name)")
        #expect(exponentials[3] == 1 && exponentials[4] == 1, "\(name)")
        let logarithms = results(.logarithm, arguments)
        #expect(logarithms[0].isNaN && logarithms[2].isNaN && logarithms[8].isNaN, "\(name)")
        #expect(logarithms[1] == infinity && logarithms[3] == -infinity, "\(name)")
        #expect(logarithms[4] == -infinity && logarithms[7] == 0, "\(name)")
        let tangents = results(.hyperbolicTangent, arguments)
        #expect(tangents[1] == 1 && tangents[2] == -1, "\(name)")
        #expect(tangents[4] == 0 && tangents[4].sign == .minus, "\(name)")
      }
    }

    @Test func specialNumbers() {
      checkSpecialNumbers(Float.self)
      checkSpecialNumbers(Double.self)
    }

    @Test func instructionSetsByName() {
      let original = NumericalLibraries.current.instructionSet
      #expect(instructionSets.contains(original))
      #expect(!tk_select_instruction_set("no such set"))
      #expect(NumericalLibraries.current.instructionSet == original)
      #expect(tk_select_instruction_set("baseline"))
      #expect(NumericalLibraries.current.instructionSet == "baseline")
      #expect(tk_select_instruction_set(nil))
      #expect(NumericalLibraries.current.instructionSet == original)
    }

    /// What one thread computes with is no concern of the others.
    @Test func aThreadsInstructionSetIsItsOwn() {
      let original = NumericalLibraries.current.instructionSet
      #expect(tk_select_instruction_set("baseline"))
      defer { _ = tk_select_instruction_set(nil) }
      let others = Mutex<[String]>([])
      let finished = DispatchSemaphore(value: 0)
      for _ in 0..<2 {
        Thread {
          others.withLock { $0.append(NumericalLibraries.current.instructionSet) }
          finished.signal()
        }.start()
      }
      for _ in 0..<2 { finished.wait() }
      #expect(others.withLock { $0 } == [original, original])
      #expect(NumericalLibraries.current.instructionSet == "baseline")
    }
  }
}
