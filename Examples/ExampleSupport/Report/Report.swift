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
    sections.append(Section(heading: heading, html: "<p class=\"note\">\(note)</p>\n\(table.html)"))
  }

  /// Adds pictures side by side.
  package mutating func addPictures(
    _ heading: String, _ pictures: [ReportPicture], caption: String = ""
  ) {
    figures += 1
    let note = Self.caption("Figure \(figures)", caption)
    let items = pictures.map(\.html).joined(separator: "\n")
    let html = "<div class=\"pictures\">\n\(items)\n</div>\n<p class=\"note\">\(note)</p>"
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
    figures += 1
    let link: String
    if let dataFile {
      let name = XMLText.escape(dataFile)
      link = "<a href=\"\(name)\">Data: \(name)</a>"
    } else {
      let data = Data(plot.csv.utf8).base64EncodedString()
      let file = Self.fileName(plot.title)
      link = "<a download=\"\(file).csv\" href=\"data:text/csv;base64,\(data)\">Data (CSV)</a>"
    }
    let html = """
      <figure class="chart">
      \(plot.svg)<figcaption class="note">\(Self.caption("Figure \(figures)", caption)) \
      \(link)</figcaption>
      </figure>
      """
    sections.append(Section(heading: heading, html: html))
  }

  /// The whole report.
  package var html: String {
    let name = XMLText.escape(title)
    let body = sections.map { section in
      let heading =
        section.heading.isEmpty ? "" : "<h2>\(XMLText.escape(section.heading))</h2>\n"
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
      <main>
      \(body.joined(separator: "\n"))
      \(settingsHTML)
      \(provenanceHTML)
      </main>
      </body>
      </html>

      """
  }

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
