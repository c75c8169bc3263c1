import CTensorKernels
import Foundation

/// A function whose accuracy the tests measure.
enum MeasuredFunction: CaseIterable {
  case sine
  case cosine
  case exponential
  case logarithm
  case hyperbolicTangent

  /// The code of the operation in the kernels.
  var operation: Int {
    switch self {
    case .sine: Int(tk_sine)
    case .cosine: Int(tk_cosine)
    case .exponential: Int(tk_exponential)
    case .logarithm: Int(tk_logarithm)
    case .hyperbolicTangent: Int(tk_hyperbolic_tangent)
    }
  }
}

/// A scalar type of the kernels, so that tests are written once for both.
protocol KernelScalar: BinaryFloatingPoint, Sendable {
  /// A type with more digits, in which results are judged.
  associatedtype Truth: BinaryFloatingPoint

  /// What the truth itself may be off by, in units in the last place.
  static var truthUlps: Double { get }
  static func truth(_ function: MeasuredFunction, _ x: Truth) -> Truth

  static func binary(
    _ operation: Int, _ operands: Int, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>, _ count: Int)
  static func unary(
    _ operation: Int, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ count: Int)
  static func fill(_ value: Self, _ out: UnsafeMutablePointer<Self>, _ count: Int)
  static func accumulate(
    _ scale: Self, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ count: Int)
  static func accumulateProducts(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ shift: Self,
    _ out: UnsafeMutablePointer<Self>, _ count: Int)
  static func sum(_ x: UnsafePointer<Self>, _ count: Int) -> Double
  static func dot(_ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ count: Int) -> Double
  static func absoluteSum(_ x: UnsafePointer<Self>, _ count: Int) -> Double
  static func largest(_ x: UnsafePointer<Self>, _ count: Int) -> Self
  static func smallest(_ x: UnsafePointer<Self>, _ count: Int) -> Self
  static func allFinite(_ x: UnsafePointer<Self>, _ count: Int) -> Bool
  static func transpose(
    _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ rows: Int, _ columns: Int)
  static func addColumnSums(
    _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ rows: Int, _ columns: Int)
  static func addBias(
    _ x: UnsafePointer<Self>, _ bias: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>,
    _ rows: Int, _ columns: Int)
  static func biasSine(
    _ x: UnsafePointer<Self>, _ bias: UnsafePointer<Self>?, _ frequency: Self,
    _ value: UnsafeMutablePointer<Self>, _ slope: UnsafeMutablePointer<Self>?, _ rows: Int,
    _ columns: Int)
  static func biasRectify(
    _ x: UnsafePointer<Self>, _ bias: UnsafePointer<Self>?, _ value: UnsafeMutablePointer<Self>,
    _ rows: Int, _ columns: Int)
  static func biasGaussian(
    _ x: UnsafePointer<Self>, _ bias: UnsafePointer<Self>?, _ scale: Self,
    _ value: UnsafeMutablePointer<Self>, _ slope: UnsafeMutablePointer<Self>?, _ rows: Int,
    _ columns: Int)
  static func biasVariableSine(
    _ x: UnsafePointer<Self>, _ bias: UnsafePointer<Self>?, _ frequency: Self,
    _ throughScale: Bool, _ value: UnsafeMutablePointer<Self>,
    _ slope: UnsafeMutablePointer<Self>?, _ rows: Int, _ columns: Int)
  static func biasGabor(
    _ x: UnsafePointer<Self>, _ bias: UnsafePointer<Self>?, _ frequency: Self, _ scale: Self,
    _ value: UnsafeMutablePointer<Self>, _ slope: UnsafeMutablePointer<Self>?, _ rows: Int,
    _ columns: Int)
  static func rectifyPullback(
    _ value: UnsafePointer<Self>, _ cotangent: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>, _ count: Int)
  static func residual(
    _ output: UnsafePointer<Self>, _ target: UnsafePointer<Self>,
    _ residual: UnsafeMutablePointer<Self>, _ count: Int
  ) -> Double
  static func adam(
    _ p: UnsafeMutablePointer<Self>, _ g: UnsafePointer<Self>, _ m: UnsafeMutablePointer<Self>,
    _ v: UnsafeMutablePointer<Self>, _ largest: UnsafeMutablePointer<Self>?, _ count: Int,
    _ settings: AdamSettings, step: Int)
  static func sgd(
    _ p: UnsafeMutablePointer<Self>, _ g: UnsafePointer<Self>,
    _ velocity: UnsafeMutablePointer<Self>?, _ count: Int, _ settings: SGDSettings)
}

/// What an Adam update is given besides the parameters.
struct AdamSettings {
  var rate = 0.01
  var decay1 = 0.9
  var decay2 = 0.999
  var epsilon = 1e-8
  var weightDecay = 0.0
  var decoupledDecay = 0.0
  var keepsLargest = false

  func correction1(step: Int) -> Double { 1 - pow(decay1, Double(step)) }
  func correction2(step: Int) -> Double { 1 - pow(decay2, Double(step)) }
}

