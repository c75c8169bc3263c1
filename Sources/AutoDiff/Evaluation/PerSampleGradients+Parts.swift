import TensorKit

extension PerSampleGradients {
  /// The factors of the gradients with respect to a parameter, and a bias if one belongs to it.
  ///
  /// Where the operation works on several rows for each sample, such as the points of a ray, the sample's
  /// gradient is the sum over its run of rows. If several parts belong to the same parameter, the gradients
  /// are the sums of theirs.
  public struct Part: Sendable {
    /// The parameter's index in the model's layout.
    public let parameter: Int
    /// The index of the bias whose gradients are the rows of `outer`.
    public let bias: Int?
    /// The left factors, of shape [samples · rows of a run, outputs].
    public let outer: Tensor<Scalar>
    /// The right factors, of shape [samples · rows of a run, inputs]; nil if the gradients are `outer` itself.
    public let inner: Tensor<Scalar>?
    /// How many rows of the factors belong to one sample.
    public let samplesPerRow: Int
    /// Where `inner` holds weights of a table's rows, which rows those are; nil if it holds all numbers.
    public let tableRows: [Int]?

    /// Factors, with run lengths and table rows where there are any.
    init(
      parameter: Int, bias: Int?, outer: Tensor<Scalar>, inner: Tensor<Scalar>?,
      samplesPerRow: Int = 1, tableRows: [Int]? = nil
    ) {
      self.parameter = parameter
      self.bias = bias
      self.outer = outer
      self.inner = inner
      self.samplesPerRow = samplesPerRow
      self.tableRows = tableRows
    }

    /// The same numbers in another precision.
    init<Other>(_ other: PerSampleGradients<Other>.Part) {
      self.init(
        parameter: other.parameter, bias: other.bias, outer: Tensor(other.outer),
        inner: other.inner.map { Tensor($0) }, samplesPerRow: other.samplesPerRow,
        tableRows: other.tableRows)
    }

    /// Parts with the same gradients, with runs summed where that makes products much cheaper.
    ///
    /// The product of two runs' gradients takes k² (a + b) multiplications in factors, for runs of k rows with a
    /// outputs and b inputs, and a · b once the runs are summed. Factors mostly take less memory, so they
    /// are kept unless sums are four times cheaper.
    var summedWhereCheaper: [Part] {
      guard samplesPerRow > 1, tableRows == nil else { return [self] }
      let bounds = Array(stride(from: 0, through: outer.shape[0], by: samplesPerRow))
      guard let inner else {
        return [
          Part(
            parameter: parameter, bias: bias, outer: outer.sumsOfRowRuns(bounds: bounds), inner: nil
          )
        ]
      }
      let (outputs, inputs) = (outer.shape[1], inner.shape[1])
      let productsOfFactors = samplesPerRow * samplesPerRow * (outputs + inputs)
      guard 4 * outputs * inputs <= productsOfFactors else { return [self] }
      let sums = zip(bounds, bounds.dropFirst()).map { start, end in
        Tensor.matrixProduct(
          outer.slice(start..<end), inner.slice(start..<end), transposingLeft: true
        )
        .reshaped(to: [1, -1])
      }
      let weight = Part(
        parameter: parameter, bias: nil, outer: .concatenated(sums), inner: nil)
      guard let bias else { return [weight] }
      return [
        weight,
        Part(parameter: bias, bias: nil, outer: outer.sumsOfRowRuns(bounds: bounds), inner: nil),
      ]
    }

    /// Adds the dot products of rows of this part's gradients and columns of another part's, which belong
    /// to the same parameter.
    func addProducts(
      with other: Part, rows: Range<Int>, columns: Range<Int>, to block: inout Tensor<Scalar>
    ) {
      if tableRows != nil {
        return addTableProducts(with: other, rows: rows, columns: columns, to: &block)
      }
      guard let inner, let otherInner = other.inner else {
        precondition(inner == nil && other.inner == nil, "parts with and without an inner factor")
        block += Tensor.rowProducts(outer, rows: rows, other.outer, rows: columns)
        return
      }
      let shift: Scalar = bias != nil && bias == other.bias ? 1 : 0
      guard samplesPerRow > 1 || other.samplesPerRow > 1 else {
        block.addProducts(
          of: .rowProducts(outer, rows: rows, other.outer, rows: columns),
          .rowProducts(inner, rows: rows, otherInner, rows: columns), shiftedBy: shift)
        return
      }
      // Some runs at a time, so that the products of all their rows stay in cache.
      let (mine, theirs) = (samplesPerRow, other.samplesPerRow)
      let strips = rows.pieces(of: max(1, 128 / mine)).map { rows in
        let pieces = columns.pieces(of: max(1, 256 / theirs)).map { columns in
          let (all, others) = (rows.repeated(mine), columns.repeated(theirs))
          var products = Tensor<Scalar>(zeros: [all.count, others.count])
          products.addProducts(
            of: .rowProducts(outer, rows: all, other.outer, rows: others),
            .rowProducts(inner, rows: all, otherInner, rows: others), shiftedBy: shift)
          return products.sumsOfRowRuns(
            bounds: Array(stride(from: 0, through: all.count, by: mine))
          ).reshaped(to: [rows.count, columns.count, theirs]).sum(alongAxis: 2)
        }
        return Tensor.concatenated(pieces, alongAxis: 1)
      }
      block += .concatenated(strips)
    }

