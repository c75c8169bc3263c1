import Foundation

/// The cores that this process may run on.
func coreCount() -> Int {
  ProcessInfo.processInfo.activeProcessorCount
}
