import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters

/// The adjusters that can be compared.
enum AdjusterName: String, AdjusterNaming {
  case none, iga, fr, bn
  case empiricalNTK = "full-entk"
  case bands
  case bandsCosine = "bands-cosine"
  case bandsBlock = "bands-block"
  case centered, damped

  var stage: AdjusterStage {
    switch self {
    case .fr: .weights
    case .bn: .normalization
    case .none, .iga, .empiricalNTK, .bands, .bandsCosine, .bandsBlock, .centered, .damped:
      .gradients
    }
  }

  /// Whether it adjusts what is pulled back from the outputs.
  var adjustsResiduals: Bool {
    switch self {
    case .iga, .empiricalNTK, .bands, .bandsCosine, .bandsBlock, .centered: true
    case .none, .fr, .bn, .damped: false
    }
  }

  /// Whether it equalizes bands of some kind.
  var equalizesBands: Bool {
    switch self {
    case .bands, .bandsCosine, .bandsBlock: true
    default: false
    }
  }

  var about: String {
    switch self {
    case .none: "plain training"
    case .iga: "inductive gradient adjustment (Shi et al. 2025)"
    case .empiricalNTK: "adjustment by the kernel of all pixels"
    case .fr: "Fourier reparameterization (Shi et al. 2024)"
    case .bn: "batch normalization (Ioffe and Szegedy 2015)"
    case .bands: "equalized bands of blocks within blocks"
    case .bandsCosine: "equalized bands of frequency"
    case .bandsBlock: "equalized bands of frequency within blocks"
    case .centered: "residuals less most of their mean"
    case .damped: "gradients that suddenly grow are shortened"
    }
  }
}

/// An adjuster, or several that act in order.
typealias AdjusterChoice = AdjusterComposition<AdjusterName>

/// How the learning rate changes, as written on the command line.
enum ScheduleText: Sendable, Equatable, CustomStringConvertible {
  case constant
  case steps(every: Int, factor: Double)
  case once(at: Int, factor: Double)
  case exponential(factor: Double, every: Int)
  case cosine(total: Int)

  init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    func count(_ index: Int) -> Int? { Int(parts[index]).flatMap { $0 > 0 ? $0 : nil } }
    func factor(_ index: Int) -> Double? {
      Double(parts[index]).flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }
    switch (parts[0], parts.count) {
    case ("constant", 1): self = .constant
    case ("steps", 3):
      guard let every = count(1), let factor = factor(2) else { return nil }
      self = .steps(every: every, factor: factor)
    case ("once", 3):
      guard let step = count(1), let factor = factor(2) else { return nil }
      self = .once(at: step, factor: factor)
    case ("exponential", 3):
      guard let factor = factor(1), let every = count(2) else { return nil }
      self = .exponential(factor: factor, every: every)
    case ("cosine", 2):
      guard let total = count(1) else { return nil }
      self = .cosine(total: total)
    default: return nil
    }
  }

  var description: String {
    switch self {
    case .constant: "constant"
    case .steps(let every, let factor): "steps:\(every):\(factor)"
    case .once(let step, let factor): "once:\(step):\(factor)"
    case .exponential(let factor, let every): "exponential:\(factor):\(every)"
    case .cosine(let total): "cosine:\(total)"
    }
  }

  func schedule(from rate: Double) -> LearningRateSchedule {
    switch self {
    case .constant: .constant(rate)
    case .steps(let every, let factor): .steps(from: rate, factor: factor, every: every)
    case .once(let step, let factor): .milestones(from: rate, factor: factor, at: [step])
    case .exponential(let factor, let every): .exponential(from: rate, factor: factor, every: every)
    case .cosine(let total): .cosine(from: rate, over: total)
    }
  }

  static let kind = ValueKind<ScheduleText>(placeholder: "S") {
    text throws(ValueProblem) in
    guard let schedule = ScheduleText(text) else {
      throw ValueProblem(
        "which is not a schedule",
        remedy: "give constant, steps:3000:0.1, once:3000:0.1, exponential:0.1:5000 or cosine:1000")
    }
    return schedule
  }
}

