import CTensorKernels

/// The compiled functions that a scalar type computes with.
///
/// A class, so that generic code passes one reference rather than a table of closures.
public final class TensorKernels<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>

  let binary: @Sendable (Int32, Int32, Input, Input, Output, Int) -> Void
  let binaryRows: @Sendable (Int32, Int32, Input, Input, Output, Int, Int) -> Void
  let unary: @Sendable (Int32, Input, Output, Int) -> Void
  let fill: @Sendable (Scalar, Output, Int) -> Void
  let accumulate: @Sendable (Scalar, Input, Output, Int) -> Void
  let accumulateProducts: @Sendable (Input, Input, Scalar, Output, Int) -> Void

  let sum: @Sendable (Input, Int) -> Double
  let dot: @Sendable (Input, Input, Int) -> Double
  let absoluteSum: @Sendable (Input, Int) -> Double
  let largest: @Sendable (Input, Int) -> Scalar
  let smallest: @Sendable (Input, Int) -> Scalar
  let allFinite: @Sendable (Input, Int) -> Bool

  let transpose: @Sendable (Input, Output, Int, Int) -> Void
  let addColumnSums: @Sendable (Input, Output, Int, Int) -> Void
  let addBias: @Sendable (Input, Input, Output, Int, Int) -> Void

  let gatherRows: @Sendable (Input, UnsafePointer<Int>, Input, Output, Int, Int, Int) -> Void
  let scatterRows:
    @Sendable (Input, UnsafePointer<Int>, Input?, Output, Int, Int, Int, Int, Int) -> Void
  let repeatRows: @Sendable (Input, UnsafePointer<Int>, Int, Output, Int) -> Void
  let contractRows: @Sendable (Input, Input, Output, Int, Int, Int) -> Void
  let contractOuter: @Sendable (Input, Input, Output, Int, Int, Int) -> Void
  let contractInner: @Sendable (Input, Input, Output, Int, Int, Int) -> Void
  let gatherProducts: @Sendable (Input, UnsafePointer<Int>, Input, Output, Int, Int, Int) -> Void
  let gridCorners:
    @Sendable (
      Input, Int, UnsafePointer<tk_grid>, UnsafePointer<Int32>, UnsafeMutablePointer<Int>?, Output?
    ) -> Void
  let gridGather: @Sendable (Input, Int, UnsafePointer<tk_grid>, Input, Int, Output) -> Void
  let gridScatter:
    @Sendable (Input, Int, UnsafePointer<tk_grid>, Input, Int, Int, Int, Output) -> Void
  let gridSlopes: @Sendable (Input, Int, UnsafePointer<tk_grid>, Input, Input, Int, Output) -> Void
  let exclusiveSums: @Sendable (Bool, Input, Output, Int, Int) -> Void

  let standardize: @Sendable (Input, Input, Input, Output, Int, Int) -> Void
  let addCenteredMoments:
    @Sendable (
      Input, Input, UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>, Int, Int
    ) -> Void
  let addCenteredProducts:
    @Sendable (
      Input, Input, Input, UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>, Int, Int
    ) -> Void
  let subtractCommon: @Sendable (Input, Input, Input, Input, Input, Output, Int, Int) -> Void

  let biasSine: @Sendable (Input, Input?, Scalar, Output, Output?, Int, Int) -> Void
  let biasRectify: @Sendable (Input, Input?, Output, Int, Int) -> Void
  let biasGaussian: @Sendable (Input, Input?, Scalar, Output, Output?, Int, Int) -> Void
  let biasVariableSine: @Sendable (Input, Input?, Scalar, Bool, Output, Output?, Int, Int) -> Void
  let biasGabor: @Sendable (Input, Input?, Scalar, Scalar, Output, Output?, Int, Int) -> Void
  let complexGabor: @Sendable (Input, Scalar, Scalar, Output, Int, Int) -> Void
  let complexGaborPullback:
    @Sendable (Input, Input, Input, Scalar, Scalar, Output, Int, Int) -> Void
  let rectifyPullback: @Sendable (Input, Input, Output, Int) -> Void
  let residual: @Sendable (Input, Input, Output, Int) -> Double

  let adamTouched:
    @Sendable (
      Output, Input, Output, Output, Output?, Int, Double, Double, Double, Double, Input, Input,
      Double, Double
    ) -> Void
  let adam:
    @Sendable (
      Output, Input, Output, Output, Output?, Int, Double, Double, Double, Double, Double, Double,
      Double, Double
    ) -> Void
  let momentum: @Sendable (Output, Input, Output?, Int, Double, Double, Bool, Double) -> Void

  let matrixProduct: @Sendable (MatrixProductArguments<Scalar>) -> Void
  let symmetricStep: @Sendable (Output, Int, Int, Input, Input, Input, Output) -> Void

  init(
    binary: @escaping @Sendable (Int32, Int32, Input, Input, Output, Int) -> Void,
    binaryRows: @escaping @Sendable (Int32, Int32, Input, Input, Output, Int, Int) -> Void,
    unary: @escaping @Sendable (Int32, Input, Output, Int) -> Void,
    fill: @escaping @Sendable (Scalar, Output, Int) -> Void,
    accumulate: @escaping @Sendable (Scalar, Input, Output, Int) -> Void,
    accumulateProducts: @escaping @Sendable (Input, Input, Scalar, Output, Int) -> Void,
    sum: @escaping @Sendable (Input, Int) -> Double,
    dot: @escaping @Sendable (Input, Input, Int) -> Double,
    absoluteSum: @escaping @Sendable (Input, Int) -> Double,
    largest: @escaping @Sendable (Input, Int) -> Scalar,
    smallest: @escaping @Sendable (Input, Int) -> Scalar,
    allFinite: @escaping @Sendable (Input, Int) -> Bool,
    transpose: @escaping @Sendable (Input, Output, Int, Int) -> Void,
    addColumnSums: @escaping @Sendable (Input, Output, Int, Int) -> Void,
    addBias: @escaping @Sendable (Input, Input, Output, Int, Int) -> Void,
    gatherRows:
      @escaping @Sendable (Input, UnsafePointer<Int>, Input, Output, Int, Int, Int) -> Void,
    scatterRows:
      @escaping @Sendable (Input, UnsafePointer<Int>, Input?, Output, Int, Int, Int, Int, Int) ->
      Void,
    repeatRows: @escaping @Sendable (Input, UnsafePointer<Int>, Int, Output, Int) -> Void,
    contractRows: @escaping @Sendable (Input, Input, Output, Int, Int, Int) -> Void,
    contractOuter: @escaping @Sendable (Input, Input, Output, Int, Int, Int) -> Void,
    contractInner: @escaping @Sendable (Input, Input, Output, Int, Int, Int) -> Void,
    gatherProducts:
      @escaping @Sendable (Input, UnsafePointer<Int>, Input, Output, Int, Int, Int) -> Void,
    gridCorners:
      @escaping @Sendable (
        Input, Int, UnsafePointer<tk_grid>, UnsafePointer<Int32>, UnsafeMutablePointer<Int>?,
        Output?
      ) -> Void,
    gridGather:
      @escaping @Sendable (Input, Int, UnsafePointer<tk_grid>, Input, Int, Output) -> Void,
    gridScatter:
      @escaping @Sendable (
        Input, Int, UnsafePointer<tk_grid>, Input, Int, Int, Int, Output
      ) -> Void,
    gridSlopes:
      @escaping @Sendable (Input, Int, UnsafePointer<tk_grid>, Input, Input, Int, Output) -> Void,
    exclusiveSums: @escaping @Sendable (Bool, Input, Output, Int, Int) -> Void,
    standardize: @escaping @Sendable (Input, Input, Input, Output, Int, Int) -> Void,
    addCenteredMoments:
      @escaping @Sendable (
        Input, Input, UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>, Int, Int
      ) -> Void,
    addCenteredProducts:
      @escaping @Sendable (
        Input, Input, Input, UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>, Int, Int
      ) -> Void,
    subtractCommon:
      @escaping @Sendable (Input, Input, Input, Input, Input, Output, Int, Int) -> Void,
    biasSine: @escaping @Sendable (Input, Input?, Scalar, Output, Output?, Int, Int) -> Void,
    biasRectify: @escaping @Sendable (Input, Input?, Output, Int, Int) -> Void,
    biasGaussian: @escaping @Sendable (Input, Input?, Scalar, Output, Output?, Int, Int) -> Void,
    biasVariableSine:
      @escaping @Sendable (Input, Input?, Scalar, Bool, Output, Output?, Int, Int) -> Void,
    biasGabor:
      @escaping @Sendable (Input, Input?, Scalar, Scalar, Output, Output?, Int, Int) -> Void,
    complexGabor: @escaping @Sendable (Input, Scalar, Scalar, Output, Int, Int) -> Void,
    complexGaborPullback:
      @escaping @Sendable (Input, Input, Input, Scalar, Scalar, Output, Int, Int) -> Void,
    rectifyPullback: @escaping @Sendable (Input, Input, Output, Int) -> Void,
    residual: @escaping @Sendable (Input, Input, Output, Int) -> Double,
    adamTouched:
      @escaping @Sendable (
        Output, Input, Output, Output, Output?, Int, Double, Double, Double, Double, Input, Input,
        Double, Double
      ) -> Void,
    adam:
      @escaping @Sendable (
        Output, Input, Output, Output, Output?, Int, Double, Double, Double, Double, Double, Double,
        Double, Double
      ) -> Void,
    momentum:
      @escaping @Sendable (Output, Input, Output?, Int, Double, Double, Bool, Double) -> Void,
    matrixProduct: @escaping @Sendable (MatrixProductArguments<Scalar>) -> Void,
    symmetricStep:
      @escaping @Sendable (Output, Int, Int, Input, Input, Input, Output) -> Void
  ) {
    self.binary = binary
    self.binaryRows = binaryRows
    self.unary = unary
    self.fill = fill
    self.accumulate = accumulate
    self.accumulateProducts = accumulateProducts
    self.sum = sum
    self.dot = dot
    self.absoluteSum = absoluteSum
    self.largest = largest
    self.smallest = smallest
    self.allFinite = allFinite
    self.transpose = transpose
    self.addColumnSums = addColumnSums
    self.addBias = addBias
    self.gatherRows = gatherRows
    self.scatterRows = scatterRows
    self.repeatRows = repeatRows
    self.contractRows = contractRows
    self.contractOuter = contractOuter
    self.contractInner = contractInner
    self.gatherProducts = gatherProducts
    self.gridCorners = gridCorners
    self.gridGather = gridGather
    self.gridScatter = gridScatter
    self.gridSlopes = gridSlopes
    self.exclusiveSums = exclusiveSums
    self.standardize = standardize
    self.addCenteredMoments = addCenteredMoments
    self.addCenteredProducts = addCenteredProducts
    self.subtractCommon = subtractCommon
    self.biasSine = biasSine
    self.biasRectify = biasRectify
    self.biasGaussian = biasGaussian
    self.biasVariableSine = biasVariableSine
    self.biasGabor = biasGabor
    self.complexGabor = complexGabor
    self.complexGaborPullback = complexGaborPullback
    self.rectifyPullback = rectifyPullback
    self.residual = residual
    self.adamTouched = adamTouched
    self.adam = adam
    self.momentum = momentum
    self.matrixProduct = matrixProduct
    self.symmetricStep = symmetricStep
  }
}

