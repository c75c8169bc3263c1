import AutoDiff
import TensorKit

/// How ``BandEqualizer`` estimates the energies of bands.
public enum BandProbe: String, Sendable, CaseIterable {
  /// `‖P_b J v‖² / rank P_b` for a random direction v of the parameters, one sweep for all bands; those
  /// of rank one, of which a single v says little, by a pullback each.
  ///
  /// The relative standard error is √(2 / d), with d dimensions that are learned about alike, of which
  /// a band has at most its rank times the number of outputs.
  case pushforward
  /// `‖Jᵀ z‖² / ‖z‖²` for a random z in each band: a sweep for each. Exact in bands of rank one, where
  /// there is one output.
  case pullback
}

/// Which residuals the coarse bands of a ``BandEqualizer`` are taken from.
///
/// It matters to bands with cells, such as ``NestedMeanBands``; others use the step's own in any case.
public enum CoarseResiduals: String, Sendable, CaseIterable {
  /// This step's: exact, by a forward sweep over the batch first.
  case current
  /// The previous step's means of cells, and their change since, seen at a sixteenth of the rows.
  case updated
  /// The previous step's means of cells: no sweep. One step late, which momentum makes unstable at
  /// rates where the others are not.
  case previous
}

/// Evens out how strongly a network learns different bands of the residuals.
///
/// The residuals are split into orthogonal bands (``Bands``), and become `Σ_b F_b P_b r`. With K = J Jᵀ
/// the kernel of the network, `λ_b = trace(P_b K P_b) / rank P_b` is the mean eigenvalue within a band:
/// how strongly it is learned. It is measured now and then by probes, never by a kernel. Measurements are
/// averaged with those before; above the constant they are smoothed over the bands as well, as far as
/// their errors explain what is not smooth. The factors are
///
///     F_b = (max(λ_b, floor · λ_top) / λ_top)^-exponent        for b > 0,
///     F_0 = F_1 · min(1, max(λ_1, floor · λ_top) / λ_0),
///
/// divided by the largest, with λ_top the largest energy above the constant. An exponent of 1 evens out
/// fully. One of 1/2 makes the transform about K^-1/2, band by band, and the gradient about as long in
/// each direction as if it were orthogonalized. One of 0 only brings the constant level.
///
/// A few networks never learn a constant that is brought level. So the cotangents are looked at before
/// step 10, and up to step 100 at refreshes that are at least twice as late as the last look. If more than
/// a quarter of their squares is the mean's, and since the last look the rest has fallen by a tenth or
/// more, but the mean by less than that and less than half, then F_0 has the formula of others for good.
///
/// ```swift
/// let signal = PictureSignal<Float>(picture, patch: 8)
/// let adjuster = BandEqualizer(CosineBands(signal.grid))
/// ```
///
/// The adjustment is this package's own. It stands near powers of a kernel's spectrum (A. Geifman et
/// al., "Controlling the inductive bias of wide neural networks by modifying the kernel's spectrum",
/// 2023), EigenPro (S. Ma and M. Belkin, NeurIPS 2017), and losses weighted by frequency (A. Yu et al.,
/// "Tuning frequency bias in neural network training with nonuniform data", ICLR 2023).
public struct BandEqualizer<Scalar: TensorScalar>: GradientAdjuster {
  /// How far energies are evened out: 0 not at all, 1 fully.
  public let exponent: Double
  /// Energies below this share of the largest above the constant count as that.
  public let floor: Double
  /// Whether the constant is brought level with the band next to it, as long as it is learned so,
  /// rather than treated like others.
  public let levelsConstant: Bool
  /// Energies are measured before the steps 0, 3, 10, 25, 50 and then every so many.
  public let refreshInterval: Int
  /// Which residuals the coarse bands are taken from.
  public let coarseResiduals: CoarseResiduals
  /// How energies are estimated.
  public let probe: BandProbe
  /// How many random probes an estimate is the mean of.
  public let probeCount: Int
  /// Keeps gradients that suddenly grow from throwing training back; nil if it is not to.
  ///
  /// It acts where bands are weighted at all, and starts afresh at refreshes up to step 50.
  public internal(set) var damping: BurstDamping<Scalar>?
  /// What was measured at the last refresh; nil before the first step.
  public internal(set) var spectrum: BandSpectrum?

  enum Source: Sendable {
    case fixed(any Bands<Scalar>)
    case made(@Sendable (TrainingBatch<Scalar>) throws -> any Bands<Scalar>)
  }

