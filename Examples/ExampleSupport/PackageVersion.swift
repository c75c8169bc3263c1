/// The version of this package, kept in one place.
public enum PackageVersion {
  /// The version that `--version`, summaries and reports show.
  public static let current = "0.1.0"
}
