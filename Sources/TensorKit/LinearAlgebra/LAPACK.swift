import COpenBLAS

// LAPACK stores matrices by columns. A symmetric matrix reads the same either way, and eigenvectors
// that LAPACK writes as columns are rows here.

@Sendable func singlePrecisionSymmetricEigen(_ p: SymmetricEigenArguments<Float>) -> Int32 {
  _ = singleThreadedOpenBLAS
  var (size, low, high) = (p.size, p.size - p.count + 1, p.size)
  var (unused, tolerance): (Float, Float) = (0, 0)
  var (found, code): (Int32, Int32) = (0, 0)
  var support = [Int32](repeating: 0, count: 2 * Int(p.count))
  var workSize: Int32 = -1
  var integerWorkSize: Int32 = -1
  var work = [Float](repeating: 0, count: 1)
  var integerWork = [Int32](repeating: 0, count: 1)
  for _ in 0..<2 {  // the first call asks for the sizes of the work arrays
    ssyevr_(
      "V", p.count == p.size ? "A" : "I", "U", &size, p.matrix, &size,
      &unused, &unused, &low, &high, &tolerance, &found, p.values, p.vectors, &size, &support,
      &work, &workSize, &integerWork, &integerWorkSize, &code)
    guard code == 0, workSize == -1 else { break }
    workSize = Int32(work[0])
    integerWorkSize = integerWork[0]
    work = [Float](repeating: 0, count: Int(workSize))
    integerWork = [Int32](repeating: 0, count: Int(integerWorkSize))
  }
  return code
}

@Sendable func doublePrecisionSymmetricEigen(_ p: SymmetricEigenArguments<Double>) -> Int32 {
  _ = singleThreadedOpenBLAS
  var (size, low, high) = (p.size, p.size - p.count + 1, p.size)
  var (unused, tolerance): (Double, Double) = (0, 0)
  var (found, code): (Int32, Int32) = (0, 0)
  var support = [Int32](repeating: 0, count: 2 * Int(p.count))
  var workSize: Int32 = -1
  var integerWorkSize: Int32 = -1
  var work = [Double](repeating: 0, count: 1)
  var integerWork = [Int32](repeating: 0, count: 1)
  for _ in 0..<2 {
    dsyevr_(
      "V", p.count == p.size ? "A" : "I", "U", &size, p.matrix, &size,
      &unused, &unused, &low, &high, &tolerance, &found, p.values, p.vectors, &size, &support,
      &work, &workSize, &integerWork, &integerWorkSize, &code)
    guard code == 0, workSize == -1 else { break }
    workSize = Int32(work[0])
    integerWorkSize = integerWork[0]
    work = [Double](repeating: 0, count: Int(workSize))
    integerWork = [Int32](repeating: 0, count: Int(integerWorkSize))
  }
  return code
}

/// Overwrites a matrix of `columns` columns of length `rows`, stored column after column, with an
/// orthonormal basis of their span.
@Sendable func singlePrecisionOrthonormalize(
  _ matrix: UnsafeMutablePointer<Float>, _ rows: Int32,
  _ columns: Int32
) -> Int32 {
  _ = singleThreadedOpenBLAS
  var (rows, columns, code): (Int32, Int32, Int32) = (rows, columns, 0)
  var workSize = columns * 64
  var scales = [Float](repeating: 0, count: Int(columns))
  var work = [Float](repeating: 0, count: Int(workSize))
  sgeqrf_(&rows, &columns, matrix, &rows, &scales, &work, &workSize, &code)
  guard code == 0 else { return code }
  sorgqr_(&rows, &columns, &columns, matrix, &rows, scales, &work, &workSize, &code)
  return code
}

@Sendable func doublePrecisionOrthonormalize(
  _ matrix: UnsafeMutablePointer<Double>, _ rows: Int32,
  _ columns: Int32
) -> Int32 {
  _ = singleThreadedOpenBLAS
  var (rows, columns, code): (Int32, Int32, Int32) = (rows, columns, 0)
  var workSize = columns * 64
  var scales = [Double](repeating: 0, count: Int(columns))
  var work = [Double](repeating: 0, count: Int(workSize))
  dgeqrf_(&rows, &columns, matrix, &rows, &scales, &work, &workSize, &code)
  guard code == 0 else { return code }
  dorgqr_(&rows, &columns, &columns, matrix, &rows, scales, &work, &workSize, &code)
  return code
}
