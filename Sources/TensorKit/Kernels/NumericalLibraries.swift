import CLAPACK
import COneDNN
import CTensorKernels

/// What this process computes with: the processor, and the code chosen for it.
///
/// The bits of results depend on these, so a result that is to be compared to the last bit should be
/// kept with them. Two environment variables make a processor compute like an older one:
/// `TENSORKIT_INSTRUCTION_SET` (`AVX-512`, `AVX2` or `baseline`) chooses this package's kernels, and
/// oneDNN's `ONEDNN_MAX_CPU_ISA` (`AVX512_CORE`, `AVX2`, `SSE41`) its matrix products.
public struct NumericalLibraries: Sendable, Equatable, CustomStringConvertible {
  /// The processor's name as it tells it itself, nil where it does not.
  public let processor: String?
  /// The instruction set of the package's own kernels: elementwise functions, reductions, products in
  /// double precision and eigenpairs.
  public let instructionSet: String
  /// The version of oneDNN, which computes products in single precision.
  public let oneDNNVersion: String
  /// The instruction set up to which oneDNN generates code, as it names it.
  public let oneDNNInstructionSet: String
  /// The version of LAPACK, which computes eigenpairs of tridiagonal matrices.
  public let lapackVersion: String

  /// What this thread computes with.
  public static var current: NumericalLibraries {
    let version = dnnl_version().pointee
    var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
    ilaver_(&major, &minor, &patch)
    return NumericalLibraries(
      processor: tk_processor_name().map { String(cString: $0) },
      instructionSet: String(cString: tk_instruction_set()),
      oneDNNVersion: "\(version.major).\(version.minor).\(version.patch)",
      oneDNNInstructionSet: oneDNNName(of: dnnl_get_effective_cpu_isa()),
      lapackVersion: "\(major).\(minor).\(patch)")
  }

  private static func oneDNNName(of instructionSet: dnnl_cpu_isa_t) -> String {
    let text = String(cString: dnnl_cpu_isa2str(instructionSet))
    return text.hasPrefix("cpu_isa_") ? String(text.dropFirst("cpu_isa_".count)) : text
  }

  /// The libraries and instruction sets in one line.
  public var description: String {
    """
    own kernels for \(instructionSet), oneDNN \(oneDNNVersion) for \(oneDNNInstructionSet), \
    LAPACK \(lapackVersion)
    """
  }
}
