import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@testable import ExampleSupport

/// Counts the elements of an XML document, or says why it is not one.
final class XMLCounter: NSObject, XMLParserDelegate {
  private(set) var elements: [String: Int] = [:]

  static func count(_ text: String) throws -> [String: Int] {
    let counter = XMLCounter()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = counter
    guard parser.parse() else {
      throw ExampleFailure.software("not XML at line \(parser.lineNumber)")
    }
    return counter.elements
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    elements[name, default: 0] += 1
  }
}

@Suite("Plots")
struct PlotTests {
  @Test(
    "Linear ticks are multiples of 1, 2 or 5",
    arguments: [
      (0.0, 10.0, [0.0, 2, 4, 6, 8, 10]), (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
      (-0.3, 0.3, [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]),
      (18.2, 33.9, [20, 22, 24, 26, 28, 30, 32]),
      (0, 2000, [0, 500, 1000, 1500, 2000]), (1, 1, []),
    ])
  func linear(low: Double, high: Double, expected: [Double]) {
    let ticks = Ticks.linear(from: low, to: high)
    #expect(ticks.count == expected.count)
    for (tick, value) in zip(ticks, expected) { #expect(abs(tick - value) < 1e-9) }
  }

  @Test("Logarithmic ticks are powers of ten, with 2 and 5 where there are few")
  func logarithmic() {
    func close(_ a: [Double], _ b: [Double]) -> Bool {
      a.count == b.count && zip(a, b).allSatisfy { abs($0 / $1 - 1) < 1e-9 }
    }
    #expect(close(Ticks.logarithmic(from: 0.01, to: 100), [0.01, 0.1, 1, 10, 100]))
    #expect(close(Ticks.logarithmic(from: 1, to: 30), [1, 2, 5, 10, 20]))
    let wide = [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1]
    #expect(close(Ticks.logarithmic(from: 1e-12, to: 1), wide))
    #expect(Ticks.logarithmic(from: 0, to: 1) == [])
    #expect(Ticks.logarithmic(from: 2, to: 3).count >= 3)
  }

  @Test("Labels have the decimals they need, and powers of ten at the extremes")
  func labels() {
    #expect(Ticks.labels(for: [0, 0.5, 1], scale: .linear) == ["0.0", "0.5", "1.0"])
    #expect(Ticks.labels(for: [-20, 0], scale: .linear) == ["−20", "0"])
    #expect(Ticks.labels(for: [0, 2e6, 4e6], scale: .linear) == ["0", "2×10⁶", "4×10⁶"])
    #expect(Ticks.labels(for: [1e6, 1.5e6], scale: .linear) == ["10⁶", "1.5×10⁶"])
    #expect(Ticks.labels(for: [0.01, 1, 100], scale: .logarithmic) == ["0.01", "1", "100"])
    #expect(Ticks.labels(for: [1e-8, 1e-2], scale: .logarithmic) == ["10⁻⁸", "10⁻²"])
    #expect(Ticks.labels(for: [], scale: .linear) == [])
  }

  @Test("A plot with everything is valid XML and shows every series")
  func everything() throws {
    let x = (0..<50).map { Double($0) }
    let series = (0..<9).map { index in
      PlotSeries(
        "a<b & \"c\" \(index)", x: x, y: x.map { $0 * Double(index + 1) },
        band: index == 0 ? .init(low: x.map { $0 - 1 }, high: x.map { $0 + 1 }) : nil,
        style: index == 1 ? .lineWithMarkers : index == 2 ? .markers : .line)
    }
    let plot = LinePlot(
      "<Title> & \u{1}more", x: PlotAxis("x", unit: "s"),
      y: PlotAxis("y", scale: .logarithmic), series: series)
    let elements = try XMLCounter.count(plot.svg)
    #expect(elements["title"] == 1)
    #expect(elements["circle"] == 2 * 49)
    #expect(plot.svg.count(of: "<path") >= 8 + 1)
    #expect(plot.svg.count(of: "stroke-width=\"1.8\"") == 8)
    // Each line has its name at its end, and no legend repeats it.
    for index in 0..<9 { #expect(plot.svg.count(of: "&quot;c&quot; \(index)<") == 1) }
    #expect(plot.svg.contains("aria-label=\"&lt;Title&gt; &amp; more\""))
    #expect(plot.svg.contains("prefers-color-scheme"))
  }

  @Test("Series that belong together have the same colour")
  func colors() {
    func plot(_ second: PlotColor?) -> String {
      LinePlot(
        "Pairs", x: PlotAxis("x"), y: PlotAxis("y"),
        series: [
          PlotSeries("a", x: [0, 1], y: [0, 1], color: .hue(3)),
          PlotSeries("b", x: [0, 1], y: [1, 0], style: .markers, color: second),
        ]
      ).svg
    }
    let code = PlotStyle.lightColors[3]
    #expect(plot(.hue(3)).contains("class=\"plot-c3\" color=\"\(code)\""))
    #expect(!plot(.hue(3)).contains("class=\"plot-c1\""))
    #expect(plot(nil).contains("class=\"plot-c1\" color=\"\(PlotStyle.lightColors[1])\""))
  }

  @Test("Names at the ends of lines keep their distance and stay within the axes")
  func namesAtEnds() throws {
    let ends = [100.0, 101, 102, 219, 220]
    let series = ends.indices.map { PlotSeries("line \($0)", x: [0, 1], y: [0, 1]) }
    let plot = LinePlot("p", x: PlotAxis("x"), y: PlotAxis("y"), series: series)
    let labels = try #require(LinePlotLabels(plot, width: 720, height: 300))
    let placed = labels.placed(
      Dictionary(uniqueKeysWithValues: ends.enumerated().map { ($0, PlotPoint(x: 1, y: $1)) }),
      from: 0, to: 220)
    #expect(placed.map(\.series) == [0, 1, 2, 3, 4])
    #expect(zip(placed.dropFirst(), placed).allSatisfy { $0.y - $1.y >= 14 })
    #expect(placed.allSatisfy { (0...220).contains($0.y) })
    #expect(placed[0].y == 100 && placed[4].y == 220)
    // On a small screen a long name would leave no room for the line.
    let long = LinePlot(
      "p", x: PlotAxis("x"), y: PlotAxis("y"),
      series: [PlotSeries("inductive gradient adjustment", x: [0, 1], y: [0, 1])])
    #expect(LinePlotLabels(long, width: 350, height: 220) == nil)
    #expect(long.svg(width: 350).contains(">inductive gradient adjustment<"))
  }

  @Test("Texts have the same size at every width, and nothing lies outside")
  func widths() throws {
    let lines = LinePlot(
      "A title that is longer than a small screen is wide", x: PlotAxis("step"),
      y: PlotAxis("PSNR", unit: "dB"),
      series: [PlotSeries("iga", x: [0, 1000], y: [10, 30])], note: "dashed: early; solid: end")
    let map = HeatMap(
      "A title that is longer than a small screen is wide", values: (0..<600).map(Double.init),
      columns: 60, value: PlotAxis("relative error"), rowNames: (0..<10).map { "row \($0)" })
    for plot in [lines, map] as [any Plot] {
      for width in [PlotWidth.full, PlotWidth.half, PlotWidth.narrow] {
        let svg = plot.svg(width: width)
        _ = try XMLCounter.count(svg)
        let sizes = Set(svg.matches(of: /font-size="([0-9.]+)"/).map { String($0.1) })
        #expect(sizes == ["12", "13", "15"])
        let box = try #require(svg.firstMatch(of: /viewBox="0 0 ([0-9.]+) ([0-9.]+)"/))
        let drawn = try #require(Double(box.1))
        #expect(drawn <= width + 1)
        for match in svg.matches(of: /<text[^>]* x="([0-9.]+)"/) {
          #expect((Double(match.1) ?? .infinity) <= drawn)
        }
      }
    }
  }

  @Test("Charts side by side have their axes in common")
  func sharedAxes() {
    func plot(_ y: [Double]) -> LinePlot {
      LinePlot(
        "p", x: PlotAxis("x"), y: PlotAxis("y", scale: .logarithmic),
        series: [PlotSeries("a", x: [0, 1], y: y)])
    }
    let plots = [plot([1, 2]), plot([10, 1000])].sharingAxes
    #expect(plots[0].y.range == plots[1].y.range && plots[0].x.range == 0...1)
    #expect(plots[0].y.range.map { $0.lowerBound < 1 && $0.upperBound > 1000 } == true)
    #expect([plot([1, 2])].sharingAxes[0].y.range == nil)
  }

  @Test("A run has one colour; of many runs the first and the best few have one")
  func runColors() {
    let few = RunColors(["a", "b", "c"], bestFirst: ["c", "a", "b"])
    #expect(few["a"] == .hue(0) && few["c"] == .hue(2) && few.note.isEmpty)
    let names = (0..<20).map { "run \($0)" }
    let many = RunColors(names, bestFirst: names.reversed())
    let colored = names.filter { many[$0] != .grey }
    #expect(colored == ["run 0"] + Array(names.suffix(5)))
    #expect(Set(colored.map { many[$0].className }).count == 6)
    #expect(many.note == "grey: 14 other runs")
  }

  @Test(
    "Nothing to show and nothing finite make valid plots too",
    arguments: [
      [], [PlotSeries("a", x: [], y: [])], [PlotSeries("a", x: [1, 2], y: [.nan, .infinity])],
      [PlotSeries("a", x: [1], y: [1])], [PlotSeries("a", x: [0, 1], y: [1e300, -1e300])],
    ])
  func empty(series: [PlotSeries]) throws {
    for scale in [PlotAxis.Scale.linear, .logarithmic] {
      let plot = LinePlot(
        "p", x: PlotAxis("x"), y: PlotAxis("y", scale: scale), series: series)
      _ = try XMLCounter.count(plot.svg)
      #expect(!plot.svg.contains("nan") && !plot.svg.contains("inf"))
    }
  }

  @Test("What is no number leaves a gap, and so does what a logarithm cannot show")
  func gaps() {
    func moves(_ y: [Double], _ scale: PlotAxis.Scale) -> Int {
      let x = y.indices.map { Double($0) }
      let plot = LinePlot(
        "p", x: PlotAxis("x"), y: PlotAxis("y", scale: scale),
        series: [PlotSeries("", x: x, y: y)])
      let path = plot.svg.split(separator: "\n").first { $0.hasPrefix("<path") }
      return path?.count { $0 == "M" } ?? 0
    }
    #expect(moves([1, 2, .nan, 3, 4, .nan, 5], .linear) == 3)
    #expect(moves([1, 2, .nan, 3, 4, .infinity, 5], .linear) == 2)
    #expect(moves([1, 2, 0, 3, -4, 5], .logarithmic) == 3)
  }

  @Test("What is infinite lies at the edge, which says so, and moves no axis")
  func infinities() {
    func plot(_ y: [Double], _ scale: PlotAxis.Scale = .linear) -> LinePlot {
      LinePlot(
        "p", x: PlotAxis("x"), y: PlotAxis("y", scale: scale),
        series: [PlotSeries("", x: [0, 1, 2], y: y)])
    }
    func path(_ svg: String) -> Substring? {
      svg.split(separator: "\n").first { $0.hasPrefix("<path") }?.split(separator: "\"")[3]
    }
    let finite = plot([1, 2, 1]).svg
    #expect(!finite.contains("∞"))
    for scale in [PlotAxis.Scale.linear, .logarithmic] {
      let high = plot([1, .infinity, 2], scale).svg
      #expect(high.count(of: ">∞<") == 1 && !high.contains("inf"))
      #expect(path(high)?.contains("nan") == false)
    }
    let low = plot([1, -.infinity, 2]).svg
    #expect(low.count(of: ">-∞<") == 1 && low.count(of: ">∞<") == 0)
    #expect(plot([1, -.infinity, 2], .logarithmic).svg.count(of: "∞") == 0)
    let scale = AxisScale(PlotAxis("y"), values: [1, .infinity, 2, -.infinity], padding: 0)
    #expect(scale.low == 1 && scale.high == 2)
    #expect(scale.position(.infinity) == 1 && scale.position(-.infinity) == 0)
    #expect(plot([1, .infinity, 2]).csv.contains("1,inf\n"))
  }

  @Test("Thousands of points become a few in each column, and peaks stay")
  func decimation() {
    let points = (0..<100_000).map { i in
      PlotPoint(x: Double(i) * 0.006, y: i == 54_321 ? 99 : Double(i % 7))
    }
    let thin = Decimation.thin(points)
    #expect(thin.count <= 4 * 601)
    #expect(thin.first == points.first && thin.last == points.last)
    #expect(thin.contains { $0.y == 99 })
    #expect(zip(thin, thin.dropFirst()).allSatisfy { $0.x <= $1.x })
    let few = Array(points.prefix(3))
    #expect(Decimation.thin(few) == few)
  }

  static let hardRanges: [[Double]] = [
    [1e-308, 1e308], [1e-300, 1e300], [-1e308, 1e308], [0, 1e-308], [1, 1 + 0x1p-52],
    [1e16, 1e16 + 2], [-1e300, -1.000_000_000_000_000_2e300],
  ]

  @Test(
    "Numbers at the limits of their type, and such as differ in the last bit, can be shown",
    arguments: [PlotAxis.Scale.linear, .logarithmic], hardRanges)
  func extremes(scale: PlotAxis.Scale, values: [Double]) throws {
    let plot = LinePlot(
      "Extremes", x: PlotAxis("step"), y: PlotAxis("loss", scale: scale),
      series: [PlotSeries("values", x: [0, 1], y: values)])
    let svg = plot.svg
    _ = try XMLCounter.count(svg)
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    // As narrow as the numbers themselves, without the room around them.
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    let ticks =
      scale == .linear
      ? Ticks.linear(from: low, to: high) : Ticks.logarithmic(from: low, to: high)
    #expect(Ticks.labels(for: ticks, scale: scale).count == ticks.count)
  }

  @Test("Every plot has its numbers as CSV")
  func csv() {
    let plot = LinePlot(
      "p", x: PlotAxis("step"), y: PlotAxis("PSNR", unit: "dB"),
      series: [
        PlotSeries("a", x: [1, 2], y: [0.1, .nan], band: .init(low: [0], high: [1])),
        PlotSeries("b", x: [3], y: [4]),
      ])
    #expect(
      plot.csv == "series,step,PSNR (dB),low,high\na,1,0.1,0,1\na,2,nan,,\nb,3,4,,\n")
    let map = HeatMap("m", values: [1, 2, 3, 4.5], columns: 2, value: PlotAxis("v"))
    #expect(map.csv == "row,0,1\n0,1,2\n1,3,4.5\n")
  }

  @Test("Heat maps of any shape are valid XML")
  func heatMaps() throws {
    for (rows, columns) in [(1, 1), (0, 4), (40, 3), (700, 600)] {
      for scale in [PlotAxis.Scale.linear, .logarithmic] {
        let values = (0..<(rows * columns)).map { $0 % 5 == 0 ? .nan : Double($0) - 3 }
        let map = HeatMap(
          "m & m", values: values, columns: columns, value: PlotAxis("v", scale: scale))
        let elements = try XMLCounter.count(map.svg)
        #expect(elements["image"] == (rows == 0 ? 1 : 2))
        #expect(map.rows == rows)
      }
    }
  }

  @Test("Viridis runs from dark blue to yellow and always gets lighter")
  func viridis() {
    func near(_ value: Double, _ red: Int, _ green: Int, _ blue: Int) -> Bool {
      let color = ColorMap.viridis.color(at: value)
      let pairs = [(Int(color.red), red), (Int(color.green), green), (Int(color.blue), blue)]
      return pairs.allSatisfy { abs($0 - $1) <= 6 }
    }
    #expect(near(0, 68, 1, 84))
    #expect(near(0.5, 33, 145, 140))
    #expect(near(1, 253, 231, 37))
    #expect(near(-3, 68, 1, 84) && near(.infinity, 253, 231, 37))
    let light = (0...100).map { step in
      let color = ColorMap.viridis.color(at: Double(step) / 100)
      return 0.2126 * Double(color.red) + 0.7152 * Double(color.green) + 0.0722 * Double(color.blue)
    }
    #expect(zip(light, light.dropFirst()).allSatisfy { $0 < $1 })
  }
}
