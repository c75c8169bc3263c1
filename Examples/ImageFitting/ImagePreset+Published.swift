extension ImagePreset {
  /// All presets, by publication.
  static let all: [ImagePreset] =
    inductiveGradientAdjustment + fourierReparameterization + finerPictures

  // MARK: K. Shi et al., ICML 2025

  /// Kodak pictures 1 to 8 of 768 x 512 pixels, networks of four weight matrices.
  private static let inductiveGradientAdjustment: [ImagePreset] = {
    let source = "K. Shi et al., ICML 2025, table 1 and appendix G; Kodak pictures 1 to 8"
    let common = [
      ("hidden-layers", "2"), ("width", "256"), ("patch", "32"), ("steps", "10000"),
      ("schedule", "once:3000:0.1"), ("seed", "4096"),
    ]
    // The released script sums gradients over the offsets of all groups' largest residuals.
    let sampling = [("sampling", "aggregate")]

    func plain(_ model: String, _ text: String, name: String? = nil) -> ImagePreset {
      ImagePreset(
        name: "plain-\(name ?? model)", about: "\(text), plain training", source: source,
        options: named(
          [("model", model), ("adjuster", "none"), ("learning-rate", "1e-3")] + common)
      )
    }
    func adjusted(
      _ model: String, _ text: String, rate: String, end: String, releasedRate: String? = nil,
      releasedEnd: String? = nil, name: String? = nil
    ) -> ImagePreset {
      ImagePreset(
        name: "iga-\(name ?? model)", about: "\(text), IGA", source: source,
        options: named(
          [
            ("model", model), ("adjuster", "iga"), ("learning-rate", rate), ("end", end),
            ("sampling", "largest-residual"), ("damping", "none"),
          ] + common),
        released: named(
          sampling + (releasedRate.map { [("learning-rate", $0)] } ?? [])
            + (releasedEnd.map { [("end", $0)] } ?? [])))
    }
    func reparameterized(
      _ model: String, _ text: String, amplitude: String, releasedRate: String? = nil
    ) -> ImagePreset {
      ImagePreset(
        name: "fr-\(model)", about: "\(text), Fourier reparameterization", source: source,
        options: named(
          [
            ("model", model), ("adjuster", "fr"), ("learning-rate", "1e-3"), ("fr-low", "128"),
            ("fr-high", "128"), ("fr-phases", "32"), ("fr-alpha", amplitude),
          ] + common),
        released: named(releasedRate.map { [("learning-rate", $0)] } ?? []))
    }
    func normalized(
      _ model: String, _ text: String, placement: String, releasedRate: String? = nil
    ) -> ImagePreset {
      ImagePreset(
        name: "bn-\(model)", about: "\(text), batch normalization", source: source,
        options: named(
          [
            ("model", model), ("adjuster", "bn"), ("learning-rate", "1e-3"),
            ("bn-placement", placement),
          ] + common),
        released: named(releasedRate.map { [("learning-rate", $0)] } ?? []))
    }
    return [
      plain("relu", "rectified linear units"), plain("pe", "positional encoding"),
      plain("siren", "SIREN"), plain("finer", "FINER"),
      plain("gauss-finer", "Gauss with FINER's sines", name: "gauss"),
      plain("wire-finer-real", "WIRE with FINER's sines", name: "wire"),
      adjusted("relu", "rectified linear units", rate: "5e-3", end: "25"),
      adjusted("pe", "positional encoding", rate: "5e-3", end: "20", releasedRate: "1e-3"),
      adjusted("siren", "SIREN", rate: "1e-3", end: "20"),
      adjusted("finer", "FINER", rate: "1e-3", end: "20", releasedEnd: "15"),
      adjusted(
        "gauss-finer", "Gauss with FINER's sines", rate: "1e-3", end: "20", name: "gauss"),
      adjusted(
        "wire-finer-real", "WIRE with FINER's sines", rate: "1e-3", end: "20", name: "wire"),
      reparameterized(
        "relu", "rectified linear units", amplitude: "0.001", releasedRate: "5e-3"),
      reparameterized("pe", "positional encoding", amplitude: "0.05"),
      reparameterized("siren", "SIREN", amplitude: "0.004"),
      normalized("relu", "rectified linear units", placement: "after"),
      normalized("pe", "positional encoding", placement: "before", releasedRate: "3e-3"),
    ]
  }()

  // MARK: K. Shi et al., CVPR 2024

  /// Kodak picture 5, networks of five weight matrices.
  private static let fourierReparameterization: [ImagePreset] = [
    ("relu", "rectified linear units", "0.05"), ("siren", "SIREN", "0.01"),
  ].map { model, text, amplitude in
    ImagePreset(
      name: "fr-inr-\(model)", about: "\(text), Fourier reparameterization, five weight matrices",
      source: "K. Shi et al., CVPR 2024, released script for pictures; Kodak picture 5",
      options: named([
        ("model", model), ("adjuster", "fr"), ("hidden-layers", "3"), ("width", "256"),
        ("fr-low", "128"), ("fr-high", "128"), ("fr-phases", "32"), ("fr-alpha", amplitude),
        ("learning-rate", "1e-4"), ("schedule", "once:3000:0.1"), ("steps", "10000"),
      ]))
  }

  // MARK: Z. Liu et al., CVPR 2024

  /// Pictures of 512 x 512 pixels, networks of five weight matrices.
  ///
  /// Pixels are mapped to [-1, 1], but for the network with positional encoding.
  private static let finerPictures: [ImagePreset] = {
    func preset(
      _ model: String, _ text: String, rate: String, range: PixelRange = .symmetric,
      _ constants: [(String, String)]
    ) -> ImagePreset {
      ImagePreset(
        name: "\(model)-div2k", about: "\(text), five weight matrices",
        source: """
          Z. Liu et al., CVPR 2024, natural pictures of 512 x 512 pixels from DIV2K, and pictures of text of \
          that size
          """,
        options: named(
          [
            ("model", model), ("adjuster", "none"), ("hidden-layers", "3"), ("width", "256"),
            ("learning-rate", rate), ("schedule", "exponential:0.1:5000"), ("steps", "5000"),
            ("seed", "3407"), ("pixel-range", range.rawValue),
          ] + constants))
    }
    return [
      preset("finer", "FINER", rate: "5e-4", [("omega", "30")]),
      preset("siren", "SIREN", rate: "5e-4", [("omega", "30")]),
      preset("wire", "WIRE", rate: "5e-3", [("omega", "20"), ("scale", "10")]),
      preset("gauss", "Gauss", rate: "5e-3", [("scale", "30")]),
      preset(
        "pe", "positional encoding", rate: "1e-3", range: .unit,
        [("pe-convention", "radians"), ("pe-frequencies", "10")]),
    ]
  }()

  private static func named(_ options: [(String, String)]) -> [(name: String, value: String)] {
    options.map { (name: $0.0, value: $0.1) }
  }
}