/// What an SGD update is given besides the parameters.
struct SGDSettings {
  var rate = 0.1
  var momentum = 0.0
  var nesterov = false
  var weightDecay = 0.0
}

extension Float: KernelScalar {
  static var truthUlps: Double { 0 }

  static func truth(_ function: MeasuredFunction, _ x: Double) -> Double {
    switch function {
    case .sine: sin(x)
    case .cosine: cos(x)
    case .exponential: exp(x)
    case .logarithm: log(x)
    case .hyperbolicTangent: tanh(x)
    }
  }

  static func binary(
    _ operation: Int, _ operands: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    tk_binary_f32(Int32(operation), Int32(operands), a, b, out, count)
  }
  static func unary(
    _ operation: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    tk_unary_f32(Int32(operation), x, out, count)
  }
  static func fill(_ value: Float, _ out: UnsafeMutablePointer<Float>, _ count: Int) {
    tk_fill_f32(value, out, count)
  }
  static func accumulate(
    _ scale: Float, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    tk_accumulate_f32(scale, x, out, count)
  }
  static func accumulateProducts(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ shift: Float,
    _ out: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    tk_accumulate_products_f32(a, b, shift, out, count)
  }
  static func sum(_ x: UnsafePointer<Float>, _ count: Int) -> Double { tk_sum_f32(x, count) }
  static func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Double {
    tk_dot_f32(x, y, count)
  }
  static func absoluteSum(_ x: UnsafePointer<Float>, _ count: Int) -> Double {
    tk_absolute_sum_f32(x, count)
  }
  static func largest(_ x: UnsafePointer<Float>, _ count: Int) -> Float { tk_largest_f32(x, count) }
  static func smallest(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    tk_smallest_f32(x, count)
  }
  static func allFinite(_ x: UnsafePointer<Float>, _ count: Int) -> Bool {
    tk_all_finite_f32(x, count)
  }
  static func transpose(
    _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int
  ) {
    tk_transpose_f32(x, out, rows, columns)
  }
  static func addColumnSums(
    _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int
  ) {
    tk_add_column_sums_f32(x, out, rows, columns)
  }
  static func addBias(
    _ x: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
    _ rows: Int, _ columns: Int
  ) {
    tk_add_bias_f32(x, bias, out, rows, columns)
  }
  static func biasSine(
    _ x: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ frequency: Float,
    _ value: UnsafeMutablePointer<Float>, _ slope: UnsafeMutablePointer<Float>?, _ rows: Int,
    _ columns: Int
  ) {
    tk_bias_sine_f32(x, bias, frequency, value, slope, rows, columns)
  }
  static func biasRectify(
    _ x: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ value: UnsafeMutablePointer<Float>,
    _ rows: Int, _ columns: Int
  ) {
    tk_bias_rectify_f32(x, bias, value, rows, columns)
  }
  static func biasGaussian(
    _ x: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ scale: Float,
    _ value: UnsafeMutablePointer<Float>, _ slope: UnsafeMutablePointer<Float>?, _ rows: Int,
    _ columns: Int
  ) {
    tk_bias_gaussian_f32(x, bias, scale, value, slope, rows, columns)
  }
  static func biasVariableSine(
    _ x: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ frequency: Float,
    _ throughScale: Bool, _ value: UnsafeMutablePointer<Float>,
    _ slope: UnsafeMutablePointer<Float>?, _ rows: Int, _ columns: Int
  ) {
    tk_bias_variable_sine_f32(x, bias, frequency, throughScale, value, slope, rows, columns)
  }
  static func biasGabor(
    _ x: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ frequency: Float, _ scale: Float,
    _ value: UnsafeMutablePointer<Float>, _ slope: UnsafeMutablePointer<Float>?, _ rows: Int,
    _ columns: Int
  ) {
    tk_bias_gabor_f32(x, bias, frequency, scale, value, slope, rows, columns)
  }
  static func rectifyPullback(
    _ value: UnsafePointer<Float>, _ cotangent: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    tk_rectify_pullback_f32(value, cotangent, out, count)
  }
  static func residual(
    _ output: UnsafePointer<Float>, _ target: UnsafePointer<Float>,
    _ residual: UnsafeMutablePointer<Float>, _ count: Int
  ) -> Double {
    tk_residual_f32(output, target, residual, count)
  }
  static func adam(
    _ p: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>, _ largest: UnsafeMutablePointer<Float>?, _ count: Int,
    _ settings: AdamSettings, step: Int
  ) {
    tk_adam_f32(
      p, g, m, v, largest, count, settings.rate, settings.decay1, settings.decay2,
      settings.epsilon, settings.correction1(step: step), settings.correction2(step: step),
      settings.weightDecay, settings.decoupledDecay)
  }
  static func sgd(
    _ p: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>,
    _ velocity: UnsafeMutablePointer<Float>?, _ count: Int, _ settings: SGDSettings
  ) {
    tk_sgd_f32(
      p, g, velocity, count, settings.rate, settings.momentum, settings.nesterov,
      settings.weightDecay)
  }
}
