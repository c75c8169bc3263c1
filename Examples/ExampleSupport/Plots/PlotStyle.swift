/// The colours of plots in light and dark surroundings.
enum PlotStyle {
  /// Blue, vermilion, green, purple, ochre, sky blue, crimson and brown: distinct for colour-blind eyes too.
  static let lightColors = [
    "#0072b2", "#d55e00", "#00875f", "#b0559a", "#b98500", "#3d9bd4", "#c2255c", "#7a4b2a",
  ]
  static let darkColors = [
    "#4ea8e6", "#f5904f", "#35c79b", "#e39acb", "#ecc04f", "#9ad6f7", "#ff8fab", "#c99b74",
  ]
  static let lightGrey = "#a9b0b8"
  static let darkGrey = "#59626c"

  /// Viridis without what is too light on paper.
  static let lightScale = scale(from: 0, to: 0.82)
  /// Viridis without what is too dark on black.
  static let darkScale = scale(from: 0.3, to: 1)
  private static let scaleSteps = 12

  private static func scale(from low: Double, to high: Double) -> [String] {
    (0..<scaleSteps).map { step in
      let position = low + (high - low) * Double(step) / Double(scaleSteps - 1)
      let color = ColorMap.viridis.color(at: position)
      let digits = [color.red, color.green, color.blue].map { value in
        let text = String(value, radix: 16)
        return text.count < 2 ? "0" + text : text
      }
      return "#" + digits.joined()
    }
  }

  /// The dashes that tell series with the same colour apart.
  static let dashes = ["", "7 4", "2 4", "9 4 2 4"]

  static func colorIndex(_ series: Int) -> Int { series % lightColors.count }

  static func scaleIndex(_ position: Double) -> Int {
    let place = position.isNaN ? 0 : min(max(position, 0), 1)
    return Int((place * Double(scaleSteps - 1)).rounded())
  }

  static func dash(_ series: Int) -> String {
    dashes[(series / lightColors.count) % dashes.count]
  }

  static let css: String = {
    func variables(_ colors: [String], _ scale: [String], grey: String) -> String {
      colors.enumerated().map { "--plot-\($0.offset):\($0.element);" }.joined()
        + scale.enumerated().map { "--plot-s\($0.offset):\($0.element);" }.joined()
        + "--plot-grey:\(grey);"
    }
    let series =
      lightColors.indices.map { ".plot-c\($0){color:var(--plot-\($0))}" }.joined()
      + lightScale.indices.map { ".plot-s\($0){color:var(--plot-s\($0))}" }.joined()
      + ".plot-grey{color:var(--plot-grey)}"
    return """
      .plot{color-scheme:light dark;--plot-surface:#ffffff;--plot-ink:#1f2328;\
      --plot-muted:#59636e;--plot-grid:#e4e7eb;--plot-axis:#8b949e;--plot-gap:#eceff2;\
      \(variables(lightColors, lightScale, grey: lightGrey))\
      color:var(--plot-ink);font-variant-numeric:tabular-nums}
      @media (prefers-color-scheme:dark){.plot{--plot-surface:#14181d;--plot-ink:#e6eaef;\
      --plot-muted:#9aa4af;--plot-grid:#2b323a;--plot-axis:#6b7580;--plot-gap:#232a31;\
      \(variables(darkColors, darkScale, grey: darkGrey))}}
      .plot-surface{fill:var(--plot-surface)}.plot-gap{fill:var(--plot-gap)}\
      .plot-text{fill:var(--plot-ink)}.plot-title{fill:var(--plot-ink);font-weight:600}\
      .plot-muted{fill:var(--plot-muted)}.plot-grid{stroke:var(--plot-grid)}\
      .plot-axis{stroke:var(--plot-axis);fill:none}.plot-name{fill:currentColor}\(series)
      """
  }()
}
