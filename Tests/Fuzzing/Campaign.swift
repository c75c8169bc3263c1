import CFuzzing
import ExampleSupport
import Foundation
import TensorKit

/// The reading of many files of a format.
struct Campaign {
  let format: FuzzedFormat
  let output: URL
  private(set) var failures = 0
  private var (readCount, refusedCount) = (0, 0)
  private var (mostSeconds, mostBytes) = (0.0, 0)
  private let countsAllocations = fuzzing_counts_allocations()

  /// More than this of a processor's time is a hang.
  private static let boundOfSeconds = 1.0
  /// Beyond ten times the file's size.
  private static let boundOfBytes = 64 << 20

  /// Whether failures are counted and not told.
  private let isQuiet: Bool

  init(format: FuzzedFormat, output: URL, isQuiet: Bool = false) {
    self.format = format
    self.output = output
    self.isQuiet = isQuiet
    Self.restartPeakMemory()
  }

  /// Starts to measure the process's peak memory anew, where the system allows it (Linux).
  private static func restartPeakMemory() {
    try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
  }

  var summary: String {
    """
    \(format.rawValue): \(readCount) read, \(refusedCount) refused, \(failures) failures; at most \
    \(NumberText.significant(mostSeconds, 2)) s and \
    \(NumberText.significant(Double(mostBytes) / 1_048_576, 3)) MiB\
    \(countsAllocations ? "" : " of new peaks")
    """
  }

  /// The file that is being read: what is left of it tells after a crash.
  private var current: URL { output.appendingPathComponent("\(format.rawValue)-current") }

  /// Where a file that makes the reader fail is kept.
  func keptFile(_ name: String) -> URL {
    output.appendingPathComponent("\(format.rawValue)-\(name)")
  }

  /// Reads a file and checks what that took.
  mutating func read(
    _ bytes: [UInt8], _ name: String, with reader: (([UInt8]) throws -> Void)? = nil
  ) throws {
    try store(bytes, at: current)
    let peak = countsAllocations ? 0 : Machine.peakMemoryMegabytes()
    fuzzing_start_counting()
    // A hang ends the process, and leaves the file behind.
    alarm(30)
    let start = Self.processorSeconds()
    var problem: String?
    do {
      try (reader ?? format.read)(bytes)
      readCount += 1
    } catch {
      refusedCount += 1
      if !format.isRefusal(error) { problem = "\(error)" }
    }
    let seconds = Self.processorSeconds() - start
    alarm(0)
    let memory =
      countsAllocations
      ? Int(fuzzing_peak()) : Int((Machine.peakMemoryMegabytes() - peak) * 1_048_576)
    (mostSeconds, mostBytes) = (max(mostSeconds, seconds), max(mostBytes, memory))
    if seconds > Self.boundOfSeconds { problem = "it took \(seconds) s" }
    if memory > Self.boundOfBytes + 10 * bytes.count { problem = "it took \(memory) bytes" }
    guard let problem else { return }
    failures += 1
    let kept = keptFile(name)
    try store(bytes, at: kept)
    if isQuiet { return }
    TextOutput.standardError.writeLine("\(kept.relativePath), \(bytes.count) bytes: \(problem)")
  }

  /// Removes what only a crash would need.
  func finish() throws {
    try? FileManager.default.removeItem(at: current)
    // Only an empty folder goes.
    rmdir(output.path)
  }

  private func store(_ bytes: [UInt8], at file: URL) throws {
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    // In place and not synchronized: it is to outlive this process, not the machine.
    try Data(bytes).write(to: file)
  }

  /// The processor's time of this process so far.
  static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
