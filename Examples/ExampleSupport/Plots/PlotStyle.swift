/// The colours of plots in light and dark surroundings.
enum PlotStyle {
  /// Blue, vermilion, green, purple, ochre, sky blue and grey: distinct for colour-blind eyes too.
  static let lightColors = [
    "#0072b2", "#d55e00", "#00875f", "#b0559a", "#b98500", "#3d9bd4", "#5b6068",
  ]
  static let darkColors = [
    "#4ea8e6", "#f5904f", "#35c79b", "#e39acb", "#ecc04f", "#9ad6f7", "#bcc2c9",
  ]

  /// The dashes that tell series with the same colour apart.
  static let dashes = ["", "7 4", "2 4", "9 4 2 4"]

  static func colorIndex(_ series: Int) -> Int { series % lightColors.count }
  static func dash(_ series: Int) -> String {
    dashes[(series / lightColors.count) % dashes.count]
  }

  static let css: String = {
    func colors(_ list: [String]) -> String {
      list.enumerated().map { "--plot-\($0.offset):\($0.element);" }.joined()
    }
    let series = lightColors.indices.map {
      ".plot-c\($0){color:var(--plot-\($0))}"
    }.joined()
    return """
      .plot{color-scheme:light dark;--plot-surface:#ffffff;--plot-ink:#1f2328;\
      --plot-muted:#59636e;--plot-grid:#e4e7eb;--plot-axis:#8b949e;--plot-gap:#eceff2;\
      \(colors(lightColors))\
      color:var(--plot-ink);font-variant-numeric:tabular-nums}
      @media (prefers-color-scheme:dark){.plot{--plot-surface:#14181d;--plot-ink:#e6eaef;\
      --plot-muted:#9aa4af;--plot-grid:#2b323a;--plot-axis:#6b7580;--plot-gap:#232a31;\
      \(colors(darkColors))}}
      .plot-surface{fill:var(--plot-surface)}.plot-gap{fill:var(--plot-gap)}\
      .plot-text{fill:var(--plot-ink)}.plot-title{fill:var(--plot-ink);font-weight:600}\
      .plot-muted{fill:var(--plot-muted)}.plot-grid{stroke:var(--plot-grid)}\
      .plot-axis{stroke:var(--plot-axis);fill:none}\(series)
      """
  }()
}
