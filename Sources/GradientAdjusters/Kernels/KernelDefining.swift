import AutoDiff

/// A module that says which function's kernel stands for it, and which of its outputs adjusters act on.
///
/// A renderer of rays is one: its outputs may hold the colours of two networks, of which one is adjusted, and its
/// kernel may be taken at single points rather than of whole rays.
public protocol KernelDefining<Scalar>: Module {
  /// Computes from the same rows, with the same parameters or some of them, the outputs whose kernel is taken.
  var kernelModule: any Module<Scalar> { get }

  /// The outputs that adjusters act on; others keep their cotangents.
  var adjustedOutputs: Range<Int> { get }
}
