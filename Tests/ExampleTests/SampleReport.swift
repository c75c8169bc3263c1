import Foundation

@testable import ExampleSupport

/// A report with some of everything.
enum SampleReport {
  static var curves: LinePlot {
    let x = (0...2000).map { Double($0) }
    func curve(_ end: Double, _ pace: Double, _ noise: Double) -> [Double] {
      x.map { end - (end - 14) * exp(-$0 / pace) + noise * sin($0 * 1.7) * cos($0 * 0.31) }
    }
    let adjusted = curve(34.2, 300, 0.3)
    return LinePlot(
      "Quality during training", x: PlotAxis("step"), y: PlotAxis("PSNR", unit: "dB"),
      series: [
        PlotSeries("plain", x: x, y: curve(28, 500, 0.2)),
        PlotSeries(
          "inductive gradient adjustment", x: x, y: adjusted,
          band: .init(low: adjusted.map { $0 - 1.2 }, high: adjusted.map { $0 + 0.9 })),
        PlotSeries("Fourier reparametrization", x: x, y: curve(32, 700, 0.1)),
        PlotSeries("batch normalization", x: x, y: curve(30.5, 200, 0.15)),
      ])
  }

  static var spectrum: LinePlot {
    let x = (1...64).map { Double($0) }
    return LinePlot(
      "Eigenvalues of the kernel", x: PlotAxis("index", scale: .logarithmic),
      y: PlotAxis("eigenvalue", scale: .logarithmic),
      series: [
        PlotSeries("before", x: x, y: x.map { 4e3 * pow($0, -3.1) }, style: .lineWithMarkers),
        PlotSeries("after", x: x, y: x.map { 90 * pow($0, -1.2) }, style: .markers),
      ])
  }

  static var kernel: HeatMap {
    let values = (0..<(48 * 48)).map { index -> Double in
      let distance = Double(index / 48 - index % 48) / 9
      return exp(-distance * distance) + 0.001
    }
    return HeatMap(
      "Kernel matrix", values: values, columns: 48, x: PlotAxis("sample"), y: PlotAxis("sample"),
      value: PlotAxis("kernel value", scale: .logarithmic))
  }

  static func picture(_ size: Int, _ frequency: Double) -> Data {
    let values = (0..<(size * size)).map { index in
      let x = Double(index % size) / Double(size)
      let y = Double(index / size) / Double(size)
      return 0.5 + 0.47 * sin(x * frequency) * cos(y * frequency * 0.7 + x * 4)
    }
    return (try? ColorMap.viridis.png(values, width: size)) ?? Data()
  }

  static func make() -> Report {
    let values = try? ExampleCommand.values(
      "--steps", "2000", "--method", "inductive", "--compare", "adam", "--compare", "sgd")
    var provenance = Provenance.current(
      commandLine: "FitImage --image cat.png --steps 2000 --method inductive --output output/cat")
    provenance.add("Time of the run", "0:03:24")
    var report = Report(
      "Fitting <cat>.png",
      summary: "A sine network with four hidden layers was fitted to a picture of 256 × 256 pixels "
        + "in 2000 steps. With inductive gradient adjustment it reached 34.20 dB, 6.2 dB more "
        + "than with the plain gradient, at 1.3 times the time for each step.",
      settings: values?.settings ?? [], provenance: provenance)
    report.addTable(
      "Results",
      ReportTable(
        columns: [
          .text("Run"), .number("PSNR (dB)", decimals: 2, better: .higher),
          .number("Best (dB)", decimals: 2, better: .higher), .number("At step"),
          .number("Time per step (ms)", decimals: 1, better: .lower), .number("Parameters"),
        ],
        rows: [
          ["plain", 28.01, 28.03, 1990, 9.81, 198_915],
          ["inductive gradient adjustment", 34.2, 34.31, 1987, 12.74, 198_915],
          ["Fourier reparametrization", 31.95, 31.95, 2000, 11.2, 198_915],
          ["batch normalization", 30.5, 30.61, 1200, 10.4, 199_939],
        ]),
      caption: "The best of each column is set in bold. PSNR is the median over the last tenth "
        + "of the steps.")
    report.addPictures(
      "Pictures",
      [
        ReportPicture(picture(256, 30), caption: "Ground truth", detail: "256 × 256"),
        ReportPicture(picture(256, 26), caption: "Plain", detail: "28.01 dB"),
        ReportPicture(picture(256, 29), caption: "Adjusted", detail: "34.20 dB"),
        ReportPicture(picture(24, 9), caption: "Crop", detail: "24 × 24, magnified"),
      ], caption: "Select a picture to enlarge it.")
    report.addPlot(
      curves, heading: "Training", caption: "The band reaches from the lowest run to the highest.")
    report.addPlot(spectrum, heading: "Kernel", caption: "Sorted, of 64 samples.")
    report.addPlot(kernel, caption: "Between pairs of samples.")
    return report
  }
}
