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

    let name: String
    let description: String
    let architectures: [String]
    let kernelTier: String
    let memoryBytes: UInt64
    let pageSizeBytes: UInt32
    let budgets: Budgets

    enum CodingKeys: String, CodingKey {
        case name, description, architectures, budgets
        case kernelTier = "kernel-tier"
        case memoryBytes = "memory-bytes"
        case pageSizeBytes = "page-size-bytes"
    }

    /// The largest profile file; real ones are below 2 KiB.
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
            file = try YAMLDecoder().decode(TargetProfileFile.self, from: text)
        } catch {
            throw Failure(.usage, "this is not a target profile: \(error)", place: path)
        }
        let isUsable =
            !file.architectures.isEmpty && knownArchitectures.isSuperset(of: file.architectures)
            && file.kernelTier == "scalar" && file.pageSizeBytes.nonzeroBitCount == 1
            && file.pageSizeBytes <= 65_536
        guard isUsable else {
            throw Failure(
                .wrongTarget,
                "the profile names an architecture, kernel tier or page size that is not supported",
                place: path,
                help: "architectures: \(knownArchitectures.sorted().joined(separator: ", ")); "
                    + "kernel tiers: scalar; page sizes: powers of two up to 65536"
            )
        }
        return file
    }

    /// What the planner needs to know.
    var profile: TargetProfile {
        TargetProfile(
            name: name,
            sdk: architectures[0],
            kernelTier: .scalar,
            memoryBytes: memoryBytes,
            pageSizeBytes: pageSizeBytes,
            agentBytes: budgets.agentBytes,
            arenaBytes: budgets.arenaBytes,
            latencyMicroseconds: budgets.latencyMicroseconds
        )
    }
}
