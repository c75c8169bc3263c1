// The standard library's functions of these names end an optimized program without a word: their messages are
// of debug builds alone. Numeric code runs optimized, and a mistake in a shape needs its sentence there most of
// all. So the package has its own, which take the place of the others wherever this module is imported within it.

/// Ends the program with a reason, in optimized builds as well, unless a condition holds.
///
/// - Parameters:
///   - condition: What the caller had to see to.
///   - message: What was wrong, with the values.
@inlinable
package func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String = "",
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition() { endProgram(message(), file: file, line: line) }
}

/// Ends the program with a reason, in optimized builds as well.
///
/// - Parameter message: What was wrong, with the values.
@inlinable
package func preconditionFailure(
  _ message: @autoclosure () -> String = "", file: StaticString = #fileID, line: UInt = #line
) -> Never {
  endProgram(message(), file: file, line: line)
}

/// Writes out what was printed so far, which the end of a program would lose, and then the reason.
///
/// For mistakes of a caller's code alone: what a user or a file gives is refused by errors that are thrown. Of the
/// standard library's ways to end a program this is the one that prints its reason in optimized builds.
@inline(never) @usableFromInline
package func endProgram(_ message: String, file: StaticString, line: UInt) -> Never {
  flushOutput()
  fatalError(message, file: file, line: line)
}
