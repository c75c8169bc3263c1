import Foundation
import Testing

@testable import ExampleSupport

@Suite("Data and statistics")
struct DataTests {
  @Test("JSON has its names in order, texts for infinities and null for what is no number")
  func json() throws {
    let value: JSONValue = [
      "z": 1, "a": .number(0.1), "bad": .number(Double.nan), "worst": .number(-Double.infinity),
      "best": .number(.infinity),
      "none": .number(nil), "text": "a \"b\"\n\\\u{1}é/",
      "list": [1, .number(2.5), .null, .bool(true)],
    ]
    let text = String(decoding: try value.file, as: UTF8.self)
    #expect(text.hasSuffix("}\n") && text.contains("a \\\"b\\\"\\n\\\\\\u0001é/"))
    let names = text.matches(of: /"(\w+)" ?:/).map { String($0.1) }
    #expect(names == ["a", "bad", "best", "list", "none", "text", "worst", "z"])
    let parsed = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    #expect(parsed?["text"] as? String == "a \"b\"\n\\\u{1}é/")
    #expect(parsed?["a"] as? Double == 0.1 && parsed?["z"] as? Int == 1)
    for name in ["bad", "none"] { #expect(parsed?[name] is NSNull) }
    #expect(parsed?["best"] as? String == "Infinity")
    #expect(parsed?["worst"] as? String == "-Infinity")
    #expect((parsed?["list"] as? [Any])?.count == 4)
  }

  @Test(
    "Numbers survive JSON and CSV",
    arguments: [0.1, 1.0 / 3, 1e-300, -2.5e17, Double.leastNonzeroMagnitude, 1e22])
  func roundTrip(value: Double) throws {
    let file = try JSONValue.array([.number(value)]).file
    #expect(try JSONDecoder().decode([Double].self, from: file) == [value])
    var table = CSVTable(columns: ["v"])
    table.append([.number(value)])
    #expect(Double(table.text.split(separator: "\n")[1]) == value)
  }

  @Test("CSV quotes what needs it and keeps rows rectangular")
  func csv() {
    var table = CSVTable(columns: ["name", "a,b"])
    table.append(["say \"hi\"", 1.5])
    table.append(["two\nlines"])
    table.append([3, .number(nil), 4])
    table.append([.number(.infinity), .number(-.infinity)])
    table.append([.number(.nan)])
    #expect(
      table.text
        == "name,\"a,b\"\n\"say \"\"hi\"\"\",1.5\n\"two\nlines\",\n3,\ninf,-inf\nnan,\n")
  }

