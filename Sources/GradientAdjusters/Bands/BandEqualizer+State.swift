import TensorKit

extension BandEqualizer {
  /// Shows the generator, what was measured and when, whether the constant is learned, what is kept of the
  /// previous residuals, and the damping's state.
  ///
  /// - Throws: `StateError` if it does not fit, or was saved with other bands.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
    try visitor.visit(&stepCount, named: "stepCount")
    try visitor.require(stepCount >= 0, of: "stepCount", "there were \(stepCount) steps")
    try visitor.visit(&constant, named: "constant")
    // Whether there is damping is configuration.
    if var present = damping {
      try visitor.visit(&present, named: "damping")
      damping = present
    }
    try visitor.visit(&spectrum, named: "spectrum", startingFrom: .empty)
    if case .fixed(let bands) = source, let spectrum {
      try visitor.require(
        spectrum.bands == bands.bands, of: "spectrum.bands", "they are not the bands of this run")
    }
    try visitSample(&visitor)
    try visitor.visit(&previous, named: "previous", startingFrom: .empty)
    if let sample, let previous, let sampled = previous.sampled {
      try visitor.requireShape(
        sampled.shape, toBe: [sample.rows.count, previous.means.shape[1]], of: "previous.sampled")
    }
    // These follow from the rest, or belong to a step on its way.
    if visitor.isReading { (weighting, record) = (nil, nil) }
  }

  /// Shows the sampled rows as places within cells; the cells are the bands' own.
  private mutating func visitSample(_ visitor: inout StateVisitor) throws {
    var places = sample?.places
    var bounds = sample?.bounds
    try visitor.visit(&places, named: "sample.places")
    try visitor.visit(&bounds, named: "sample.bounds")
    guard visitor.isReading else { return }
    sample = nil
    guard let places, let bounds else {
      return try visitor.require(
        places == nil && bounds == nil, of: "sample.bounds", "there are bounds or places alone")
    }
    if case .fixed(let bands) = source, let spectrum,
      let cells = bands.weighting(by: spectrum.factors).cells?.cells
    {
      sample = CellSample(places: places, bounds: bounds, of: cells)
    }
    try visitor.require(
      sample != nil, of: "sample.places", "they are not within the cells of the bands")
  }
}

extension BandSpectrum: Checkpointable {
  /// A spectrum of nothing, which a saved one can be read into.
  static var empty: BandSpectrum {
    BandSpectrum(step: 0, bands: [], measured: [], energies: [], estimates: [], factors: [])
  }

  /// Shows the bands and all numbers.
  ///
  /// - Throws: `StateError` if there is not a number for each band.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&step, named: "step")
    try visitor.visit(&bands, named: "bands", startingFrom: Band("", rank: 1))
    for (name, path) in [
      ("measured", \BandSpectrum.measured), ("energies", \.energies), ("estimates", \.estimates),
      ("factors", \.factors),
    ] {
      try visitor.visit(&self[keyPath: path], named: name)
      try visitor.requireShape([self[keyPath: path].count], toBe: [bands.count], of: name)
    }
  }
}

extension Band: Checkpointable {
  /// Shows the name, the rank and the frequency.
  ///
  /// - Throws: `StateError` if the rank is not positive.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&name, named: "name")
    try visitor.visit(&rank, named: "rank")
    try visitor.require(rank > 0, of: "rank", "a band cannot have the rank \(rank)")
    try visitor.visit(&frequency, named: "frequency")
  }
}

extension CellResiduals: Checkpointable {
  /// Residuals of nothing, which saved ones can be read into.
  static var empty: CellResiduals { CellResiduals(means: Tensor(zeros: [0, 0]), sampled: nil) }

  mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&means, named: "means", keepingShape: false)
    try visitor.require(means.rank == 2, of: "means", "they have shape \(means.shape)")
    try visitor.visit(&sampled, named: "sampled")
  }
}
