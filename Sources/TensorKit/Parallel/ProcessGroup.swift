/// Processes that work on each batch together, each on a run of its shards.
///
/// Every process runs the same program on the same model. What shards come to goes up the tree of shards, from
/// process to process, and the sum back to all: so all have the same gradient, make the same step, and hold
/// the same model, whose bits are those of a single process.
///
/// ```swift
/// let group = try ProcessGroup.ofLauncher()  // nil unless mpirun started the program
/// var trainer = try Trainer(model, optimizer: Adam(learningRate: 1e-3), runner: group)
/// for _ in 0..<1000 { try trainer.advance(on: batch) }
/// if group?.isFirst ?? true { try trainer.model.writeWeights(to: "weights.safetensors") }
/// ```
///
/// All that is not done in shards is done by each process for itself. A decision that depends on a clock, or on
/// anything else that processes may see differently, must be the first one's: ``shared(_:)``.
public struct ProcessGroup: ShardRunner {
  /// Carries the bytes.
  public let communicator: any Communicator
  /// The threads of this process.
  public let workers: Workers

  /// A group whose processes are joined already.
  ///
  /// - Parameters:
  ///   - communicator: Carries the bytes.
  ///   - workers: The threads of this process.
  public init(_ communicator: any Communicator, workers: Workers) {
    self.communicator = communicator
    self.workers = workers
  }

  /// The processes that `mpirun` started together with this one.
  ///
  /// Each gets its share of the cores that it may use: all of those that it is bound to, and of those that others
  /// are bound to as well, a part.
  ///
  /// - Returns: The group; nil if no launcher started this process.
  /// - Throws: ``ProcessGroupError`` if there is a launcher, but no MPI library that can be used.
  public static func ofLauncher() throws -> ProcessGroup? {
    guard let communicator = try MPICommunicator.ofLauncher() else { return nil }
    return ProcessGroup(
      communicator, workers: Workers(threads: try CoreShare.threads(among: communicator)))
  }

  /// Which of the processes this is, from zero.
  public var rank: Int { communicator.rank }

  /// How many processes there are.
  public var count: Int { communicator.count }

  /// Whether this is the process that writes files and speaks for all.
  public var isFirst: Bool { rank == 0 }

  /// Works on this process's shards, and combines what all processes' shards came to.
  ///
  /// - Returns: All results combined, in every process; nil if there are no shards.
  /// - Throws: The error of this process's shards; in the others ``ProcessGroupError/failed(rank:reason:)``.
  public func reduce<Result: ShardResult>(
    _ shards: Int, _ body: @escaping @Sendable (_ shard: Int) throws -> Result
  ) throws -> Result? {
    guard count > 1, shards > 0 else { return try workers.reduce(shards, body) }
    let tree = ShardTree(shards: shards)
    let mine = tree.ranges(ofRanks: count)[rank]
    var nodes: [ShardTree.Node: RankResult<Result>] = [:]
    var error: (any Error)?
    do {
      let results = try workers.reduce(mine, of: tree, body) { $0.combine($1) }
      for (node, result) in results { nodes[node] = .result(result) }
    } catch let failure {
      // The others wait for this process, so they are told.
      error = failure
      for node in tree.nodes(ofShards: mine) {
        nodes[node] = .failure(.failed(rank: rank, reason: "\(failure)"))
      }
    }
    for exchange in tree.exchanges(ofRanks: count) {
      if exchange.leftRank != rank && exchange.rightRank == rank {
        guard let right = nodes.removeValue(forKey: exchange.right) else { continue }
        try communicator.send(right.bytes(), to: exchange.leftRank)
      } else if exchange.leftRank == rank {
        let right =
          exchange.rightRank == rank
          ? nodes.removeValue(forKey: exchange.right)
          : try RankResult(bytes: communicator.receive(from: exchange.rightRank))
        // Taken out, so that it can be added to in place.
        guard let left = nodes.removeValue(forKey: exchange.left), let right else { continue }
        nodes[exchange.left.parent] = left.combined(with: right)
      }
      // A node without a neighbour stands for its parent as well.
      raise(&nodes, tree)
    }
    let bytes = try communicator.broadcast(nodes[tree.root]?.bytes() ?? [])
    let root = try nodes[tree.root] ?? RankResult(bytes: bytes)
    if let error { throw error }
    return try root.get()
  }

  /// Moves nodes that have no neighbour up to where they have one.
  private func raise<Result>(
    _ nodes: inout [ShardTree.Node: RankResult<Result>], _ tree: ShardTree
  ) {
    for node in Array(nodes.keys) {
      var place = node
      while place != tree.root, tree.sibling(of: place) == nil { place = place.parent }
      if place != node { nodes[place] = nodes.removeValue(forKey: node) }
    }
  }

  /// The first process's value, in all of them.
  ///
  /// - Parameter value: A value of any process, such as the time that has passed.
  public func shared<Value: StateValue>(_ value: Value) throws -> Value {
    guard count > 1 else { return value }
    var state = SavedState()
    if isFirst { state["value"] = value.stateEntry }
    let received = try SavedState(
      SafeTensorsFile(bytes: communicator.broadcast(isFirst ? state.file.bytes() : [])))
    guard let entry = received["value"], let shared = Value(stateEntry: entry) else {
      throw ProcessGroupError.failed(rank: 0, reason: "it shared a value of another kind")
    }
    return shared
  }

  /// Waits until all processes have come to this.
  public func wait() throws { _ = try communicator.gather([]) }
}

/// What a process has of a node of the tree: a result, or why there is none.
private enum RankResult<Value: ShardResult> {
  case result(Value)
  case failure(ProcessGroupError)

  func get() throws -> Value {
    switch self {
    case .result(let value): return value
    case .failure(let error): throw error
    }
  }

  consuming func combined(with right: RankResult) -> RankResult {
    switch (consume self, right) {
    case (.result(var left), .result(let right)):
      left.combine(right)
      return .result(left)
    case (.failure(let error), _), (.result, .failure(let error)): return .failure(error)
    }
  }

  func bytes() throws -> [UInt8] {
    var file = SafeTensorsFile()
    switch self {
    case .result(let value): file = try value.savedState().file
    case .failure(.failed(let rank, let reason)):
      file.metadata["rank"] = "\(rank)"
      file.metadata["failure"] = reason
    case .failure(let error): file.metadata["failure"] = error.description
    }
    return file.bytes()
  }

  init(bytes: [UInt8]) throws {
    let file = try SafeTensorsFile(bytes: bytes)
    if let reason = file.metadata["failure"] {
      let rank = file.metadata["rank"].flatMap { Int($0) } ?? 0
      self = .failure(.failed(rank: rank, reason: reason))
      return
    }
    var value = Value()
    try value.restore(from: SavedState(file))
    self = .result(value)
  }
}
