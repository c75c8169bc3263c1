import AutoDiff
import TensorKit

/// About how much memory the tensors of a training run take at most, known before any of them is made.
///
/// ```swift
/// let footprint = try ModelFootprint(of: model, inputs: 2)
/// let estimate = MemoryEstimate(of: footprint, rowCount: batch.rowCount, bytesPerNumber: 4)
/// if let available = TensorMemory.availableBytes, estimate.total > available {
///   print("too large, mostly by its \(estimate.largest)")
/// }
/// ```
///
/// It is to be compared with ``/TensorKit/TensorMemory/availableBytes`` before, and with
/// ``/TensorKit/TensorMemory/peakBytesInUse`` after a run: the tests find a ratio between 0.7 and 1.4.
public struct MemoryEstimate: Sendable, Equatable {
  /// What takes memory.
  public enum Part: String, CaseIterable, Sendable, CustomStringConvertible {
    /// The model at the start, and the one in training.
    case model
    /// The optimizer's state.
    case optimizer
    /// Gradients that shards add up, and the parameters as one vector.
    case gradients
    /// Recordings of tiles, one for each thread, with the derivatives on their way back.
    case tiles
    /// Recordings that are kept between the phases of a step.
    case recordings
    /// Kernels of samples or groups, and what they are made from.
    case kernels
    /// Inputs, targets, outputs and residuals of the whole batch.
    case batch

    /// A few words for a sentence.
    public var description: String {
      switch self {
      case .model: "the network's weights"
      case .optimizer: "the optimizer's state"
      case .gradients: "gradients"
      case .tiles: "the recordings of tiles"
      case .recordings: "recordings kept between sweeps"
      case .kernels: "kernels"
      case .batch: "the batch"
      }
    }
  }

  /// The bytes of each part.
  public let bytes: [Part: Int]

  /// The bytes of all parts together.
  public var total: Int { bytes.values.reduce(0, +) }

  /// The part that takes the most.
  public var largest: Part {
    Part.allCases.max { bytes[$0, default: 0] < bytes[$1, default: 0] } ?? .model
  }

  /// Estimates a run on a whole batch at each step.
  ///
  /// - Parameters:
  ///   - model: The numbers of the model, as an adjuster has rewritten it.
  ///   - rowCount: The number of rows of the batch.
  ///   - bytesPerNumber: Those of the numbers that are computed with.
  ///   - optimizerNumbersPerParameter: See `Optimizer.numbersPerParameter`; Adam's by default.
  ///   - keepsRecordings: Whether all outputs are needed before anything is pulled back, as by transforms across
  ///     the batch and for normalizations.
  ///   - recordingBudget: What may be kept between phases.
  ///   - kernelSizes: For each kernel of an adjuster, how many rows it has.
  ///   - threads: How many threads share the work.
  ///   - rowsPerTile: How many rows are evaluated at once.
  public init(
    of model: ModelFootprint, rowCount: Int, bytesPerNumber: Int,
    optimizerNumbersPerParameter: Int = 2, keepsRecordings: Bool = false,
    recordingBudget: Int = 512 << 20, kernelSizes: [Int] = [],
    threads: Int = Workers.availableCores, rowsPerTile: Int = 256
  ) {
    let (trained, recorded) = (Double(model.trainedCount), Double(model.recordedPerRow))
    let shards = min((rowCount + rowsPerTile - 1) / rowsPerTile, 32)
    let levels = Int.bitWidth - max(shards - 1, 0).leadingZeroBitCount
    // One on each level of the tree that adds them, and one for each thread; later the sum, its parameters and
    // the moved ones.
    let gradients = max(min(shards, levels + min(threads, shards)), 3)
    let tileRows = min(rowsPerTile, rowCount)
    // Nothing is kept unless half of the rows find room.
    let kept = Double(rowCount) * recorded * Double(bytesPerNumber)
    let budget = Double(recordingBudget)
    let numbers: [(Part, Double)] = [
      (.model, Double(model.storedCount) + trained),
      (.optimizer, Double(optimizerNumbersPerParameter) * trained),
      (.gradients, Double(gradients) * trained),
      (.tiles, Double(min(threads, max(shards, 1)) * tileRows) * recorded * 1.5),
      (
        .kernels,
        kernelSizes.reduce(0) { sum, size in
          // The reduction of a small matrix takes copies of it; large ones are multiplied as they are.
          sum + Double(size) * Double(size) * (size < 768 ? 4 : 1) + Double(size) * recorded
        }
      ),
      (.batch, Double(rowCount * (model.inputs + 4 * model.outputs))),
    ]
    var bytes: [Part: Int] = [:]
    for (part, count) in numbers { bytes[part] = Self.whole(count * Double(bytesPerNumber)) }
    bytes[.recordings] = keepsRecordings && kept / 2 <= budget ? Self.whole(min(kept, budget)) : 0
    self.bytes = bytes
  }

  /// A number of bytes, or as many as still can be added up.
  private static func whole(_ bytes: Double) -> Int { Int(min(bytes, 0x1p59)) }
}
