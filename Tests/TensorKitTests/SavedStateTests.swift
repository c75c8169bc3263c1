import TensorKit
import Testing

/// A part of a state.
private struct Part: Checkpointable, Equatable {
  var count = 0
  var weight: Double?

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&count, named: "count")
    try visitor.require(count >= 0, of: "count", "it is negative")
    try visitor.visit(&weight, named: "weight")
  }
}

/// A state with a value of each kind.
private struct Everything: Checkpointable, Equatable {
  var single = Tensor<Float>(zeros: [2, 3])
  var double = Tensor<Double>(zeros: [2])
  var anyShape = Tensor<Double>(zeros: [0])
  var optionalTensor: Tensor<Float>?
  var tensors: [Tensor<Float>] = []
  var integer = 0
  var word: UInt64 = 0
  var float: Float = 0
  var number = 0.0
  var flag = false
  var text = ""
  var optionalText: String?
  var integers: [Int] = []
  var words: [UInt64] = []
  var numbers: [Double] = []
  var optionalIntegers: [Int]?
  var part = Part()
  var optionalPart: Part?
  var parts: [Part] = []
  var generator = SeededGenerator(seed: 0)

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&single, named: "single")
    try visitor.visit(&double, named: "double")
    try visitor.visit(&anyShape, named: "anyShape", keepingShape: false)
    try visitor.visit(&optionalTensor, named: "optionalTensor")
    try visitor.visit(&tensors, named: "tensors")
    try visitor.visit(&integer, named: "integer")
    try visitor.visit(&word, named: "word")
    try visitor.visit(&float, named: "float")
    try visitor.visit(&number, named: "number")
    try visitor.visit(&flag, named: "flag")
    try visitor.visit(&text, named: "text")
    try visitor.visit(&optionalText, named: "optionalText")
    try visitor.visit(&integers, named: "integers")
    try visitor.visit(&words, named: "words")
    try visitor.visit(&numbers, named: "numbers")
    try visitor.visit(&optionalIntegers, named: "optionalIntegers")
    try visitor.visit(&part, named: "part")
    try visitor.visit(&optionalPart, named: "optionalPart", startingFrom: Part())
    try visitor.visit(&parts, named: "parts", startingFrom: Part())
    try visitor.visit(&generator, named: "generator")
  }

  static var filled: Everything {
    var value = Everything()
    value.generator = SeededGenerator(seed: 5)
    value.single = .normal(shape: [2, 3], using: &value.generator)
    value.double = Tensor([.nan, -0.0])
    value.anyShape = .normal(shape: [3, 1, 2], using: &value.generator)
    value.optionalTensor = .normal(shape: [4], using: &value.generator)
    value.tensors = [Tensor([1, 2]), Tensor(zeros: [0, 3]), Tensor(zeros: [])]
    value.integer = .min
    value.word = .max
    value.float = 0.1
    value.number = .leastNonzeroMagnitude
    value.flag = true
    value.text = "absent:\n\"ü\"\u{0}"
    value.optionalText = ""
    value.integers = [.max, -1]
    value.words = [.max, 1]
    value.numbers = [0.1, -.infinity]
    value.optionalIntegers = []
    value.part = Part(count: 3, weight: -0.0)
    value.optionalPart = Part(count: 4, weight: nil)
    value.parts = [Part(count: 1), Part(count: 2, weight: 1e300)]
    return value
  }
}

@Suite struct SavedStateTests {
  private static func throughAFile(_ state: SavedState) throws -> SavedState {
    try withTemporaryFolder { folder in
      try state.file.write(to: "\(folder)/state.safetensors")
      return try SavedState(SafeTensorsFile(contentsOf: "\(folder)/state.safetensors"))
    }
  }

  @Test func everyKindSurvivesAFileToTheLastBit() throws {
    let state = try Everything.filled.savedState()
    let read = try Self.throughAFile(state)
    #expect(read == state)
    #expect(read.names.count == 29 && read.count == 29)
    var restored = Everything()
    try restored.restore(from: read)
    // By bits: NaN equals itself, and zeros keep their signs.
    #expect(try restored.savedState() == state)
    #expect(restored.number == .leastNonzeroMagnitude && restored.word == .max)
    #expect(restored.text == Everything.filled.text && restored.parts == Everything.filled.parts)
    #expect(restored.double[1].sign == .minus && restored.double[0].isNaN)
    #expect(restored.generator == Everything.filled.generator)
  }

