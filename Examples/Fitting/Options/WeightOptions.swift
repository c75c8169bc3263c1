import ExampleSupport
import INRZoo

/// The options of weights that runs start from, and that are saved.
package enum WeightOptions {
  package static let initial = Option(
    "initial-weights", .existingWeights(),
    help: """
      A .safetensors file to start from, by its name with or without this ending. It must be of the same \
      model, which files of --save-weights say; others have layers.N.weight [out, in] and layers.N.bias. \
      FR saves layers.N.coefficients. FR goes on from its coefficients, and draws its own in \
      the place of the weights that it replaces; other runs start from the weights that \
      coefficients stand for. The same goes for BN and its norms.N.weight and norms.N.bias.
      """)
  package static let saved = Option(
    "save-weights", .weightsToWrite(),
    help: """
      Writes the final weights as .safetensors, an ending that may be left out; with several adjusters, to a file for each, as \
      FILE-iga. FR's are its coefficients, so that it can go on from them, and BN's those of its \
      normalizations too.
      """)
}
