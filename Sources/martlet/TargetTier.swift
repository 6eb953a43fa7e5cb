import InferenceRuntime

/// The kernels that suit a class of processors best.
///
/// All tiers compute the same bits. A tier without kernels of its own runs the portable ones, so
/// a profile may name what its class can do before the kernels exist.
enum TargetTier: String, CaseIterable {
    case scalar, sse41, avx2
    case avx512VNNI = "avx512-vnni"
    case neon, dotprod, i8mm

    /// The kernels that there are for it.
    var kernels: KernelTier { .scalar }

    /// What a processor must have for it, in the kernel's words.
    var features: [String] {
        switch self {
        case .scalar: []
        case .sse41: ["ssse3", "sse4_1"]
        case .avx2: ["avx2"]
        case .avx512VNNI: ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"]
        case .neon: ["asimd"]
        case .dotprod: ["asimd", "asimddp"]
        case .i8mm: ["asimd", "asimddp", "i8mm"]
        }
    }
}

extension KernelTier {
    /// The word for it in manifests and profiles.
    var name: String {
        switch self {
        case .scalar: "scalar"
        }
    }
}
