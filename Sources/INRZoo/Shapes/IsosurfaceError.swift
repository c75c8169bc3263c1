import Foundation

/// Why no surface can be taken from samples.
public enum IsosurfaceError: Error, Hashable, Sendable {
  /// A sample at a place of the grid is not a number, or infinite.
  case sampleIsNotFinite(value: Double, place: [Int])
}

extension IsosurfaceError: CustomStringConvertible, LocalizedError {
  /// A sentence for people: what is wrong, and the remedy.
  public var description: String {
    switch self {
    case .sampleIsNotFinite(let value, let place):
      "The sample at \(place) is \(value), and a surface is found between finite ones only; "
        + "look for the cause, or replace such samples."
    }
  }

  /// The same sentence as ``description``.
  public var errorDescription: String? { description }
}
