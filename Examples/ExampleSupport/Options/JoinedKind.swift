extension ValueKind {
  /// One or more values of another kind, joined by a sign: `a+b`.
  ///
  /// - Parameters:
  ///   - part: The kind of each part; its choices are those of the help.
  ///   - sign: What stands between parts.
  ///   - parts: Gives the parts of a value, to write it.
  ///   - combine: Makes a value of the parts that were read, or says what is wrong with them.
  /// - Returns: A kind of value that is read part by part.
  package static func joined<Part: Sendable>(
    _ part: ValueKind<Part>, by sign: Character,
    parts: @escaping @Sendable (Value) -> [Part],
    combine: @escaping @Sendable ([Part]) throws(ValueProblem) -> Value
  ) -> ValueKind {
    ValueKind(
      placeholder: part.placeholder, expectation: part.expectation, choices: part.choices,
      describe: { parts($0).map(part.describe).joined(separator: String(sign)) }
    ) { text throws(ValueProblem) in
      let texts = text.split(separator: sign, omittingEmptySubsequences: false).map(String.init)
      var read: [Part] = []
      for piece in texts {
        do throws(ValueProblem) {
          read.append(try part.parse(piece))
        } catch {
          if texts.count == 1 { throw error }
          let reason = error.reason.isEmpty ? "" : ", \(error.reason)"
          throw ValueProblem(
            "a part of which is \"\(piece)\"\(reason)", remedy: error.remedy,
            exitCode: error.exitCode)
        }
      }
      return try combine(read)
    }
  }
}
