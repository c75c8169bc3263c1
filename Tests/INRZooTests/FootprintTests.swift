import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

@Suite struct FootprintTests {
  @Test(arguments: ModelKind.allCases, [1, 3])
  func thoseOfWideNetworksFollowFromNarrowOnes(_ kind: ModelKind, hiddenLayers: Int) throws {
    func recipe(_ width: Int) -> ModelRecipe {
      ModelRecipe(kind, width: width, hiddenLayers: hiddenLayers)
    }
    func measured(_ width: Int) throws -> ModelFootprint {
      var generator = SeededGenerator(seed: 1)
      let network = recipe(width).network(
        ModelRecipe.Layout(bandwidths: [16, 16], outputs: 3), using: &generator, Float.self)
      return try ModelFootprint(of: network, inputs: 2)
    }
    let expected = try measured(101)
    #expect(expected.trainedCount > 101 && expected.recordedPerRow > 101)
    #expect(expected.inputs == 2 && expected.outputs == 3)
    let found = try ModelFootprint.extrapolated(
      to: 101, units: { recipe($0).units }, measuring: measured)
    #expect(found == expected)
  }

  @Test func networksThatWouldNotFitAreEstimatedQuickly() throws {
    var recipe = Recipe.picture
    recipe.model.width = 1 << 20
    for name in ["none", "fr", "bn", "fr+bn+iga"] {
      let choice = try #require(AdjusterChoice(rawValue: name))
      let estimate = try recipe.memoryEstimate(
        of: choice, rowCount: 1 << 16, groupCount: 64, threads: 4, recordingBudget: 1 << 29,
        Float.self
      ) { model in
        var generator = SeededGenerator(seed: 1)
        return model.network(
          ModelRecipe.Layout(bandwidths: [64, 64], outputs: 3), using: &generator, Float.self)
      }
      // Two square matrices of 2²⁰ units, or of 2²⁰ and 2¹³ basis vectors.
      let least = name.hasPrefix("fr") ? 1 << 36 : 1 << 43
      #expect(estimate.total > least, "\(name): \(estimate.bytes)")
      #expect(estimate.largest == .gradients || name.hasPrefix("fr"))
    }
  }
}
