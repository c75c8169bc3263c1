extension Tensor {
  /// A tensor of independent numbers, uniform over a range.
  ///
  /// The numbers are drawn in double precision and then rounded, so that the same generator gives the
  /// same tensor in either precision, up to that rounding.
  public static func uniform(
    over range: ClosedRange<Double>, shape: [Int], using generator: inout some RandomNumberGenerator
  ) -> Tensor {
    let (low, width) = (range.lowerBound, range.upperBound - range.lowerBound)
    return Tensor(shape: shape) { elements in
      for index in elements.indices {
        elements[index] = Scalar(low + width * unitUniform(&generator))
      }
    }
  }

  /// A tensor of independent numbers, normally distributed with mean zero.
  public static func normal(
    standardDeviation: Double = 1, shape: [Int], using generator: inout some RandomNumberGenerator
  ) -> Tensor {
    Tensor(shape: shape) { elements in
      var index = 0
      while index < elements.count {
        // Box and Muller 1958: two independent normal numbers from two uniform ones.
        let radius =
          standardDeviation * (-2 * (1 - unitUniform(&generator)).logarithm()).squareRoot()
        let angle = 2 * Double.pi * unitUniform(&generator)
        elements[index] = Scalar(radius * angle.cosine())
        if index + 1 < elements.count { elements[index + 1] = Scalar(radius * angle.sine()) }
        index += 2
      }
    }
  }
}

/// Uniform over [0, 1), with 53 random bits.
private func unitUniform(_ generator: inout some RandomNumberGenerator) -> Double {
  Double(generator.next() >> 11) * 0x1p-53
}
