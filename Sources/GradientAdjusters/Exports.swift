// One import is enough to train: whoever writes an adjuster names tensors, parameter vectors, modules
// and optimizers, which are declared in the layers below. Swift has no public way to pass a whole
// module on; `public import` makes it part of the interface, but does not bring its names into scope.
@_exported import AutoDiff
@_exported import TensorKit
