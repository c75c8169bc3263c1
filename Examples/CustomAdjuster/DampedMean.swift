import AutoDiff
import GradientAdjusters
import TensorKit

/// Slows down the learning of the residuals' mean, so that the learning rate goes to the rest.
///
/// A step of gradient descent changes a network's outputs by −rate · J Jᵀ r, where r are the residuals
/// and J is the outputs' Jacobian. How fast a part of the residuals is learned depends on how large J Jᵀ
/// is in that direction. Of all directions, the constant one is learned fastest by far: every sample
/// pulls the last layer's bias, and much else, the same way. The rate must be small enough for it, and is
/// then too small for all others, fine detail above all.
///
/// Optimizers with a step size for each parameter, such as Adam, cannot see that, because the mean has no
/// parameter of its own. An adjuster can: it acts on the residuals before they are pulled back to
/// the parameters. This one leaves a share of their mean, a twentieth unless told otherwise, for each
/// output by itself. What is left still goes to zero, only not first.
///
/// Tables of adjusters tend to omit this simplest of them all. It has no kernel and no eigenvectors, and
/// on pictures it gains a good part of what those with eigenvectors do.
struct DampedMean<Scalar: TensorScalar>: GradientAdjuster {
  /// The share of the mean that is left; 1 is plain training, and 0 would never learn the mean.
  let share: Scalar

  init(leaving share: Scalar = 1 / 20) { self.share = share }

  /// Called at each step; the step knows the model, the batch and, if asked, all residuals.
  ///
  /// The mean couples all rows, so the transform is one across the batch: the whole batch is swept
  /// forward before it is pulled back, which makes a step about a third longer.
  mutating func cotangentTransform<Model: Module<Scalar>>(
    for step: TrainingStep<Model>
  ) -> CotangentTransform<Scalar> {
    .acrossBatch { [share] cotangents in
      // Shape [samples, outputs] less shape [outputs], stretched over the samples.
      cotangents - cotangents.mean(alongAxis: 0) * (1 - share)
    }
  }
}
