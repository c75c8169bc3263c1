/// One axis of a plot: what it shows, in which unit and on which scale.
package struct PlotAxis: Sendable, Equatable {
  /// How values are spaced along an axis or a colour scale.
  package enum Scale: Sendable, Equatable {
    /// Equal differences have equal lengths.
    case linear
    /// Equal ratios have equal lengths; values that are not positive become gaps.
    case logarithmic
  }

  /// What the axis shows.
  package let label: String
  /// The unit, shown in parentheses; may be empty.
  package let unit: String
  /// How values are spaced.
  package let scale: Scale
  /// The range shown; nothing for the range of the data.
  package let range: ClosedRange<Double>?

  /// Describes an axis.
  package init(
    _ label: String, unit: String = "", scale: Scale = .linear, range: ClosedRange<Double>? = nil
  ) {
    self.label = label
    self.unit = unit
    self.scale = scale
    self.range = range
  }

  /// The label with the unit in parentheses.
  package var title: String { unit.isEmpty ? label : "\(label) (\(unit))" }
}
