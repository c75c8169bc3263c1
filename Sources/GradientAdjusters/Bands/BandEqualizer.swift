import AutoDiff
import TensorKit

/// Evens out how strongly a network learns different bands of the residuals.
///
/// The residuals are split into orthogonal bands (``Bands``), and become `Σ_b F_b P_b r`. With K = J Jᵀ
/// the kernel of the network, `λ_b = trace(P_b K P_b) / rank P_b` is the mean eigenvalue within a band:
/// how strongly it is learned. It is measured now and then by a probe, never by a kernel, and averaged with
/// measurements before. The factors are
///
///     F_b = (max(λ_b, floor · λ_top) / λ_top)^-exponent        for b > 0,
///     F_0 = F_1 · max(1/5, min(1, max(λ_1, floor · λ_top) / λ_0)),
///
/// divided by the largest, with λ_top the largest energy above the constant. An exponent of 1 evens out
/// fully. One of 1/2 makes the transform about K^-1/2, band by band, and the gradient about as long in
/// each direction as if it were orthogonalized. One of 0 only brings the constant, which networks learn
/// by far the fastest, to the strength of the band next to it, or to a fifth of its own: with less, some
/// networks never put it right.
///
/// ```swift
/// let signal = PictureSignal<Float>(picture, patch: 8)
/// let adjuster = BandEqualizer(CosineBands(signal.grid))
/// ```
///
/// A network that learns evenly grows unstable sooner at a constant learning rate: let ``BurstDamping``
/// follow.
///
/// The adjustment is this package's own. It stands near powers of a kernel's spectrum (A. Geifman et
/// al., "Controlling the inductive bias of wide neural networks by modifying the kernel's spectrum",
/// 2023), EigenPro (S. Ma and M. Belkin, NeurIPS 2017), and losses weighted by frequency (A. Yu et al.,
/// "Tuning frequency bias in neural network training with nonuniform data", ICLR 2023).
public struct BandEqualizer<Scalar: TensorScalar>: GradientAdjuster {
  /// How bands are weighted, and when they are measured.
  public let settings: EqualizerSettings
  /// What was measured at the last refresh; nil before the first step.
  public private(set) var spectrum: BandSpectrum?

  private enum Source: Sendable {
    case fixed(any Bands<Scalar>)
    case made(@Sendable (Batch<Scalar>) throws -> any Bands<Scalar>)
  }

  private let source: Source
  private var generator: SeededGenerator
  private var stepCount = 0
  private var previous: PreviousResiduals<Scalar>?
  /// For fixed bands, as long as the factors stay.
  private var weighting: BandWeighting<Scalar>?

  /// Evens out bands of a batch whose rows are the same points at every step.
  ///
  /// - Parameters:
  ///   - bands: The bands.
  ///   - settings: How they are weighted, and when they are measured.
  public init(_ bands: any Bands<Scalar>, settings: EqualizerSettings = EqualizerSettings()) {
    self.init(source: .fixed(bands), settings: settings)
  }

  /// Evens out bands that are made for each step's batch, such as one that is drawn anew.
  ///
  /// The bands of different batches are to correspond, the first to the first and so on; if their
  /// number changes, energies are measured afresh.
  ///
  /// - Parameters:
  ///   - settings: How bands are weighted, and when they are measured.
  ///   - bands: Makes the bands of a batch.
  public init(
    settings: EqualizerSettings = EqualizerSettings(),
    bandsOf bands: @escaping @Sendable (Batch<Scalar>) throws -> any Bands<Scalar>
  ) {
    self.init(source: .made(bands), settings: settings)
  }

  private init(source: Source, settings: EqualizerSettings) {
    settings.check()
    self.source = source
    self.settings = settings
    // Not the numbers of the weights, which may well be drawn with the same seed: a probe that is a
    // function of the weights is no random direction.
    generator = SeededGenerator(seed: settings.seed).branch(1)
  }

