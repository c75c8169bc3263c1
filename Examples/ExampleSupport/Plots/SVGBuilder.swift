import Foundation

/// Text made safe for XML and HTML.
enum XMLText {
  /// The text with markup characters escaped and characters that XML forbids left out.
  static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: break
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// Collects the elements of a drawing.
struct SVGBuilder {
  enum Anchor: String {
    case start, middle, end
  }

  let width: Double
  let height: Double
  private let title: String
  private var body = ""

  init(width: Double, height: Double, title: String) {
    self.width = width
    self.height = height
    self.title = title
  }

  /// The whole document, without an XML declaration so that it can stand inside HTML too.
  var document: String {
    let name = XMLText.escape(title)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" aria-label="\(name)" \
      viewBox="0 0 \(Self.number(width)) \(Self.number(height))" \
      style="max-width:\(Self.number(width * 1.15))px" \
      font-family="system-ui, sans-serif" font-size="13">
      <title>\(name)</title>
      <style>\(PlotStyle.css)</style>
      <rect class="plot-surface" width="100%" height="100%" fill="#ffffff"/>
      \(body)</svg>

      """
  }

  mutating func add(_ element: String) {
    body += element + "\n"
  }

  mutating func text(
    _ text: String, x: Double, y: Double, anchor: Anchor = .start, class name: String = "plot-text",
    size: Double? = nil, turned: Bool = false
  ) {
    let turn =
      turned ? " transform=\"rotate(-90 \(Self.number(x)) \(Self.number(y)))\"" : ""
    let sized = size.map { " font-size=\"\(Self.number($0))\"" } ?? ""
    add(
      "<text class=\"\(name)\" fill=\"currentColor\" x=\"\(Self.number(x))\" "
        + "y=\"\(Self.number(y))\" text-anchor=\"\(anchor.rawValue)\"\(sized)\(turn)>"
        + "\(XMLText.escape(text))</text>")
  }

  /// A title broken into lines that are no wider than there is room.
  static func titleLines(_ title: String, width: Double) -> [String] {
    TextWrapping.wrap(title, columns: Int(width / (15 * 0.56)))
  }

  /// The lines of a title at the top.
  mutating func titleText(_ lines: [String], x: Double) {
    for (index, line) in lines.enumerated() {
      text(line, x: x, y: 24 + 20 * Double(index), class: "plot-title", size: 15)
    }
  }

  mutating func line(
    x1: Double, y1: Double, x2: Double, y2: Double, class name: String, attributes: String = ""
  ) {
    add(
      "<line class=\"\(name)\" x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\" "
        + "x2=\"\(Self.number(x2))\" y2=\"\(Self.number(y2))\" \(attributes)/>")
  }

  /// A number with at most two decimals.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    let rounded = (value * 100).rounded() / 100
    return rounded == 0 ? "0" : NumberText.plain(rounded)
  }

  /// The path through points.
  static func path(_ points: [PlotPoint]) -> String {
    guard let first = points.first else { return "" }
    var text = "M\(number(first.x)) \(number(first.y))"
    // Round caps make a dot of a line without length.
    if points.count == 1 { return text + "h0.01" }
    for point in points.dropFirst() { text += "L\(number(point.x)) \(number(point.y))" }
    return text
  }

  /// About how wide a text is; there is no font to ask.
  static func estimatedWidth(_ text: String, size: Double = 13) -> Double {
    Double(text.count) * size * 0.56
  }
}
