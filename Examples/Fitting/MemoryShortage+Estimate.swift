import ExampleSupport
import GradientAdjusters

extension MemoryShortage {
  /// Why a run is not even started.
  ///
  /// - Parameters:
  ///   - run: The run's name.
  ///   - estimate: What it would take.
  ///   - available: The bytes that can be had.
  ///   - options: The names of the program's options.
  static func failure(
    of run: String, _ estimate: MemoryEstimate, available: Int, options: [String]
  ) -> ExampleFailure {
    let helpful: [String] =
      switch estimate.largest {
      case .model, .optimizer: ["width", "hidden-layers"]
      case .gradients, .tiles: ["width", "hidden-layers", "threads"]
      case .recordings: ["memory"]
      case .kernels: ["downscale", "patch", "group", "adjuster"]
      case .batch: ["downscale"]
      }
    let part = estimate.bytes[estimate.largest, default: 0]
    return ExampleFailure(
      """
      \(run) needs about \(size(estimate.total)) of memory, \(size(part)) of it for \(estimate.largest), and \
      \(size(available)) can be had; \(remedy(among: helpful.filter(options.contains)))
      """, exitCode: .systemError)
  }
}