  @Test func whatIsAbsentIsAbsentAgain() throws {
    let state = try Self.throughAFile(Everything().savedState())
    for name in ["optionalTensor", "optionalText", "optionalIntegers", "optionalPart"] {
      #expect(state[name] == .absent)
    }
    var restored = Everything.filled
    try restored.restore(from: state)
    #expect(restored == Everything())
  }

  @Test func singleValuesAreSpelledAsDocumented() throws {
    let file = try Everything.filled.savedState().file
    #expect(file.metadata["state:integer"] == "integer:\(Int.min)")
    #expect(file.metadata["state:word"] == "unsigned:0xffffffffffffffff")
    #expect(file.metadata["state:float"] == "float:0x3dcccccd")
    #expect(file.metadata["state:number"] == "double:0x0000000000000001")
    #expect(file.metadata["state:flag"] == "boolean:true")
    #expect(file.metadata["state:text"] == "text:\(Everything.filled.text)")
    #expect(file.metadata["state:optionalPart.weight"] == "absent")
    #expect(file["words"]?.elementType == .uint64 && file["integers"]?.elementType == .int64)
  }

  @Test func otherTextsOfAFileAreLeftAlone() throws {
    var file = try Part(count: 2).savedState().file
    file.metadata["program"] = "any"
    #expect(try SavedState(file) == Part(count: 2).savedState())
  }

