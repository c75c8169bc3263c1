import TensorKit

extension Module {
  /// Shows all parameters, trainable or not, under the names that ``visit(_:)`` gives them.
  ///
  /// What is not a parameter is configuration, such as frequencies of activations and fixed bases: a
  /// state is restored into a model that was made, and prepared by an adjuster, like the saved one.
  ///
  /// - Throws: `StateError` if a parameter is missing, or has another precision or shape.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    // The closure may not hold on to an inout argument.
    var current = visitor
    var problem: (any Error)?
    var parameters = ModuleVisitor<Scalar>(onParameter: { name, _, parameter, _ in
      guard problem == nil else { return }
      do {
        var value = parameter.value
        try current.visit(&value, named: name)
        if current.isReading { parameter = Variable(value) }
      } catch {
        problem = error
      }
    })
    visit(&parameters)
    if let problem { throw problem }
    visitor = current
  }
}

extension ParameterLayout: Checkpointable {
  /// A parameter's name and shape.
  private struct Named: Checkpointable {
    var name = ""
    var shape: [Int] = []

    mutating func visitState(_ visitor: inout StateVisitor) throws {
      try visitor.visit(&name, named: "name")
      try visitor.visit(&shape, named: "shape")
      var count = 1
      for extent in shape {
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        // Sums of this many stay far from overflow, too.
        try visitor.require(
          extent >= 0 && !overflow && product < 1 << 48, of: "shape",
          "no parameter has shape \(shape)")
        count = product
      }
    }
  }

  /// Shows the names and shapes of all parameters.
  ///
  /// - Throws: `StateError` if a shape is not one that a parameter can have.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    var parameters = entries.map { Named(name: $0.name, shape: $0.shape) }
    try visitor.visit(&parameters, named: "parameters", startingFrom: Named())
    guard visitor.isReading else { return }
    self = ParameterLayout()
    for parameter in parameters { append(name: parameter.name, shape: parameter.shape) }
  }
}

extension ParameterVector: Checkpointable {
  /// Shows all numbers, and what lies where.
  ///
  /// - Throws: `StateError` if there are not as many numbers as the layout says.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&layout, named: "layout")
    try visitor.visit(&values, named: "values", keepingShape: false)
    try visitor.requireShape(values.shape, toBe: [layout.count], of: "values")
  }
}

extension StateVisitor {
  /// Shows a vector of parameters that may be absent, such as an average of gradients.
  ///
  /// - Throws: `StateError` if it does not fit.
  public mutating func visit<Scalar: TensorScalar>(
    _ vector: inout ParameterVector<Scalar>?, named name: String
  ) throws {
    try visit(&vector, named: name, startingFrom: ParameterVector(zeros: ParameterLayout()))
  }
}
