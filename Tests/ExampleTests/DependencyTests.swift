import Foundation
import Testing

extension Tag {
  /// Takes a minute or so.
  @Tag static var slow: Self
}

/// The package as another one uses it: named by its path, one module imported.
@Suite("As a dependency", .serialized)
struct DependencyTests {
  static let manifest = """
    // swift-tools-version: 6.1
    import PackageDescription

    let package = Package(
      name: "Probe",
      platforms: [.macOS(.v15)],
      dependencies: [.package(name: "swift-gradient-adjusters", path: "\(Repository.root.path)")],
      targets: [
        .executableTarget(
          name: "Probe",
          dependencies: [.product(name: "GradientAdjusters", package: "swift-gradient-adjusters")])
      ],
      swiftLanguageModes: [.v6]
    )

    """

  static let program = """
    import GradientAdjusters

    /// Halves the cotangents of the samples that are fitted best, and bounds the gradient.
    struct FocusedClipping<Scalar: TensorScalar>: GradientAdjuster {
      let bound: Scalar
      private(set) var clippedSteps = 0

      init(bound: Scalar) { self.bound = bound }

      mutating func cotangentTransform<Model: Module<Scalar>>(
        for step: TrainingStep<Model>
      ) throws -> CotangentTransform<Scalar> {
        let typical = try step.cotangents().absoluteRowSums().mean()
        return .rows { cotangents in
          var focused = cotangents
          for row in 0..<cotangents.shape[0] {
            for column in 0..<cotangents.shape[1] where abs(cotangents[row, column]) < typical {
              focused[row, column] /= 2
            }
          }
          return focused
        }
      }

      mutating func adjust<Model: Module<Scalar>>(
        _ gradient: inout ParameterVector<Scalar>, for step: TrainingStep<Model>
      ) throws {
        if gradient.clip(toNorm: bound) > bound { clippedSteps += 1 }
      }
    }

    /// One hidden layer of sines.
    struct Wave: Module {
      var first: Linear<Float>
      var second: Linear<Float>

      func callAsFunction(_ input: Variable<Float>) -> Variable<Float> {
        second(first(input, then: Sine(frequency: 10)))
      }

      mutating func visit(_ visitor: inout ModuleVisitor<Float>) {
        visitor.visit(&first, named: "first")
        visitor.visit(&second, named: "second")
      }
    }

    var generator = SeededGenerator(seed: 1)
    let model = Wave(
      first: Linear(inputs: 1, outputs: 32, using: &generator),
      second: Linear(inputs: 32, outputs: 1, using: &generator))
    let inputs = Tensor<Float>.evenlySpaced(over: -1...1, count: 64).reshaped(to: [64, 1])
    let batch = Batch(inputs: inputs, targets: (inputs * 7).sine())
    var trainer = try Trainer(
      model, optimizer: Adam(learningRate: 1e-2), adjuster: FocusedClipping(bound: 0.1))
    for step in 0...60 {
      let loss = try trainer.advance(on: batch)
      if step.isMultiple(of: 20) { print("step=\\(step) loss=\\(loss)") }
    }
    if let adjuster = trainer.adjuster as? FocusedClipping<Float> {
      print("clipped=\\(adjuster.clippedSteps)")
    }

    """

  @Test(
    "A package that imports one module trains with an adjuster of its own", .tags(.slow))
  func probe() throws {
    try withTemporaryFolder { root in
      let sources = root.appendingPathComponent("Sources/Probe")
      try FileManager.default.createDirectory(at: sources, withIntermediateDirectories: true)
      try Data(Self.manifest.utf8).write(to: root.appendingPathComponent("Package.swift"))
      try Data(Self.program.utf8).write(to: sources.appendingPathComponent("main.swift"))

      let build = try ProgramRun(
        executable: ProgramRun.onPath("swift"),
        ["build", "-j", "1", "--scratch-path", root.appendingPathComponent("build").path],
        in: root)
      try #require(build.code == 0, "\(build.standardOutput)\(build.standardError)")
      let report = "\(build.standardOutput)\(build.standardError)"
      #expect(!report.contains("warning:"), "\(report)")

      let run = try ProgramRun(
        executable: root.appendingPathComponent("build/debug/Probe"), [], in: root)
      #expect(run.code == 0)
      #expect(run.standardError.isEmpty)
      let losses = run.outputLines.dropLast().compactMap { line in
        line.split(separator: "loss=").last.flatMap { Double($0) }
      }
      #expect(losses.count == 4, "\(run.standardOutput)")
      #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 > $1 }, "\(losses)")
      #expect(try #require(losses.last) < 0.05 * (try #require(losses.first)), "\(losses)")
      let clipped = run.outputLines.last?.split(separator: "=").last.flatMap { Int($0) }
      #expect(try #require(clipped) > 0)
    }
  }
}
