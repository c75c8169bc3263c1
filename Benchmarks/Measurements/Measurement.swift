import ExampleSupport
import TensorKit

/// One measured piece of work, and what it says about the machine's use.
struct Measurement {
  let name: String
  let timing: Timing
  /// Floating-point operations of one repetition, if they are what the work consists of.
  var operations: Double?
  /// The machine's peak in 10⁹ operations a second.
  var peak: Double?
  /// Elements that one repetition works on, if the work is elementwise.
  var elements: Double?

  init(
    _ name: String, timing: Timing, operations: Double? = nil, peak: Double? = nil,
    elements: Double? = nil
  ) {
    self.name = name
    self.timing = timing
    self.operations = operations
    self.peak = peak
    self.elements = elements
  }

  /// One line of JSON.
  var line: String {
    let rate = operations.map { $0 / timing.median / 1e9 }
    var members: [String] = [
      "\"name\": \"\(name)\"", "\"median_s\": \(NumberText.plain(timing.median))",
      "\"fastest_s\": \(NumberText.plain(timing.fastest))",
      "\"slowest_s\": \(NumberText.plain(timing.slowest))",
    ]
    if let rate { members.append("\"gflops\": \(NumberText.fixed(rate, 1))") }
    if let rate, let peak {
      members.append("\"peak_gflops\": \(NumberText.fixed(peak, 1))")
      members.append("\"fraction_of_peak\": \(NumberText.fixed(rate / peak, 3))")
    }
    if let elements {
      members.append(
        "\"billion_elements_per_s\": \(NumberText.fixed(elements / timing.median / 1e9, 3))")
    }
    members.append("\"peak_memory_mb\": \(NumberText.fixed(Machine.peakMemoryMegabytes(), 1))")
    members.append("\"computed_with\": \"\(NumericalLibraries.current)\"")
    return "{" + members.joined(separator: ", ") + "}"
  }
}
