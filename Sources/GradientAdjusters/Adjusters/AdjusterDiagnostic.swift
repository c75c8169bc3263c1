/// Numbers that an adjuster measured in a step, as a table with a row for each item.
///
/// An adjuster publishes them through ``GradientAdjuster/diagnostics``, and a program writes them to files and
/// plots them against the step without knowing which adjuster it is.
public struct AdjusterDiagnostic: Sendable, Equatable, Codable {
  /// One number for each item.
  public struct Column: Sendable, Equatable, Codable {
    /// One word, for the head of a table.
    public let name: String
    /// As many as there are items; nil where there is none.
    public let values: [Double?]
    /// How they are plotted; nil for numbers that are for tables alone.
    public let plot: Plot?

    /// A number for each item.
    public init(_ name: String, _ values: [Double?], plot: Plot? = nil) {
      self.name = name
      self.values = values
      self.plot = plot
    }
  }

  /// How a column is plotted, a line for each item.
  public struct Plot: Sendable, Equatable, Codable {
    /// One word, for a file.
    public let name: String
    /// A few words above the plot.
    public let title: String
    /// What the numbers are, along the vertical axis.
    public let quantity: String
    /// Whether equal ratios have equal lengths.
    public let isLogarithmic: Bool
    /// A sentence or more that explains them.
    public let caption: String

    /// Describes a plot.
    public init(
      _ name: String, title: String, quantity: String, isLogarithmic: Bool = false,
      caption: String = ""
    ) {
      self.name = name
      self.title = title
      self.quantity = quantity
      self.isLogarithmic = isLogarithmic
      self.caption = caption
    }
  }

  /// One word, for a file: the same at every step.
  public let name: String
  /// What an item is, in one word.
  public let itemKind: String
  /// What the items are called.
  public let items: [String]
  /// The numbers.
  public let columns: [Column]

  /// Numbers for each of some items.
  ///
  /// - Precondition: Each column has a number for each item.
  public init(_ name: String, of itemKind: String, items: [String], columns: [Column]) {
    precondition(
      columns.allSatisfy { $0.values.count == items.count },
      "columns of \(columns.map(\.values.count)) numbers for \(items.count) items")
    self.name = name
    self.itemKind = itemKind
    self.items = items
    self.columns = columns
  }

  /// The same under another name.
  func named(_ name: String) -> AdjusterDiagnostic {
    AdjusterDiagnostic(name, of: itemKind, items: items, columns: columns)
  }
}

extension SpectralTransform {
  /// The eigenvalues before and after; none if no eigenvalue is changed.
  func diagnostics(named name: String) -> [AdjusterDiagnostic] {
    guard let eigenvalues, eigenvalues.count > 0 else { return [] }
    let before = eigenvalues.elements.map { Double($0) }
    let factors = dampings.elements.map { Double(rest - $0) }
    return [
      AdjusterDiagnostic(
        name, of: "eigenvalue", items: before.indices.map { "\($0 + 1)" },
        columns: [
          .init(
            "before", before,
            plot: .init(
              "before", title: "Eigenvalues before adjustment", quantity: "eigenvalue",
              isLogarithmic: true,
              caption: """
                The leading eigenvalues of the kernel that the adjuster is made from: how strongly the \
                network learns each of the leading directions.
                """)),
          .init("factor", factors),
          .init(
            "after", zip(before, factors).map { $0 * $1 },
            plot: .init(
              "after", title: "Eigenvalues after adjustment", quantity: "eigenvalue",
              isLogarithmic: true,
              caption: "The same times the factor that each direction's residuals were given.")),
        ])
    ]
  }
}

extension BandSpectrum {
  /// What was measured of each band, and what became of it.
  var diagnostic: AdjusterDiagnostic {
    AdjusterDiagnostic(
      "bands", of: "band", items: bands.map(\.name),
      columns: [
        .init("frequency", bands.map(\.frequency)), .init("rank", bands.map { Double($0.rank) }),
        .init("measured", measured),
        .init(
          "energy", energies,
          plot: .init(
            "before", title: "Bands before adjustment", quantity: "kernel energy",
            isLogarithmic: true,
            caption: """
              How strongly the network learns each band of the residuals, the mean eigenvalue of its kernel \
              there, as estimated from measurements.
              """)),
        .init("factor", factors),
        .init(
          "adjusted_energy", adjustedEnergies,
          plot: .init(
            "after", title: "Bands after adjustment", quantity: "kernel energy",
            isLogarithmic: true,
            caption: "The same times the factor that each band's residuals were given.")),
      ])
  }
}
