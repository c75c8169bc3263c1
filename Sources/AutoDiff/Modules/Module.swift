import TensorKit

/// A model, or a part of one: a value that maps a batch of rows to a batch of rows.
///
/// Rows are independent: row `i` of the output depends on row `i` of the input alone, and so do all
/// results in between, which keep the rows in their order. A result in between may have several rows for each
/// row of the input, one after the other, such as the samples along a ray: see ``samplesPerRow``. Evaluation
/// in tiles and kernels rely on it. The one exception is a layer's ``Linear/normalization``, which
/// evaluation in tiles takes care of.
/// A module names its parameters and submodules once, in ``visit(_:)``; parameters are stored as
/// variables.
///
/// ```swift
/// struct Residual<Scalar: TensorScalar>: Module {
///   var inner: Linear<Scalar>
///   func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar> { input + inner(input) }
///   mutating func visit(_ visitor: inout ModuleVisitor<Scalar>) {
///     visitor.visit(&inner, named: "inner")
///   }
/// }
/// ```
public protocol Module<Scalar>: Checkpointable {
  /// The type of numbers that the module computes with.
  associatedtype Scalar: TensorScalar

  /// The module's outputs for a batch of inputs.
  ///
  /// - Parameter input: Shape: [samples, inputs].
  /// - Returns: Shape: [samples, outputs].
  func callAsFunction(_ input: Variable<Scalar>) -> Variable<Scalar>

  /// Shows every parameter and submodule to a visitor, by name, in a fixed order.
  mutating func visit(_ visitor: inout ModuleVisitor<Scalar>)

  /// How many rows results in between have at most for each row of the input; 1 unless a module says so.
  ///
  /// A module of other modules gives the most that any of them has. Gradients of single samples have factors only
  /// where every row of the input has as many rows as the others; where runs differ in length, each takes a sweep
  /// of its own.
  var samplesPerRow: Int { get }

  /// How many rows of the input are evaluated at once: as many as have 256 rows in between, unless a module says
  /// so.
  ///
  /// Results in between should stay in a core's cache, and be large enough that the work on them outweighs what an
  /// operation costs whatever its size.
  var rowsPerTile: Int { get }
}

extension Module {
  /// One: results in between keep a row for each row of the input.
  public var samplesPerRow: Int { 1 }

  /// 256, fewer where there are several rows in between for each.
  public var rowsPerTile: Int { max(1, 256 / max(1, samplesPerRow)) }
}

/// What a module shows its parameters, buffers, layers and submodules to.
///
/// A visitor reaches them by reference, so it can read, replace or rewrite them, in any model. A module
/// says what a weight is where it shows the parameter, or the layer that holds it:
///
/// ```swift
/// visitor.visit(&layers, named: "layers", roles: ParameterRole.chain(of: layers.count))
/// ```
public struct ModuleVisitor<Scalar: TensorScalar> {
  /// A parameter with its full name, dots between levels, and what it is.
  public typealias ParameterAction = (
    _ name: String, _ role: ParameterRole, _ parameter: inout Variable<Scalar>,
    _ isTrainable: Bool
  ) -> Void
  /// A linear layer with its full name and what its weight is.
  public typealias LayerAction = (
    _ name: String, _ role: ParameterRole, _ layer: inout Linear<Scalar>
  ) -> Void

  private let parameterAction: ParameterAction
  private let layerAction: LayerAction?
  private var path = ""
  /// The role of the weights of the module that is being visited.
  private var role = ParameterRole.other
  /// What the normalization of the layer that is visited next is named; nil for a name within the
  /// layer's own.
  private var normalizationPath: String?

  /// A visitor that acts on each parameter and, before that, on each linear layer.
  public init(
    onLayer layerAction: LayerAction? = nil,
    onParameter parameterAction: @escaping ParameterAction = { _, _, _, _ in }
  ) {
    self.parameterAction = parameterAction
    self.layerAction = layerAction
  }

