import ExampleSupport
import Foundation

/// Readers that do what none may do, to see that it is noticed.
enum WrongReaders {
  /// Makes sure that each is.
  static func requireNotice(output: URL) throws {
    var campaign = Campaign(format: .npy, output: output, isQuiet: true)
    for (name, read) in readers {
      let failures = campaign.failures
      try campaign.read([0], name, with: read)
      guard campaign.failures == failures + 1 else {
        throw ExampleFailure.software("a reader with a wrong \(name) was not noticed")
      }
      try FileManager.default.removeItem(at: campaign.keptFile(name))
    }
    try campaign.finish()
  }

  private static let readers: [(name: String, read: @Sendable ([UInt8]) throws -> Void)] = [
    ("error", { _ in throw BrokenPromise(reason: "it is wrong on purpose") }),
    (
      // Together more than the bound, and each below the one that sanitizers are given.
      "allocation",
      { _ in
        let rooms = (1...3).map { [UInt8](repeating: UInt8($0), count: 40 << 20) }
        if rooms.contains(where: { $0.last == 0 }) { throw BrokenPromise(reason: "it is empty") }
      }
    ),
    (
      "time",
      { _ in
        let start = Campaign.processorSeconds()
        while Campaign.processorSeconds() < start + 1.1 {}
      }
    ),
  ]
}