  /// The weighting of bands for a step.
  ///
  /// - Throws: ``AdjusterError`` if the bands are not those of the batch's rows, or an energy is not
  ///   finite, and what making the bands throws.
  public mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    let bands: any Bands<Scalar>
    switch source {
    case .fixed(let fixed): bands = fixed
    case .made(let make): (bands, weighting) = (try make(step.batch), nil)
    }
    guard bands.rowCount == step.batch.rowCount else {
      throw AdjusterError.bandsOfOtherRows(bands: bands.rowCount, batch: step.batch.rowCount)
    }
    let known = spectrum.flatMap { $0.bands.count == bands.bands.count ? $0 : nil }
    if known == nil || isRefreshDue {
      let measured = try bands.measuredEnergies(
        in: step, probeCount: settings.probeCount, using: &generator)
      guard measured.allSatisfy(\.isFinite) else {
        throw AdjusterError.nonFinite("energy of a band")
      }
      spectrum = BandSpectrum(
        step: stepCount, bands: bands.bands, measured: measured, previous: known,
        settings: settings)
      weighting = nil
    }
    stepCount += 1
    guard let factors = spectrum?.factors, factors.contains(where: { $0 != 1 }) else {
      return .identity
    }
    let weighting = weighting ?? bands.weighting(by: factors)
    self.weighting = weighting
    return try transform(by: weighting, for: step)
  }

  /// Kernels change most at first.
  private var isRefreshDue: Bool {
    [0, 3, 10, 25, 50].contains(stepCount) || stepCount % settings.refreshInterval == 0
  }

  private func transform<Model: Module<Scalar>>(
    by weighting: BandWeighting<Scalar>, for step: TrainingStep<Model>
  ) throws -> CotangentTransform<Scalar> {
    let workers = step.evaluation.workers
    let whole: CotangentTransform<Scalar>.Map = { try weighting($0, workers: workers) }
    // A group is worked off in one tile; a large one would take the memory of a batch.
    guard settings.residuals == .updated, let split = weighting.split,
      split.groups.places <= 4 * step.evaluation.rowsPerTile
    else { return .acrossBatch(whole) }
    if split.groups.count == 1 {
      // All residuals are at hand within the only tile.
      return .withinGroups(of: split.groups, afterOthers: whole) { rows, groups in
        split.fine(rows, groups, split.coarse(split.groups.means(of: rows, ofGroups: groups)))
      }
    }
    step.keepCotangents()
    guard let previous, previous.batch == step.batch.identity,
      previous.cotangents.shape == [step.batch.rowCount, try step.outputCount()]
    else { return .acrossBatch(whole) }
    let coarse = split.coarse(try previous.updatedMeans(of: split.groups, in: step))
    return .withinGroups(of: split.groups, afterOthers: whole) { rows, groups in
      split.fine(rows, groups, coarse.slice(groups))
    }
  }

  /// Keeps the residuals for the next step's means.
  public mutating func adjust<Model: Module<Scalar>>(
    _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
  ) {
    previous = step.keptCotangents.map {
      PreviousResiduals(batch: step.batch.identity, cotangents: $0)
    }
  }

  /// The bands' energies and factors, if they were measured in the last step.
  public var diagnostics: [AdjusterDiagnostic] {
    spectrum.flatMap { $0.step == stepCount - 1 ? [$0.diagnostic] : nil } ?? []
  }

  /// Shows the generator, what was measured and when, and the previous residuals.
  ///
  /// - Throws: `StateError` if it does not fit, or was saved with other bands.
  public mutating func visitState(_ visitor: inout StateVisitor) throws {
    try visitor.visit(&generator, named: "generator")
    try visitor.visit(&stepCount, named: "stepCount")
    try visitor.require(stepCount >= 0, of: "stepCount", "there were \(stepCount) steps")
    try visitor.visit(&spectrum, named: "spectrum", startingFrom: .empty)
    if case .fixed(let bands) = source, let spectrum {
      try visitor.require(
        spectrum.bands == bands.bands, of: "spectrum.bands", "they are not the bands of this run")
    }
    try visitor.visit(
      &previous, named: "previous",
      startingFrom: PreviousResiduals(batch: 0, cotangents: Tensor(zeros: [0, 0])))
    if visitor.isReading { weighting = nil }
  }
}
