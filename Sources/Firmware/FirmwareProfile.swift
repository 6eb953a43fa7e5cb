import Yams

/// Where Martlet lives on a device's storage, read from `firmware-profiles/*.yaml`.
///
/// ```
/// | partition 0 | partition 1 | ... | data: agent, two bundles, state, spool |
/// 0        first.start                data.start                 minimum media size
/// ```
/// Invariants, proved by `problems()`: partitions are aligned, do not overlap and fit the smallest
/// media; the data area holds two bundles (the running one and its successor) and the spool.
public struct FirmwareProfile: Sendable, Hashable, Decodable {
    /// One contiguous area of the disk.
    public struct Partition: Sendable, Hashable, Decodable {
        /// The partition's name in the table.
        public let name: String
        /// The first byte on the disk.
        public let startBytes: Int64
        /// The size in bytes.
        public let sizeBytes: Int64

        enum CodingKeys: String, CodingKey {
            case name
            case startBytes = "start-bytes"
            case sizeBytes = "size-bytes"
        }
    }

    /// What the data area must hold, in bytes.
    public struct DataArea: Sendable, Hashable, Decodable {
        /// The directory on the running device.
        public let path: String
        /// The room for all of it; on a disk of our own, the size of the partition named `data`.
        public let sizeBytes: Int64
        /// The largest bundle, packed and installed together.
        public let bundleQuotaBytes: Int64
        /// The telemetry spool.
        public let spoolQuotaBytes: Int64
        /// Keys, state records and logs.
        public let stateQuotaBytes: Int64

        enum CodingKeys: String, CodingKey {
            case path
            case sizeBytes = "size-bytes"
            case bundleQuotaBytes = "bundle-quota-bytes"
            case spoolQuotaBytes = "spool-quota-bytes"
            case stateQuotaBytes = "state-quota-bytes"
        }
    }

    /// The profile's name, equal to its file's name.
    public let name: String
    /// One sentence for `--help` and listings.
    public let description: String
    /// The smallest media that the profile may be written to; absent where Martlet joins an
    /// existing system.
    public let minimumMediaBytes: Int64?
    /// The partitions in the order of their start; empty where Martlet joins an existing system.
    public let partitions: [Partition]
    /// The data area.
    public let data: DataArea

    enum CodingKeys: String, CodingKey {
        case name, description, partitions, data
        case minimumMediaBytes = "minimum-media-bytes"
    }

    /// Reads a profile from YAML text.
    ///
    /// - Throws: `FirmwareProfileError` when the text is too long, not YAML, or lacks a key.
    public init(yaml: String) throws(FirmwareProfileError) {
        guard yaml.utf8.count <= FirmwareProfile.textSizeMax else {
            throw .tooLong(sizeBytes: yaml.utf8.count, limitBytes: FirmwareProfile.textSizeMax)
        }
        do {
            self = try YAMLDecoder().decode(FirmwareProfile.self, from: yaml)
        } catch {
            throw .unreadable(detail: "\(error)")
        }
    }

    /// The longest profile: real ones are below 4 KiB, and YAML aliases must not grow without end.
    public static let textSizeMax = 65_536
    /// Partitions start on multiples of this, the erase block of common flash media.
    public static let alignmentBytes: Int64 = 4 << 20
}

/// Why a firmware profile cannot be read.
public enum FirmwareProfileError: Error, Sendable, Hashable {
    /// The text is longer than the limit.
    case tooLong(sizeBytes: Int, limitBytes: Int)
    /// The text is not a profile; the detail names the line or key.
    case unreadable(detail: String)
}
