import AutoDiff
import ExampleSupport
import Fitting
import Foundation
import GradientAdjusters
import INRZoo
import TensorKit

/// What the command line asks for, checked before any work.
struct FitFunctionSettings {
  let values: OptionValues
  let preset: Preset
  /// The experiment's numbers, replaced by those of the options that were given.
  let numbers: PresetNumbers
  let workers: Workers
  let folder: OutputFolder
  /// The strongest frequencies of the function, in cycles over all samples.
  let bins: [Int]

  init(_ values: OptionValues) throws {
    self.values = values
    preset = values[Options.preset]
    var numbers = preset.numbers(isQuick: values[Options.quick])
    numbers.steps = values[Options.steps] ?? numbers.steps
    numbers.width = values[Options.width] ?? numbers.width
    numbers.learningRate = values[Options.learningRate] ?? numbers.learningRate
    numbers.group = values[Options.group] ?? numbers.group
    numbers.end = values[Options.end] ?? numbers.end
    numbers.target = values[Options.convention] ?? numbers.target
    numbers.errors = values[Options.errors] ?? numbers.errors
    if values.gives(Options.adjuster) { numbers.adjusters = values[Options.adjuster] }
    self.numbers = numbers
    workers = values[Options.threads].map { Workers(threads: $0) } ?? Workers()
    folder = OutputFolder(values[Options.output])
    bins = FrequencyErrors.strongestBins(
      of: preset.signal(samples: numbers.samples, Double.self).values, count: numbers.frequencyCount
    )
    try checkAdjusters()
    try folder.checkWritable()
  }

  private func checkAdjusters() throws(ExampleFailure) {
    let (adjusters, samples) = (numbers.adjusters, numbers.samples)
    try adjusters.checkedForRepetitions()
    func uses(_ name: AdjusterName) -> Bool { adjusters.contains { $0.contains(name) } }
    if uses(.fr), preset == .circle {
      throw .usage(
        """
        --adjuster fr rewrites layers from hidden units to hidden units, of which --preset circle has \
        none; choose another --preset
        """)
    }
    if uses(.ntk), preset != .circle {
      throw .usage(
        """
        --adjuster ntk needs a kernel in closed form, which --preset \(preset.rawValue) does not have; \
        choose --adjuster full-entk, or --preset circle
        """)
    }
    let groups = samples / numbers.group
    if uses(.iga), numbers.end >= groups {
      let largest = samples / (numbers.end + 1)
      let remedies =
        (groups > 0 ? ["--end \(groups - 1) or less"] : [])
        + (largest > 0 ? ["--group \(largest) or less"] : [])
      throw .usage(
        """
        --end \(numbers.end) is not below the \(groups) whole groups that --group \(numbers.group) leaves \
        of \(samples) samples; choose \(remedies.joined(separator: ", or "))
        """)
    }
    if uses(.ntk) || uses(.empiricalNTK), numbers.end >= samples {
      throw .usage(
        "--end \(numbers.end) is not below the \(samples) samples; choose --end \(samples - 1) or less"
      )
    }
  }

  /// The seeds of the runs.
  var seeds: Range<Int> {
    values[Options.seed]..<(values[Options.seed] + values[Options.seeds])
  }

  /// What a run is called on the terminal.
  func runName(_ adjuster: AdjusterChoice, seed: Int) -> String {
    seeds.count == 1 ? adjuster.name : "\(adjuster.name), seed \(seed)"
  }

  /// `name.ext`, or `name-adjuster.ext` if several adjusters are compared.
  func fileName(_ name: String, _ pathExtension: String, for adjuster: AdjusterChoice) -> String {
    numbers.adjusters.count == 1
      ? "\(name).\(pathExtension)" : "\(name)-\(adjuster.name).\(pathExtension)"
  }

  /// The settings for the report, with the experiment's own numbers filled in.
  var reported: [Setting] {
    values.settings.map { setting in
      let value: String =
        switch setting.name {
        case "adjuster": numbers.adjusters.map(\.name).joined(separator: ", ")
        case "end": "\(numbers.end)"
        case "group": "\(numbers.group)"
        case "convention": numbers.target.rawValue
        case "steps": "\(numbers.steps)"
        case "width": "\(numbers.width)"
        case "learning-rate": NumberText.plain(numbers.learningRate)
        case "threads": "\(workers.threads)"
        case "errors": numbers.errors.rawValue
        default: setting.value
        }
      return Setting(setting.name, value, isGiven: setting.isGiven, group: setting.group)
    }
  }

  /// A fresh adjuster for training on some inputs.
  func adjuster<Scalar: TensorScalar>(
    _ choice: AdjusterChoice, seed: Int, over inputs: Tensor<Scalar>
  ) -> any GradientAdjuster<Scalar> {
    let refresh = values[Options.refresh]
    let isSine = preset == .sinesOfSines
    let line = RowGrid(extents: [numbers.samples])
    // Undamped, as the published adjusters are.
    func equalizer(_ bands: some Bands<Scalar>) -> BandEqualizer<Scalar> {
      BandEqualizer(bands, damping: nil, seed: UInt64(seed))
    }
    return choice.adjuster { name in
      switch name {
      case .none: IdentityAdjuster<Scalar>()
      case .ntk:
        NTKAdjuster<Scalar>(end: numbers.end, target: numbers.target) {
          TwoLayerRectifierNetwork.infiniteWidthKernel(at: $0)
        }
      case .empiricalNTK:
        EmpiricalNTKAdjuster<Scalar>(
          end: numbers.end, target: numbers.target, refreshInterval: refresh)
      case .iga:
        InductiveGradientAdjuster<Scalar>(
          end: numbers.end, sampling: values[Options.sampling], target: numbers.target,
          refreshInterval: refresh, seed: UInt64(seed))
      case .fr:
        // The published settings for functions of one variable.
        FourierReparameterization<Scalar>(
          lowFrequencies: 64, highFrequencies: 64, phases: 16, amplitude: isSine ? 0.01 : 0.05)
      case .bn:
        // The published placement after rectified linear units; before sines, which keep their function.
        isSine
          ? BatchNormalization<Scalar>(
            placement: .beforeActivation, preservingFunctionOver: inputs)
          : BatchNormalization<Scalar>(placement: .afterActivation)
      case .bands:
        equalizer(NestedMeanBands(.blocks(of: line)))
      case .bandsCosine: equalizer(CosineBands(line))
      case .centered: Centering<Scalar>()
      }
    }
  }

  /// A network with the initial weights of a seed.
  func coordinateNetwork<Scalar: TensorScalar>(
    seed: Int, _: Scalar.Type
  ) -> CoordinateNetwork<Scalar> {
    var generator = SeededGenerator(seed: UInt64(seed))
    return switch preset {
    case .sinesOfSines:
      .siren(
        inputs: 1, outputs: 1, width: numbers.width, hiddenLayers: 3,
        frequency: Preset.sineFrequency,
        using: &generator)
    case .circle, .sinesOfRectifiers, .steps:
      .relu(inputs: 1, outputs: 1, width: numbers.width, hiddenLayers: 3, using: &generator)
    }
  }
}

extension Preset {
  /// ω of SIREN's sines, in every layer, as in the released script.
  static let sineFrequency = 5.0

  /// The function at a number of samples.
  func signal<Scalar: TensorScalar>(
    samples: Int, _: Scalar.Type
  ) -> FunctionSignal<Scalar> {
    switch self {
    case .circle: .circle(samples: samples)
    case .sinesOfRectifiers, .sinesOfSines:
      .sines(frequencies: sineFrequencies, samples: samples)
    case .steps: .steps(samples: samples)
    }
  }
}
