import AgentProtocol
import Foundation
import InferenceRuntime
import Planner
import Terminal
import Yams

/// A target profile as its file `targets/NAME.yaml` describes it.
struct TargetProfileFile: Codable {
    struct Budgets: Codable {
        let agentBytes: UInt64
        let residentOverheadBytes: UInt64
        let arenaBytes: UInt64?
        let latencyMicroseconds: UInt64?

        enum CodingKeys: String, CodingKey {
            case agentBytes = "agent-bytes"
            case residentOverheadBytes = "resident-overhead-bytes"
            case arenaBytes = "arena-bytes"
            case latencyMicroseconds = "latency-microseconds"
        }
    }

    /// What recognises a board; absent in a class of processors.
    struct Recognition: Codable {
        struct Product: Codable {
            /// The first word of DMI's names of the maker and of the product.
            let vendor: String, product: String
        }

        /// Names of the device tree's `compatible`.
        let deviceTree: [String]?
        let dmi: [Product]?
        /// DMI's kinds of case, numbers of the SMBIOS specification.
        let chassis: [UInt8]?

        enum CodingKeys: String, CodingKey {
            case dmi, chassis
            case deviceTree = "device-tree"
        }

        /// The marks in the form of `MachineFacts.marks`.
        var marks: [String] {
            (deviceTree ?? []).map { "tree=\($0)" }
                + (dmi ?? []).map { "dmi=\($0.vendor)/\($0.product)" }
                + (chassis ?? []).map { "chassis=\($0)" }
        }
    }

    let name: String
    let description: String
    let architectures: [String]
    /// The best tier that every processor of the class can run.
    let kernelTier: String
    /// What every processor of the class can do; in the kernel's words.
    let cpuFeatures: [String]?
    let memoryBytes: UInt64
    let pageSizeBytes: UInt32
    let recognisedBy: Recognition?
    let budgets: Budgets
    /// Where the facts come from and what the numbers mean.
    let sources: [String]?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, description, architectures, budgets, sources
        case kernelTier = "kernel-tier"
        case cpuFeatures = "cpu-features"
        case memoryBytes = "memory-bytes"
        case pageSizeBytes = "page-size-bytes"
        case recognisedBy = "recognised-by"
    }

    /// The largest profile file; real ones are below 4 KiB.
    static let sizeMax = 65_536
    /// The architectures for which there is an agent.
    static let knownArchitectures: Set = ["x86_64", "aarch64", "armv7hf", "riscv64"]

    /// Reads a profile that is named or given as a path.
    ///
    /// - Throws: `Failure` when there is none or it cannot be used.
    static func read(_ nameOrPath: String) throws -> TargetProfileFile {
        let path = try TargetFolder.path(of: nameOrPath)
        let text = String(
            decoding: try InputFile.read(path, limitBytes: sizeMax),
            as: UTF8.self
        )
        let file: TargetProfileFile
        do {
            let keys = try Yams.compose(yaml: text)?.mapping?.keys.compactMap(\.string) ?? []
            let known = CodingKeys.allCases.map(\.rawValue)
            if let unknown = keys.first(where: { !known.contains($0) }) {
                throw Failure(.usage, "unknown key '\(unknown)'", place: path)
            }
            file = try YAMLDecoder().decode(TargetProfileFile.self, from: text)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.usage, "this is not a target profile: \(error)", place: path)
        }
        try file.check(place: path)
        return file
    }

    private func check(place: String) throws {
        let isUsable =
            !architectures.isEmpty && Self.knownArchitectures.isSuperset(of: architectures)
            && TargetTier(rawValue: kernelTier) != nil && pageSizeBytes.nonzeroBitCount == 1
            && pageSizeBytes <= 65_536
        guard isUsable else {
            throw Failure(
                .wrongTarget,
                "the profile names an architecture, kernel tier or page size that is not supported",
                place: place,
                help: "architectures: \(Self.knownArchitectures.sorted().joined(separator: ", ")); "
                    + "kernel tiers: \(TargetTier.allCases.map(\.rawValue).joined(separator: ", "))"
                    + "; page sizes: powers of two up to 65536"
            )
        }
        let words = [name] + (recognisedBy?.marks ?? [])
        guard words.allSatisfy({ $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }),
            machineProfile != nil
        else {
            throw Failure(
                .wrongTarget,
                "the profile names a processor feature that is not known, or a name has a space",
                place: place,
                help: "features: \(ProcessorFeatures(bits: .max).text)"
            )
        }
        let lacking = tier.features.filter { !(cpuFeatures ?? []).contains($0) }
        guard lacking.isEmpty else {
            throw Failure(
                .wrongTarget,
                "the kernel tier '\(kernelTier)' needs \(lacking.joined(separator: ", "))",
                place: place,
                help: "add it to cpu-features, or choose another tier"
            )
        }
    }

    /// The named tier.
    var tier: TargetTier { TargetTier(rawValue: kernelTier) ?? .scalar }

    /// The tier whose kernels a bundle is planned for today, as in the manifest.
    var kernelTierInUse: String { tier.kernels.name }

    /// What the planner needs to know.
    var profile: TargetProfile {
        TargetProfile(
            name: name,
            sdk: architectures[0],
            kernelTier: tier.kernels,
            memoryBytes: memoryBytes,
            pageSizeBytes: pageSizeBytes,
            agentBytes: budgets.agentBytes,
            arenaBytes: budgets.arenaBytes,
            latencyMicroseconds: budgets.latencyMicroseconds
        )
    }

    /// The line from which the agent and `detect` know the profile.
    var machineLine: String {
        let features = cpuFeatures ?? []
        let words = [
            name, architectures.joined(separator: ","),
            features.isEmpty ? "-" : features.joined(separator: ","), String(pageSizeBytes),
            String(memoryBytes),
        ]
        return (words + (recognisedBy?.marks ?? [])).joined(separator: " ")
    }

    /// What decides which machines the profile is for.
    var machineProfile: MachineProfile? { MachineProfile(line: [UInt8](machineLine.utf8)) }
}