extension TensorKernels where Scalar == Float {
  static let singlePrecision = TensorKernels(
    binary: tk_binary_f32, binaryRows: tk_binary_rows_f32,
    unary: tk_unary_f32, fill: tk_fill_f32, accumulate: tk_accumulate_f32,
    accumulateProducts: tk_accumulate_products_f32, sum: tk_sum_f32, dot: tk_dot_f32,
    absoluteSum: tk_absolute_sum_f32, largest: tk_largest_f32,
    smallest: tk_smallest_f32, allFinite: tk_all_finite_f32, transpose: tk_transpose_f32,
    addColumnSums: tk_add_column_sums_f32, addBias: tk_add_bias_f32,
    gatherRows: tk_gather_rows_f32, scatterRows: tk_scatter_rows_f32,
    repeatRows: tk_repeat_rows_f32, contractRows: tk_contract_rows_f32,
    contractOuter: tk_contract_outer_f32, contractInner: tk_contract_inner_f32,
    gatherProducts: tk_gather_products_f32, gridCorners: tk_grid_corners_f32,
    gridGather: tk_grid_gather_f32, gridScatter: tk_grid_scatter_f32,
    gridSlopes: tk_grid_slopes_f32,
    exclusiveSums: tk_exclusive_sums_f32,
    standardize: tk_standardize_f32, addCenteredMoments: tk_add_centered_moments_f32,
    addCenteredProducts: tk_add_centered_products_f32, subtractCommon: tk_subtract_common_f32,
    biasSine: tk_bias_sine_f32,
    biasRectify: tk_bias_rectify_f32, biasGaussian: tk_bias_gaussian_f32,
    biasVariableSine: tk_bias_variable_sine_f32, biasGabor: tk_bias_gabor_f32,
    complexGabor: tk_complex_gabor_f32, complexGaborPullback: tk_complex_gabor_pullback_f32,
    rectifyPullback: tk_rectify_pullback_f32, residual: tk_residual_f32,
    adamTouched: tk_adam_touched_f32,
    adam: tk_adam_f32,
    momentum: tk_sgd_f32, matrixProduct: singlePrecisionProduct,
    symmetricStep: tk_symmetric_step_f32)
}

