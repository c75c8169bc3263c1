import TensorKit
import Testing

/// Names that equal each other as texts, and are two.
private let accented = ["\u{E9}", "e\u{301}"]

@Suite struct NamedValuesTests {
  @Test func namesAreToldApartByCodeUnits() {
    #expect(accented[0] == accented[1], "the names that this suite is about")
    var values: NamedValues = [accented[0]: 1, accented[1]: 2]
    #expect(values.count == 2 && values[accented[0]] == 1 && values[accented[1]] == 2)
    #expect(values != [accented[0]: 2, accented[1]: 1])
    values[accented[0]] = nil
    #expect(values[accented[0]] == nil && values[accented[1]] == 2)
  }

  @Test func theOrderIsThatOfAdditionAndCountsNotForEquality() {
    var values: NamedValues = ["b": 1, "a": 2, "c": 3]
    #expect(values.names == ["b", "a", "c"])
    values["b"] = nil
    values["a"] = 4
    values["b"] = 5
    #expect(values.names == ["a", "c", "b"] && values.map(\.value) == [4, 3, 5])
    let other: NamedValues = ["c": 3, "b": 5, "a": 4]
    #expect(values == other && values.hashValue == other.hashValue)
    #expect(values != ["c": 3, "b": 5] && values != ["c": 3, "b": 5, "d": 4])
    #expect(NamedValues(["y": 1, "x": 2]).names == ["x", "y"])
    #expect(values.mapValues { "\($0)" }["b"] == "5")
  }

  @Test func textsAreCutByCodeUnits() throws {
    // A combining mark after a sign, and a sign after a scalar that joins what follows it.
    let marked = "state:\u{301}x"
    #expect(!marked.contains(":"), "the texts that this test is about")
    #expect(marked.droppingExactPrefix("state:") == "\u{301}x")
    #expect(marked.droppingExactPrefix("other:") == nil)
    #expect("\u{600}.npy".droppingExactSuffix(".npy") == "\u{600}")
    #expect("npy".droppingExactSuffix(".npy") == nil)
    let parts = try #require(marked.splitExactly(atFirst: ":"))
    #expect(parts.before == "state" && parts.after.hasSameCodeUnits(as: "\u{301}x"))
    #expect("state".splitExactly(atFirst: ":") == nil)
    #expect("a'\u{301}'b".replacingExactly("'", with: "-").hasSameCodeUnits(as: "a-\u{301}-b"))
    #expect(!accented[0].hasSameCodeUnits(as: accented[1]))
  }
}

@Suite struct NamesInFilesTests {
  @Test func archivesKeepThemApart() throws {
    var archive = NumPyArchive()
    for (index, name) in (accented + ["\u{600}"]).enumerated() {
      archive.store(Tensor<Float>([Float(index)]), named: name)
    }
    let read = try NumPyArchive(bytes: archive.bytes())
    #expect(read == archive && read.names.count == 3)
    for (index, name) in (accented + ["\u{600}"]).enumerated() {
      #expect(try read.tensor(named: name, as: Float.self).scalar == Float(index))
    }
  }

  @Test func weightFilesKeepThemApart() throws {
    var file = SafeTensorsFile()
    for (index, name) in accented.enumerated() {
      file.store(Tensor<Float>([Float(index)]), named: name)
      file.metadata[name] = "\(index)"
    }
    let read = try SafeTensorsFile(bytes: file.bytes())
    #expect(read == file && read.names.count == 2 && read.metadata.count == 2)
    for (index, name) in accented.enumerated() {
      #expect(try read.tensor(named: name, as: Float.self).scalar == Float(index))
      #expect(read.metadata[name] == "\(index)")
    }
  }

  /// Two values and a text, under names and with contents that characters would mix.
  private struct Accented: Checkpointable {
    var first = 1
    var second = 2
    var text = "\u{301}: \u{E9}"

    mutating func visitState(_ visitor: inout StateVisitor) throws {
      try visitor.visit(&first, named: accented[0])
      try visitor.visit(&second, named: accented[1])
      try visitor.visit(&text, named: "\u{301}")
    }
  }

  @Test func savedStatesKeepThemApart() throws {
    let state = try Accented(first: 3, second: 4, text: "\u{301}").savedState()
    #expect(state.count == 3)
    let read = try SavedState(SafeTensorsFile(bytes: state.file.bytes()))
    #expect(read == state)
    var restored = Accented()
    try restored.restore(from: read)
    #expect(restored.first == 3 && restored.second == 4)
    #expect(restored.text.hasSameCodeUnits(as: "\u{301}"))
    #expect(try Accented(text: "\u{E9}").savedState() != Accented(text: "e\u{301}").savedState())

    var outer = SavedState()
    outer["part.\u{301}"] = .integer(1)
    #expect(outer.part(named: "part")["\u{301}"] == .integer(1))
  }
}
