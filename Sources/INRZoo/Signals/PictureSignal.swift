import AutoDiff
import GradientAdjusters
import TensorKit

/// A picture as a signal to fit: a batch of all pixels, grouped in square patches.
///
/// A pixel's coordinates are (row, column), each axis evenly spaced over [-1, 1] with both ends.
/// Groups are whole patches in row-major order, pixels row-major within. Pixels of patches that the
/// right or bottom border cuts off come after them; they are trained, and belong to no group.
public struct PictureSignal<Scalar: TensorScalar>: Sendable {
  /// The number of rows of pixels.
  public let height: Int
  /// The number of columns of pixels.
  public let width: Int
  /// The number of values of a pixel.
  public let channels: Int
  /// All pixels, to fit a model to.
  public let batch: Batch<Scalar>
  /// The pixel, counted row by row, that each row of the batch holds.
  private let pixels: [Int]

  /// A picture in patches of some side.
  ///
  /// - Precondition: The side is positive.
  public init(_ picture: Picture, patch side: Int) {
    self.init(values: picture.values(), patch: side)
  }

  /// A picture given by its values, of shape [height, width, channels], in patches of some side.
  ///
  /// - Precondition: The side is positive.
  public init(values: Tensor<Scalar>, patch side: Int) {
    precondition(values.rank == 3, "a picture's values of shape \(values.shape)")
    precondition(side > 0, "patches of side \(side)")
    let (height, width, channels) = (values.shape[0], values.shape[1], values.shape[2])
    let (patchRows, patchColumns) = (height / side, width / side)
    var pixels: [Int] = []
    pixels.reserveCapacity(height * width)
    for patchRow in 0..<patchRows {
      for patchColumn in 0..<patchColumns {
        for row in (patchRow * side)..<((patchRow + 1) * side) {
          let first = row * width + patchColumn * side
          pixels.append(contentsOf: first..<(first + side))
        }
      }
    }
    let whole = pixels.count
    for row in 0..<height {
      let firstColumn = row < patchRows * side ? patchColumns * side : 0
      pixels.append(contentsOf: (row * width + firstColumn)..<((row + 1) * width))
    }
    let groups = RowPartition(
      rowCount: height * width,
      groups: (0..<(patchRows * patchColumns)).map { group in
        Array((group * side * side)..<((group + 1) * side * side))
      })
    precondition(whole == groups.count * groups.places, "patches do not cover their pixels")
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
    self.batch = Batch(
      inputs: pixelCoordinates(height: height, width: width).rows(at: pixels),
      targets: values.reshaped(to: [height * width, channels]).rows(at: pixels), groups: groups)
  }

  /// The pixels as a grid of rows and columns, for bands of frequency.
  public var grid: RowGrid { RowGrid(extents: [height, width], points: pixels) }

  /// Values for each row of the batch, put where their pixels are.
  ///
  /// - Parameter rows: Shape: [pixels, channels].
  /// - Returns: Shape: [height, width, channels].
  public func pictureValues(from rows: Tensor<Scalar>) -> Tensor<Scalar> {
    var values = rows
    values.setRows(at: pixels, to: rows)
    return values.reshaped(to: [height, width, -1])
  }
}

/// The coordinates of a grid's pixels row by row, each axis evenly spaced over [-1, 1], both ends
/// included; a single row or column lies at -1.
///
/// - Returns: (row, column) of each pixel, of shape [height · width, 2].
public func pixelCoordinates<Scalar: TensorScalar>(
  height: Int, width: Int
) -> Tensor<Scalar> {
  let rows = Tensor<Scalar>.evenlySpaced(over: -1...1, count: height).reshaped(to: [height, 1, 1])
  let columns = Tensor<Scalar>.evenlySpaced(over: -1...1, count: width).reshaped(to: [1, width, 1])
  let shape = [height, width, 1]
  return .concatenated([rows.broadcast(to: shape), columns.broadcast(to: shape)], alongAxis: 2)
    .reshaped(to: [height * width, 2])
}