extension TensorKernels where Scalar == Double {
  static let doublePrecision = TensorKernels(
    binary: tk_binary_f64, binaryRows: tk_binary_rows_f64,
    unary: tk_unary_f64, fill: tk_fill_f64, accumulate: tk_accumulate_f64,
    accumulateProducts: tk_accumulate_products_f64, sum: tk_sum_f64, dot: tk_dot_f64,
    absoluteSum: tk_absolute_sum_f64, largest: tk_largest_f64,
    smallest: tk_smallest_f64, allFinite: tk_all_finite_f64, transpose: tk_transpose_f64,
    addColumnSums: tk_add_column_sums_f64, addBias: tk_add_bias_f64,
    gatherRows: tk_gather_rows_f64, scatterRows: tk_scatter_rows_f64,
    repeatRows: tk_repeat_rows_f64, contractRows: tk_contract_rows_f64,
    contractOuter: tk_contract_outer_f64, contractInner: tk_contract_inner_f64,
    gatherProducts: tk_gather_products_f64, gridCorners: tk_grid_corners_f64,
    gridGather: tk_grid_gather_f64, gridScatter: tk_grid_scatter_f64,
    gridSlopes: tk_grid_slopes_f64,
    exclusiveSums: tk_exclusive_sums_f64,
    standardize: tk_standardize_f64, addCenteredMoments: tk_add_centered_moments_f64,
    addCenteredProducts: tk_add_centered_products_f64, subtractCommon: tk_subtract_common_f64,
    biasSine: tk_bias_sine_f64,
    biasRectify: tk_bias_rectify_f64, biasGaussian: tk_bias_gaussian_f64,
    biasVariableSine: tk_bias_variable_sine_f64, biasGabor: tk_bias_gabor_f64,
    complexGabor: tk_complex_gabor_f64, complexGaborPullback: tk_complex_gabor_pullback_f64,
    rectifyPullback: tk_rectify_pullback_f64, residual: tk_residual_f64,
    adamTouched: tk_adam_touched_f64,
    adam: tk_adam_f64,
    momentum: tk_sgd_f64, matrixProduct: doublePrecisionProduct,
    symmetricStep: tk_symmetric_step_f64)
}
