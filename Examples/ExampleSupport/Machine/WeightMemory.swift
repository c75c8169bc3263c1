/// The memory that a network's weights take in training, as far as that is known before they are made.
package enum WeightMemory {
  /// Refuses a network that the machine has no room for.
  ///
  /// - Parameters:
  ///   - weights: The number of its weights, or a part of them.
  ///   - bytes: The bytes of a number.
  ///   - copies: How many numbers training holds for each weight: itself, its gradient, and those of the optimizer.
  ///   - width: The value of `--width`.
  ///   - available: The machine's memory in GiB.
  /// - Throws: A failure that says how much would be needed.
  package static func check(
    weights: Double, bytes: Int, copies: Int, width: Int,
    available: Double = Machine.memoryGigabytes
  ) throws(ExampleFailure) {
    let needed = weights * Double(bytes * copies) / (1024 * 1024 * 1024)
    guard needed > available else { return }
    throw .usage(
      """
      --width \(width) makes \(NumberText.significant(weights)) weights, whose training needs \
      \(NumberText.fixed(needed, 0)) GiB at least, more than the \(NumberText.fixed(available, 0)) GiB of this \
      machine; choose a smaller --width
      """)
  }
}
