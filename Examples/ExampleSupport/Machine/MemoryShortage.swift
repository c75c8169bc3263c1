import Foundation
import Synchronization
import TensorKit

/// What programs say where memory is not enough.
package enum MemoryShortage {
  /// The options that change how much memory a run takes, and how.
  private static let remedies: [(option: String, remedy: String)] = [
    ("width", "a smaller --width"), ("hidden-layers", "fewer --hidden-layers"),
    ("downscale", "a larger --downscale"), ("samples", "fewer --samples"),
    ("patch", "a larger --patch"), ("group", "a larger --group"),
    ("adjuster", "another --adjuster"), ("memory", "a smaller --memory"),
    ("threads", "fewer --threads"),
  ]

  /// What to do, by some options.
  package static func remedy(among options: [String]) -> String {
    let chosen = remedies.filter { options.contains($0.option) }.map(\.remedy)
    guard let last = chosen.last else { return "run it where there is more" }
    let others = chosen.dropLast().joined(separator: ", ")
    return "give " + (others.isEmpty ? last : "\(others) or \(last)")
  }

  /// A number of bytes in words.
  package static func size(_ bytes: Int) -> String {
    let mebibytes = Double(bytes) / 0x1p20
    return mebibytes < 1024
      ? "\(NumberText.fixed(mebibytes, 0)) MiB" : "\(NumberText.fixed(mebibytes / 1024, 1)) GiB"
  }

  /// What a program needs beside its tensors once it runs: libraries that compile code, threads' stacks, reports.
  package static let reserve = 64 << 20

  /// Refuses to start where there is not even that.
  static func requireReserve() throws(ExampleFailure) {
    guard let available = TensorMemory.availableBytes, available < reserve else { return }
    throw ExampleFailure(
      """
      the program itself needs about \(size(reserve)) of memory more, and \(size(available)) can be had; run it \
      where there is more
      """, exitCode: .systemError)
  }

  private static let isTold = Atomic(false)

  /// From now on, ends the process with a sentence and `EX_OSERR` (71) where there is no memory for a tensor.
  ///
  /// - Parameter options: The names of the program's options.
  static func endProcessCleanly(options: [String]) {
    let remedy = remedy(among: options)
    TensorMemory.onExhaustion { bytes in
      // One thread says it; others that come meanwhile wait for the end.
      guard !isTold.exchange(true, ordering: .relaxed) else { while true { sleep(1) } }
      Command.writeError(
        "there is no memory for another \(size(bytes)); \(remedy)", to: Ranks.complaints)
      _exit(ExitCode.systemError.rawValue)
    }
  }
}
