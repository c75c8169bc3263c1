import ExampleSupport
import GradientAdjusters

/// What can be measured.
enum Work: String, CaseIterable, Sendable {
  case parts, step, kernel
  case linearAlgebra = "linear-algebra"
  case fullKernelStep = "full-kernel-step"
  case volumeStep = "volume-step"
  case networkStep = "nerf-step"
  case hashGridStep = "hash-step"

  var about: String {
    switch self {
    case .parts: "matrix products, elementwise kernels, eigenpairs"
    case .linearAlgebra: "a product in double precision and eigenpairs of its size, on one thread"
    case .step: "a whole training step on a picture, plain or adjusted"
    case .kernel: "the empirical kernel of a SIREN at some samples"
    case .fullKernelStep: "a step adjusted by the kernel of a whole 1-D batch (experiment 2)"
    case .volumeStep: "a step on 512 groups of 256 voxels, plain, by IGA or by bands"
    case .networkStep: "a step of NeRF's networks on 1024 rays of 64 and 192 samples"
    case .hashGridStep: "a step of a hash grid with its networks on 262144 points"
    }
  }
}

/// The networks of training steps.
enum NetworkName: String, CaseIterable, Sendable {
  case siren, pe, relu
}

/// How a step is adjusted.
enum StepAdjuster: String, CaseIterable, Sendable {
  case none, iga
  case igaPrevious = "iga-previous"
  case bands
  case bandsExact = "bands-exact"
  case bandsCosine = "bands-cosine"
  case bandsBlock = "bands-block"
  case bandsBlockExact = "bands-block-exact"
  case centered
  case normalized

  var about: String {
    switch self {
    case .none: "plain"
    case .iga: "IGA, this step's residuals"
    case .igaPrevious: "IGA, the previous step's residuals"
    case .bands: "bands of blocks within blocks, the previous step's means updated"
    case .bandsExact: "the same, this step's residuals"
    case .bandsCosine: "bands of frequency"
    case .bandsBlock: "bands of frequency within blocks, the previous step's means updated"
    case .bandsBlockExact: "the same, this step's residuals"
    case .centered: "residuals less most of their mean"
    case .normalized: "batch normalization after the activation"
    }
  }
}

enum Options {
  static let work = Option(
    "work", .choice { (work: Work) in work.about }, default: .parts, help: "What to measure.")
  static let network = Option(
    "network", .choice { (_: NetworkName) in "" }, default: .siren, help: "The network of a step.")
  static let adjuster = Option(
    "adjuster", .choice { (adjuster: StepAdjuster) in adjuster.about }, default: .none,
    help: "How a step is adjusted.")
  static let width = Option(
    "width", .integer(in: 1...8192, "W"), default: 256, help: "Units of each hidden layer.")
  static let pictureHeight = Option(
    "picture-height", .integer(in: 1..., "N"), default: 512, help: "Rows of pixels.")
  static let pictureWidth = Option(
    "picture-width", .integer(in: 1..., "N"), default: 768, help: "Columns of pixels.")
  static let patch = Option(
    "patch", .integer(in: 1..., "P"), default: 32, help: "IGA's groups are P x P pixels.")
  static let end = Option(
    "end", .integer(in: 0..., "E"), default: 20, help: "How many eigenvalues are equalized.")
  static let refresh = Option(
    "refresh", .integer(in: 1..., "R"), default: 100,
    help: "Energies of bands are measured every R steps.")
  static let samples = Option(
    "samples", .integer(in: 1..., "N"), default: 384,
    help: "Samples of a kernel, or of the 1-D batch; the size of a matrix.")
  static let threads = Option(
    "threads", .integer(in: 1...1024, "T"), default: 2, help: "Processor cores to use.")
  static let repetitions = Option(
    "repetitions", .integer(in: 1..., "N"), default: 5, help: "How often the work is measured.")
  static let rowsPerTile = Option(
    "rows-per-tile", .integer(in: 1..., "N"), help: "Rows that are evaluated at once.")
  static let memory = Option(
    "memory", .integer(in: 0..., "MIB"),
    help: "Recordings that a step keeps between its sweeps, in MiB.")

  static let command = Command(
    "Benchmarks", summary: "Measures this package's parts and training steps on this machine.",
    discussion: [
      """
      Prints one line of JSON for each measurement: median, fastest and slowest time, rate, and the \
      fraction of this machine's peak of fused multiply-adds, measured in the same run. \
      Benchmarks/compare runs it in alternation with PyTorch.
      """
    ],
    groups: [
      OptionGroup("Work", work, network, adjuster, width, pictureHeight, pictureWidth),
      OptionGroup("Adjustment", patch, end, refresh, samples),
      OptionGroup("Measurement", threads, repetitions, rowsPerTile, memory),
    ],
    examples: [
      UsageExample("Benchmarks --work parts", "Measure the parts:"),
      UsageExample(
        "Benchmarks --work step --adjuster iga --repetitions 3", "Measure a full-size IGA step:"),
    ])
}