  @Test(arguments: [
    "integer:1.5", "integer:", "unsigned:5", "unsigned:0xg", "unsigned:0x10000000000000000",
    "double:1.0", "float:0x123456789", "boolean:yes", "weight", "tensor:1", "",
  ])
  func textsThatSpellNoValueAreRefused(text: String) {
    var file = SafeTensorsFile()
    file.metadata["state:count"] = text
    #expect(
      throws: StateError.invalid(name: "count", reason: "'\(text)' spells no value")
    ) { try SavedState(file) }
  }

  @Test func anArrayAndATextOfOneNameAreRefused() {
    var file = SafeTensorsFile()
    file.store(Tensor<Float>([1]), named: "x")
    file.metadata["state:x"] = "integer:1"
    #expect(throws: StateError.repeated(name: "x")) { try SavedState(file) }
  }

  @Test func partsAreFoundByName() throws {
    let state = try Everything.filled.savedState()
    #expect(try state.part(named: "part") == Part(count: 3, weight: -0.0).savedState())
    #expect(state.part(named: "par").isEmpty && !state.isEmpty)
  }

  // MARK: Refusals

  /// Expects that a changed state is refused with an error, and that the value stays as it was.
  private func expectRefusal(
    _ error: StateError, sourceLocation: SourceLocation = #_sourceLocation,
    _ change: (inout SavedState) throws -> Void
  ) throws {
    var state = try Everything.filled.savedState()
    try change(&state)
    var value = Everything()
    value.integer = 12
    let before = value
    #expect(throws: error, sourceLocation: sourceLocation) { try value.restore(from: state) }
    #expect(value == before, sourceLocation: sourceLocation)
  }

  @Test func missingEntriesAreRefused() throws {
    for name in try Everything.filled.savedState().names {
      try expectRefusal(.missing(name: name)) { $0[name] = nil }
    }
  }

  @Test func entriesThatNothingReadsAreRefused() throws {
    try expectRefusal(.leftOver(names: ["generator.more", "part.other"])) {
      $0["part.other"] = .integer(1)
      $0["generator.more"] = .absent
    }
    // One part fewer than there are entries for.
    try expectRefusal(.leftOver(names: ["parts.1.count", "parts.1.weight"])) {
      $0["parts.count"] = .integer(1)
    }
  }

  @Test func entriesOfAnotherKindAreRefused() throws {
    let cases: [(String, expected: String, SavedState.Entry, found: String)] = [
      ("single", "an array of F32", .array(StoredArray(Tensor<Double>([1]))), "an array of F64"),
      ("double", "an array of F64", .integer(1), "an integer"),
      ("integer", "an integer", .double(bits: 0), "a number in double precision"),
      ("word", "an unsigned integer", .integer(1), "an integer"),
      ("float", "a number in single precision", .absent, "absent"),
      (
        "number", "a number in double precision", .float(bits: 0), "a number in single precision"
      ),
      ("flag", "a truth value", .text("true"), "a text"),
      ("text", "a text", .boolean(true), "a truth value"),
      ("optionalText", "a text", .unsignedInteger(1), "an unsigned integer"),
      (
        "integers", "an array of I64 with one axis",
        .array(StoredArray(.int64, shape: [1, 1], bytes: Array(repeating: 0, count: 8))),
        "an array of I64"
      ),
      (
        "part.weight", "a number in double precision", .array(StoredArray(Tensor<Double>([1]))),
        "an array of F64"
      ),
    ]
    for (name, expected, entry, found) in cases {
      try expectRefusal(.kind(name: name, expected: expected, found: found)) { $0[name] = entry }
    }
  }

  @Test func otherShapesAreRefused() throws {
    try expectRefusal(.shape(name: "single", expected: [2, 3], found: [3, 2])) {
      $0["single"] = .array(StoredArray(Tensor<Float>(zeros: [3, 2])))
    }
    try expectRefusal(.shape(name: "generator.words", expected: [4], found: [5])) {
      $0["generator.words"] = [UInt64](repeating: 1, count: 5).stateEntry
    }
  }

  @Test func valuesThatCannotBeAreRefused() throws {
    try expectRefusal(.invalid(name: "generator.words", reason: "all four words are zero")) {
      $0["generator.words"] = [UInt64](repeating: 0, count: 4).stateEntry
    }
    try expectRefusal(.invalid(name: "optionalPart.count", reason: "it is negative")) {
      $0["optionalPart.count"] = .integer(-1)
    }
    for count in [-1, Int.max] {
      try expectRefusal(
        .invalid(name: "parts.count", reason: "there cannot be \(count) parts")
      ) { $0["parts.count"] = .integer(count) }
      try expectRefusal(
        .invalid(name: "tensors.count", reason: "there cannot be \(count) parts")
      ) { $0["tensors.count"] = .integer(count) }
    }
  }

  @Test func twoValuesOfOneNameAreAMistake() throws {
    struct Twice: Checkpointable {
      var (a, b) = (1, 2)
      mutating func visitState(_ visitor: inout StateVisitor) throws {
        try visitor.visit(&a, named: "a")
        try visitor.visit(&b, named: "a")
      }
    }
    var twice = Twice()
    #expect(throws: StateError.repeated(name: "a")) { try twice.savedState() }
    var state = SavedState()
    state["a"] = .integer(1)
    #expect(throws: StateError.repeated(name: "a")) { try twice.restore(from: state) }
  }

  @Test func errorsAreSentences() {
    let errors: [StateError] = [
      .missing(name: "x"), .kind(name: "x", expected: "a text", found: "absent"),
      .shape(name: "x", expected: [1], found: [2]), .leftOver(names: ["x"]), .repeated(name: "x"),
      .invalid(name: "x", reason: "it is negative"),
    ]
    for error in errors {
      #expect(error.description.hasSuffix(".") && error.description.contains("x"))
      #expect(error.within("part").description.contains("part.x"))
    }
    let many = StateError.leftOver(names: (0..<10).map { "n\($0)" }).description
    #expect(many.contains("n7 and 2 more") && !many.contains("n8"))
  }

  @Test func aRestoredGeneratorContinues() throws {
    var original = SeededGenerator(seed: 9)
    for _ in 0..<5 { _ = original.next() }
    var restored = SeededGenerator(seed: 0)
    try restored.restore(from: original.savedState())
    #expect((0..<5).map { _ in restored.next() } == (0..<5).map { _ in original.next() })
  }
}
