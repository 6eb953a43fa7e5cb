public import InferenceRuntime

/// The class of device that a program is planned for.
public struct TargetProfile: Sendable, Hashable {
    /// The profile's name, as in the manifest.
    public var name: String
    /// The device SDK that builds the agent: `x86_64`, `aarch64`, `armv7hf` or `riscv64`.
    public var sdk: String
    /// The kernels that weights are laid out for.
    public var kernelTier: KernelTier
    /// The memory of the device that the agent and its model may use.
    public var memoryBytes: UInt64
    /// The page size of the device's kernel, a power of two.
    public var pageSizeBytes: UInt32
    /// The most bytes that the agent's binary may have.
    public var agentBytes: UInt64?
    /// The most bytes that the arena may have.
    public var arenaBytes: UInt64?
    /// The longest that one inference may take at the 99th percentile.
    public var latencyMicroseconds: UInt64?

    /// Makes a profile from its parts; absent budgets are not checked.
    public init(
        name: String,
        sdk: String,
        kernelTier: KernelTier = .scalar,
        memoryBytes: UInt64,
        pageSizeBytes: UInt32 = 4096,
        agentBytes: UInt64? = nil,
        arenaBytes: UInt64? = nil,
        latencyMicroseconds: UInt64? = nil
    ) {
        self.name = name
        self.sdk = sdk
        self.kernelTier = kernelTier
        self.memoryBytes = memoryBytes
        self.pageSizeBytes = pageSizeBytes
        self.agentBytes = agentBytes
        self.arenaBytes = arenaBytes
        self.latencyMicroseconds = latencyMicroseconds
    }
}
