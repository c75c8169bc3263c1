import CTensorKernels
import Foundation
import Testing

extension KernelSuites {
  /// Fused layers and optimizer updates against plain formulas.
  @Suite struct FusedKernelTests {
    private static let shapes = [
      (0, 5), (1, 1), (3, 7), (5, 16), (4, 33), (2, 100), (9, 3), (7, 31), (3, 64),
    ]

    /// A matrix, its bias (if any), and the sums z rounded as the kernels round them.
    private struct Layer<Scalar: KernelScalar> {
      let rows: Int
      let columns: Int
      let x: [Scalar]
      let bias: [Scalar]?
      let z: [Scalar]

      init(rows: Int, columns: Int, hasBias: Bool) {
        var numbers = TestNumbers(seed: 51)
        let x: [Scalar] = numbers.array(rows * columns, in: -2...2)
        let bias: [Scalar]? = hasBias ? numbers.array(columns, in: -1...1) : nil
        self.rows = rows
        self.columns = columns
        self.x = x
        self.bias = bias
        z = x.indices.map { index in bias.map { x[index] + $0[index % columns] } ?? x[index] }
      }
    }

    private func forEachLayer<Scalar: KernelScalar>(
      _ type: Scalar.Type, _ body: (Layer<Scalar>, String) -> Void
    ) {
      withEachInstructionSet { name in
        for (rows, columns) in Self.shapes {
          for hasBias in [false, true] {
            let layer = Layer<Scalar>(rows: rows, columns: columns, hasBias: hasBias)
            let bias = hasBias ? "with" : "without"
            body(layer, "\(Scalar.self) \(rows) x \(columns) \(bias) bias on \(name)")
          }
        }
      }
    }

    /// Runs a layer apart, without a slope, and with each result in the place of x.
    private func checkPlaces<Scalar: KernelScalar>(
      _ layer: Layer<Scalar>, _ label: String,
      isValue: ([Scalar]) -> Bool, isSlope: ([Scalar]) -> Bool,
      _ run: (
        UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>, UnsafeMutablePointer<Scalar>?
      ) -> Void
    ) {
      var value = [Scalar](repeating: 0, count: layer.x.count)
      var slope = value
      run(layer.x, &value, &slope)
      #expect(isValue(value), "value: \(label)")
      #expect(isSlope(slope), "slope: \(label)")

      value = [Scalar](repeating: 0, count: layer.x.count)
      run(layer.x, &value, nil)
      #expect(isValue(value), "value alone: \(label)")

      value = layer.x
      slope = [Scalar](repeating: 0, count: layer.x.count)
      value.withUnsafeMutableBufferPointer { buffer in
        guard let place = buffer.baseAddress else { return }
        run(place, place, &slope)
      }
      #expect(isValue(value) && isSlope(slope), "value in place of x: \(label)")

      value = [Scalar](repeating: 0, count: layer.x.count)
      slope = layer.x
      slope.withUnsafeMutableBufferPointer { buffer in
        guard let place = buffer.baseAddress else { return }
        run(place, &value, place)
      }
      #expect(isValue(value) && isSlope(slope), "slope in place of x: \(label)")
    }

    private func checkSine<Scalar: KernelScalar>(_ type: Scalar.Type) {
      // The second frequency leads beyond the fast path of sine.
      for frequency: Scalar in [30, 9000] {
        forEachLayer(type) { layer, label in
          let angles = layer.z.map { Scalar.Truth(frequency * $0) }
          checkPlaces(
            layer, label,
            isValue: { values in
              zip(values, angles).allSatisfy {
                ulpError($0, Scalar.truth(.sine, $1)) <= 2 + Scalar.truthUlps
              }
            },
            isSlope: { slopes in
              zip(slopes, angles).allSatisfy {
                ulpError($0, Scalar.Truth(frequency) * Scalar.truth(.cosine, $1))
                  <= 4 + Scalar.truthUlps
              }
            }
          ) { x, value, slope in
            Scalar.biasSine(x, layer.bias, frequency, value, slope, layer.rows, layer.columns)
          }
        }
      }
    }

    @Test func biasSine() {
      checkSine(Float.self)
      checkSine(Double.self)
    }

    private func checkGaussian<Scalar: KernelScalar>(_ type: Scalar.Type) {
      let scale: Scalar = 2.5
      /// The error of the exponent, some roundings of its value, is a relative error of the result.
      func isClose(_ value: Scalar, _ truth: Double, _ exponent: Double) -> Bool {
        abs(Double(value) - truth)
          <= (4 * exponent + 8) * Double(Scalar.ulpOfOne) * abs(truth)
      }
      forEachLayer(type) { layer, label in
        let z = layer.z.map { Double($0) }
        let squares = z.map { Double(scale) * $0 * Double(scale) * $0 }
        let bumps = squares.map { exp(-$0) }
        checkPlaces(
          layer, label,
          isValue: { values in
            z.indices.allSatisfy { isClose(values[$0], bumps[$0], squares[$0]) }
          },
          isSlope: { slopes in
            z.indices.allSatisfy {
              let truth = -2 * Double(scale * scale) * z[$0] * bumps[$0]
              return isClose(slopes[$0], truth, squares[$0])
            }
          }
        ) { x, value, slope in
          Scalar.biasGaussian(x, layer.bias, scale, value, slope, layer.rows, layer.columns)
        }
      }
    }

