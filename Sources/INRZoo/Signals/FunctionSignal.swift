import GradientAdjusters
import TensorKit

/// A function of one variable as a signal to fit: the functions of published experiments.
///
/// Values are computed in double precision and then rounded.
public struct FunctionSignal<Scalar: TensorScalar>: Sendable {
  /// Where the function is sampled, of shape [samples].
  public let abscissas: Tensor<Double>
  /// The function's values, of shape [samples].
  public let values: Tensor<Double>
  /// What a model is given for each sample, of shape [samples, inputs].
  public let inputs: Tensor<Scalar>

  /// A function at evenly spaced points.
  ///
  /// - Parameters:
  ///   - range: The first point and the last.
  ///   - samples: The number of points.
  ///   - inputs: What a model is given at a point; the point itself by default.
  ///   - function: The function.
  /// - Precondition: There is a sample, and equally many inputs at each point.
  public init(
    over range: ClosedRange<Double>, samples: Int, inputs: (Double) -> [Double] = { [$0] },
    function: (Double) -> Double
  ) {
    abscissas = .evenlySpaced(over: range, count: samples)
    let points = abscissas.elements
    values = Tensor(points.map(function))
    self.inputs = Tensor(Tensor<Double>(points.map(inputs)))
  }

  /// The number of samples.
  public var sampleCount: Int { values.count }

  /// All samples as a batch, in groups of consecutive ones; what is left over belongs to no group.
  ///
  /// - Precondition: The size is positive.
  public func batch(groupSize: Int) -> Batch<Scalar> {
    Batch(
      inputs: inputs, targets: Tensor(values).reshaped(to: [-1, 1]),
      groups: RowPartition(rowCount: sampleCount, groupSize: groupSize))
  }

  /// Sines on a circle: experiment 1 of the paper on inductive gradient adjustment.
  ///
  /// `y(θ) = Σ sin(2π k θ)` for k = 0.2, 0.4, 0.8, 1.6, with θ evenly spaced over [0, 2π], both ends
  /// included, and the inputs (cos θ, sin θ). The first and the last sample have the same input.
  ///
  /// - Parameter samples: The number of samples; 1024 as published.
  public static func circle(samples: Int = 1024) -> FunctionSignal {
    FunctionSignal(over: 0...(2 * .pi), samples: samples, inputs: { [$0.cosine(), $0.sine()] }) {
      angle in
      [0.2, 0.4, 0.8, 1.6].reduce(0) { $0 + ($1 * 2 * .pi * angle).sine() }
    }
  }

  /// A sum of sines: experiment 2 of the paper on inductive gradient adjustment.
  ///
  /// `y(x) = Σ sin(2π k x)`, with x evenly spaced over [-1, 1], both ends included.
  ///
  /// - Parameters:
  ///   - frequencies: k; published are 5, 10, … 30 for rectified linear units and 10, 20, … 60 for sines.
  ///   - samples: The number of samples; 2048 as published.
  public static func sines(frequencies: [Double], samples: Int = 2048) -> FunctionSignal {
    FunctionSignal(over: -1...1, samples: samples) { x in
      frequencies.reduce(0) { $0 + (2 * .pi * $1 * x).sine() }
    }
  }

  /// A stepped function: that of the paper on Fourier reparameterized training.
  ///
  /// `y(x) = 2 · round((sin 3πx + sin 5πx + sin 7πx + sin 9πx) / 2)`, halves rounded to even, with x
  /// evenly spaced over [-1, 1], both ends included.
  ///
  /// - Parameter samples: The number of samples; 300 as published.
  public static func steps(samples: Int = 300) -> FunctionSignal {
    FunctionSignal(over: -1...1, samples: samples) { x in
      let sum = [3.0, 5, 7, 9].reduce(0) { $0 + ($1 * .pi * x).sine() }
      return 2 * (sum / 2).rounded(.toNearestOrEven)
    }
  }
}
