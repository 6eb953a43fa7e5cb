/// All disks of a machine and what uses them.
///
/// It is read from sysfs, `/proc`, udev's records and `/etc/fstab` below a root folder, and says
/// nothing when it cannot say all: what cannot be read is an error, not an unused disk.
public struct DiskInventory: Sendable {
    /// The whole disks that have a device node, by name; what is made of other devices is not
    /// among them.
    public let disks: [Disk]
    /// The type of the root file system, when what it stands on cannot be found, as in a container.
    public let hiddenRoot: String?

    let graph: DeviceGraph
    /// All that can be told of any device with a node, stacked ones and hardware areas included.
    let described: [String: Disk]

    /// Reads the disks of the system whose root folder is given.
    ///
    /// - Parameter systemRoot: `/`, or the folder of a recorded tree.
    /// - Throws: `DiskError` when the picture would not be complete.
    public init(systemRoot: String = "/") throws(DiskError) {
        let tree = SystemTree(root: systemRoot)
        graph = try DeviceGraph(tree: tree)
        hiddenRoot = graph.hiddenRoot
        let whole = graph.devices.values.filter { $0.parent == nil && !$0.isHidden }
        var identities: [String: DiskIdentity] = [:]
        var uses: [String: [DiskUse]] = [:]
        for device in whole {
            identities[device.name] = try device.identity(in: tree)
            uses[device.name] = graph.uses(of: device.name)
        }
        let own = uses
        var described: [String: Disk] = [:]
        for device in whole {
            guard let identity = identities[device.name] else { continue }
            let twins = whole.filter { other in
                other.name != device.name && other.sizeBytes == device.sizeBytes
                    && identity.worldWideName != nil
                    && identities[other.name]?.worldWideName == identity.worldWideName
            }
            let shared = twins.compactMap { Self.sharedUse(of: $0.name, uses: own[$0.name] ?? []) }
            described[device.name] = Disk(
                device: device,
                identity: identity,
                partitions: graph.partitions(of: device.name),
                uses: (own[device.name] ?? []) + shared
            )
        }
        self.described = described
        disks = whole.filter { !$0.isStacked }.compactMap { described[$0.name] }
            .sorted { ($0.name.count, $0.name) < ($1.name.count, $1.name) }
    }

    /// What a use of the same disk by another name means: one disk on two cables, without
    /// multipath, is two disks to the kernel, and its exclusive opening does not see the other.
    private static func sharedUse(of name: String, uses: [DiskUse]) -> DiskUse? {
        let isSystem = uses.contains(where: \.isSystem)
        guard isSystem || uses.contains(where: \.kind.isActive) else { return nil }
        return DiskUse(chain: [], kind: .sameDisk(as: name), isSystem: isSystem)
    }

    /// The disk at a path: its node, or a link to it; `nil` for all else, partitions too.
    public func disk(at path: String) -> Disk? {
        guard case .device(let name) = target(of: path) else { return nil }
        return disks.first { $0.name == name }
    }

    /// Compares an opened device with the disk that was asked about.
    ///
    /// The disk is read again, so that a number that went to another disk in the meantime is
    /// found.
    ///
    /// - Parameters:
    ///   - disk: a disk of this inventory.
    ///   - rawDevice: `st_rdev` of the opened descriptor.
    /// - Throws: `DiskError.otherDevice` or `.changed`.
    public func confirm(_ disk: Disk, openedAs rawDevice: UInt64) throws(DiskError) {
        let actual = DeviceNumber(rawDevice: rawDevice)
        guard actual == disk.number else {
            throw .otherDevice(name: disk.name, expected: disk.number, actual: actual)
        }
        let tree = graph.tree
        let folder = try tree.resolve("/sys/block/" + disk.name)
        guard
            let device = try BlockDevice(name: disk.name, folder: folder, parent: nil, tree: tree)
        else { throw .changed(name: disk.name, what: "entry in sysfs") }
        let identity = try device.identity(in: tree)
        let changes: [(String, Bool)] = [
            ("number", device.number != disk.number),
            ("sequence number", identity.sequence != disk.sequence),
            ("size", device.sizeBytes != disk.sizeBytes),
            ("serial number", identity.serial != disk.serial),
            ("model", identity.model != disk.model),
        ]
        if let change = changes.first(where: \.1) {
            throw .changed(name: disk.name, what: change.0)
        }
    }
}

extension Disk {
    init(
        device: BlockDevice,
        identity: DiskIdentity,
        partitions: [DiskPartition],
        uses: [DiskUse]
    ) {
        devicePath = "/dev/" + device.name.replacing("!", with: "/")
        name = device.name
        number = device.number
        sequence = identity.sequence
        sizeBytes = device.sizeBytes
        logicalBlockSizeBytes = identity.logicalBlockSizeBytes
        isReadOnly = device.isReadOnly
        isRemovable = device.isRemovable
        mediaClass = identity.mediaClass
        vendor = identity.vendor
        model = identity.model
        serial = identity.serial
        self.partitions = partitions
        self.uses = uses
    }
}

extension DeviceGraph {
    func partitions(of disk: String) -> [DiskPartition] {
        let partitions = (above[disk] ?? []).compactMap { name -> DiskPartition? in
            guard let device = devices[name], device.parent == disk,
                let number = device.partitionNumber
            else { return nil }
            return DiskPartition(
                name: name,
                number: number,
                startBytes: device.startBytes,
                sizeBytes: device.sizeBytes,
                fileSystem: device.properties["ID_FS_TYPE"].flatMap(BlockDevice.printable),
                mountPoints: (directUses[name] ?? []).compactMap { use in
                    if case .mounted(let path) = use.kind { path } else { nil }
                }
            )
        }
        return partitions.sorted { ($0.number, $0.name) < ($1.number, $1.name) }
    }
}
