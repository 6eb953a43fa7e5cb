import Glibc

extension DeviceGraph {
    static let blockDeviceKind = S_IFBLK

    /// Finds the direct uses of all devices.
    mutating func findUses() throws(DiskError) {
        for mount in mounts.mounts { try addMount(mount) }
        try findHiddenRoot()
        for path in mounts.swaps {
            // A swap file that was deleted is still swapped to.
            let file = path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
            for name in try names(holdingFile: file) { add(.swap(path: file), to: name, true) }
        }
        try addKernelArguments()
        try addFileSystemTable()
        try addBtrfs()
        addSignatures()
    }

    private mutating func add(_ kind: DiskUse.Kind, to name: String, _ isSystem: Bool) {
        directUses[name, default: []].append(DirectUse(kind: kind, isSystem: isSystem))
    }

    private mutating func addMount(_ mount: MountTable.Mount) throws(DiskError) {
        let isSystem = SystemPlace.contains(mount.path)
        for name in try ownNames(under: mount) {
            add(.mounted(path: mount.path), to: name, isSystem)
        }
        for name in try layerNames(under: mount, depth: 0) {
            add(.overlayLayer(path: mount.path), to: name, isSystem)
        }
    }

    /// The devices under a mounted file system, through the layers of overlays.
    func names(under mount: MountTable.Mount) throws(DiskError) -> Set<String> {
        try ownNames(under: mount).union(layerNames(under: mount, depth: 0))
    }

    private func ownNames(under mount: MountTable.Mount) throws(DiskError) -> Set<String> {
        var names: Set<String> = []
        names.formUnion(self.names(of: mount.number))
        for path in mount.namedDevices { names.formUnion(try self.names(ofPath: path)) }
        if mount.fileSystem == "zfs" {
            let pool = mount.source.prefix { $0 != "/" && $0 != "@" }
            names.formUnion(members(ofPool: pool))
        }
        return names
    }

    private func layerNames(
        under mount: MountTable.Mount,
        depth: Int
    ) throws(DiskError) -> Set<String> {
        guard mount.fileSystem == "overlay", depth < Self.overlayDepthMax else { return [] }
        var names: Set<String> = []
        for layer in mount.layers {
            for lower in mounts.mounts(holding: layer) where lower != mount {
                names.formUnion(try ownNames(under: lower))
                names.formUnion(try layerNames(under: lower, depth: depth + 1))
            }
        }
        return names
    }

    private func members(ofPool pool: some StringProtocol) -> [String] {
        devices.values.filter { device in
            let label = device.properties["ID_FS_LABEL"]
            return device.properties["ID_FS_TYPE"] == "zfs_member"
                && label.map { $0 == pool } ?? true
        }.map(\.name)
    }

    /// A root that is on no disk that can be seen may be on any: in a container, or where nothing
    /// tells the members of a pool.
    private mutating func findHiddenRoot() throws(DiskError) {
        guard let root = mounts.root else {
            hiddenRoot = "not in the mount table"
            return
        }
        let withoutDisk: Set = [
            "rootfs", "tmpfs", "ramfs", "nfs", "nfs4", "cifs", "9p", "virtiofs", "ceph",
        ]
        guard try names(under: root).isEmpty, !withoutDisk.contains(root.fileSystem) else { return }
        hiddenRoot = root.fileSystem
    }

