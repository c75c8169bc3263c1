import Foundation

/// A picture of a report: a PNG file's bytes with a caption.
package struct ReportPicture: Sendable, Equatable {
  /// The PNG file's bytes.
  package let png: Data
  /// A short caption, also read out in place of the picture.
  package let caption: String
  /// A second, quieter line, as `31.20 dB`; may be empty.
  package let detail: String

  /// The colour of the run that it is of; nil for a picture of none.
  package let color: PlotColor?

  package init(
    _ png: Data, caption: String, detail: String = "", color: PlotColor? = nil
  ) {
    self.png = png
    self.caption = caption
    self.detail = detail
    self.color = color
  }

  /// The width in pixels as the file's header tells it.
  var width: Int? {
    let bytes = [UInt8](png.prefix(20))
    guard bytes.count == 20, bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return nil }
    return bytes[16..<20].reduce(0) { $0 << 8 | Int($1) }
  }

  /// The width of an exact picture on a page is about this, in pixels.
  private static let exactWidth = 170

  /// The picture with its caption.
  ///
  /// - Parameter isExact: Whether each of its pixels becomes a whole number of the page's.
  func html(isExact: Bool = false) -> String {
    // Enlarged pixels stay sharp; a picture made smaller is left to the browser's filter.
    let small = (width ?? 0) <= 320 || isExact ? " small" : ""
    let detail = detail.isEmpty ? "" : " <span class=\"quiet\">\(XMLText.escape(detail))</span>"
    let factor = max(1, Self.exactWidth / max(width ?? 1, 1))
    let style = isExact ? " style=\"width:\((width ?? 1) * factor)px\"" : ""
    return """
      <figure class="picture\(small)"\(style)><details><summary title="Enlarge or shrink">\
      <img alt="\(XMLText.escape(caption))" src="data:image/png;base64,\
      \(png.base64EncodedString())"></summary></details>
      <figcaption>\(color?.spotHTML ?? "")\(XMLText.escape(caption))\(detail)</figcaption></figure>
      """
  }
}