  let source: Source
  var generator: SeededGenerator
  var stepCount = 0
  var constant = ConstantWatch()
  var weighting: BandWeighting<Scalar>?
  var sample: CellSample?
  var previous: CellResiduals<Scalar>?
  var record: CellRecord<Scalar>?

  /// Evens out bands of a batch whose rows are the same points at every step.
  ///
  /// - Parameters:
  ///   - bands: The bands.
  ///   - exponent: How far energies are evened out.
  ///   - floor: Energies below this share of the largest above the constant count as that.
  ///   - levelsConstant: Whether the constant is brought level with the band next to it, as long as it
  ///     is learned so.
  ///   - refreshInterval: Energies are measured before the steps 0, 3, 10, 25, 50 and then every so
  ///     many.
  ///   - coarseResiduals: Which residuals the coarse bands are taken from.
  ///   - probe: How energies are estimated.
  ///   - probeCount: How many random probes an estimate is the mean of.
  ///   - damping: Keeps gradients that suddenly grow from throwing training back.
  ///   - seed: Seeds the probes.
  /// - Precondition: The exponent is not negative, the floor within (0, 1], the others positive.
  public init(
    _ bands: any Bands<Scalar>, exponent: Double = 0.5, floor: Double = 1e-3,
    levelsConstant: Bool = true, refreshInterval: Int = 100,
    coarseResiduals: CoarseResiduals = .updated, probe: BandProbe = .pushforward,
    probeCount: Int = 1, damping: BurstDamping<Scalar>? = BurstDamping(), seed: UInt64 = 0
  ) {
    self.init(
      source: .fixed(bands), exponent: exponent, floor: floor, levelsConstant: levelsConstant,
      refreshInterval: refreshInterval, coarseResiduals: coarseResiduals, probe: probe,
      probeCount: probeCount, damping: damping, seed: seed)
  }

  /// Evens out bands that are made for each step's batch, such as one that is drawn anew.
  ///
  /// The bands of different batches are to correspond, the first to the first and so on; if their
  /// number changes, energies are measured afresh. Coarse bands are taken from the step's own residuals.
  /// The lengths of gradients vary from batch to batch, so that they are not damped by default.
  ///
  /// - Parameters:
  ///   - exponent: How far energies are evened out.
  ///   - floor: Energies below this share of the largest above the constant count as that.
  ///   - levelsConstant: Whether the constant is brought level with the band next to it, as long as it
  ///     is learned so.
  ///   - refreshInterval: Energies are measured before the steps 0, 3, 10, 25, 50 and then every so
  ///     many.
  ///   - probe: How energies are estimated.
  ///   - probeCount: How many random probes an estimate is the mean of.
  ///   - damping: Keeps gradients that suddenly grow from throwing training back.
  ///   - seed: Seeds the probes.
  ///   - bands: Makes the bands of a batch.
  /// - Precondition: The exponent is not negative, the floor within (0, 1], the others positive.
  public init(
    exponent: Double = 0.5, floor: Double = 1e-3, levelsConstant: Bool = true,
    refreshInterval: Int = 100, probe: BandProbe = .pushforward, probeCount: Int = 1,
    damping: BurstDamping<Scalar>? = nil, seed: UInt64 = 0,
    bandsOf bands: @escaping @Sendable (TrainingBatch<Scalar>) throws -> any Bands<Scalar>
  ) {
    self.init(
      source: .made(bands), exponent: exponent, floor: floor, levelsConstant: levelsConstant,
      refreshInterval: refreshInterval, coarseResiduals: .current, probe: probe,
      probeCount: probeCount, damping: damping, seed: seed)
  }

  private init(
    source: Source, exponent: Double, floor: Double, levelsConstant: Bool, refreshInterval: Int,
    coarseResiduals: CoarseResiduals, probe: BandProbe, probeCount: Int,
    damping: BurstDamping<Scalar>?, seed: UInt64
  ) {
    precondition(
      exponent >= 0 && exponent.isFinite, "bands evened out with the exponent \(exponent)")
    precondition(floor > 0 && floor <= 1, "energies below \(floor) of the largest count as that")
    precondition(
      refreshInterval > 0 && probeCount > 0,
      "\(probeCount) probes of each band every \(refreshInterval) steps")
    self.source = source
    self.exponent = exponent
    self.floor = floor
    self.levelsConstant = levelsConstant
    self.refreshInterval = refreshInterval
    self.coarseResiduals = coarseResiduals
    self.probe = probe
    self.probeCount = probeCount
    self.damping = damping
    // Not the numbers of the weights, which may well be drawn with the same seed: a probe that is a
    // function of the weights is no random direction.
    self.generator = SeededGenerator(seed: seed).branch(1)
  }

