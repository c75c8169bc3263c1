/// How an ``OccupancyGrid`` follows a field that is trained.
public struct OccupancyRule: Sendable, Hashable, Codable {
  /// Over which cells the mean density is taken.
  public enum Mean: String, Sendable, CaseIterable, Codable {
    /// Over those whose density is above zero.
    case ofPositiveCells = "of-positive-cells"
    /// Over all; densities below zero count as zero.
    case ofAllCells = "of-all-cells"
  }

  /// What remembered densities are multiplied with at each update.
  public var decay: Double
  /// The largest density that is the threshold; the mean is, where it is less.
  public var limit: Double
  /// Over which cells the mean density is taken.
  public var mean: Mean
  /// Whether densities of cells decay that an update does not look at.
  public var decaysOtherCells: Bool
  /// In how many of the first steps updates look at all cells.
  public var completeSteps: Int
  /// How many steps there are from one update to the next, at most.
  public var stepsBetweenUpdates: Int
  /// Whether updates are as frequent at first as one a step, and become rarer with a sixteenth of the step's
  /// number.
  public var startsFrequently: Bool

  /// A rule from its parts.
  ///
  /// - Precondition: The decay is from 0 to 1, and steps between updates are positive.
  public init(
    decay: Double = 0.95, limit: Double, mean: Mean, decaysOtherCells: Bool = true,
    completeSteps: Int = 256, stepsBetweenUpdates: Int = 16, startsFrequently: Bool = false
  ) {
    precondition(
      (0...1).contains(decay) && stepsBetweenUpdates > 0,
      "densities that decay by \(decay) each \(stepsBetweenUpdates) steps")
    self.decay = decay
    self.limit = limit
    self.mean = mean
    self.decaysOtherCells = decaysOtherCells
    self.completeSteps = completeSteps
    self.stepsBetweenUpdates = stepsBetweenUpdates
    self.startsFrequently = startsFrequently
  }

  /// How many steps there are from an update at a step to the next one.
  public func interval(atStep step: Int) -> Int {
    startsFrequently ? min(max(step / 16, 1), stepsBetweenUpdates) : stepsBetweenUpdates
  }

  /// The density whose optical thickness is 0.01 over √3/1024, the shortest step in a unit box.
  public static let thinDensity = 0.01 * 1024 / 3.0.squareRoot()

  /// The rule of ngp_pl: a threshold of at most 5.91, the mean of positive cells.
  public static let ngpPyTorch = OccupancyRule(limit: thinDensity, mean: .ofPositiveCells)

  /// The rule of instant-ngp: a threshold of at most 5.91, the mean of all cells; updates are frequent at first.
  public static let instantNGP = OccupancyRule(
    limit: thinDensity, mean: .ofAllCells, startsFrequently: true)

  /// The rule of torch-ngp: a threshold of at most 10, the mean of all cells; only cells that are looked at decay.
  public static let torchNGP = OccupancyRule(
    limit: 10, mean: .ofAllCells, decaysOtherCells: false)
}
