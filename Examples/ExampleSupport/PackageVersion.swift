/// The version of this package, kept in one place.
package enum PackageVersion {
  /// The version that `--version`, summaries and reports show.
  package static let current = "0.2.0"
}
