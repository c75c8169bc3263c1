import TensorKit

/// The part of a recording between some variables and an output: every node that passes derivatives
/// from one to the other, in an order that respects dependencies.
struct Sweep<Scalar: TensorScalar>: Sendable {
  /// Shallow to deep; the targets among them.
  let nodes: [Node<Scalar>]
  /// For each node, the index in `nodes` of each input that depends on a target.
  let inputIndices: [[Int?]]
  /// The index in `nodes` of each target; nil if the output does not depend on it.
  let targetIndices: [Int?]
  let outputIndex: Int?
  /// Whether something else than the targets is recorded too, so that derivatives of this sweep's
  /// results may be asked for.
  let reachesBeyondTargets: Bool

  init(from output: Variable<Scalar>, to targets: [Variable<Scalar>]) {
    let targetNodes = targets.map { $0.node }
    let isTarget = Set(targetNodes.compactMap { $0.map(ObjectIdentifier.init) })
    var dependsOnTarget: [ObjectIdentifier: Bool] = [:]
    var found: [Node<Scalar>] = []
    var reachesBeyond = false

    // Depth first, without recursion: a node is settled after all its inputs are.
    var stack: [(node: Node<Scalar>, isExpanded: Bool)] = []
    if let node = output.node { stack.append((node, false)) }
    while let (node, isExpanded) = stack.popLast() {
      let identifier = ObjectIdentifier(node)
      guard dependsOnTarget[identifier] == nil else { continue }
      if isTarget.contains(identifier) {
        dependsOnTarget[identifier] = true
        found.append(node)
        if !node.inputs.isEmpty { reachesBeyond = true }
      } else if isExpanded {
        let depends = node.inputs.contains {
          $0.node.map { dependsOnTarget[ObjectIdentifier($0)] ?? false } ?? false
        }
        dependsOnTarget[identifier] = depends
        if depends { found.append(node) }
      } else {
        if node.inputs.isEmpty { reachesBeyond = true }
        stack.append((node, true))
        for input in node.inputs {
          if let inputNode = input.node { stack.append((inputNode, false)) }
        }
      }
    }
    found.sort { $0.depth < $1.depth }

    var index: [ObjectIdentifier: Int] = [:]
    for (position, node) in found.enumerated() { index[ObjectIdentifier(node)] = position }
    nodes = found
    inputIndices = found.map { node in
      isTarget.contains(ObjectIdentifier(node))
        ? [] : node.inputs.map { $0.node.flatMap { index[ObjectIdentifier($0)] } }
    }
    targetIndices = targetNodes.map { $0.flatMap { index[ObjectIdentifier($0)] } }
    outputIndex = output.node.flatMap { index[ObjectIdentifier($0)] }
    reachesBeyondTargets = reachesBeyond
  }

  /// The cotangents of the targets, added to what `sums` holds already; records nothing.
  func pullBack(_ cotangent: consuming Tensor<Scalar>, into sums: inout [CotangentSum<Scalar>]) {
    var results = PullbackResults<Scalar>(count: nodes.count)
    for (target, index) in targetIndices.enumerated() {
      if let index { swap(&results.sums[index], &sums[target]) }
    }
    passBack(cotangent, through: inputIndices, into: &results) { _, _ in }
    for (target, index) in targetIndices.enumerated() {
      if let index { swap(&results.sums[index], &sums[target]) }
    }
  }

  /// The cotangents of the targets, nil for zeros; records nothing.
  func pullback(of cotangent: consuming Tensor<Scalar>) -> [Tensor<Scalar>?] {
    var sums = [CotangentSum<Scalar>](repeating: CotangentSum(), count: targetIndices.count)
    pullBack(cotangent, into: &sums)
    return sums.indices.map { sums[$0].take() }
  }

  /// Passes a cotangent back without adding up those of the targets, and shows the cotangents of operations
  /// that targets enter.
  ///
  /// - Parameter body: Given an operation, the target that each of its inputs is, if it is one, and the
  ///   cotangent of its output.
  func pullBack(
    _ cotangent: consuming Tensor<Scalar>,
    showing body: (_ node: Node<Scalar>, _ targets: [Int?], _ cotangent: Tensor<Scalar>) -> Void
  ) {
    let targetOfNode = targetOfNode
    let targets = inputIndices.map { inputs in inputs.map { $0.flatMap { targetOfNode[$0] } } }
    let others = zip(inputIndices, targets).map { zip($0, $1).map { $1 == nil ? $0 : nil } }
    var results = PullbackResults<Scalar>(count: nodes.count)
    passBack(cotangent, through: others, into: &results) { index, cotangent in
      if targets[index].contains(where: { $0 != nil }) {
        body(nodes[index], targets[index], cotangent)
      }
    }
  }

