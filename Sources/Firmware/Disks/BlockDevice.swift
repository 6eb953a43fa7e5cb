/// One entry of `/sys/class/block`: a disk, a partition or a device made of others.
struct BlockDevice: Sendable {
    let name: String
    /// The folder in the tree, without links.
    let folder: String
    /// `0:0` where the kernel tells none, which no mount and no open device has.
    let number: DeviceNumber
    /// The disk whose partition or hardware area this is.
    let parent: String?
    /// The number in the partition table; `nil` for all but partitions.
    let partitionNumber: Int?
    let startBytes: Int64
    let sizeBytes: Int64
    let isReadOnly: Bool
    let isRemovable: Bool
    /// A path of a multipath NVMe namespace: it has no node.
    let isHidden: Bool
    /// What stands on it, and what it stands on, by the kernel's word.
    let holders: [String]
    let slaves: [String]
    /// `/sys/block/dm-N/dm/name` and `uuid`.
    let mapperName: String?
    let mapperIdentifier: String?
    /// `/sys/block/mdN/md/level`, empty while the array is not assembled.
    let raidLevel: String?
    /// The file or device that a loop device shows.
    let backingFile: String?
    /// What udev recorded, such as `ID_FS_TYPE`.
    let properties: [String: String]
    /// The first attribute that every block device has and that this one lacks.
    let missing: String?

    /// Reads one device; `nil` when it is gone by now.
    init?(
        name: String,
        folder: String,
        parent: String?,
        tree: SystemTree
    ) throws(DiskError) {
        let isPartition = tree.status(folder + "/partition") != nil
        let holders = try tree.names(in: folder + "/holders")
        let slaves = try tree.names(in: folder + "/slaves")
        if holders == nil && tree.status(folder) == nil { return nil }
        var missing: [String] = []
        func number(_ attribute: String) -> Int64? {
            guard let text = tree.attribute(folder + "/" + attribute), let value = Int64(text),
                value >= 0
            else {
                missing.append(attribute)
                return nil
            }
            return value
        }
        func sectorBytes(_ attribute: String) -> Int64 {
            // Sectors of 512 bytes, whatever the logical block of the disk is.
            let product = (number(attribute) ?? 0).multipliedReportingOverflow(by: 512)
            if product.overflow { missing.append(attribute) }
            return product.overflow ? 0 : product.partialValue
        }
        self.name = name
        self.folder = folder
        self.parent = parent
        isHidden = tree.attribute(folder + "/hidden") == "1"
        let device = tree.attribute(folder + "/dev").flatMap { DeviceNumber(text: $0) }
        if device == nil && !isHidden { missing.append("number") }
        self.number = device ?? DeviceNumber(major: 0, minor: 0)
        partitionNumber = isPartition ? number("partition").flatMap { Int(exactly: $0) } : nil
        startBytes = isPartition ? sectorBytes("start") : 0
        sizeBytes = sectorBytes("size")
        isReadOnly = number("ro") != 0
        isRemovable = tree.attribute(folder + "/removable") == "1"
        if holders == nil && !isHidden { missing.append("holders") }
        self.holders = holders ?? []
        self.slaves = slaves ?? []
        mapperName = tree.attribute("dm/name", below: folder)
        mapperIdentifier = tree.attribute("dm/uuid", below: folder)
        raidLevel = tree.attribute("md/level", below: folder)
        backingFile = tree.attribute("loop/backing_file", below: folder)
        properties = try Self.properties(of: self.number, tree: tree)
        self.missing = missing.first
    }

    /// The lines `E:KEY=VALUE` of udev's record of a device.
    private static func properties(
        of number: DeviceNumber,
        tree: SystemTree
    ) throws(DiskError) -> [String: String] {
        let path = "/run/udev/data/b\(number)"
        guard let text = try tree.table(path, limitBytes: 65_536) else { return [:] }
        var properties: [String: String] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("E:") {
            let pair = line.dropFirst(2).split(separator: "=", maxSplits: 1)
            if pair.count == 2 { properties[String(pair[0])] = String(pair[1]) }
        }
        return properties
    }

    var isPartition: Bool { partitionNumber != nil }

    /// Whether it is made of other devices.
    var isStacked: Bool { !slaves.isEmpty || mapperName != nil || raidLevel != nil }

    /// What it is where its name does not say it.
    var role: String? {
        if let backingFile { return "shows \(backingFile)" }
        if let raidLevel { return raidLevel.isEmpty ? "RAID" : raidLevel }
        guard let mapperName else { return nil }
        switch mapperIdentifier?.split(separator: "-").first {
        case "CRYPT": return "LUKS \(mapperName)"
        case "LVM": return "LVM \(mapperName)"
        case "mpath": return "multipath \(mapperName)"
        default: return mapperName
        }
    }
}
