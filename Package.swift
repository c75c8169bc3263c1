// swift-tools-version: 6.1
import PackageDescription

// No package dependencies: what is not written here comes from system libraries, which
// `.ci/setup` installs on Debian and Ubuntu (oneDNN, LAPACK, libpng, libjpeg-turbo; for ShapeFiles alone, matio and assimp).
let package = Package(
  name: "swift-gradient-adjusters",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "TensorKit", targets: ["TensorKit"]),
    .library(name: "AutoDiff", targets: ["AutoDiff"]),
    .library(name: "GradientAdjusters", targets: ["GradientAdjusters"]),
    .library(name: "INRZoo", targets: ["INRZoo"]),
    .library(name: "ShapeFiles", targets: ["ShapeFiles"]),
    .executable(name: "FitImage", targets: ["FitImage"]),
    .executable(name: "CompareAdjusters", targets: ["CompareAdjusters"]),
    .executable(name: "RenderImage", targets: ["RenderImage"]),
    .executable(name: "FitFunction", targets: ["FitFunction"]),
    .executable(name: "FitShape", targets: ["FitShape"]),
    .executable(name: "FitScene", targets: ["FitScene"]),
    .executable(name: "RenderScene", targets: ["RenderScene"]),
    .executable(name: "CustomAdjuster", targets: ["CustomAdjuster"]),
    .executable(name: "InspectKernel", targets: ["InspectKernel"]),
    .executable(name: "EvaluateShape", targets: ["EvaluateShape"]),
    .executable(name: "CompareRuns", targets: ["CompareRuns"]),
  ],
  dependencies: [],
  targets: [
    // System libraries and C: thin, no logic of the package's own beyond elementwise kernels.
    .systemLibrary(name: "COneDNN"),
    .systemLibrary(name: "CLAPACK"),
    .systemLibrary(name: "CZlib"),
    .systemLibrary(name: "CTurboJPEG"),
    .systemLibrary(name: "CMatio"),
    .systemLibrary(name: "CAssimp"),
    .target(name: "CTensorKernels", linkerSettings: [.linkedLibrary("m")]),
    // MPI is loaded as it is needed, so nothing is linked.
    .target(name: "CMPI"),
    .target(name: "CPNGFiles", linkerSettings: [.linkedLibrary("png16")]),

    // The four layers. Each imports only those above it.
    .target(
      name: "TensorKit", dependencies: ["COneDNN", "CLAPACK", "CTensorKernels", "CMPI", "CZlib"]),
    .target(name: "AutoDiff", dependencies: ["TensorKit"]),
    .target(name: "GradientAdjusters", dependencies: ["TensorKit", "AutoDiff"]),
    .target(
      name: "INRZoo",
      dependencies: ["TensorKit", "AutoDiff", "GradientAdjusters", "CPNGFiles", "CTurboJPEG"]),

    // Beside the layers: who does not use it needs neither matio nor assimp.
    .target(
      name: "ShapeFiles", dependencies: ["TensorKit", "INRZoo", "CMatio", "CAssimp", "CZlib"]),

    // Runnable examples and the small library that they share.
    .target(
      name: "ExampleSupport", dependencies: ["TensorKit", "INRZoo"],
      path: "Examples/ExampleSupport"),
    .target(
      name: "Fitting",
      dependencies: ["TensorKit", "AutoDiff", "GradientAdjusters", "INRZoo", "ExampleSupport"],
      path: "Examples/Fitting"),
    // The programs that fit pictures, but for their entry points.
    .target(
      name: "ImageFitting",
      dependencies: [
        "TensorKit", "AutoDiff", "GradientAdjusters", "INRZoo", "ExampleSupport", "Fitting",
      ], path: "Examples/ImageFitting"),
    .executableTarget(
      name: "FitImage", dependencies: ["ImageFitting"], path: "Examples/FitImage"),
    .executableTarget(
      name: "CompareAdjusters", dependencies: ["ImageFitting"], path: "Examples/CompareAdjusters"),
    .executableTarget(
      name: "RenderImage", dependencies: ["ImageFitting"], path: "Examples/RenderImage"),
    .executableTarget(
      name: "FitFunction",
      dependencies: [
        "TensorKit", "AutoDiff", "GradientAdjusters", "INRZoo", "ExampleSupport", "Fitting",
      ], path: "Examples/FitFunction"),
    .executableTarget(
      name: "FitShape",
      dependencies: [
        "TensorKit", "AutoDiff", "GradientAdjusters", "INRZoo", "ShapeFiles", "ExampleSupport",
        "Fitting",
      ], path: "Examples/FitShape"),
    .executableTarget(
      name: "FitScene",
      dependencies: [
        "TensorKit", "AutoDiff", "GradientAdjusters", "INRZoo", "ExampleSupport", "Fitting",
      ], path: "Examples/FitScene"),
    .executableTarget(
      name: "RenderScene",
      dependencies: ["TensorKit", "AutoDiff", "INRZoo", "ExampleSupport", "Fitting"],
      path: "Examples/RenderScene"),
    .executableTarget(
      name: "CustomAdjuster",
      dependencies: [
        "TensorKit", "AutoDiff", "GradientAdjusters", "INRZoo", "ExampleSupport", "Fitting",
      ], path: "Examples/CustomAdjuster"),
    .executableTarget(
      name: "InspectKernel",
      dependencies: [
        "TensorKit", "AutoDiff", "GradientAdjusters", "INRZoo", "ExampleSupport", "Fitting",
      ], path: "Examples/InspectKernel"),
    .executableTarget(
      name: "EvaluateShape",
      dependencies: ["TensorKit", "INRZoo", "ShapeFiles", "ExampleSupport"],
      path: "Examples/EvaluateShape"),
    .executableTarget(
      name: "CompareRuns", dependencies: ["TensorKit", "ExampleSupport"],
      path: "Examples/CompareRuns"),

    // Measurements; see Benchmarks/README.md.
    .target(name: "CPeak", path: "Benchmarks/CPeak"),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "TensorKit", "AutoDiff", "GradientAdjusters", "INRZoo", "ExampleSupport", "CPeak",
      ], path: "Benchmarks/Measurements"),

    // Damaged files for the readers; `.ci/sanitize` runs it under sanitizers.
    .target(name: "CFuzzing", path: "Tests/CFuzzing"),
    .executableTarget(
      name: "Fuzzing",
      dependencies: [
        "TensorKit", "INRZoo", "ShapeFiles", "ExampleSupport", "CFuzzing", "CTurboJPEG",
        "CZlib",
      ],
      path: "Tests/Fuzzing"),

    .testTarget(
      name: "TensorKitTests", dependencies: ["TensorKit", "CTensorKernels", "COneDNN"]),
    .testTarget(name: "AutoDiffTests", dependencies: ["AutoDiff", "TensorKit"]),
    .testTarget(
      name: "GradientAdjustersTests",
      dependencies: ["GradientAdjusters", "AutoDiff", "TensorKit", "INRZoo"]),
    .testTarget(
      name: "INRZooTests",
      dependencies: ["INRZoo", "GradientAdjusters", "AutoDiff", "TensorKit", "CTurboJPEG"]),
    .testTarget(
      name: "ShapeFilesTests", dependencies: ["ShapeFiles", "INRZoo", "TensorKit"],
      exclude: ["Fixtures"]),
    // The programs are run as such, and are built with the tests for that.
    .testTarget(
      name: "ExampleTests",
      dependencies: [
        "ExampleSupport", "INRZoo", "GradientAdjusters", "AutoDiff", "TensorKit", "FitImage",
        "ImageFitting", "RenderImage", "FitFunction", "FitShape", "FitScene", "RenderScene",
        "EvaluateShape",
        "CompareAdjusters", "CustomAdjuster", "InspectKernel", "CompareRuns",
      ]),
  ],
  swiftLanguageModes: [.v6]
)