  private func fullName(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// Shows a parameter.
  ///
  /// - Parameters:
  ///   - parameter: The parameter, which the visitor may replace.
  ///   - name: Its name within the module that shows it.
  ///   - role: What it is; by default what the module was shown as.
  ///   - isTrainable: Whether training changes it; one that is not is stored with the weights and
  ///     has no gradient.
  public mutating func visit(
    _ parameter: inout Variable<Scalar>, named name: String, role: ParameterRole? = nil,
    isTrainable: Bool = true
  ) {
    parameterAction(fullName(name), role ?? self.role, &parameter, isTrainable)
  }

  /// Shows a parameter that may be absent.
  public mutating func visit(
    _ parameter: inout Variable<Scalar>?, named name: String, role: ParameterRole? = nil,
    isTrainable: Bool = true
  ) {
    guard var present = parameter else { return }
    parameter = nil
    visit(&present, named: name, role: role, isTrainable: isTrainable)
    parameter = present
  }

  /// Shows numbers that are stored with the weights and have no gradient, such as random frequencies.
  ///
  /// To a visitor they are a parameter that is not trainable.
  public mutating func visit(buffer: inout Tensor<Scalar>, named name: String) {
    var shown = Variable(buffer)
    visit(&shown, named: name, role: .other, isTrainable: false)
    buffer = shown.value
  }

  /// Shows a submodule.
  ///
  /// - Parameters:
  ///   - module: The submodule, whose parts the visitor may replace.
  ///   - name: Its name within the module that shows it.
  ///   - role: What those of its weights are of which it says nothing itself, such as that of a linear
  ///     layer; by default what the module that shows it was shown as.
  public mutating func visit<M: Module<Scalar>>(
    _ module: inout M, named name: String, role: ParameterRole? = nil
  ) {
    let (outerPath, outerRole) = (path, self.role)
    path = fullName(name)
    self.role = role ?? self.role
    module.visit(&self)
    (path, self.role) = (outerPath, outerRole)
  }

  /// Shows submodules that are named by their index: `name.0`, `name.1` and so on.
  ///
  /// - Precondition: There is a role for each, if there are any.
  public mutating func visit<M: Module<Scalar>>(
    _ modules: inout [M], named name: String, roles: [ParameterRole]? = nil
  ) {
    requireRoles(roles, for: modules.count, named: name)
    for index in modules.indices {
      visit(&modules[index], named: "\(name).\(index)", role: roles?[index])
    }
  }

  /// Shows linear layers that are named by their index, and each one's normalization beside them under
  /// another name: `name.0.weight`, `normalizationName.0.weight` and so on.
  ///
  /// - Precondition: There is a role for each, if there are any.
  public mutating func visit(
    _ layers: inout [Linear<Scalar>], named name: String,
    normalizationsNamed normalizationName: String, roles: [ParameterRole]? = nil
  ) {
    requireRoles(roles, for: layers.count, named: name)
    for index in layers.indices {
      normalizationPath = fullName("\(normalizationName).\(index)")
      visit(&layers[index], named: "\(name).\(index)", role: roles?[index])
      normalizationPath = nil
    }
  }

  /// Shows submodules of different types, named by their index.
  ///
  /// - Precondition: There is a role for each, if there are any.
  public mutating func visit(
    _ modules: inout [any Module<Scalar>], named name: String, roles: [ParameterRole]? = nil
  ) {
    requireRoles(roles, for: modules.count, named: name)
    func visitOpened(_ module: inout some Module<Scalar>, at index: Int) {
      visit(&module, named: "\(name).\(index)", role: roles?[index])
    }
    for index in modules.indices { visitOpened(&modules[index], at: index) }
  }

  private func requireRoles(_ roles: [ParameterRole]?, for count: Int, named name: String) {
    precondition(
      roles.map { $0.count == count } ?? true,
      "\(roles?.count ?? 0) roles for \(count) modules named \(name)")
  }

  /// Shows the linear layer that is being visited as a whole; `Linear` itself calls this.
  mutating func visit(layer: inout Linear<Scalar>) {
    layerAction?(path, role, &layer)
  }

  /// Shows the parameters of a layer's normalization, if it has one; `Linear` itself calls this.
  ///
  /// They are named `normalization.weight` and `normalization.bias` within the layer, unless the module
  /// that shows the layer names them.
  mutating func visit(_ normalization: inout Normalization<Scalar>?, isTrainable: Bool) {
    guard var present = normalization else { return }
    let outer = path
    path = normalizationPath ?? fullName("normalization")
    visit(&present.weight, named: "weight", role: .other, isTrainable: isTrainable)
    visit(&present.bias, named: "bias", role: .bias, isTrainable: isTrainable)
    path = outer
    normalization = present
  }
}