    /// The dot product of each of some samples' gradients with another part's for the same sample, which
    /// belongs to the same parameter.
    ///
    /// - Returns: Shape: [samples].
    func productsBySample(with other: Part, _ samples: Range<Int>) -> Tensor<Scalar> {
      guard samplesPerRow == 1, other.samplesPerRow == 1, tableRows == nil else {
        return .concatenated(
          samples.map { sample in
            var product = Tensor<Scalar>(zeros: [1, 1])
            let only = sample..<(sample + 1)
            addProducts(with: other, rows: only, columns: only, to: &product)
            return product.reshaped(to: [1])
          })
      }
      let ofOuter = (outer.slice(samples) * other.outer.slice(samples)).sum(alongAxis: 1)
      guard let inner, let otherInner = other.inner else {
        precondition(inner == nil && other.inner == nil, "parts with and without an inner factor")
        return ofOuter
      }
      let ofInner = (inner.slice(samples) * otherInner.slice(samples)).sum(alongAxis: 1)
      return ofOuter * (ofInner + (bias != nil && bias == other.bias ? 1 : 0))
    }

    /// Adds some samples' gradients, each times a weight, to sums for each parameter.
    ///
    /// - Parameters:
    ///   - weights: Shape: [samples of the tile, 1].
    ///   - shapes: The shapes of the parameters.
    func addSum(
      of rows: RowTiles.Rows, weightedBy weights: Tensor<Scalar>,
      to sums: inout [CotangentSum<Scalar>], _ shapes: (Int) -> [Int]
    ) {
      let samples = rows.repeated(samplesPerRow)
      let bounds = (0...rows.count).map { $0 * samplesPerRow }
      let outer = outer.rows(in: samples) * weights.rowsRepeated(bounds: bounds)
      guard let inner = inner?.rows(in: samples) else {
        sums[parameter].add(outer.sum(alongAxis: 0).reshaped(to: shapes(parameter)))
        return
      }
      if let tableRows {
        let corners = inner.shape[1]
        sums[parameter].add(
          RowAddition(
            outer, at: samples.repeated(corners).elements(of: tableRows), weightedBy: inner,
            rowCount: shapes(parameter)[0]))
        return
      }
      sums[parameter].add(
        .matrixProduct(outer, inner, transposingLeft: true).reshaped(to: shapes(parameter)))
      if let bias { sums[bias].add(outer.sum(alongAxis: 0).reshaped(to: shapes(bias))) }
    }
  }
}

// MARK: - Tables

extension PerSampleGradients.Part {
  /// Adds the dot products of gradients with respect to a table, in those of its rows that both sides touch.
  fileprivate func addTableProducts(
    with other: Self, rows: Range<Int>, columns: Range<Int>, to block: inout Tensor<Scalar>
  ) {
    let (mine, theirs) = (touches(of: rows), other.touches(of: columns))
    let common = Set(mine).intersection(theirs).sorted()
    let place = Dictionary(uniqueKeysWithValues: common.enumerated().map { ($1, $0) })
    let (places, otherPlaces) = (mine.map { place[$0] ?? -1 }, theirs.map { place[$0] ?? -1 })
    // About as many columns at a time as a matrix product takes from cache.
    for range in (0..<common.count).pieces(of: max(1, 2048 / max(1, outer.shape[1]))) {
      block.addProduct(
        spread(rows, places, over: range), other.spread(columns, otherPlaces, over: range),
        transposingRight: true)
    }
  }

  /// The rows of the table that some samples touch, with repetitions.
  private func touches(of samples: Range<Int>) -> [Int] {
    guard let tableRows, let inner else {
      preconditionFailure("parts with and without rows of a table")
    }
    return Array(tableRows[samples.repeated(samplesPerRow * inner.shape[1])])
  }

  /// The samples' gradients in some of the places that rows of a table were given.
  ///
  /// - Parameters:
  ///   - places: The place of each row that the samples touch; negative for none.
  ///   - range: The places that are wanted.
  /// - Returns: Shape: [samples, places · columns of the table].
  private func spread(
    _ samples: Range<Int>, _ places: [Int], over range: Range<Int>
  ) -> Tensor<Scalar> {
    guard let inner else { preconditionFailure("a part of a table without weights") }
    let factorRows = samples.repeated(samplesPerRow)
    let touchesPerSample = samplesPerRow * inner.shape[1]
    // What lies elsewhere goes to one more row, which is cut off.
    let elsewhere = samples.count * range.count
    var targets = places
    for index in targets.indices {
      targets[index] =
        range.contains(places[index])
        ? index / touchesPerSample * range.count + places[index] - range.lowerBound : elsewhere
    }
    var spread = Tensor<Scalar>(zeros: [elsewhere + 1, outer.shape[1]])
    spread.addRows(
      at: targets, weightedBy: inner.slice(factorRows), outer.slice(factorRows))
    return spread.slice(0..<elsewhere).reshaped(to: [samples.count, -1])
  }
}

// MARK: - Ranges of runs

extension Range<Int> {
  /// The range in pieces of at most some length.
  fileprivate func pieces(of length: Int) -> [Range] {
    stride(from: lowerBound, to: upperBound, by: length).map {
      $0..<Swift.min($0 + length, upperBound)
    }
  }

  /// The range of rows of which each of this range's indices has several.
  fileprivate func repeated(_ times: Int) -> Range { (lowerBound * times)..<(upperBound * times) }
}

extension RowTiles.Rows {
  /// The rows of which each of these has several, one after the other.
  fileprivate func repeated(_ times: Int) -> RowTiles.Rows {
    switch self {
    case .range(let range): .range(range.repeated(times))
    case .list(let rows):
      .list(rows.flatMap { row in (0..<times).map { row * times + $0 } })
    }
  }

  /// The elements that stand at these places.
  fileprivate func elements(of array: [Int]) -> [Int] {
    switch self {
    case .range(let range): Array(array[range])
    case .list(let rows): rows.map { array[$0] }
    }
  }
}