    @Test func biasGaussian() {
      checkGaussian(Float.self)
      checkGaussian(Double.self)
    }

    private func checkVariableSine<Scalar: KernelScalar>(_ type: Scalar.Type) {
      let frequency: Scalar = 3
      for throughScale in [false, true] {
        forEachLayer(type) { layer, label in
          let z = layer.z.map { Double($0) }
          let angles = z.map { 3 * (abs($0) + 1) * $0 }
          // Roundings of the angle, of a few units in its last place, are absolute errors of the sine.
          func tolerance(_ index: Int) -> Double {
            4 * Double(Scalar.ulpOfOne) * (1 + abs(angles[index]))
          }
          checkPlaces(
            layer, label,
            isValue: { values in
              z.indices.allSatisfy { abs(Double(values[$0]) - sin(angles[$0])) <= tolerance($0) }
            },
            isSlope: { slopes in
              z.indices.allSatisfy {
                let rate = 3 * ((throughScale ? 2 : 1) * abs(z[$0]) + 1)
                return abs(Double(slopes[$0]) - rate * cos(angles[$0])) <= 2 * rate * tolerance($0)
              }
            }
          ) { x, value, slope in
            Scalar.biasVariableSine(
              x, layer.bias, frequency, throughScale, value, slope, layer.rows, layer.columns)
          }
        }
      }
    }

    @Test func biasVariableSine() {
      checkVariableSine(Float.self)
      checkVariableSine(Double.self)
    }

    private func checkGabor<Scalar: KernelScalar>(_ type: Scalar.Type) {
      let (frequency, scale): (Scalar, Scalar) = (5, 1.25)
      forEachLayer(type) { layer, label in
        let z = layer.z.map { Double($0) }
        let angles = z.map { Double(frequency) * $0 }
        let bumps = z.map { exp(-Double(scale * scale) * $0 * $0) }
        func tolerance(_ index: Int) -> Double {
          let exponent = Double(scale * scale) * z[index] * z[index]
          return 4 * Double(Scalar.ulpOfOne) * (2 + abs(angles[index]) + exponent) * bumps[index]
        }
        checkPlaces(
          layer, label,
          isValue: { values in
            z.indices.allSatisfy {
              abs(Double(values[$0]) - bumps[$0] * cos(angles[$0])) <= tolerance($0)
            }
          },
          isSlope: { slopes in
            z.indices.allSatisfy {
              let share = 2 * Double(scale * scale) * z[$0]
              let truth =
                -bumps[$0] * (Double(frequency) * sin(angles[$0]) + share * cos(angles[$0]))
              return abs(Double(slopes[$0]) - truth)
                <= (Double(frequency) + abs(share)) * tolerance($0)
            }
          }
        ) { x, value, slope in
          Scalar.biasGabor(
            x, layer.bias, frequency, scale, value, slope, layer.rows, layer.columns)
        }
      }
    }

    @Test func biasGabor() {
      checkGabor(Float.self)
      checkGabor(Double.self)
    }

    private func checkRectify<Scalar: KernelScalar>(_ type: Scalar.Type) {
      forEachLayer(type) { layer, label in
        var sums = layer.x
        Scalar.biasRectify(layer.x, layer.bias, &sums, layer.rows, layer.columns)
        let expected = layer.z.map { Swift.max($0, 0) }
        #expect(sums == expected, "\(label)")
        if let bias = layer.bias {
          Scalar.addBias(layer.x, bias, &sums, layer.rows, layer.columns)
          #expect(sums == layer.z, "\(label)")
        }
        var pullback = layer.z
        Scalar.rectifyPullback(expected, layer.x, &pullback, layer.x.count)
        #expect(pullback == zip(expected, layer.x).map { $0 > 0 ? $1 : 0 }, "\(label)")
      }
      var special: [Scalar] = [.nan, -0.0, .infinity, -.infinity]
      let copy = special
      Scalar.biasRectify(copy, nil, &special, 1, special.count)
      #expect(special[0].isNaN && special[1...] == [0, .infinity, 0])
    }

    @Test func rectification() {
      checkRectify(Float.self)
      checkRectify(Double.self)
    }

    // MARK: Optimizers

