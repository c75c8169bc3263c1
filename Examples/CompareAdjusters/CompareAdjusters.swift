import ImageFitting

/// Fits a picture with every adjuster and their compositions; see `--help`.
@main
enum CompareAdjusters {
  static func main() { CompareAdjustersProgram.run() }
}
