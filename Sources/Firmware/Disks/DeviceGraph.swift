/// All block devices, and which stand on which.
///
/// ```
/// disk -> partition -> holder (dm, md, bcache) -> holder ... -> use
///                      loop device whose file is in a file system of the device
/// ```
/// Invariants:
/// 1. A device stands on another when either of them says so (`holders` or `slaves`), when it is a
///    partition or hardware area of it, or when it is a loop device on a file or device of it.
/// 2. Walking visits a device once, so that a cycle ends.
struct DeviceGraph: Sendable {
    /// A use of one device, before the way to it is known.
    struct DirectUse: Hashable {
        let kind: DiskUse.Kind
        let isSystem: Bool
    }

    let tree: SystemTree
    let mounts: MountTable
    let devices: [String: BlockDevice]
    /// The devices that stand on a device; names that no device has are possible.
    private(set) var above: [String: [String]] = [:]
    var directUses: [String: [DirectUse]] = [:]
    /// The type of the root file system, when what it stands on cannot be found.
    var hiddenRoot: String?
    /// One name a number, unless the tree is not a kernel's; then all count.
    private let namesByNumber: [DeviceNumber: [String]]

    init(tree: SystemTree) throws(DiskError) {
        self.tree = tree
        mounts = try MountTable(tree: tree)
        devices = try Self.readDevices(tree: tree)
        var byNumber: [DeviceNumber: [String]] = [:]
        for device in devices.values where device.number.major != 0 || device.number.minor != 0 {
            byNumber[device.number, default: []].append(device.name)
        }
        namesByNumber = byNumber
        try connect()
        try findUses()
    }

    private static func readDevices(tree: SystemTree) throws(DiskError) -> [String: BlockDevice] {
        guard let disks = try tree.names(in: "/sys/block") else {
            throw .unreadable(path: "/sys/block", code: 2)
        }
        var devices: [String: BlockDevice] = [:]
        func add(_ name: String, at path: String, parent: String?) throws(DiskError) -> String? {
            let folder = try tree.resolve(path)
            devices[name] = try BlockDevice(name: name, folder: folder, parent: parent, tree: tree)
            guard devices.count <= SystemTree.deviceCountMax else {
                throw .tooMany(path: "/sys/block", limit: SystemTree.deviceCountMax)
            }
            return devices[name]?.folder
        }
        let whole = Set(disks)
        for entry in disks where devices[entry] == nil {
            let disk = try DiskError.checkedName(entry, in: "/sys/block")
            // The boot areas of an eMMC are disks inside its disk.
            let container = try tree.resolve("/sys/block/" + disk).split(separator: "/").dropLast()
            let parent = container.last.map(String.init).flatMap { whole.contains($0) ? $0 : nil }
            guard let folder = try add(disk, at: "/sys/block/" + disk, parent: parent)
            else { continue }
            for child in try tree.names(in: folder) ?? [] where child.hasPrefix(disk) {
                let part = try DiskError.checkedName(child, in: folder)
                guard tree.status("\(folder)/\(part)/dev") != nil else { continue }
                _ = try add(part, at: "\(folder)/\(part)", parent: disk)
            }
        }
        // A kernel shows each partition inside its disk; one that is only here has lost it.
        for entry in try tree.names(in: "/sys/class/block") ?? [] where devices[entry] == nil {
            let name = try DiskError.checkedName(entry, in: "/sys/class/block")
            let path = "/sys/class/block/" + name
            let parent = try tree.resolve(path).split(separator: "/").dropLast().last
            _ = try add(name, at: path, parent: parent.map(String.init))
        }
        return devices
    }

    private mutating func connect() throws(DiskError) {
        var edges: [String: Set<String>] = [:]
        var count = 0
        func add(_ upper: String, on lower: String) throws(DiskError) {
            guard edges[lower, default: []].insert(upper).inserted else { return }
            count += 1
            guard count <= Self.edgeCountMax else {
                throw .tooMany(path: "/sys/class/block", limit: Self.edgeCountMax)
            }
        }
        for device in devices.values {
            if let parent = device.parent { try add(device.name, on: parent) }
            for holder in device.holders { try add(holder, on: device.name) }
            for slave in device.slaves { try add(device.name, on: slave) }
            if let file = device.backingFile {
                for lower in try names(holdingFile: file) where lower != device.name {
                    try add(device.name, on: lower)
                }
            }
        }
        above = edges.mapValues { $0.sorted() }
    }

    /// The devices under a file, or the device itself that the path names.
    func names(holdingFile path: String) throws(DiskError) -> [String] {
        let own = try names(ofPath: path)
        guard own.isEmpty else { return own }
        var names: Set<String> = []
        for mount in mounts.mounts(holding: path) { names.formUnion(try self.names(under: mount)) }
        return names.sorted()
    }

    /// The names of the block device that a path leads to; empty when it leads to none.
    func names(ofPath path: String) throws(DiskError) -> [String] {
        let resolved = try tree.resolve(path)
        if let status = tree.status(resolved), status.kind == DeviceGraph.blockDeviceKind {
            return names(of: status.number)
        }
        guard resolved.hasPrefix("/dev/") else { return [] }
        let name = String(resolved.dropFirst(5)).replacing("/", with: "!")
        return devices[name] == nil ? mapperNames(of: name) : [name]
    }

    /// The device of `mapper/NAME` or `GROUP/VOLUME`, in whose device-mapper name dashes are
    /// double.
    private func mapperNames(of name: String) -> [String] {
        let parts = name.split(separator: "!")
        guard parts.count == 2 else { return [] }
        let volume = parts.map { $0.replacing("-", with: "--") }.joined(separator: "-")
        let wanted = parts[0] == "mapper" ? String(parts[1]) : volume
        return devices.values.filter { $0.mapperName == wanted }.map(\.name)
    }

    func names(of number: DeviceNumber) -> [String] { namesByNumber[number] ?? [] }

    /// A machine with 4,096 devices of which each stands on sixteen others.
    static let edgeCountMax = 65_536
}