/// What is fitted without `--image`: a picture large enough that a network of the default size does
/// not simply remember it, for as many steps as take about two minutes.
enum Demonstration {
  static let height = 128
  static let width = 192
  static let patch = 8
  static let steps = 300
}

/// The options of the command line.
enum Options {
  static let image = Option(
    "image", .existingFile(),
    help: """
      A PNG file. Without it, an embedded picture of \(Demonstration.width) x \(Demonstration.height) \
      pixels is fitted.
      """)
  static let downscale = Option(
    "downscale", .integer(in: 1..., "K"), default: 1,
    help: "Averages blocks of K x K pixels first; what remains at the right and bottom is cropped.")

  static let adjuster = Option(
    repeating: "adjuster", AdjusterChoice.kind,
    default: [AdjusterChoice(.none), AdjusterChoice(.iga), AdjusterChoice(.bands)],
    help: """
      How gradients are adjusted; several at once are joined by plus signs, as fr+iga. Given several \
      times, each is run from the same weights.
      """)
  static let patch = Option(
    "patch", .integer(in: 1..., "P"),
    help: "IGA's groups are patches of P x P pixels; 32, or \(Demonstration.patch) without --image."
  )
  static let end = Option(
    "end", .integer(in: 0..., "E"), default: 20,
    help: "How many eigenvalues IGA equalizes; must be below the number of whole patches.")
  static let sampling = Option(
    "sampling",
    .choice { (sampling: GroupSampling) in
      switch sampling {
      case .largestResidual: "the largest residual (the paper's; exact)"
      case .previousLargestResidual: "the previous step's largest residual (cheaper)"
      case .center: "the middle of the patch"
      case .random: "drawn anew at each step"
      case .randomOnce: "drawn once"
      case .aggregate: "sums over many pixels, as the paper's released script does"
      }
    }, default: .largestResidual, help: "Which pixel stands for each patch in IGA's kernel.")
  static let convention = Option(
    "convention",
    .choice { (target: EqualizationTarget) in
      target == .next ? "to the next one, for Adam" : "to the first one, for gradient descent"
    }, default: .next, help: "Where IGA sends the equalized eigenvalues.")

  static let fourierHigh = Option(
    "fr-high", .integer(in: 0...65_536, "N"), default: 128,
    help: "FR's whole frequencies, from 1 on.")
  static let fourierLow = Option(
    "fr-low", .integer(in: 0...65_536, "N"), default: 128,
    help: "FR's frequencies up to 1: fractions with this denominator.")
  static let fourierPhases = Option(
    "fr-phases", .integer(in: 1...65_536, "N"), default: 32,
    help: "FR's phases of each frequency.")
  static let fourierAlpha = Option(
    "fr-alpha", .number(.positive, "A"),
    help: """
      The amplitude of FR's cosines, which scales the steps of the weights; 0.001 for relu, 0.05 for \
      pe, 0.004 for siren and finer, else 0.01.
      """)

  static let normalizationPlacement = Option(
    "bn-placement",
    .choice { (placement: NormalizationPlacement) in
      placement == .before ? "what enters the activation" : "what the activation gives"
    },
    help: """
      What BN normalizes; after for relu, else before. Unless units are rectified linear, it starts as the \
      identity.
      """)

