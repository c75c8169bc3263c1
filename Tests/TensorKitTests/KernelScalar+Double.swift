import CTensorKernels
import Foundation

extension Double: KernelScalar {
  #if arch(x86_64) && os(Linux)
    static var truthUlps: Double { 0 }

    static func truth(_ function: MeasuredFunction, _ x: Float80) -> Float80 {
      switch function {
      case .sine: sinl(x)
      case .cosine: cosl(x)
      case .exponential: expl(x)
      case .logarithm: logl(x)
      case .hyperbolicTangent: tanhl(x)
      }
    }
  #else
    // The C library is the best that there is to compare with.
    static var truthUlps: Double { 1 }

    static func truth(_ function: MeasuredFunction, _ x: Double) -> Double {
      switch function {
      case .sine: sin(x)
      case .cosine: cos(x)
      case .exponential: exp(x)
      case .logarithm: log(x)
      case .hyperbolicTangent: tanh(x)
      }
    }
  #endif

  static func binary(
    _ operation: Int, _ operands: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ out: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    tk_binary_f64(Int32(operation), Int32(operands), a, b, out, count)
  }
  static func unary(
    _ operation: Int, _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    tk_unary_f64(Int32(operation), x, out, count)
  }
  static func fill(_ value: Double, _ out: UnsafeMutablePointer<Double>, _ count: Int) {
    tk_fill_f64(value, out, count)
  }
  static func accumulate(
    _ scale: Double, _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    tk_accumulate_f64(scale, x, out, count)
  }
  static func accumulateProducts(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ shift: Double,
    _ out: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    tk_accumulate_products_f64(a, b, shift, out, count)
  }
  static func sum(_ x: UnsafePointer<Double>, _ count: Int) -> Double { tk_sum_f64(x, count) }
  static func dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ count: Int) -> Double {
    tk_dot_f64(x, y, count)
  }
  static func absoluteSum(_ x: UnsafePointer<Double>, _ count: Int) -> Double {
    tk_absolute_sum_f64(x, count)
  }
  static func largest(_ x: UnsafePointer<Double>, _ count: Int) -> Double {
    tk_largest_f64(x, count)
  }
  static func smallest(_ x: UnsafePointer<Double>, _ count: Int) -> Double {
    tk_smallest_f64(x, count)
  }
  static func allFinite(_ x: UnsafePointer<Double>, _ count: Int) -> Bool {
    tk_all_finite_f64(x, count)
  }
  static func transpose(
    _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ rows: Int, _ columns: Int
  ) {
    tk_transpose_f64(x, out, rows, columns)
  }
  static func addColumnSums(
    _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ rows: Int, _ columns: Int
  ) {
    tk_add_column_sums_f64(x, out, rows, columns)
  }
  static func addBias(
    _ x: UnsafePointer<Double>, _ bias: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>,
    _ rows: Int, _ columns: Int
  ) {
    tk_add_bias_f64(x, bias, out, rows, columns)
  }
  static func biasSine(
    _ x: UnsafePointer<Double>, _ bias: UnsafePointer<Double>?, _ frequency: Double,
    _ value: UnsafeMutablePointer<Double>, _ slope: UnsafeMutablePointer<Double>?, _ rows: Int,
    _ columns: Int
  ) {
    tk_bias_sine_f64(x, bias, frequency, value, slope, rows, columns)
  }
  static func biasRectify(
    _ x: UnsafePointer<Double>, _ bias: UnsafePointer<Double>?,
    _ value: UnsafeMutablePointer<Double>,
    _ rows: Int, _ columns: Int
  ) {
    tk_bias_rectify_f64(x, bias, value, rows, columns)
  }
  static func biasGaussian(
    _ x: UnsafePointer<Double>, _ bias: UnsafePointer<Double>?, _ scale: Double,
    _ value: UnsafeMutablePointer<Double>, _ slope: UnsafeMutablePointer<Double>?, _ rows: Int,
    _ columns: Int
  ) {
    tk_bias_gaussian_f64(x, bias, scale, value, slope, rows, columns)
  }
  static func biasVariableSine(
    _ x: UnsafePointer<Double>, _ bias: UnsafePointer<Double>?, _ frequency: Double,
    _ throughScale: Bool, _ value: UnsafeMutablePointer<Double>,
    _ slope: UnsafeMutablePointer<Double>?, _ rows: Int, _ columns: Int
  ) {
    tk_bias_variable_sine_f64(x, bias, frequency, throughScale, value, slope, rows, columns)
  }
  static func biasGabor(
    _ x: UnsafePointer<Double>, _ bias: UnsafePointer<Double>?, _ frequency: Double,
    _ scale: Double,
    _ value: UnsafeMutablePointer<Double>, _ slope: UnsafeMutablePointer<Double>?, _ rows: Int,
    _ columns: Int
  ) {
    tk_bias_gabor_f64(x, bias, frequency, scale, value, slope, rows, columns)
  }
  static func rectifyPullback(
    _ value: UnsafePointer<Double>, _ cotangent: UnsafePointer<Double>,
    _ out: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    tk_rectify_pullback_f64(value, cotangent, out, count)
  }
  static func residual(
    _ output: UnsafePointer<Double>, _ target: UnsafePointer<Double>,
    _ residual: UnsafeMutablePointer<Double>, _ count: Int
  ) -> Double {
    tk_residual_f64(output, target, residual, count)
  }
  static func adam(
    _ p: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>,
    _ m: UnsafeMutablePointer<Double>,
    _ v: UnsafeMutablePointer<Double>, _ largest: UnsafeMutablePointer<Double>?, _ count: Int,
    _ settings: AdamSettings, step: Int
  ) {
    tk_adam_f64(
      p, g, m, v, largest, count, settings.rate, settings.decay1, settings.decay2,
      settings.epsilon, settings.correction1(step: step), settings.correction2(step: step),
      settings.weightDecay, settings.decoupledDecay)
  }
  static func sgd(
    _ p: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>,
    _ velocity: UnsafeMutablePointer<Double>?, _ count: Int, _ settings: SGDSettings
  ) {
    tk_sgd_f64(
      p, g, velocity, count, settings.rate, settings.momentum, settings.nesterov,
      settings.weightDecay)
  }
}

