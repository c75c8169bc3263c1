import GradientAdjusters
import TensorKit

/// All that is needed to run an experiment again.
public struct Recipe: Codable, Hashable, Sendable {
  /// What is fitted.
  public var signal: SignalRecipe
  /// The network.
  public var model: ModelRecipe
  /// The adjusters, each run from the same initial weights.
  public var adjusters: [AdjusterChoice]
  /// Their settings.
  public var settings: AdjusterSettings
  /// The size of groups: the side of patches in pixels, or a number of samples; nil where none is
  /// published.
  public var group: Int?
  /// The training.
  public var training: TrainingRecipe
  /// Which pixels of a picture a step learns from.
  public var batch = BatchRecipe.all

  /// An experiment in which adjusters are run by themselves.
  public init(
    _ signal: SignalRecipe, _ model: ModelRecipe, adjusters: [AdjusterKind],
    settings: AdjusterSettings = AdjusterSettings(), group: Int? = nil, training: TrainingRecipe
  ) {
    self.signal = signal
    self.model = model
    self.adjusters = adjusters.map { AdjusterChoice($0) }
    self.settings = settings
    self.group = group
    self.training = training
  }

  /// What the network's outputs stand for, of a picture.
  public var pixelRange: PixelRange {
    get { if case .picture(let range) = signal { range } else { .unit } }
    set { signal = .picture(newValue) }
  }

  /// The function that is fitted; nil for a picture.
  public var function: FunctionRecipe? {
    get { if case .function(let function) = signal { function } else { nil } }
    set { if let newValue { signal = .function(newValue) } }
  }

  /// What is learned of a shape; the published numbers where none is fitted.
  public var shape: ShapeRecipe {
    get { if case .shape(let shape) = signal { shape } else { ShapeRecipe() } }
    set { signal = .shape(newValue) }
  }

  /// The same experiment with some changes.
  func with(_ change: (inout Recipe) -> Void) -> Recipe {
    var copy = self
    change(&copy)
    return copy
  }
}

/// What an experiment fits.
public enum SignalRecipe: Codable, Hashable, Sendable {
  /// A picture.
  case picture(PixelRange)
  /// A function of one variable.
  case function(FunctionRecipe)
  /// A shape in space.
  case shape(ShapeRecipe)
  /// A scene, from pictures of it.
  case scene(SceneRecipe)
}

/// What a network's outputs stand for.
public enum PixelRange: String, CaseIterable, Codable, Sendable {
  /// A pixel's values, from 0 to 1.
  case unit
  /// Twice a pixel's values less one, from -1 to 1.
  case symmetric
}

/// A function of one variable, and which of its frequencies are followed.
public struct FunctionRecipe: Codable, Hashable, Sendable {
  /// The functions.
  public enum Shape: Codable, Hashable, Sendable {
    /// Four sines on a circle, fitted by a two-layer network whose second layer is fixed.
    case circle
    /// A sum of sines of these frequencies.
    case sines([Double])
    /// A stepped function.
    case steps
  }

  /// Which function.
  public var shape: Shape
  /// At how many points.
  public var samples: Int
  /// How many of the strongest frequencies are followed.
  public var frequencyCount: Int
  /// Which relative error is taken at each.
  public var errors: FrequencyErrors.Definition

  /// A function at a number of points.
  public init(
    _ shape: Shape, samples: Int, frequencyCount: Int, errors: FrequencyErrors.Definition
  ) {
    self.shape = shape
    self.samples = samples
    self.frequencyCount = frequencyCount
    self.errors = errors
  }

  /// The function's values.
  public func signal<Scalar: TensorScalar>(_: Scalar.Type) -> FunctionSignal<Scalar> {
    switch shape {
    case .circle: .circle(samples: samples)
    case .sines(let frequencies): .sines(frequencies: frequencies, samples: samples)
    case .steps: .steps(samples: samples)
    }
  }
}

/// Whose numbers are meant where a paper and the code released with it differ.
public enum Fidelity: String, CaseIterable, Codable, Sendable {
  /// The paper's.
  case paper
  /// Those of the released code.
  case released
}

/// An experiment of a publication, under a name.
public struct PublishedExperiment: Codable, Hashable, Sendable {
  /// The name.
  public let name: String
  /// A line of explanation.
  public let about: String
  /// Where it was published.
  public let source: String
  /// The paper's numbers.
  public let paper: Recipe
  /// The numbers of the code released with it.
  public let released: Recipe
  /// A smaller experiment that shows the same in about a minute; not published.
  public let quick: Recipe?

  init(
    _ name: String, _ about: String, source: String, _ paper: Recipe, released: Recipe? = nil,
    quick: Recipe? = nil
  ) {
    self.name = name
    self.about = about
    self.source = source
    self.paper = paper
    self.released = released ?? paper
    self.quick = quick
  }

  /// The numbers of one of the two.
  public func recipe(_ fidelity: Fidelity) -> Recipe { fidelity == .paper ? paper : released }
}

extension FrequencyErrors.Definition: Codable {}
