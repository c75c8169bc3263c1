import Foundation
import TensorKit
import Testing

@Suite("Cores that a process may use")
struct CoreCountTests {
  /// What a program reports of its cores when something else starts it.
  private func reportedCores(of launcher: [String], in root: URL) throws -> Int? {
    let program = try ProgramRun.built("FitFunction").path
    let command = launcher + [program] + ["--quick", "--width", "8", "--steps", "2"]
    let run = try ProgramRun(
      executable: ProgramRun.onPath(command[0]), Array(command.dropFirst()), in: root)
    try #require(run.code == 0, "\(run.standardError)")
    let summary = try Data(contentsOf: root.appendingPathComponent("output/summary.json"))
    let json = try #require(try JSONSerialization.jsonObject(with: summary) as? [String: Any])
    let made = try #require(json["made"] as? [String: Any])
    return (made["Cores available"] as? String).flatMap { Int($0) }
  }

  @Test(
    "Affinity to one core leaves one", .enabled(if: hasTaskset, "taskset is not installed"))
  func affinity() throws {
    try withTemporaryFolder { root in
      let core = try #require(Self.allowedCores.first)
      let cores = try reportedCores(of: ["taskset", "-c", "\(core)"], in: root)
      #expect(cores == 1)
    }
  }

  @Test(
    "A control group's share of processor time is rounded up",
    .enabled(if: canMakeControlGroup, "no control group can be made here"))
  func controlGroup() throws {
    for (quota, cores) in [(50_000, 1), (100_000, 1), (150_000, min(2, Workers.availableCores))] {
      let group = Self.controller.appendingPathComponent("cores-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: group, withIntermediateDirectories: false)
      defer { rmdir(group.path) }
      try write("\(quota)", to: group.appendingPathComponent("cpu.cfs_quota_us"))
      try withTemporaryFolder { root in
        let entering = "echo $$ >'\(group.path)/cgroup.procs' && exec \"$@\""
        let reported = try reportedCores(of: ["sh", "-c", entering, "sh"], in: root)
        #expect(reported == cores, "\(quota) of 100000 microseconds")
      }
    }
  }

  /// Where control groups of version 1 limit processor time.
  private static let controller = URL(fileURLWithPath: "/sys/fs/cgroup/cpu")

  private static var canMakeControlGroup: Bool {
    let group = controller.appendingPathComponent("probe-\(UUID().uuidString)").path
    guard mkdir(group, 0o755) == 0 else { return false }
    defer { rmdir(group) }
    return FileManager.default.isWritableFile(atPath: group + "/cpu.cfs_quota_us")
  }

  private static var hasTaskset: Bool { (try? ProgramRun.onPath("taskset")) != nil }

  /// The cores that this process may run on, as the system lists them.
  private static var allowedCores: [Int] {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    return line?.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) } ?? []
  }

  private func write(_ text: String, to file: URL) throws {
    let handle = try FileHandle(forWritingTo: file)
    defer { try? handle.close() }
    try handle.write(contentsOf: Data(text.utf8))
  }
}
