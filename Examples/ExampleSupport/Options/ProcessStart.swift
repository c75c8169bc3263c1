import Foundation

/// What a program makes sure of before it reads its options.
enum ProcessStart {
  /// Keeps files from taking the places of standard streams that are closed, and closed pipes from ending
  /// the process.
  static func prepareStreams() {
    // A file that is opened gets the lowest number that is free, and what is meant for a stream would go to it.
    // Opened for reading, standard output still refuses what is written to it.
    for (descriptor, mode) in [(0, O_RDONLY), (1, O_RDONLY), (2, O_WRONLY)] as [(Int32, Int32)]
    where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF { _ = open("/dev/null", mode) }
    // Files are still to be written when nobody reads the output any more.
    signal(SIGPIPE, SIG_IGN)
  }

  /// What follows the program's name.
  ///
  /// - Throws: A failure if it, or the path of the current folder, is not UTF-8: as text it would name other
  ///   files.
  static func arguments() throws(ExampleFailure) -> [String] {
    var arguments: [String] = []
    for index in 1..<max(Int(CommandLine.argc), 1) {
      guard let bytes = CommandLine.unsafeArgv[index] else { break }
      arguments.append(
        try text(
          bytes, "argument \(index)",
          remedy: "give text in UTF-8, and rename files whose names are not"))
    }
    if let folder = getcwd(nil, 0) {
      defer { free(folder) }
      _ = try text(
        folder, "the path of the current folder", remedy: "rename it, or run from another folder")
    }
    return arguments
  }

  private static func text(
    _ bytes: UnsafePointer<CChar>, _ name: String, remedy: String
  ) throws(ExampleFailure) -> String {
    if let text = String(validatingCString: bytes) { return text }
    // Bytes that are not ASCII are shown by their numbers.
    let shown = (0..<strlen(bytes)).map { index -> String in
      let byte = UInt8(bitPattern: bytes[index])
      return byte < 0x80
        ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16, uppercase: true)
    }
    throw .usage("\(name), \"\(shown.joined())\", is not UTF-8; \(remedy)")
  }
}
