import CFuzzing
import ExampleSupport
import Foundation

/// A search for files that make a reader fail, led by what of the reader they run through.
enum LibFuzzer {
  /// What the function that libFuzzer calls reads; set once, before it is called.
  nonisolated(unsafe) private static var format = FuzzedFormat.npy

  /// Searches for some seconds, and ends the process if a file makes the reader fail.
  static func run(_ format: FuzzedFormat, _ seeds: [[UInt8]], seconds: Int, output: URL) throws {
    Self.format = format
    let corpus = output.appendingPathComponent("\(format.rawValue)-corpus")
    try FileManager.default.createDirectory(at: corpus, withIntermediateDirectories: true)
    for (index, bytes) in seeds.enumerated() {
      try Data(bytes).write(to: corpus.appendingPathComponent("seed-\(index)"))
    }
    let arguments = [
      "Fuzzing", "-max_total_time=\(seconds)", "-max_len=65536", "-timeout=10",
      "-rss_limit_mb=2048",
      "-malloc_limit_mb=80", "-artifact_prefix=\(output.path)/\(format.rawValue)-", corpus.path,
    ]
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var count = Int32(arguments.count)
    let status = pointers.withUnsafeMutableBufferPointer { buffer in
      var first = buffer.baseAddress
      return fuzzing_run_libfuzzer(&count, &first) { bytes, count in
        LibFuzzer.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
      }
    }
    guard status == 0 else {
      throw ExampleFailure.usage(
        "--libfuzzer needs a build with libFuzzer; run .ci/sanitize --libfuzzer")
    }
  }

  private static func read(_ bytes: [UInt8]) {
    do {
      try format.read(bytes)
    } catch {
      // What libFuzzer takes for a failure.
      if !format.isRefusal(error) {
        TextOutput.standardError.writeLine("\(error)")
        abort()
      }
    }
  }
}