  /// The weighting of bands for a step.
  ///
  /// - Throws: ``AdjusterError`` if the bands are not those of the batch's rows, or an energy is not
  ///   finite, and what making the bands throws.
  public mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    let bands = try bands(of: step.batch)
    guard bands.rowCount == step.batch.rowCount else {
      throw AdjusterError.bandsOfOtherRows(bands: bands.rowCount, batch: step.batch.rowCount)
    }
    let known = spectrum.flatMap { $0.bands.count == bands.bands.count ? $0 : nil }
    if known == nil || isRefreshDue {
      let wasLost = constant.isLost
      try watchConstant(of: bands, in: step)
      let measured = try measuredEnergies(of: bands, in: step)
      spectrum = refreshed(
        known, by: measured, of: bands, outputCount: step.batch.targets.shape[1])
      weighting = nil
      // Some new factors may make gradients of another length; late ones differ little.
      if known == nil || stepCount <= Self.lastUnsettledStep || constant.isLost != wasLost {
        damping?.restart()
      }
    }
    if case .made = source { weighting = nil }
    stepCount += 1
    guard let factors = spectrum?.factors, isWeighting else { return .identity }
    let weighting = weighting ?? bands.weighting(by: factors)
    self.weighting = weighting
    return try transform(by: weighting, for: step)
  }

  /// Whether any band has another factor than the rest.
  private var isWeighting: Bool { spectrum?.factors.contains { $0 != 1 } ?? false }

  /// Keeps what is needed of the residuals for the next step's coarse bands, and damps bursts.
  public mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) throws {
    previous = record?.residuals
    record = nil
    if isWeighting { damping?.adjust(&gradient, for: step) }
  }

  private func bands(of batch: TrainingBatch<Scalar>) throws -> any Bands<Scalar> {
    switch source {
    case .fixed(let bands): bands
    case .made(let make): try make(batch)
    }
  }

  private mutating func transform<Model: Module<Scalar>>(
    by weighting: BandWeighting<Scalar>, for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    let workers = step.evaluation.workers
    let whole: CotangentTransform<Scalar>.Map = { try weighting($0, workers: workers) }
    guard let split = weighting.cells, coarseResiduals != .current else {
      return .acrossBatch(whole)
    }
    let cells = split.cells
    // A cell is worked off in one tile; a large one would take the memory of a batch.
    if cells.largestRowCount > 4 * step.evaluation.rowsPerTile { return .acrossBatch(whole) }
    if cells.count == 1 {
      // All residuals are at hand within the only tile.
      return .withinCells(cells, afterOthers: whole) { rows, range in
        split.fine(rows, range, split.coarse(cells.means(of: rows, cells: range)))
      }
    }
    if coarseResiduals == .updated && sample == nil {
      sample = CellSample(of: cells, share: 1.0 / 16, using: &generator)
    }
    let record = CellRecord<Scalar>(of: cells, sample: sample)
    self.record = record
    let recorded: CotangentTransform<Scalar>.Map = { rows in
      _ = try cells.map(rows, workers: workers) { record.add($0, of: $1) }
      return try whole(rows)
    }
    guard let means = try means(of: cells, in: step) else { return .acrossBatch(recorded) }
    let coarse = split.coarse(means)
    return .withinCells(cells, afterOthers: recorded) { rows, range in
      record.add(rows, of: range)
      return split.fine(rows, range, coarse.slice(range))
    }
  }

  /// The means of cells to take coarse bands from; nil if there is no step before.
  private func means<Model: Module<Scalar>>(
    of cells: RowCells, in step: TrainingStep<Model>
  ) throws -> Tensor<Scalar>? {
    guard let previous, previous.means.shape == [cells.count, step.batch.targets.shape[1]] else {
      return nil
    }
    guard let sample, let before = previous.sampled else { return previous.means }
    return previous.means + sample.means(of: try step.cotangents(atRows: sample.rows) - before)
  }
}

// MARK: - Energies