  @Test("Infinities are shown as such, what is no number as a dash, and zero without a sign")
  func texts() {
    #expect(NumberText.fixed(.infinity, 2) == "∞" && NumberText.significant(.infinity) == "∞")
    #expect(NumberText.fixed(-.infinity, 2) == "-∞" && NumberText.significant(-.infinity) == "-∞")
    #expect(NumberText.fixed(.nan, 2) == "–" && NumberText.significant(-.nan) == "–")
    #expect(NumberText.field(.infinity, 2) == "inf" && NumberText.field(nil, 2) == "nan")
    for value in [-0.0, -0.001, -0.004999] { #expect(NumberText.fixed(value, 2) == "0.00") }
    #expect(NumberText.fixed(-0.4, 0) == "0" && NumberText.field(-1e-9, 3) == "0.000")
    #expect(NumberText.significant(-0.0) == "0" && NumberText.significant(-1e-9) == "-1e-09")
    #expect(NumberText.fixed(-0.006, 2) == "-0.01" && NumberText.fixed(-10, 1) == "-10.0")
    #expect(ProgressMeasure.psnr.text(.infinity) == "∞ dB")
  }

  @Test("A number has the noun that fits it")
  func counts() {
    #expect(NumberText.count(1, "step") == "1 step" && NumberText.count(0, "step") == "0 steps")
    #expect(NumberText.count(2, "patch", "patches") == "2 patches")
    #expect(NumberText.count(-1, "step") == "-1 steps")
  }

  @Test("Median and quantiles")
  func quantiles() {
    #expect([Double]().median == nil)
    #expect([3.0].median == 3)
    #expect([4.0, 1, 2, 3].median == 2.5)
    #expect([1, 2, .nan, 3].median == 2)
    #expect([Double.nan].median == nil)
    #expect([0.0, 10].quantile(0.25) == 2.5)
    #expect([1.0, 2, 3].quantile(0) == 1)
    #expect([1.0, 2, 3].quantile(7) == 3)
    #expect([Double.infinity, .infinity].quantile(0.3) == .infinity)
    #expect([1, .infinity, 2].median == 2 && [1, .infinity].median == .infinity)
    #expect([1.0, 2, 6].mean == 3)
  }

  @Test("The best value is a number, the earliest of equals, and follows the direction")
  func best() {
    var psnr = MeasuredSeries(better: .higher)
    for (step, value) in [1.0, .nan, 5, 5, 2].enumerated() { psnr.record(value, at: step) }
    #expect(psnr.best == MeasuredSeries.Point(step: 2, value: 5))
    #expect(psnr.latest == MeasuredSeries.Point(step: 4, value: 2))
    // That of a perfect fit is the best there is.
    for (step, value) in [.infinity, .nan, 7, .infinity].enumerated() {
      psnr.record(value, at: 5 + step)
    }
    #expect(psnr.best == MeasuredSeries.Point(step: 5, value: .infinity))
    #expect(psnr.medianOverLast(0.2) == .infinity && psnr.median == 5)
    var loss = MeasuredSeries(better: .lower)
    for (step, value) in [3.0, 1, 2].enumerated() { loss.record(value, at: step) }
    #expect(loss.best?.step == 1)
    #expect(loss.median == 2)
  }

  @Test("The median over the last tenth is one over steps, not over values")
  func lastTenth() {
    var series = MeasuredSeries()
    for step in 0...100 { series.record(Double(step), at: step) }
    #expect(series.medianOverLast() == 95)
    #expect(series.medianOverLast(0) == 100)
    #expect(series.medianOverLast(1) == 50)
    var sparse = MeasuredSeries()
    #expect(sparse.medianOverLast() == nil)
    for step in [0, 10, 50, 95, 100] { sparse.record(Double(step), at: step) }
    #expect(sparse.medianOverLast() == 97.5)
  }

  @Test("The machine tells about itself")
  func machine() {
    let before = Machine.monotonicSeconds()
    #expect(Machine.monotonicSeconds() >= before)
    #expect(Machine.peakMemoryMegabytes() > 1 && Machine.peakMemoryMegabytes() < 1e6)
    #expect(!Machine.processorName.isEmpty && !Machine.systemName.isEmpty)
    #expect(Machine.memoryGigabytes > 0.1)
  }

  @Test("The spread of runs is that of those which lasted")
  func spread() {
    let spread = SeriesSpread(of: [[1, 2, 3], [3, 2], [5, 8, 5]])
    #expect(spread.mean == [3, 4, 4])
    #expect(spread.low == [1, 2, 3] && spread.high == [5, 8, 5])
    #expect(spread.band == PlotSeries.Band(low: [1, 2, 3], high: [5, 8, 5]))
    #expect(SeriesSpread(of: [[1, 2]]).band == nil)
    #expect(SeriesSpread(of: []).mean.isEmpty)
  }

  @Test("The standard deviation is that of a sample")
  func deviation() throws {
    #expect([2.0, 4, 4, 4, 5, 5, 7, 9].standardDeviation == (32.0 / 7).squareRoot())
    #expect([1.0].standardDeviation == nil && [Double]().standardDeviation == nil)
    let measure = try #require(MeanWithDeviation(of: [0.011, 0.012, 0.013]))
    #expect(measure.text() == "0.0120 ± 0.0010")
    #expect(MeanWithDeviation(of: [0.5])?.text() == "0.500")
    #expect(MeanWithDeviation(of: []) == nil)
  }
}
