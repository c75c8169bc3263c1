import Foundation
import INRZoo
import Testing

@testable import ExampleSupport

@Suite("Report")
struct ReportTests {
  @Test("A report holds everything and needs nothing else")
  func complete() throws {
    let report = SampleReport.make()
    let html = report.html
    for text in [
      "<title>Fitting &lt;cat&gt;.png</title>", "Table 1.", "Figure 1.", "Figure 3.",
      "<strong>34.20</strong>", "data:image/png;base64,", "data:text/csv;base64,",
      "download=\"quality-during-training.csv\"", "class=\"given\"", "class=\"default\"",
      "Package version", PackageVersion.current, "FitImage --image", "UTC", "Processor",
    ] {
      #expect(html.contains(text), "\(text) is missing")
    }
    #expect(!html.contains("<script"))
    let addresses = html.matches(of: /(?:src|href|url)\s*[=(]\s*["']?([a-z]+):/).map { $0.1 }
    #expect(addresses.allSatisfy { $0 == "data" })
    #expect(!html.replacing("http://www.w3.org/2000/svg", with: "").contains("http"))
  }

  @Test("Many numbers stay in a file beside the report")
  func dataFile() {
    let plot = HeatMap("Kernel", values: [1, 2, 3, 4], columns: 2, value: PlotAxis("value"))
    var report = Report("Numbers", summary: "", provenance: .current(commandLine: ""))
    report.addPlot(plot, dataFile: "a&b.npy")
    #expect(report.html.contains("<a href=\"a&amp;b.npy\">Data: a&amp;b.npy</a>"))
    #expect(!report.html.contains("data:text/csv"))
    report.addPlot(plot)
    #expect(report.html.count(of: "data:text/csv;base64,") == 1)
  }

  @Test("The best of a column is set in bold, also among equals as shown")
  func best() {
    let table = ReportTable(
      columns: [.text("run"), .number("loss", decimals: 1, better: .lower), .number("n")],
      rows: [["a", 0.31, 5], ["b", 0.29, 1234.5], ["c", .number(.nan)]])
    #expect(table.html.count(of: "<strong>0.3</strong>") == 2)
    #expect(table.html.contains("<td class=\"number\">1234</td>") || table.html.contains("1235"))
    #expect(table.html.count(of: "<td class=\"number\">–</td>") == 2)
    let counts = ReportTable(
      columns: [.number("n")], rows: [[1234], [12345], [-123_456], [1_234_567]])
    for text in ["1234", "12\u{202F}345", "−123\u{202F}456", "1\u{202F}234\u{202F}567"] {
      #expect(counts.html.contains(">\(text)<"))
    }
  }

  @Test("A table is sorted by its first measure, and columns of dashes are left out")
  func sorted() throws {
    let table = ReportTable(
      columns: [
        .text("run"), .number("LPIPS"), .number("PSNR", decimals: 1, better: .higher),
        .number("loss", better: .lower),
      ],
      rows: [
        ["a", .number(nil), 20, 1], ["b", .number(.nan), .number(nil), 2],
        ["c", .number(nil), 30, 3], ["d", .number(nil), 20, 4],
      ]
    ).bestFirst
    let names = table.html.matches(of: /scope="row">([a-d])</).map { String($0.1) }
    #expect(names == ["c", "a", "d", "b"])
    #expect(!table.html.contains("LPIPS") && table.html.contains("PSNR ↓"))
    #expect(table.html.contains("aria-sort=\"descending\""))
    // A table without rows keeps its heads.
    #expect(ReportTable(columns: [.number("n")]).html.contains(">n<"))
  }

  @Test("A report has drawings for small screens, and contents where there are many headings")
  func phone() throws {
    var report = Report("Phone", summary: "", provenance: .current(commandLine: ""))
    report.addPlot(SampleReport.curves, heading: "One & only")
    #expect(report.html.count(of: "viewBox=\"0 0 350 ") == 1)
    #expect(report.html.count(of: "viewBox=\"0 0 720 ") == 1)
    #expect(!report.html.contains("<nav"))
    report.addPlots([SampleReport.curves, SampleReport.spectrum, SampleReport.curves])
    // In a grid they are as small as on a telephone.
    #expect(report.html.count(of: "viewBox=\"0 0 350 ") == 4)
    for index in 0..<4 { report.addPlot(SampleReport.curves, heading: "More \(index)") }
    #expect(report.html.contains("<a href=\"#one-only\">One &amp; only</a>"))
    #expect(report.html.contains("<h2 id=\"one-only\">"))
  }

  @Test("A picture knows its width from its header")
  func width() throws {
    let png = try ColorMap.viridis.png([0, 0.2, 0.4, .nan, 0.8, 1], width: 3)
    let picture = try Picture(pngBytes: Array(png)).values(as: Float.self)
    #expect(picture.shape == [2, 3, 4])
    #expect(picture[0, 0, 3] == 1 && picture[1, 0, 3] == 0)
    #expect(ReportPicture(png, caption: "x").width == 3)
    #expect(ReportPicture(Data([1, 2, 3]), caption: "x").width == nil)
  }

  @Test("A perfect value is shown and is the best, what is no number is neither")
  func perfect() {
    let table = ReportTable(
      columns: [.text("run"), .number("PSNR", decimals: 2, better: .higher)],
      rows: [
        ["a", .number(.infinity)], ["b", 24.5], ["c", .number(.nan)], ["d", .number(.infinity)],
      ])
    #expect(table.html.count(of: "<strong>∞</strong>") == 2)
    #expect(table.html.count(of: "<strong>") == 2)
    #expect(table.html.contains("<td class=\"number\">–</td>"))
    let losses = ReportTable(
      columns: [.text("run"), .number("loss", better: .lower)],
      rows: [["a", .number(.infinity)], ["b", 0]])
    #expect(losses.html.contains("<strong>0</strong>") && losses.html.contains(">∞<"))
  }

  @Test("The date is written in universal time")
  func date() {
    let provenance = Provenance(
      commandLine: "x", version: "1", date: Date(timeIntervalSince1970: 86_399), facts: [])
    #expect(provenance.dateText == "1970-01-01 23:59 UTC")
    #expect(provenance.json == ["command": "x", "version": "1", "date": "1970-01-01 23:59 UTC"])
  }

  @Test("A sample report is written for a person to look at")
  func sample() throws {
    guard let path = ProcessInfo.processInfo.environment["EXAMPLE_REPORT_FOLDER"] else { return }
    let folder = try OutputFolder(path: path).claim()
    try folder.write(SampleReport.make().html, to: "report.html")
    let plots: [any Plot] = [SampleReport.curves, SampleReport.spectrum, SampleReport.kernel]
    for (index, plot) in plots.enumerated() {
      try folder.write(OutputFile.both("plot-\(index)", plot))
    }
  }
}

extension String {
  func count(of text: String) -> Int { ranges(of: text).count }
}
