import AutoDiff
import TensorKit

/// Takes most of the residuals' mean out before they are pulled back, for each output by itself.
///
/// The constant is one direction of the outputs among thousands, and of all the one that a network
/// learns the fastest by far. Left in, it limits the learning rate of the rest. This is the simplest
/// adjuster there is, and a baseline that any other has to beat. Before a ``BandEqualizer``, which does the
/// same, it would do so twice.
///
/// `r → r - (1 - remaining) · mean(r)`. All residuals are needed first, which costs a forward sweep.
public struct Centering<Scalar: TensorScalar>: GradientAdjuster {
  /// The share of the mean that remains.
  public let remaining: Double

  /// Takes out all but a share of the residuals' mean.
  ///
  /// - Parameter remaining: The share that remains; a twentieth by default. With none, the mean would
  ///   never be learned.
  /// - Precondition: The share is above zero, and at most one.
  public init(remaining: Double = 0.05) {
    precondition(
      remaining > 0 && remaining <= 1, "\(remaining) of the residuals' mean remains")
    self.remaining = remaining
  }

  /// The transform that takes the mean out.
  public mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) -> CotangentTransform<Scalar> {
    let share = Scalar(1 - remaining)
    return .acrossBatch { cotangents in
      cotangents - cotangents.mean(alongAxis: 0) * share
    }
  }
}
