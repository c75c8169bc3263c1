import ImageFitting

/// Fits a coordinate network to a picture, with and without gradient adjusters; see `--help`.
@main
enum FitImage {
  static func main() { FitImageProgram.run() }
}
