import AutoDiff
import GradientAdjusters
import INRZoo
import TensorKit
import Testing

/// Recipes of scenes: the renderers and rays that they make, and states that change their size.
@Suite struct SceneRecipeTests {
  static let scene = Result {
    try ProceduralScene.scene(resolution: 12, trainingViews: 6, testViews: 1, samplesPerSide: 1)
  }

  /// Small sizes of a field.
  static func recipe(_ field: SceneRecipe.Field) -> Recipe {
    var recipe = Recipe.scene(field)
    (recipe.scene.network.depth, recipe.scene.network.width) = (2, 8)
    recipe.scene.sampling = SceneRecipe.Sampling(coarse: 6, fine: 4)
    recipe.scene.drawing.count = 64
    recipe.scene.voxels.perSide = [6, 10]
    recipe.scene.voxels.shares = [0.3, 0.6]
    recipe.scene.dense.finalVoxels = 800
    recipe.scene.dense.width = 8
    recipe.scene.dense.doublings = [0.3, 0.6]
    recipe.scene.hash = HashGridSettings(
      levels: 2, features: 2, log2RowsPerLevel: 6, coarsestResolution: 4, finestResolution: 8)
    recipe.scene.marching.cells = 12
    recipe.training.steps = 6
    return recipe
  }

  /// A renderer in training, and its rays.
  struct Run<Model: RayRenderer> {
    var trainer: Trainer<Model>
    var source: RayBatches<Model.Scalar>
    let recipe: Recipe

    init(_ renderer: Model, _ recipe: Recipe, threads: Int = 2) throws {
      self.recipe = recipe
      let workers = Workers(threads: threads)
      trainer = try Trainer(
        renderer, optimizer: recipe.training.optimizer(workers: workers, Model.Scalar.self),
        loss: renderer.loss, workers: workers)
      source = try recipe.scene.batches(
        of: SceneRecipeTests.scene.get(), noiseColumns: renderer.noiseColumns, seed: 3,
        workers: workers)
    }

    /// Makes steps, and does what is due before each.
    mutating func advance(to end: Int) throws {
      while trainer.step < end {
        var model = trainer.model
        let share = Double(trainer.step) / Double(recipe.training.steps)
        let change = try model.maintain(
          beforeStep: trainer.step, share: share, workers: trainer.workers)
        if change != .nothing {
          let fresh = recipe.training.optimizer(workers: trainer.workers, Model.Scalar.self)
          try trainer.changeModel(optimizer: change == .parameters ? fresh : nil) { $0 = model }
        }
        try trainer.advance(on: source.nextBatch())
      }
    }
  }

  private func renderer(
    _ field: SceneRecipe.Field, _ change: (inout Recipe) -> Void = { _ in }
  ) throws -> (any RayRenderer<Double>, Recipe) {
    var recipe = Self.recipe(field)
    change(&recipe)
    var generator = SeededGenerator(seed: 2)
    return (
      try recipe.scene.renderer(
        of: Self.scene.get(), using: &generator, workers: Workers(threads: 2)), recipe
    )
  }

  /// As published, whatever is dense at the end of a ray closes it.
  @Test func theOwnNerfIsNearlyTransparentAtFirst() throws {
    func largestOpacity(_ change: (inout Recipe) -> Void = { _ in }) throws -> Double {
      func opacity<Model: RayRenderer<Double>>(_ renderer: Model) throws -> Double {
        try renderer.view(from: Self.scene.get().test[0].camera, over: [1, 1, 1]).opacity.largest()
      }
      return try opacity(renderer(.nerf, change).0)
    }
    #expect(try largestOpacity() < 0.5)
    #expect(try largestOpacity { $0.scene.closesRays = true } > 0.99)
  }

