/// A network for recognizing objects, whose features tell how alike two pictures look.
public enum PerceptualBackbone: String, CaseIterable, Sendable {
  /// AlexNet: A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
  case alexNet = "alex"
  /// VGG-16: K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image
  /// recognition", ICLR 2015.
  case vgg16 = "vgg"

  /// The network's name, as in its publication.
  public var name: String {
    switch self {
    case .alexNet: "AlexNet"
    case .vgg16: "VGG-16"
    }
  }

  /// The shortest side of a picture of which the last features are left.
  public var smallestSide: Int {
    stages.reversed().reduce(1) { length, stage in
      let pooled = stage.pooling?.smallestLength(for: length) ?? length
      return stage.convolutions.reversed().reduce(pooled) {
        $1.window.smallestLength(for: $0)
      }
    }
  }

  /// A convolution: where torchvision's `features` have it, and its shape.
  struct Layer: Sendable {
    let index: Int
    let inputs: Int
    let outputs: Int
    let window: SlidingWindow

    var weightName: String { "features.\(index).weight" }
    var biasName: String { "features.\(index).bias" }
    var weightShape: [Int] { [outputs, inputs, window.side, window.side] }
  }

  /// The convolutions up to features that are compared, and the pooling before the next ones.
  struct Stage: Sendable {
    let convolutions: [Layer]
    let pooling: SlidingWindow?
  }

  /// The stages in order, each with features to compare.
  var stages: [Stage] {
    switch self {
    case .alexNet:
      let pooling = SlidingWindow(side: 3, stride: 2)
      let none = SlidingWindow(side: 1)
      let three = SlidingWindow(side: 3, padding: 1)
      func stage(
        _ index: Int, _ inputs: Int, _ outputs: Int, _ window: SlidingWindow,
        _ pooling: SlidingWindow?
      ) -> Stage {
        Stage(
          convolutions: [Layer(index: index, inputs: inputs, outputs: outputs, window: window)],
          pooling: pooling)
      }
      return [
        stage(0, 3, 64, SlidingWindow(side: 11, stride: 4, padding: 2), pooling),
        stage(3, 64, 192, SlidingWindow(side: 5, padding: 2), pooling),
        stage(6, 192, 384, three, none), stage(8, 384, 256, three, none),
        stage(10, 256, 256, three, nil),
      ]
    case .vgg16:
      let pooling = SlidingWindow(side: 2, stride: 2)
      // Where torchvision's layers of each stage begin, their channels and their number.
      let stages: [(Int, Int, Int, Int, SlidingWindow?)] = [
        (0, 3, 64, 2, pooling), (5, 64, 128, 2, pooling), (10, 128, 256, 3, pooling),
        (17, 256, 512, 3, pooling), (24, 512, 512, 3, nil),
      ]
      return stages.map { start, inputs, outputs, count, pooling in
        Stage(
          convolutions: (0..<count).map { layer in
            Layer(
              index: start + 2 * layer, inputs: layer == 0 ? inputs : outputs, outputs: outputs,
              window: SlidingWindow(side: 3, padding: 1))
          },
          pooling: pooling)
      }
    }
  }

  /// The name of the weights that a stage's squared differences are given.
  static func headName(ofStage stage: Int) -> String { "lin\(stage).model.1.weight" }
}
