public import BundleFormat

/// A bundle that was checked for one image: its bytes and what the check said.
///
/// Invariant: only bytes that `Verifier` accepted are in a value of this type, so nothing
/// unverified is put on a device.
public struct ImageBundle: Sendable {
    /// The whole file.
    public let bytes: [UInt8]
    /// What is known of it.
    public let verified: VerifiedBundle

    /// Checks a bundle for a device.
    ///
    /// - Parameters:
    ///   - bytes: the file, of which nothing is believed.
    ///   - trusted: the keys of which one must have signed; the device trusts the same.
    ///   - architecture: of the device.
    ///   - runtimeAbi: of the agent that is put on the device.
    /// - Throws: `BundleError`, the first rule that is broken.
    public init(
        _ bytes: [UInt8],
        trusted: TrustedKeys,
        architecture: String,
        runtimeAbi: UInt32
    ) throws(BundleError) {
        var bundle = UnverifiedBundle(MemoryBundleSource(bytes))
        var sink = DiscardingSink()
        verified = try Verifier.verify(
            &bundle,
            trusted: trusted,
            accepted: AcceptedTarget(
                architecture: [UInt8](architecture.utf8),
                runtimeAbi: runtimeAbi
            ),
            sink: &sink
        )
        self.bytes = bytes
    }

    /// The name of its manifest: letters, digits, `.`, `_` and `-`.
    public var name: String { String(decoding: verified.manifest.name, as: UTF8.self) }
    /// The version for people.
    public var version: String { String(decoding: verified.manifest.version, as: UTF8.self) }
    /// Packed and installed together, which the quota bounds.
    var installedBytes: Int64 {
        Int64(bytes.count) + Int64(clamping: verified.manifest.imageSizeBytes)
    }
}

/// Everything that an image is made of; equal recipes give equal bytes.
public struct ImageRecipe: Sendable {
    /// The layout and its rules.
    public let profile: FirmwareProfile
    /// The host's file of the static agent of the target's architecture.
    public let agent: String
    /// Files and folders by the names of the profile's inputs.
    public let inputs: [String: String]
    /// What runs on the device.
    public let bundle: ImageBundle
    /// What the device is told.
    public let configuration: DeviceConfiguration
    /// Another size of the disk than the profile's.
    public let sizeBytes: Int64?

    /// Makes a recipe of its parts, which `problems` checks.
    public init(
        profile: FirmwareProfile,
        agent: String,
        inputs: [String: String],
        bundle: ImageBundle,
        configuration: DeviceConfiguration,
        sizeBytes: Int64? = nil
    ) {
        self.profile = profile
        self.agent = agent
        self.inputs = inputs
        self.bundle = bundle
        self.configuration = configuration
        self.sizeBytes = sizeBytes
    }
}

extension ImageRecipe {
    /// What the profile takes from the person: names of inputs that some part uses.
    static func usedInputs(of profile: FirmwareProfile) -> Set<String> {
        let files = profile.partitions.flatMap(\.files) + (profile.initramfs?.files ?? [])
        var used = Set(files.map(\.source).filter { BuiltInArtifact(rawValue: $0) == nil })
        if profile.initramfs?.modules.isEmpty == false { used.insert("modules") }
        return used
    }

    /// Inputs that are missing or cannot be read, and names that the profile does not know.
    public static func inputProblems(
        of profile: FirmwareProfile,
        inputs: [String: String]
    ) -> [String] {
        var problems: [String] = []
        for name in usedInputs(of: profile).sorted() {
            let purpose = profile.inputs[name].map { " (\($0))" } ?? ""
            guard let path = inputs[name] else {
                problems.append("the input '\(name)'\(purpose) is missing")
                continue
            }
            if let problem = InputKind.problem(of: path) {
                problems.append("the input '\(name)'\(purpose): \(problem)")
            }
        }
        for name in inputs.keys.sorted() where profile.inputs[name] == nil {
            problems.append("the profile '\(profile.name)' has no input '\(name)'")
        }
        return problems
    }

    /// Everything that is found wrong before anything is written.
    func problems() -> [String] {
        var problems = profile.problems(contentSizes: contentSizes()).map(\.description)
        problems += Self.inputProblems(of: profile, inputs: inputs)
        if let problem = InputKind.problem(of: agent) { problems.append("the agent: \(problem)") }
        return problems
    }

    /// Sizes of what is there, for the profile's own checks.
    private func contentSizes() -> [String: Int64] {
        var sizes = [BuiltInArtifact.bundle.rawValue: Int64(bundle.bytes.count)]
        sizes[BuiltInArtifact.agent.rawValue] = InputKind.sizeBytes(of: agent)
        for (name, path) in inputs { sizes[name] = InputKind.sizeBytes(of: path) }
        return sizes
    }
}
