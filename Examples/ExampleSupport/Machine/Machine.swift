import Foundation
import TensorKit

/// Facts about the machine and this process.
package enum Machine {
  /// Seconds on a clock that never goes back; only differences mean anything.
  package static func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The most memory that this process has held since it started, in megabytes of 1024² bytes.
  package static func peakMemoryMegabytes() -> Double {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return Double(usage.ru_maxrss) / (1024 * 1024)
    #else
      // The kernel's high-water mark; getrusage's also counts time before `exec`.
      let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
      for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
        let words = line.split(whereSeparator: \.isWhitespace)
        if words.count > 1, let kilobytes = Double(words[1]) { return kilobytes / 1024 }
      }
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return Double(usage.ru_maxrss) / 1024
    #endif
  }

  /// The processor's name as the processor or the system tells it.
  package static var processorName: String {
    if let name = NumericalLibraries.current.processor { return name }
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix("model name") {
      if let colon = line.firstIndex(of: ":") {
        return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
    }
    return "unknown"
  }

  /// The operating system's name and version.
  package static var systemName: String {
    let text = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
      return line.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: ["\""])
    }
    return ProcessInfo.processInfo.operatingSystemVersionString
  }

  /// The machine's memory in gigabytes of 1024³ bytes.
  package static var memoryGigabytes: Double {
    Double(ProcessInfo.processInfo.physicalMemory) / (1024 * 1024 * 1024)
  }
}
