import Foundation

/// HDF5's own reports of errors, which it prints to standard error unless it is told not to.
///
/// matio has it linked, and its headers are where no module map finds them on every system: its functions are looked
/// up by name.
enum HDF5Reports {
  private typealias Getter =
    @convention(c) (
      Int64, UnsafeMutablePointer<UnsafeMutableRawPointer?>,
      UnsafeMutablePointer<UnsafeMutableRawPointer?>
    ) -> Int32
  private typealias Setter =
    @convention(c) (Int64, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Int32

  /// The stack of errors of the calling thread, `H5E_DEFAULT`.
  private static let errorStack: Int64 = 0

  /// Calls a closure during which HDF5 prints nothing; what went wrong is told by results.
  static func silenced<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let getter = dlsym(nil, "H5Eget_auto2"), let setter = dlsym(nil, "H5Eset_auto2") else {
      return try body()
    }
    let (get, set) = (
      unsafeBitCast(getter, to: Getter.self), unsafeBitCast(setter, to: Setter.self)
    )
    var function: UnsafeMutableRawPointer?
    var data: UnsafeMutableRawPointer?
    let isKnown = get(errorStack, &function, &data) >= 0
    _ = set(errorStack, nil, nil)
    defer { if isKnown { _ = set(errorStack, function, data) } }
    return try body()
  }
}