  /// How many operations each target enters; a target that enters one twice counts twice.
  var usesOfTargets: [Int] {
    let targetOfNode = targetOfNode
    var counts = [Int](repeating: 0, count: targetIndices.count)
    for input in inputIndices.joined() {
      if let input, let target = targetOfNode[input] { counts[target] += 1 }
    }
    return counts
  }

  /// The target that each node is, if it is one.
  private var targetOfNode: [Int?] {
    var targets = [Int?](repeating: nil, count: nodes.count)
    for (target, index) in targetIndices.enumerated() {
      if let index { targets[index] = target }
    }
    return targets
  }

  /// The reverse sweep: passes cotangents from each node to inputs of its operation, deep to shallow.
  ///
  /// - Parameters:
  ///   - receivers: For each node, the index of each input that receives a cotangent.
  ///   - results: The sums of all nodes' cotangents.
  ///   - body: Sees the cotangent of each operation's output before it is passed on.
  private func passBack(
    _ cotangent: consuming Tensor<Scalar>, through receivers: [[Int?]],
    into results: inout PullbackResults<Scalar>,
    showing body: (_ index: Int, _ cotangent: Tensor<Scalar>) -> Void
  ) {
    guard let outputIndex else { return }
    results.sumOfInput = [outputIndex]
    results.add(cotangent, toInput: 0)
    for index in nodes.indices.reversed() where !receivers[index].isEmpty {
      guard let sum = results.sums[index].take() else { continue }
      let node = nodes[index]
      body(index, sum)
      results.sumOfInput = receivers[index]
      guard results.sumOfInput.contains(where: { $0 != nil }) else { continue }
      if let operation = node.operation {
        operation.accumulatePullback(
          sum, of: node.evaluation, at: node.inputs.map { $0.value }, into: &results)
      } else {
        results.add(sum, toInput: 0)
      }
    }
  }

  /// The cotangents of the targets as variables, recorded so that they can be differentiated; nil
  /// for a target that the output does not depend on.
  func recordedPullback(of cotangent: Variable<Scalar>) -> [Variable<Scalar>?] {
    guard let outputIndex else { return targetIndices.map { _ in nil } }
    var sums = [Variable<Scalar>?](repeating: nil, count: nodes.count)
    sums[outputIndex] = cotangent
    for index in nodes.indices.reversed() where !inputIndices[index].isEmpty {
      guard let sum = sums[index] else { continue }
      let node = nodes[index]
      let needed = inputIndices[index].map { $0 != nil }
      let cotangents =
        node.operation?.pullback(sum, at: node.inputs, output: node.output, needed: needed) ?? [sum]
      for (input, cotangent) in zip(inputIndices[index], cotangents) {
        guard let input, let cotangent else { continue }
        sums[input] = sums[input].map { $0 + cotangent } ?? cotangent
      }
    }
    return targetIndices.map { $0.flatMap { sums[$0] } }
  }

  /// The tangent of the output for tangents of the targets, nil if it is zero; records nothing.
  func pushForward(_ tangents: [Tensor<Scalar>?]) -> Tensor<Scalar>? {
    outputTangent(from: tangents) { operation, tangents, node in
      operation.firstOrderPushforward(
        tangents, of: node.evaluation, at: node.inputs.map { $0.value })
    }
  }

  /// The tangent of the output as a variable, recorded so that it can be differentiated; nil if it is
  /// zero.
  func recordedPushforward(of tangents: [Variable<Scalar>?]) -> Variable<Scalar>? {
    outputTangent(from: tangents) { operation, tangents, node in
      operation.pushforward(tangents, at: node.inputs, output: node.output)
    }
  }

  /// The output's tangent, passed on from node to node by the operations.
  private func outputTangent<Tangent>(
    from tangents: [Tangent?],
    through pushForward: (any Primitive<Scalar>, [Tangent?], Node<Scalar>) -> Tangent?
  ) -> Tangent? {
    guard let outputIndex else { return nil }
    var known = [Tangent?](repeating: nil, count: nodes.count)
    for (target, index) in targetIndices.enumerated() {
      if let index { known[index] = tangents[target] }
    }
    for index in nodes.indices where !inputIndices[index].isEmpty {
      let inputTangents = inputIndices[index].map { $0.flatMap { known[$0] } }
      guard inputTangents.contains(where: { $0 != nil }) else { continue }
      let node = nodes[index]
      known[index] =
        node.operation.map { pushForward($0, inputTangents, node) } ?? inputTangents[0]
    }
    return known[outputIndex]
  }
}