  @Test(arguments: SceneRecipe.Field.allCases)
  func trainingGoesOnAcrossRefinements(_ field: SceneRecipe.Field) throws {
    func check<Model: RayRenderer>(_ renderer: Model, _ recipe: Recipe) throws {
      var whole = try Run(renderer, recipe)
      let start = whole.trainer.model.parameterLayout
      try whole.advance(to: 3)
      let (state, rays) = (try whole.trainer.savedState(), try whole.source.savedState())
      let middle = whole.trainer.model.parameterLayout
      #expect((middle != start) == [.grid, .voxels].contains(field))
      try whole.advance(to: 6)
      // Another number of threads gives the same bits.
      var resumed = try Run(renderer, recipe, threads: 1)
      try resumed.trainer.restore(from: state)
      try resumed.source.restore(from: rays)
      try resumed.advance(to: 6)
      #expect(resumed.trainer.model.parameterLayout == whole.trainer.model.parameterLayout)
      #expect(
        resumed.trainer.model.parameters.values.elements
          == whole.trainer.model.parameters.values.elements)
      // The occupancy is restored as well.
      let camera = try Self.scene.get().test[0].camera
      let views = try [whole, resumed].map {
        try $0.trainer.model.view(from: camera, over: [1, 1, 1]).colors.elements
      }
      #expect(views[0] == views[1] && views[0].allSatisfy { $0.isFinite })
    }
    let (renderer, recipe) = try renderer(field)
    try check(renderer, recipe)
  }

  @Test(arguments: [SceneRecipe.Field.grid, .voxels])
  func statesOfOtherFieldsAreRefused(_ field: SceneRecipe.Field) throws {
    func state<Model: RayRenderer>(_ renderer: Model) throws -> SavedState {
      try renderer.savedState()
    }
    func restore<Model: RayRenderer>(_ renderer: Model, _ state: SavedState) throws {
      var copy = renderer
      try copy.restore(from: state)
    }
    let (one, _) = try renderer(field)
    let (other, _) = try renderer(field) {
      $0.scene.voxels.degree = 1
      $0.scene.dense.channels = 5
    }
    try restore(one, try state(one))
    #expect(throws: StateError.self) { try restore(other, try state(one)) }
  }

  @Test func raysAreThoseThatMeetTheHull() throws {
    let scene = try Self.scene.get()
    let hull = try #require(try scene.hull(cellSide: 0.1))
    let pixels = try scene.pixels(meeting: hull, RayDrawing(), otherwiseOneOf: 0)
    for (view, wanted) in zip(scene.training, pixels) {
      #expect(wanted.count == view.camera.pixelCount)
      for pixel in wanted.indices where view.isCovered(atPixel: pixel) { #expect(wanted[pixel]) }
    }
    #expect(pixels.contains { $0.contains(false) })
    let some = try scene.pixels(meeting: hull, RayDrawing(), otherwiseOneOf: 3)
    let counts = [pixels, some].map { $0.reduce(0) { $0 + $1.count { $0 } } }
    let all = scene.training.reduce(0) { $0 + $1.camera.pixelCount }
    let share = Double(counts[1] - counts[0]) / Double(all - counts[0])
    #expect(abs(share - 1 / 3.0) < 0.1)
    // Without silhouettes there is no hull.
    var opaque = scene
    opaque.training = scene.training.map { view in
      SceneView(
        name: view.name,
        picture: Picture(view.values(over: [1, 1, 1], as: Double.self)), camera: view.camera)
    }
    #expect(try opaque.hull(cellSide: 0.1) == nil)
  }

  @Test func schedulesThatFall() throws {
    let falling = try #require(RateSchedule(rawValue: "falling:0.01"))
    let rates = falling.schedule(from: 2, steps: 10)
    #expect(rates(0) == 2 && abs(rates(5) - 0.2) < 1e-12 && abs(rates(10) - 0.02) < 1e-12)
    let cosine = try #require(RateSchedule(rawValue: "cosine:10:0.25"))
    #expect(cosine == .cosine(total: 10, factor: 0.25))
    let values = cosine.schedule(from: 2)
    #expect(abs(values(5) - 1.25) < 1e-12 && values(10) == 0.5 && values(20) == 0.5)
    for schedule in [falling, cosine, .cosine(total: 7)] {
      #expect(RateSchedule(rawValue: schedule.rawValue) == schedule)
    }
    for text in ["falling", "falling:0", "falling:x", "cosine:10:0", "cosine:0:0.1"] {
      #expect(RateSchedule(rawValue: text) == nil)
    }
  }

  @Test func tablesHaveRatesOfTheirOwn() throws {
    func moved<Model: RayRenderer<Double>>(_ renderer: Model, _ recipe: Recipe) -> [Double] {
      var optimizer = recipe.training.optimizer(workers: Workers(threads: 1), Double.self)
      var parameters = renderer.parameters
      let before = parameters
      let ones = ParameterVector(
        Tensor<Double>(repeating: 1, shape: parameters.values.shape), layout: parameters.layout)
      optimizer.update(&parameters, along: ones)
      return ["density", "colors"].compactMap { name in
        guard let new = parameters[name], let old = before[name] else { return nil }
        return (old - new).elements.max()
      }
    }
    let (renderer, recipe) = try renderer(.grid)
    let steps = moved(renderer, recipe)
    #expect(steps.count == 2 && abs(steps[0] - 0.1) < 1e-6 && abs(steps[1] - 0.03) < 1e-6)
  }
}
