import AutoDiff

/// A network whose hidden values can be looked at.
public protocol LayeredNetwork<Scalar>: Module {
  /// The values that follow each hidden layer's activation or filter, first to last.
  ///
  /// - Parameter input: Shape: [samples, coordinates].
  /// - Returns: Variables of shape [samples, units]; complex units' real parts come before their
  ///   imaginary parts.
  func hiddenValues(at input: Variable<Scalar>) -> [Variable<Scalar>]
}

extension CoordinateNetwork: LayeredNetwork {
  /// The values of each activation.
  public func hiddenValues(at input: Variable<Scalar>) -> [Variable<Scalar>] {
    var features = encoding.map { $0(input) } ?? input
    return layers.dropLast().map { layer in
      features = layer(features, then: activation)
      return features
    }
  }
}

extension ComplexCoordinateNetwork: LayeredNetwork {
  /// The values of each wavelet.
  public func hiddenValues(at input: Variable<Scalar>) -> [Variable<Scalar>] {
    var features = firstFeatures(at: input)
    return [features]
      + layers.dropLast().map { layer in
        features = self.features(of: layer(features))
        return features
      }
  }
}

extension MultiplicativeFilterNetwork: LayeredNetwork {
  /// The values of the first filter, and of each product of a layer and a filter.
  public func hiddenValues(at input: Variable<Scalar>) -> [Variable<Scalar>] {
    var features = filters[0](input)
    return [features]
      + zip(layers, filters.dropFirst()).map { layer, filter in
        features = layer(features) * filter(input)
        return features
      }
  }
}

extension BandLimitedNetwork: LayeredNetwork {
  /// The values of the first filter, and of each product of a layer and a filter.
  public func hiddenValues(at input: Variable<Scalar>) -> [Variable<Scalar>] {
    var features = filters[0](input)
    return [features]
      + zip(layers, filters.dropFirst()).map { layer, filter in
        features = layer(features) * filter(input)
        return features
      }
  }
}