extension BandEqualizer {
  /// When energies are measured beside every so many steps: kernels change most at first.
  private static var earlySteps: [Int] { [0, 3, 10, 25, 50] }
  /// The last of them at which factors may change by much.
  private static var lastUnsettledStep: Int { earlySteps.last ?? 0 }

  private var isRefreshDue: Bool {
    Self.earlySteps.contains(stepCount) || stepCount % refreshInterval == 0
  }

  private mutating func measuredEnergies<Model: Module<Scalar>>(
    of bands: some Bands<Scalar>, in step: TrainingStep<Model>
  ) throws -> [Double] {
    var sums = [Double](repeating: 0, count: bands.bands.count)
    let pulled = bands.bands.indices.filter { probe == .pullback || bands.bands[$0].rank == 1 }
    for _ in 0..<probeCount {
      var energies = [Double](repeating: 0, count: sums.count)
      if pulled.count < sums.count { energies = try pushedForward(through: bands, in: step) }
      for band in pulled { energies[band] = try pulledBack(fromBand: band, of: bands, in: step) }
      for band in sums.indices { sums[band] += energies[band] / Double(probeCount) }
    }
    guard sums.allSatisfy(\.isFinite) else { throw AdjusterError.nonFinite("energy of a band") }
    return sums
  }

  /// ‖P_b J v‖² / rank P_b for a random v.
  ///
  /// Its mean over v, of independent standard normal numbers, is trace(P_b J Jᵀ P_b) / rank P_b.
  private mutating func pushedForward<Model: Module<Scalar>>(
    through bands: some Bands<Scalar>, in step: TrainingStep<Model>
  ) throws -> [Double] {
    let layout = step.model.parameterLayout
    let direction = ParameterVector(
      Tensor<Scalar>.normal(shape: [layout.count], using: &generator), layout: layout)
    let change = try step.pushforward(of: direction)
    let outputs = Double(change.shape[1])
    return zip(bands.bands, try bands.energies(of: change, workers: step.evaluation.workers)).map {
      $1 / (Double($0.rank) * outputs)
    }
  }

  /// ‖Jᵀ z‖² / ‖z‖² for a random z in a band.
  private mutating func pulledBack<Model: Module<Scalar>>(
    fromBand band: Int, of bands: some Bands<Scalar>, in step: TrainingStep<Model>
  ) throws -> Double {
    let noise = Tensor<Scalar>.normal(shape: step.batch.targets.shape, using: &generator)
    let probe = try bands.projection(of: noise, onBand: band, workers: step.evaluation.workers)
    let pulled = try step.pullback(of: probe)
    return Double(pulled.dot(pulled)) / Double(probe.dot(probe))
  }

  private func refreshed(
    _ last: BandSpectrum?, by measured: [Double], of bands: some Bands<Scalar>, outputCount: Int
  ) -> BandSpectrum {
    let energies =
      last.map { zip(measured, $0.energies).map { smoothedEnergy(measured: $0, before: $1) } }
      ?? measured
    let estimates =
      bands.areOrdered
      ? shrunkEnergies(
        energies, variances: bands.bands.map { variance(of: $0, outputCount: outputCount) })
      : energies
    return BandSpectrum(
      step: stepCount, bands: bands.bands, measured: measured, energies: energies,
      estimates: estimates,
      factors: bandFactors(
        energies: estimates, exponent: exponent, floor: floor,
        levelsConstant: levelsConstant && !constant.isLost))
  }

  /// The variance of an energy's logarithm: that of one pushforward, were all dimensions learned alike.
  ///
  /// That they are not makes up for what averages over refreshes take away.
  private func variance(of band: Band, outputCount: Int) -> Double {
    let dimensions = band.rank * outputCount
    // The only dimension is pulled back, and any probe of it gives the same.
    return dimensions == 1 ? 0 : 2 / Double(dimensions * probeCount)
  }

  /// Looks whether the constant is learned, now and then.
  private mutating func watchConstant<Model: Module<Scalar>>(
    of bands: some Bands<Scalar>, in step: TrainingStep<Model>
  ) throws {
    guard levelsConstant && constant.isDue(atStep: stepCount) else { return }
    let residuals = try step.cotangents()
    let mean = try bands.projection(
      of: residuals, onBand: 0, workers: step.evaluation.workers)
    let rest = residuals - mean
    constant.note(
      mean: Double(mean.dot(mean)), rest: Double(rest.dot(rest)), atStep: stepCount)
  }
}
