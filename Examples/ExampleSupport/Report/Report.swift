import Foundation

/// A report in one HTML file that needs nothing else: no script, no network, no other file.
///
/// ```swift
/// var report = Report(
///   "Fitting cat.png", summary: "…", settings: values.settings,
///   provenance: .current(commandLine: values.commandLine))
/// report.addTable("Results", table)
/// report.addPictures("Pictures", [ReportPicture(png, caption: "Fit", detail: "31.20 dB")])
/// report.addPlot(plot, caption: "Quality during training.")
/// try folder.write(report.html, to: "report.html")
/// ```
package struct Report: Sendable {
  /// The title.
  package let title: String
  /// One paragraph about what was done and what came out.
  package let summary: String
  /// The settings of the run, those given told from the defaults.
  package let settings: [Setting]
  /// Where the report comes from.
  package let provenance: Provenance
  private var sections: [Section] = []
  private var figures = 0
  private var tables = 0

  private struct Section: Sendable {
    var heading: String
    var html: String
  }

  /// Starts a report.
  package init(
    _ title: String, summary: String, settings: [Setting] = [], provenance: Provenance
  ) {
    self.title = title
    self.summary = summary
    self.settings = settings
    self.provenance = provenance
  }

  /// Adds a table of results.
  package mutating func addTable(
    _ heading: String, _ table: ReportTable, caption: String = ""
  ) {
    tables += 1
    let note = Self.caption("Table \(tables)", caption)
    sections.append(Section(heading: heading, html: "\(table.html)\n<p class=\"note\">\(note)</p>"))
  }

  /// How large pictures that stand side by side are.
  package enum PictureSize: String, Sendable {
    /// As large as leaves room for two in a row: for what is to be looked at closely.
    case large
    /// Three in a row.
    case medium
    /// As large as their own pixels, magnified by a whole number where these are few.
    case exact
  }

  /// Adds pictures side by side.
  ///
  /// - Parameters:
  ///   - heading: The heading, or nothing for that of the part before.
  ///   - pictures: The pictures.
  ///   - size: How large they are.
  ///   - caption: What they show.
  package mutating func addPictures(
    _ heading: String, _ pictures: [ReportPicture], size: PictureSize = .medium,
    caption: String = ""
  ) {
    figures += 1
    let note = Self.caption("Figure \(figures)", caption)
    let items = pictures.map { $0.html(isExact: size == .exact) }.joined(separator: "\n")
    // Many large pictures would make a page that nobody scrolls through.
    let shown = size == .large && pictures.count > 8 ? PictureSize.medium : size
    let html =
      "<div class=\"pictures \(shown.rawValue)\">\n\(items)\n</div>\n<p class=\"note\">\(note)</p>"
    sections.append(Section(heading: heading, html: html))
  }

  /// Adds a plot under the heading before it, or under its own when one is given.
  ///
  /// - Parameters:
  ///   - plot: The plot.
  ///   - heading: The heading, or nothing for that of the part before.
  ///   - caption: What the plot shows.
  ///   - dataFile: The name of the file beside the report that holds the numbers, where they are many;
  ///     by default they are within the report, as comma-separated values.
  package mutating func addPlot(
    _ plot: some Plot, heading: String = "", caption: String = "", dataFile: String? = nil
  ) {
    addPlots(
      [plot], heading: heading, caption: caption, dataFiles: dataFile.map { [$0] } ?? [])
  }

  /// Adds plots side by side, as ``addPlot(_:heading:caption:dataFile:)`` adds one.
  ///
  /// Those that are to be compared should have their axes in common.
  ///
  /// - Parameters:
  ///   - plots: The plots.
  ///   - heading: The heading, or nothing for that of the part before.
  ///   - caption: What they show.
  ///   - dataFiles: The name of the file with each one's numbers; none where they are within the report.
  package mutating func addPlots(
    _ plots: [any Plot], heading: String = "", caption: String = "", dataFiles: [String] = []
  ) {
    guard !plots.isEmpty else { return }
    figures += 1
    let width =
      switch plots.count {
      case 1: PlotWidth.full
      // Four are two rows of two.
      case 2, 4: PlotWidth.half
      default: PlotWidth.narrow
      }
    let links = plots.enumerated().map { Self.dataLink(of: $1, in: dataFiles.element(at: $0)) }
    let charts = zip(plots, links).map { plot, link in
      let wide = plot.svg(width: width)
      let drawings =
        width == PlotWidth.narrow
        ? wide
        : "<div class=\"on-paper\">\n\(wide)</div>\n"
          + "<div class=\"on-phone\">\n\(plot.svg(width: PlotWidth.narrow))</div>\n"
      let below = plots.count > 1 ? "<p class=\"quiet data\">\(link)</p>\n" : ""
      return "<div class=\"chart\">\n\(drawings)\(below)</div>"
    }
    let link = plots.count > 1 ? "" : " \(links[0])"
    let html = """
      <figure class="charts charts-\(width == PlotWidth.half ? 2 : min(plots.count, 3))">
      <div>
      \(charts.joined(separator: "\n"))
      </div>
      <figcaption class="note">\(Self.caption("Figure \(figures)", caption))\(link)</figcaption>
      </figure>
      """
    sections.append(Section(heading: heading, html: html))
  }

  private static func dataLink(of plot: any Plot, in file: String?) -> String {
    if let file {
      let name = XMLText.escape(file)
      return "<a href=\"\(name)\">Data: \(name)</a>"
    }
    let data = Data(plot.csv.utf8).base64EncodedString()
    return "<a download=\"\(Self.fileName(plot.title)).csv\" "
      + "href=\"data:text/csv;base64,\(data)\">Data (CSV)</a>"
  }

  /// The whole report.
  package var html: String {
    let name = XMLText.escape(title)
    let body = sections.map { section in
      let heading =
        section.heading.isEmpty
        ? ""
        : "<h2 id=\"\(Self.fileName(section.heading))\">\(XMLText.escape(section.heading))</h2>\n"
      return "<section>\n\(heading)\(section.html)\n</section>"
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(name)</title>
      <style>
      \(ReportStyle.css)
      </style>
      </head>
      <body>
      <header>
      <p class="quiet">\(XMLText.escape(provenance.dateText))</p>
      <h1>\(name)</h1>
      <p class="summary">\(XMLText.escape(summary))</p>
      </header>
      \(contentsHTML)
      <main>
      \(body.joined(separator: "\n"))
      \(settingsHTML)
      \(provenanceHTML)
      </main>
      </body>
      </html>

      """
  }

  /// Links to the headings, where there are many.
  private var contentsHTML: String {
    let headings = sections.map(\.heading).filter { !$0.isEmpty }
    guard headings.count >= Self.fewestListed else { return "" }
    let links = headings.map {
      "<a href=\"#\(Self.fileName($0))\">\(XMLText.escape($0))</a>"
    }
    return "<nav class=\"contents\" aria-label=\"Contents\">\(links.joined(separator: "\n"))</nav>"
  }

  /// A page with as many headings has a table of contents.
  private static let fewestListed = 5

  private var settingsHTML: String {
    if settings.isEmpty { return "" }
    var groups: [(heading: String, settings: [Setting])] = []
    for setting in settings {
      if groups.last?.heading == setting.group {
        groups[groups.count - 1].settings.append(setting)
      } else {
        groups.append((setting.group, [setting]))
      }
    }
    let tables = groups.map { group in
      let rows = group.settings.map { setting in
        let kind = setting.origin.rawValue
        let value = setting.value.isEmpty ? "–" : setting.value
        return "<tr class=\"\(kind)\"><th scope=\"row\">\(XMLText.escape(setting.name))</th>"
          + "<td>\(XMLText.escape(value))</td><td class=\"quiet\">\(kind)</td></tr>"
      }
      let heading = group.heading.isEmpty ? "" : "<h3>\(XMLText.escape(group.heading))</h3>\n"
      return "<div>\n\(heading)<table class=\"settings\">\(rows.joined(separator: "\n"))"
        + "</table>\n</div>"
    }
    return "<section>\n<h2>Settings</h2>\n<div class=\"groups\">\n"
      + tables.joined(separator: "\n") + "\n</div>\n</section>"
  }

  private var provenanceHTML: String {
    let facts =
      [Setting("Package version", provenance.version), Setting("Date", provenance.dateText)]
      + provenance.facts
    let rows = facts.map {
      "<div><dt>\(XMLText.escape($0.name))</dt><dd>\(XMLText.escape($0.value))</dd></div>"
    }
    return """
      <section>
      <h2>How this was made</h2>
      <pre><code>\(XMLText.escape(provenance.commandLine))</code></pre>
      <dl>
      \(rows.joined(separator: "\n"))
      </dl>
      </section>
      """
  }

  private static func caption(_ number: String, _ text: String) -> String {
    "<b>\(number).</b>" + (text.isEmpty ? "" : " \(XMLText.escape(text))")
  }

  private static func fileName(_ title: String) -> String {
    let words = title.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    return words.isEmpty ? "plot" : words.joined(separator: "-")
  }
}
