import CTensorKernels
import Foundation

/// How many of a machine's cores fall to each of the processes that run on it.
enum CoreShare {
  /// The number of threads for this process.
  ///
  /// A core that one process alone is bound to is its own; of a core that several may use, each gets its part.
  static func threads(among communicator: some Communicator) throws -> Int {
    let places = try communicator.gather(Array("\(machine)\n\(coreNumbers)".utf8)).map {
      String(decoding: $0, as: UTF8.self)
    }
    return threads(ofRank: communicator.rank, places: places, available: Workers.availableCores)
  }

  /// The number of threads for a process.
  ///
  /// - Parameters:
  ///   - rank: The process.
  ///   - places: For each process its machine, a line feed, and the numbers of the cores that it may use.
  ///   - available: How many cores the process may keep busy.
  static func threads(ofRank rank: Int, places: [String], available: Int) -> Int {
    func parts(_ place: String) -> (machine: Substring, cores: Set<Int>) {
      let lines = place.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      return (
        lines.first ?? "",
        Set((lines.dropFirst().first ?? "").split(separator: " ").compactMap { Int($0) })
      )
    }
    let mine = parts(places[rank])
    let neighbours = places.map(parts).filter { $0.machine == mine.machine }
    // Where the system does not say which cores, all processes of the machine share them.
    guard !mine.cores.isEmpty else { return max(1, available / neighbours.count) }
    let share = mine.cores.reduce(0) { share, core in
      share + 1 / Double(neighbours.count { $0.cores.isEmpty || $0.cores.contains(core) })
    }
    return max(1, min(available, Int(share + 1e-9)))
  }

  /// What tells this machine from others: the same in all containers that share its cores.
  private static var machine: String {
    let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    return boot?.split(separator: "\n").first.map(String.init) ?? ProcessInfo.processInfo.hostName
  }

  /// The numbers of the cores that this process may use; none where the system does not say.
  private static var coreNumbers: String {
    var cores = [Int32](repeating: 0, count: 4096)
    let count = Int(tk_core_numbers(&cores, Int32(cores.count)))
    return cores[..<count].map(String.init).joined(separator: " ")
  }
}