    private func expectClose<Scalar: KernelScalar>(
      _ values: [Scalar], _ truths: [Double], ulps: Double, _ label: String
    ) {
      let isClose = zip(values, truths).allSatisfy {
        abs(Double($0) - $1) <= ulps * Double(Scalar.ulpOfOne) * (1 + abs($1))
      }
      #expect(isClose, "\(label)")
    }

    private func checkAdam<Scalar: KernelScalar>(
      _ type: Scalar.Type, _ settings: AdamSettings, count: Int
    ) {
      withEachInstructionSet { name in
        var numbers = TestNumbers(seed: 61)
        var p: [Scalar] = numbers.array(count, in: -1...1)
        var m = [Scalar](repeating: 0, count: count)
        var v = m
        var largest = m
        var trueP = p.map { Double($0) }
        var trueM = [Double](repeating: 0, count: count)
        var trueV = trueM
        var trueLargest = trueM
        for step in 1...6 {
          let range = step == 1 ? -3.0...3.0 : -0.5...0.5
          let gradients: [Scalar] = numbers.array(count, in: range)
          if settings.keepsLargest {
            Scalar.adam(&p, gradients, &m, &v, &largest, count, settings, step: step)
          } else {
            Scalar.adam(&p, gradients, &m, &v, nil, count, settings, step: step)
          }
          for index in 0..<count {
            let gradient = Double(gradients[index]) + settings.weightDecay * trueP[index]
            trueM[index] += (1 - settings.decay1) * (gradient - trueM[index])
            trueV[index] += (1 - settings.decay2) * (gradient * gradient - trueV[index])
            trueLargest[index] = max(trueLargest[index], trueV[index])
            let spread = settings.keepsLargest ? trueLargest[index] : trueV[index]
            trueP[index] *= 1 - settings.rate * settings.decoupledDecay
            trueP[index] -=
              settings.rate * (trueM[index] / settings.correction1(step: step))
              / ((spread / settings.correction2(step: step)).squareRoot() + settings.epsilon)
          }
        }
        let label = "\(Scalar.self) Adam, \(settings), \(count) on \(name)"
        expectClose(p, trueP, ulps: 16, label)
        expectClose(m, trueM, ulps: 16, label)
        expectClose(v, trueV, ulps: 16, label)
        if settings.keepsLargest { expectClose(largest, trueLargest, ulps: 16, label) }
      }
    }

    @Test func adam() {
      let all = [
        AdamSettings(),
        AdamSettings(weightDecay: 0.1),
        AdamSettings(decoupledDecay: 0.5),
        AdamSettings(keepsLargest: true),
        AdamSettings(decay2: 0.5, epsilon: 0.1, weightDecay: 0.01, keepsLargest: true),
      ]
      for settings in all {
        for count in [0, 1, 7, 8, 17, 33] {
          checkAdam(Float.self, settings, count: count)
          checkAdam(Double.self, settings, count: count)
        }
      }
    }

    private func checkSGD<Scalar: KernelScalar>(
      _ type: Scalar.Type, _ settings: SGDSettings, hasVelocity: Bool, count: Int
    ) {
      withEachInstructionSet { name in
        var numbers = TestNumbers(seed: 62)
        var p: [Scalar] = numbers.array(count, in: -1...1)
        var velocity = [Scalar](repeating: 0, count: count)
        var trueP = p.map { Double($0) }
        var trueVelocity = [Double](repeating: 0, count: count)
        for _ in 1...4 {
          let gradients: [Scalar] = numbers.array(count, in: -1...1)
          if hasVelocity {
            Scalar.sgd(&p, gradients, &velocity, count, settings)
          } else {
            Scalar.sgd(&p, gradients, nil, count, settings)
          }
          for index in 0..<count {
            let gradient = Double(gradients[index]) + settings.weightDecay * trueP[index]
            trueVelocity[index] = settings.momentum * trueVelocity[index] + gradient
            let ahead = gradient + settings.momentum * trueVelocity[index]
            let direction = settings.nesterov ? ahead : trueVelocity[index]
            trueP[index] -= settings.rate * (hasVelocity ? direction : gradient)
          }
        }
        let label = "\(Scalar.self) SGD, \(settings), \(count) on \(name)"
        expectClose(p, trueP, ulps: 8, label)
        if hasVelocity { expectClose(velocity, trueVelocity, ulps: 8, label) }
      }
    }

    @Test func stochasticGradientDescent() {
      for count in [0, 1, 7, 8, 17, 33] {
        for settings in [SGDSettings(), SGDSettings(weightDecay: 0.1)] {
          checkSGD(Float.self, settings, hasVelocity: false, count: count)
          checkSGD(Double.self, settings, hasVelocity: false, count: count)
        }
        for nesterov in [false, true] {
          let settings = SGDSettings(momentum: 0.9, nesterov: nesterov, weightDecay: 0.01)
          checkSGD(Float.self, settings, hasVelocity: true, count: count)
          checkSGD(Double.self, settings, hasVelocity: true, count: count)
        }
      }
    }
  }
}
