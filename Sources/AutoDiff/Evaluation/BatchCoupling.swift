import Synchronization
import TensorKit

/// What the normalizations of a model consult while tiles of a batch are recorded: statistics that
/// belong to the whole batch.
///
/// A normalization whose statistics are not known yet ends a tile's recording. What it received is kept,
/// and everything after it is skipped as far as normalizations can skip it. Once the statistics are
/// known the recording goes on from there.
///
/// One thread at a time records with a coupling.
final class BatchCoupling<Scalar: TensorScalar>: Sendable {
  /// What is done at a normalization.
  enum Mode: Sendable {
    /// The statistics of the first normalizations are known; the recording is cut where they enter, so
    /// that derivatives can be corrected there.
    case coupled(BatchStatistics<Scalar>)
    /// All statistics are known, and constants.
    case held(BatchStatistics<Scalar>)
    /// Nothing is normalized; the moments of what normalizations receive are kept.
    case observed
  }

  /// Whether normalizations keep the slopes of their activations: where derivatives follow at once.
  let keepsSlopes: Bool
  private let mode: Mode
  private let recording = Mutex(TileRecording<Scalar>())
  /// Zeros in the place of what cannot be known yet, by their number of columns.
  private let zeros = Mutex<[Int: Tensor<Scalar>]>([:])

  init(_ mode: Mode, keepsSlopes: Bool = true) {
    self.mode = mode
    self.keepsSlopes = keepsSlopes
  }

  /// Calls a model whose normalizations this coupling serves, going on from what is recorded already.
  func record(
    _ recording: inout TileRecording<Scalar>, calling model: some Module<Scalar>,
    on input: Tensor<Scalar>
  ) {
    var started = recording
    started.layers = []
    started.isWaiting = false
    recording = TileRecording()
    self.recording.withLock { $0 = started }
    let output = model(Variable(input))
    recording = self.recording.withLock { current in
      defer { current = TileRecording() }
      return current
    }
    recording.isComplete = recording.pending == nil
    recording.output = recording.isComplete ? output : nil
  }

  /// Calls a model whose normalizations this coupling serves, with all statistics held.
  func output(of model: some Module<Scalar>, on input: Variable<Scalar>) -> Variable<Scalar> {
    recording.withLock { $0 = TileRecording() }
    return model(input)
  }

  /// What stands for a layer's values where they would depend on statistics that are not known; nil where they do not.
  ///
  /// - Parameters:
  ///   - rows: How many rows the layer was given.
  ///   - columns: How many columns it has.
  func placeholder(rows: Int, columns: Int) -> Variable<Scalar>? {
    guard recording.withLock({ $0.isWaiting }) else { return nil }
    return zeros.withLock { zeros in
      if let known = zeros[columns], known.shape[0] == rows { return Variable(known) }
      let made = Tensor<Scalar>(zeros: [rows, columns])
      zeros[columns] = made
      return Variable(made)
    }
  }

  /// What follows a layer's values once they are normalized.
  ///
  /// - Parameters:
  ///   - rows: How many rows the values have.
  ///   - columns: How many columns they have.
  ///   - layer: The layer's full name.
  ///   - values: Computes them.
  ///   - finish: What is made of the values with their statistics; nil if they are not to be
  ///     normalized.
  func normalized(
    rows: Int, columns: Int, layer: String, values: () -> Variable<Scalar>,
    finish: (_ values: Variable<Scalar>, _ statistics: ColumnStatistics<Scalar>?)
      -> Variable<Scalar>
  ) -> Variable<Scalar> {
    let (index, known) = recording.withLock { recording in
      recording.layers.append(layer)
      let index = recording.layers.count - 1
      let isKnown = index < recording.normalized.count
      return (index, isKnown ? recording.normalized[index].output : nil)
    }
    if let known { return known }
    switch mode {
    case .observed:
      let values = values()
      let moments = ColumnMoments(of: values.value)
      recording.withLock { $0.observed.append(moments) }
      return finish(values, nil)
    case .held(let statistics):
      let held = statistics.normalizations
      precondition(
        index < held.count && held[index].layer == layer,
        "statistics of \(held.map(\.layer)) for a model whose normalization \(index) is \(layer)")
      return finish(values(), held[index])
    case .coupled(let statistics):
      let known = statistics.normalizations
      // Beyond the first normalization with unknown statistics, numbers mean nothing.
      if let nothing = placeholder(rows: rows, columns: columns) { return nothing }
      let received = recording.withLock { recording in
        defer { recording.pending = nil }
        return recording.pending
      }
      let values = received ?? values()
      guard index < known.count else {
        recording.withLock {
          $0.pending = values
          $0.isWaiting = true
        }
        return placeholder(rows: rows, columns: columns) ?? values
      }
      precondition(
        known[index].layer == layer,
        "the model met the normalization of \(known[index].layer) before, and now \(layer)")
      let cut = values.node == nil ? values : values.lifted()
      let output = finish(cut, known[index])
      recording.withLock {
        $0.normalized.append(.init(received: values, cut: cut, output: output))
      }
      return output
    }
  }
}

/// How far one tile of a coupled batch is recorded.
struct TileRecording<Scalar: TensorScalar>: Sendable {
  /// A normalization that is done.
  struct Normalized: Sendable {
    /// What it received.
    let received: Variable<Scalar>
    /// The same as a variable of its own, which the rest of the recording depends on.
    let cut: Variable<Scalar>
    /// The normalized values, with the activation that follows, as long as the recording may go on from them.
    var output: Variable<Scalar>?
  }

  /// The normalizations that are done, in order.
  var normalized: [Normalized] = []
  /// What the first one received whose statistics were not known.
  var pending: Variable<Scalar>?
  /// Whether the last call has come to it, so that what follows is skipped.
  var isWaiting = false
  /// Whether all normalizations are done.
  var isComplete = false
  /// The model's outputs, once all normalizations are done and as long as derivatives begin there.
  var output: Variable<Scalar>?
  /// The layers whose normalizations the last call met, in order.
  var layers: [String] = []
  /// The moments of what they received, if they were observed.
  var observed: [ColumnMoments] = []

  /// Lets go of what is of no more use once the last cotangent has come back from a segment's end to its
  /// beginnings, in the order of the segments from the last to the first.
  mutating func letGo(ofSegment segment: Int) {
    output = nil
    for index in normalized.indices { normalized[index].output = nil }
    normalized.removeSubrange(min(segment, normalized.count)...)
  }
}

extension Module {
  /// A copy whose normalizations take their statistics from a coupling, and whose layers skip what it cannot know.
  func coupled(by coupling: BatchCoupling<Scalar>) -> Self {
    var copy = self
    var visitor = ModuleVisitor<Scalar>(onLayer: { name, _, layer in
      layer.coupling = coupling
      layer.normalization?.couple(to: coupling, layer: name)
    })
    copy.visit(&visitor)
    return copy
  }

  /// How many numbers the normalizations of a model produce for each row.
  var normalizedColumns: Int {
    var copy = self
    var count = 0
    var visitor = ModuleVisitor<Scalar>(onLayer: { _, _, layer in
      count += layer.normalization?.columns ?? 0
    })
    copy.visit(&visitor)
    return count
  }
}