  static let optimizer = Option(
    "optimizer", .choice { (optimizer: OptimizerName) in optimizer.about }, default: .adam,
    help: "What moves the weights.")
  static let learningRate = Option(
    "learning-rate", .number(.positive, "R"), default: 1e-3, help: "The learning rate at the start."
  )
  static let schedule = Option(
    "schedule", ScheduleText.kind, default: .constant,
    help: """
      How the learning rate changes: constant; steps:3000:0.1 (times 0.1 every 3000 steps); \
      once:3000:0.1 (times 0.1 at step 3000); \
      exponential:0.1:5000 (by 0.1 over every 5000 steps, smoothly); cosine:1000 (to zero over 1000 \
      steps).
      """)
  static let steps = Option(
    "steps", .integer(in: 1..., "N"),
    help: """
      Steps of training, each on all pixels; 1000, or \(Demonstration.steps) without --image, about two \
      minutes on two cores for the three adjusters of the default.
      """)
  static let seed = Option(
    "seed", .integer(in: 0..., "S"), default: 0,
    help: "Seeds the initial weights, and all that adjusters draw.")
  static let threads = Option(
    "threads", .integer(in: 1...1024, "T"),
    help: "Processor cores to use; all by default. The results do not depend on it.")
  static let precision = Option(
    "precision", .choice { (_: PrecisionName) in "" }, default: .float,
    help: "The numbers to compute with.")

  static let initialWeights = Option(
    "initial-weights", .existingFile(),
    help: """
      A .safetensors file to start from, with layers.N.weight [out, in] and layers.N.bias, or as FR \
      saves it, with layers.N.coefficients. FR goes on from its coefficients, and draws its own in \
      the place of the weights that it replaces; other runs start from the weights that \
      coefficients stand for. The same goes for BN and its norms.N.weight and norms.N.bias.
      """)
  static let saveWeights = Option(
    "save-weights", .outputPath("FILE"),
    help: """
      Writes the final weights as .safetensors; with several adjusters, to a file for each, as \
      FILE-iga. FR's are its coefficients, so that it can go on from them, and BN's those of its \
      normalizations too.
      """)
  static let output = Option(
    "output", .outputPath("DIR"), default: URL(fileURLWithPath: "output"),
    help: "The folder for report.html, summary.json, metrics, reconstructions and error pictures.")

  /// What sets the adjusters up.
  static let adjusterSettings: [any OptionDeclaration] = [
    patch, end, sampling, convention, damping, fourierHigh, fourierLow, fourierPhases, fourierAlpha,
    normalizationPlacement,
  ]
  /// How networks are trained.
  static let trainingSettings: [any OptionDeclaration] = [
    optimizer, learningRate, schedule, steps, seed, threads, precision,
  ]

  static let command = Command(
    "FitImage",
    summary: "Fits a coordinate network to a picture, with and without gradient adjusters.",
    discussion: [
      """
      Networks learn low frequencies first, so fitted pictures come out blurred. This program fits a \
      picture by plain training and by adjusted training from the same initial weights, and writes \
      a report that compares them.
      """
    ],
    groups: [
      OptionGroup("Experiment", preset, fidelity),
      OptionGroup("Picture", image, downscale, pixelRange),
      OptionGroup("Model", ModelOptions.all),
      OptionGroup("Adjusters", [adjuster] + adjusterSettings),
      OptionGroup("Bands", bandSettings),
      OptionGroup("Training", trainingSettings),
      OptionGroup("Measures", perceptualWeights),
      OptionGroup("Files", initialWeights, saveWeights, output),
    ],
    examples: [
      UsageExample(
        "FitImage", "Compare plain training, IGA and equalized bands on the embedded picture:"),
      UsageExample(
        "FitImage --image kodim03.png --downscale 4 --patch 8 --steps 500 --schedule cosine:500",
        "Fit a photograph of 768 x 512 pixels at a quarter of its size:"),
      UsageExample(
        "FitImage --image photo.png --adjuster iga --sampling largest-residual-previous",
        "Run IGA alone, at almost the cost of plain training:"),
      UsageExample(
        "FitImage --adjuster none --adjuster fr --adjuster fr+iga",
        "Compare Fourier reparameterization by itself and with IGA:"),
      UsageExample(
        "FitImage --preset iga-siren --image kodim03.png --adjuster none --adjuster iga",
        "Repeat a published experiment, with plain training beside it:"),
    ])
}
