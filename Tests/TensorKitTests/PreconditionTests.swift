import TensorKit
import Testing

/// Whether a process that failed said so in a message; builds for release leave messages out.
func expectMessage(
  _ message: String, of result: ExitTest.Result?,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  #if DEBUG
    let output = try #require(result, sourceLocation: sourceLocation).standardErrorContent
    let text = String(decoding: output, as: UTF8.self)
    #expect(text.contains(message), sourceLocation: sourceLocation)
  #endif
}

/// The mistakes that callers make most end the process with a message that names the shapes.
@Suite struct PreconditionTests {
  @Test func shapesThatDoNotBroadcast() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2, 3]) + Tensor(zeros: [2])
    }
    try expectMessage("tensors of shapes [2, 3] and [2] do not broadcast", of: result)
  }

  @Test func stretchingInPlace() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var x = Tensor<Float>(zeros: [3])
      x += Tensor(zeros: [2, 3])
    }
    try expectMessage("cannot stretch a tensor of shape [3] to [2, 3]", of: result)
  }

  @Test func addingAnotherShape() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var x = Tensor<Float>(zeros: [3])
      x.add(Tensor(zeros: [1]), scaledBy: 2)
    }
    try expectMessage("a tensor of shape [1] cannot be added to one of [3]", of: result)
  }

  @Test func tooFewElements() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>([1, 2, 3], shape: [2, 2])
    }
    try expectMessage("3 elements do not fill the shape [2, 2], which holds 4", of: result)
  }

  @Test func aNegativeExtent() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [-1])
    }
    try expectMessage("an extent is negative in the shape [-1]", of: result)
  }

  @Test func rowsOfDifferentLength() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>([[1, 2], [3]])
    }
    try expectMessage("the rows of a matrix differ in length", of: result)
  }

  @Test func reshapingToAnotherCount() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [6]).reshaped(to: [4, -1])
    }
    try expectMessage("a tensor of shape [6] cannot be reshaped to [4, -1]", of: result)
  }

  @Test func reshapingWithTwoExtentsUnknown() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [6]).reshaped(to: [-1, -1])
    }
    try expectMessage("a tensor of shape [6] cannot be reshaped to [-1, -1]", of: result)
  }

  @Test func anIndexOutside() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2, 3])[1, 3]
    }
    try expectMessage("the index [1, 3] is outside the shape [2, 3]", of: result)
  }

  @Test func tooFewIndices() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2, 3])[1]
    }
    try expectMessage("1 indices for a tensor of shape [2, 3]", of: result)
  }

  @Test func aTensorThatIsNoNumber() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>([1, 2]).scalar
    }
    try expectMessage("a tensor of shape [2] is not a single number", of: result)
  }

  @Test func anAxisThatIsNotThere() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2]).sum(alongAxis: 1)
    }
    try expectMessage("a tensor of shape [2] has no axis 1", of: result)
  }

  @Test func aSliceOutside() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2]).slice(1..<3)
    }
    try expectMessage("the range 1..<3 is outside axis 0 of the shape [2]", of: result)
  }

  @Test func aRowThatIsNotThere() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2, 2]).rows(at: [2])
    }
    try expectMessage("there is no row 2 in a tensor of shape [2, 2]", of: result)
  }

  @Test func rowsOfAnotherShape() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var x = Tensor<Float>(zeros: [2, 2])
      x.setRows(at: [0], to: Tensor(zeros: [1, 3]))
    }
    try expectMessage(
      "1 rows of a tensor of shape [2, 2] cannot be taken from shape [1, 3]", of: result)
  }

  @Test func concatenatingNothing() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>.concatenated([])
    }
    try expectMessage("at least one tensor is needed to concatenate", of: result)
  }

  @Test func concatenatingOtherExtents() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>.concatenated([Tensor(zeros: [1, 2]), Tensor(zeros: [1, 3])])
    }
    try expectMessage("shapes [1, 2] and [1, 3] differ in another axis than 0", of: result)
  }

  @Test func anOrderThatRepeatsAnAxis() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2, 3]).permutingAxes([0, 0])
    }
    try expectMessage("[0, 0] is not an order of the axes of [2, 3]", of: result)
  }

  @Test func matricesThatDoNotFit() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>.matrixProduct(
        Tensor(zeros: [2, 3]), Tensor(zeros: [2, 3]), transposingLeft: false)
    }
    try expectMessage("the product of matrices of shapes [2, 3] and [2, 3]", of: result)
  }

  @Test func aProductIntoAnotherShape() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var x = Tensor<Float>(zeros: [2, 2])
      x.addProduct(Tensor(zeros: [2, 3]), Tensor(zeros: [3, 3]))
    }
    try expectMessage("a product of shape [2, 3] into a matrix [2, 2]", of: result)
  }

  @Test func rowsOfProductsBeforeTheFirst() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let x = Tensor<Float>(zeros: [2, 3])
      _ = Tensor.rowProducts(x, rows: -1..<1, x, rows: 0..<1)
    }
    try expectMessage("rows -1..<1 and 0..<1 of matrices of shapes [2, 3], [2, 3]", of: result)
  }

  @Test func symmetricBlocksOfAnotherShape() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = try Tensor<Float>.symmetric(size: 2) { _, _ in Tensor(zeros: [1, 2]) }
    }
    try expectMessage("a block of shape [1, 2] for rows 0..<2, columns 0..<2", of: result)
  }

  @Test func summingToAShapeThatDoesNotBroadcast() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2, 3]).summed(to: [2])
    }
    try expectMessage("a tensor of shape [2, 3] cannot be summed to [2]", of: result)
  }

  @Test func broadcastingToASmallerShape() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2, 3]).broadcast(to: [3])
    }
    try expectMessage("shape [2, 3] does not broadcast to [3]", of: result)
  }

  @Test func theLargestOfNothing() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [0]).largest()
    }
    try expectMessage("an empty tensor has no largest element", of: result)
  }

  @Test func eigenpairsOfARectangle() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = try Tensor<Float>(zeros: [2, 3]).symmetricEigenpairs()
    }
    try expectMessage("eigenpairs of a tensor of shape [2, 3]", of: result)
  }

  @Test func moreEigenpairsThanThereAre() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = try Tensor<Float>(zeros: [2, 2]).symmetricEigenpairs(3)
    }
    try expectMessage("3 eigenpairs of a matrix of shape [2, 2]", of: result)
  }

  @Test func aBasisOfTooManyColumns() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2, 3]).orthonormalizedColumns()
    }
    try expectMessage("orthonormal columns of a tensor of shape [2, 3]", of: result)
  }

  @Test func aBiasOfAnotherLength() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor<Float>(zeros: [2, 3]).addingBias(Tensor(zeros: [2]))
    }
    try expectMessage("a bias of shape [2] for rows of a tensor of shape [2, 3]", of: result)
  }

  @Test func noThreads() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Workers(threads: 0)
    }
    try expectMessage("0 threads; at least one is needed", of: result)
  }
}
