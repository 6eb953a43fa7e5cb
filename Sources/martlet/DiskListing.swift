import Firmware

/// A disk as `martlet disk list` shows it.
struct DiskListing: Encodable {
    struct Partition: Encodable {
        let name: String
        let number: Int
        let startBytes: Int64
        let sizeBytes: Int64
        let fileSystem: String?
        let mountPoints: [String]
    }

    struct Use: Encodable {
        /// The way from the disk to the use, in words.
        let text: String
        let chain: [String]
        let isSystem: Bool
        let isActive: Bool
    }

    struct Verdict: Encodable {
        /// `allowed`, `needs-serial` or `refused`.
        let decision: String
        let reasons: [String]

        init(_ verdict: FlashVerdict) {
            switch verdict {
            case .allowed: decision = "allowed"
            case .needsSerial: decision = "needs-serial"
            case .refused: decision = "refused"
            }
            reasons = verdict.reasons.map(\.description)
        }

        var words: String { decision == "needs-serial" ? "with its serial only" : decision }
    }

    let device: String
    let number: String
    let sizeBytes: Int64
    let logicalBlockSizeBytes: Int
    let mediaClass: String
    let isReadOnly: Bool
    let isRemovable: Bool
    let vendor: String?
    let model: String?
    let serial: String?
    let partitions: [Partition]
    let uses: [Use]
    let verdict: Verdict

    init(disk: Disk, inventory: DiskInventory) {
        device = disk.devicePath
        number = "\(disk.number)"
        sizeBytes = disk.sizeBytes
        logicalBlockSizeBytes = disk.logicalBlockSizeBytes
        mediaClass = disk.mediaClass.rawValue
        isReadOnly = disk.isReadOnly
        isRemovable = disk.isRemovable
        vendor = disk.vendor
        model = disk.model
        serial = disk.serial
        partitions = disk.partitions.map { part in
            Partition(
                name: part.name,
                number: part.number,
                startBytes: part.startBytes,
                sizeBytes: part.sizeBytes,
                fileSystem: part.fileSystem,
                mountPoints: part.mountPoints
            )
        }
        uses = disk.uses.map { use in
            Use(
                text: "\(use)",
                chain: use.chain.map(\.name),
                isSystem: use.isSystem,
                isActive: use.kind.isActive
            )
        }
        verdict = Verdict(inventory.verdict(for: disk, allowedClasses: nil))
    }
}