    private mutating func addKernelArguments() throws(DiskError) {
        let text = try tree.table("/proc/cmdline", limitBytes: 65_536) ?? ""
        for argument in text.split(whereSeparator: \.isWhitespace) {
            let pair = argument.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0] == "root" || pair[0] == "resume" else { continue }
            for name in try names(ofSpecifier: pair[1]) {
                add(.kernelArgument(String(argument)), to: name, true)
            }
        }
    }

    private mutating func addFileSystemTable() throws(DiskError) {
        let text = try tree.table("/etc/fstab", limitBytes: 1 << 20) ?? ""
        for line in text.split(separator: "\n") {
            let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard fields.count >= 3, !fields[0].hasPrefix("#") else { continue }
            // By the kernel's name and not mounted at the start: for any disk that is put in.
            let options = fields.count > 3 ? fields[3].split(separator: ",") : []
            if fields[0].hasPrefix("/dev/sd"), options.contains("noauto") { continue }
            let path = fields[2] == "swap" ? "swap" : MountTable.unescaped(fields[1])
            let isSystem = path == "swap" || SystemPlace.contains(path)
            for name in try names(ofSpecifier: fields[0]) {
                add(.fstab(path: path), to: name, isSystem)
            }
        }
    }

    /// The devices that a specifier names.
    ///
    /// It is `/dev/...`, `UUID=`, `LABEL=`, `PARTUUID=`, `PARTLABEL=` or `MAJOR:MINOR`. Several
    /// devices may carry one UUID: the legs of a RAID.
    private func names(ofSpecifier text: some StringProtocol) throws(DiskError) -> Set<String> {
        var names: Set<String> = []
        if text.hasPrefix("/dev/") {
            return Set(try self.names(ofPath: MountTable.unescaped(text)))
        }
        if let number = DeviceNumber(text: text) {
            return Set(self.names(of: number))
        }
        let pair = text.split(separator: "=", maxSplits: 1)
        guard pair.count == 2, let tag = Self.tags[String(pair[0])] else { return names }
        let value =
            MountTable.unescaped(String(pair[1]).filter { $0 != "\"" })
            .split(separator: "/").first.map { $0.lowercased() } ?? ""
        let links = try tree.names(in: tree.resolve("/dev/disk/" + tag.folder)) ?? []
        for link in links where link.lowercased() == value {
            names.formUnion(try self.names(ofPath: "/dev/disk/\(tag.folder)/\(link)"))
        }
        for device in devices.values where device.properties[tag.property]?.lowercased() == value {
            names.insert(device.name)
        }
        return names
    }

    private static let tags: [String: (folder: String, property: String)] = [
        "UUID": ("by-uuid", "ID_FS_UUID"),
        "LABEL": ("by-label", "ID_FS_LABEL"),
        "PARTUUID": ("by-partuuid", "ID_PART_ENTRY_UUID"),
        "PARTLABEL": ("by-partlabel", "ID_PART_ENTRY_NAME"),
    ]

    /// Gives each device of a mounted btrfs the uses of all of them: `mountinfo` names one.
    private mutating func addBtrfs() throws(DiskError) {
        for identifier in try tree.names(in: "/sys/fs/btrfs") ?? [] {
            let folder = "/sys/fs/btrfs/\(identifier)/devices"
            let members = try tree.names(in: folder) ?? []
            let uses = members.flatMap { directUses[$0] ?? [] }.filter(\.kind.isActive)
            let isSystem = uses.contains(where: \.isSystem)
            for member in members {
                _ = try DiskError.checkedName(member, in: folder)
                add(.btrfsMember(identifier: identifier), to: member, isSystem)
                let own = Set(directUses[member] ?? [])
                directUses[member, default: []] += Set(uses).subtracting(own)
            }
        }
    }

    /// Members of sets that are not running, by what udev found in them.
    private mutating func addSignatures() {
        for device in devices.values {
            guard let type = device.properties["ID_FS_TYPE"] else { continue }
            let isIdle = device.holders.isEmpty
            if type == "zfs_member" {
                addPool(device)
            } else if type == "LVM2_member" {
                if isIdle { add(.lvmMember, to: device.name, false) }
            } else if type == "crypto_LUKS" || type == "BitLocker" {
                if isIdle { add(.encrypted, to: device.name, false) }
            } else if type.hasSuffix("_member"), isIdle {
                add(.raidMember, to: device.name, false)
            }
        }
    }

    private mutating func addPool(_ device: BlockDevice) {
        let pool = device.properties["ID_FS_LABEL"]
        let isSystem = (directUses[device.name] ?? []).contains { $0.isSystem }
        add(.zfsMember(pool: pool), to: device.name, isSystem)
        let isImported =
            pool.map { !$0.contains("/") && tree.status("/proc/spl/kstat/zfs/\($0)") != nil }
            ?? false
        if let pool, isImported { add(.held(by: "ZFS pool \(pool)"), to: device.name, isSystem) }
    }

    /// Overlays on overlays: the kernel allows two levels, and moves of mounts may hide one more.
    static let overlayDepthMax = 4
}
