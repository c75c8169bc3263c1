import ImageFitting

/// Evaluates a network that FitImage has fitted to a picture at any size; see `--help`.
@main
enum RenderImage {
  static func main() { RenderImageProgram.run() }
}