/// The distance of `value` from the truth, in units in the last place of the truth.
func ulpError<Scalar: KernelScalar>(_ value: Scalar, _ truth: Scalar.Truth) -> Double {
  if truth.isNaN { return value.isNaN ? 0 : .infinity }
  let rounded = Scalar(truth)
  if rounded.isInfinite || !value.isFinite { return value == rounded ? 0 : .infinity }
  let magnitude = rounded.magnitude
  let isRoundedUp = Scalar.Truth(magnitude) > truth.magnitude
  let spacing = isRoundedUp ? magnitude.nextDown.ulp : magnitude.ulp
  return Double((Scalar.Truth(value) - truth).magnitude / Scalar.Truth(spacing))
}

/// The instruction sets that this processor has.
let instructionSets = ["AVX-512", "AVX2", "baseline"].filter { name in
  defer { _ = tk_select_instruction_set(nil) }
  return tk_select_instruction_set(name)
}

/// Runs the body with every instruction set that this processor has, on this thread alone.
func withEachInstructionSet(_ body: (String) throws -> Void) rethrows {
  defer { _ = tk_select_instruction_set(nil) }
  for name in instructionSets {
    _ = tk_select_instruction_set(name)
    try body(name)
  }
}

/// Reproducible pseudo-random numbers (SplitMix64).
struct TestNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Numbers spread evenly over a range.
  mutating func array<Scalar: KernelScalar>(_ count: Int, in range: ClosedRange<Double>) -> [Scalar]
  {
    (0..<count).map { _ in Scalar(Double.random(in: range, using: &self)) }
  }
}
