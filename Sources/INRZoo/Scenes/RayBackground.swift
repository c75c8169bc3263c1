/// What is behind a scene.
public enum RayBackground: String, CaseIterable, Codable, Sendable {
  /// White, as in the published tables of synthetic scenes.
  case white
  /// Black.
  case black
  /// A colour that is drawn anew for each ray of a step, for pictures that tell how opaque their pixels are. A
  /// field cannot paint it, so that what is not opaque stays empty. Pictures for people are shown on white.
  case random

  /// The colour that pictures for people have behind them.
  public var shown: SIMD3<Double> { SIMD3(repeating: self == .black ? 0 : 1) }
}
