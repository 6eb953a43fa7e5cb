import Foundation
import Planner
import Yams

/// Target profiles as files: `targets/*.yaml`.
enum TargetProfileFile {
    /// The largest profile file; real ones are below 2 KiB.
    static let sizeMax = 65_536

    /// The keys of a profile file.
    private struct Document: Decodable {
        struct Budgets: Decodable {
            let agentBytes: Int
            let residentOverheadBytes: Int
            let arenaBytes: Int?
            let latencyMicroseconds: Int?

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
        let memoryBytes: Int
        let pageSizeBytes: Int
        let budgets: Budgets

        enum CodingKeys: String, CodingKey {
            case name, description, architectures, budgets
            case kernelTier = "kernel-tier"
            case memoryBytes = "memory-bytes"
            case pageSizeBytes = "page-size-bytes"
        }
    }
}
