/// What a group of triangles looks like from afar: its moments up to the second, about its middle.
///
/// The solid angle of a surface seen from q is the integral of n · f(x - q) over it, where f(r) = r / |r|³ is
/// minus the gradient of 1/|r|. Its Taylor series about the middle p of the surface has derivatives of 1/|r|
/// only, which are symmetric and without traces; so only such parts of the moments count, which leaves 3 + 6 +
/// 10 numbers. With R = p - q,
///
///     solid angle = N·R / |R|³ - 3 M(R, R) / |R|⁵ + 15/2 S(R, R, R) / |R|⁷
///
/// Source: Barill, Dickson, Schmidt, Levin and Jacobson, "Fast winding numbers for soups and clouds", ACM
/// Transactions on Graphics 37(4), 2018.
struct WindingMoments: BitwiseCopyable {
  /// The middle: the triangles' centroid, weighted by area.
  var x = 0.0
  var y = 0.0
  var z = 0.0
  /// The square of the radius of the sphere about the middle that holds all triangles.
  var squaredRadius = 0.0
  /// N: the sum of the area vectors.
  var normalX = 0.0
  var normalY = 0.0
  var normalZ = 0.0
  /// The coefficients of the quadratic form M.
  var xx = 0.0
  var yy = 0.0
  var zz = 0.0
  var xy = 0.0
  var xz = 0.0
  var yz = 0.0
  /// The coefficients of the cubic form S.
  var xxx = 0.0
  var yyy = 0.0
  var zzz = 0.0
  var xxy = 0.0
  var xxz = 0.0
  var xyy = 0.0
  var yyz = 0.0
  var xzz = 0.0
  var yzz = 0.0
  var xyz = 0.0

  /// The solid angle from a place at an offset of the middle, if that is far enough.
  @inline(__always)
  func solidAngle(_ rx: Double, _ ry: Double, _ rz: Double, _ squared: Double) -> Double {
    let inverse = 1 / squared
    let inverseCubed = inverse * squared.squareRoot() * inverse
    let first = normalX * rx + normalY * ry + normalZ * rz
    let second =
      rx * (xx * rx + xy * ry + xz * rz) + ry * (yy * ry + yz * rz) + zz * rz * rz
    let third =
      rx * rx * (xxx * rx + xxy * ry + xxz * rz) + ry * ry * (xyy * rx + yyy * ry + yyz * rz)
      + rz * rz * (xzz * rx + yzz * ry + zzz * rz) + xyz * (rx * ry * rz)
    return inverseCubed * (first + inverse * (7.5 * inverse * third - 3 * second))
  }

  /// The moments of some triangles.
  ///
  /// - Parameters:
  ///   - corners: Nine coordinates for each triangle.
  ///   - places: Which triangles.
  init(_ corners: UnsafeBufferPointer<Double>, places: Range<Int>) {
    func corner(_ place: Int, _ number: Int) -> SIMD3<Double> {
      let base = 9 * place + 3 * number
      return SIMD3(corners[base], corners[base + 1], corners[base + 2])
    }
    var (middle, weight, mean) = (SIMD3<Double>.zero, 0.0, SIMD3<Double>.zero)
    for place in places {
      let (a, b, c) = (corner(place, 0), corner(place, 1), corner(place, 2))
      let area = length(cross(b - a, c - a))
      let centroid = (a + b + c) * (1 / 3.0)
      middle += centroid * area
      mean += centroid
      weight += area
    }
    middle = weight > 0 ? middle / weight : mean / Double(places.count)
    (x, y, z) = (middle.x, middle.y, middle.z)
    for place in places {
      let (a, b, c) = (
        corner(place, 0) - middle, corner(place, 1) - middle, corner(place, 2) - middle
      )
      squaredRadius = max(squaredRadius, dot(a, a), dot(b, b), dot(c, c))
      add(a, b, c)
    }
    removeTraces()
  }

  /// Adds a triangle whose corners are given relative to the middle.
  private mutating func add(_ a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>) {
    let n = cross(b - a, c - a) * 0.5
    let sum = a + b + c
    normalX += n.x
    normalY += n.y
    normalZ += n.z
    let mean = sum * (1 / 3.0)
    xx += mean.x * n.x
    yy += mean.y * n.y
    zz += mean.z * n.z
    xy += mean.x * n.y + mean.y * n.x
    xz += mean.x * n.z + mean.z * n.x
    yz += mean.y * n.z + mean.z * n.y
    // Means over the triangle of products of two coordinates.
    let squares = (a * a + b * b + c * c + sum * sum) * (1 / 12.0)
    let (u, v, w) = (
      (a.x * a.y + b.x * b.y + c.x * c.y + sum.x * sum.y) * (1 / 12.0),
      (a.x * a.z + b.x * b.z + c.x * c.z + sum.x * sum.z) * (1 / 12.0),
      (a.y * a.z + b.y * b.z + c.y * c.z + sum.y * sum.z) * (1 / 12.0)
    )
    xxx += squares.x * n.x
    yyy += squares.y * n.y
    zzz += squares.z * n.z
    xxy += squares.x * n.y + 2 * u * n.x
    xxz += squares.x * n.z + 2 * v * n.x
    xyy += squares.y * n.x + 2 * u * n.y
    yyz += squares.y * n.z + 2 * w * n.y
    xzz += squares.z * n.x + 2 * v * n.z
    yzz += squares.z * n.y + 2 * w * n.z
    xyz += 2 * (u * n.z + v * n.y + w * n.x)
  }

  /// Takes out of the forms what the derivatives of 1/|r| do not see.
  private mutating func removeTraces() {
    let third = (xx + yy + zz) / 3
    xx -= third
    yy -= third
    zz -= third
    let traceX = 0.6 * (xxx + (xyy + xzz) / 3)
    let traceY = 0.6 * (yyy + (xxy + yzz) / 3)
    let traceZ = 0.6 * (zzz + (xxz + yyz) / 3)
    xxx -= traceX
    xyy -= traceX
    xzz -= traceX
    yyy -= traceY
    xxy -= traceY
    yzz -= traceY
    zzz -= traceZ
    xxz -= traceZ
    yyz -= traceZ
  }
}
