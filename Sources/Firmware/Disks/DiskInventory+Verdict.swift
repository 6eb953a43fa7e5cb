import Glibc

extension DiskInventory {
    /// What a path leads to.
    enum Target: Hashable {
        case device(name: String)
        case file(path: String)
        case missing
        case neither
    }

    /// Follows the path to a device or file.
    func target(of path: String) -> Target {
        let tree = graph.tree
        guard !path.isEmpty, !path.utf8.contains(0), let absolute = absolute(path),
            let resolved = try? tree.resolve(absolute)
        else { return .missing }
        if let status = tree.status(resolved) {
            // A plain file among the devices is a mistyped name that some tool once wrote to.
            let isBelowDev = resolved.hasPrefix("/dev/") && !resolved.hasPrefix("/dev/shm/")
            if status.kind == S_IFBLK {
                let names = graph.names(of: status.number)
                return names.count == 1 ? .device(name: names[0]) : .missing
            }
            return status.kind == S_IFREG && !isBelowDev ? .file(path: resolved) : .neither
        }
        // A recorded tree holds no device nodes.
        guard let names = try? graph.names(ofPath: resolved), names.count == 1,
            !graph.tree.root.isEmpty
        else { return .missing }
        return .device(name: names[0])
    }

    private func absolute(_ path: String) -> String? {
        if path.hasPrefix("/") || !graph.tree.root.isEmpty { return path }
        guard let folder = getcwd(nil, 0) else { return nil }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }

    /// Whether the target may be overwritten.
    ///
    /// The table of verdicts is in the article "Which disk may be flashed".
    ///
    /// - Parameters:
    ///   - path: a device, a link to one, or a regular file.
    ///   - allowedClasses: the classes that the firmware profile is for; `nil` allows all.
    /// - Returns: the verdict with all reasons, not only the first.
    public func verdict(
        for path: String,
        allowedClasses: [MediaClass]? = nil
    ) -> FlashVerdict {
        let name: String
        switch target(of: path) {
        case .missing: return .refused([.notFound(path: path)])
        case .neither: return .refused([.notBlockDevice(path: path)])
        case .file(let file):
            let reasons =
                Self.classReasons(.file, allowed: allowedClasses) + fileReasons(file)
            return reasons.isEmpty ? .allowed : .refused(reasons)
        case .device(let device): name = device
        }
        if let device = graph.devices[name], let parent = device.parent {
            let diskPath = described[parent]?.devicePath ?? parent
            return .refused([
                device.isPartition
                    ? .partition(name: name, diskPath: diskPath)
                    : .hardwareArea(name: name, of: diskPath)
            ])
        }
        guard let disk = described[name] else { return .refused([.notFound(path: path)]) }
        return verdict(for: disk, allowedClasses: allowedClasses)
    }

    /// Whether a disk of this inventory may be overwritten.
    ///
    /// - Parameters:
    ///   - disk: a disk of this inventory.
    ///   - allowedClasses: the classes that the firmware profile is for; `nil` allows all.
    /// - Returns: the verdict with all reasons, not only the first.
    public func verdict(for disk: Disk, allowedClasses: [MediaClass]? = nil) -> FlashVerdict {
        guard let device = graph.devices[disk.name], described[disk.name] == disk else {
            return .refused([.notFound(path: disk.devicePath)])
        }
        let hard = stateReasons(device, disk) + Self.classReasons(disk, allowed: allowedClasses)
        return decide(disk, hard: hard)
    }

    private func decide(_ disk: Disk, hard: [FlashReason]) -> FlashVerdict {
        var hard = hard
        var soft: [FlashReason] = []
        for use in disk.uses {
            if use.isSystem {
                soft.append(.systemUse(use))
            } else if use.kind.isActive {
                hard.append(.inUse(use))
            } else {
                soft.append(.dormantUse(use))
            }
        }
        let isVirtual = disk.mediaClass == .loop
        if let hiddenRoot, !isVirtual { soft.append(.hiddenRoot(fileSystem: hiddenRoot)) }
        if !disk.isRemovable, !disk.mediaClass.isPortable, !isVirtual {
            soft.append(.internalDisk(disk.mediaClass))
        }
        guard hard.isEmpty else { return .refused(hard + soft) }
        guard !soft.isEmpty else { return .allowed }
        // A serial that another disk has too does not prove that this one is meant.
        let namesakes = disks.filter { $0.serial == disk.serial }
        guard disk.serial != nil, namesakes.count == 1 else { return .refused(soft + [.noSerial]) }
        return .needsSerial(soft)
    }

    private func stateReasons(_ device: BlockDevice, _ disk: Disk) -> [FlashReason] {
        var reasons: [FlashReason] = []
        if let missing = device.missing { reasons.append(.unreadable(attribute: missing)) }
        if device.isStacked {
            reasons.append(.stacked(name: disk.name, mediaClass: disk.mediaClass))
        }
        if disk.sizeBytes == 0 { reasons.append(.noMedium) }
        if disk.isReadOnly { reasons.append(.readOnly) }
        if let file = device.backingFile {
            // Whoever writes to a loop device writes to what is behind it.
            if (try? graph.names(ofPath: file))?.isEmpty == false {
                reasons.append(.stacked(name: disk.name, mediaClass: .loop))
            } else {
                reasons += fileReasons(file, besides: disk.name)
            }
        }
        return reasons
    }

    private static func classReasons(_ disk: Disk, allowed: [MediaClass]?) -> [FlashReason] {
        disk.mediaClass == .unknown
            ? [.unknownClass] : classReasons(disk.mediaClass, allowed: allowed)
    }

    private static func classReasons(
        _ mediaClass: MediaClass,
        allowed: [MediaClass]?
    ) -> [FlashReason] {
        guard let allowed, !allowed.contains(mediaClass) else { return [] }
        return [.classNotAllowed(mediaClass, allowed: allowed)]
    }

    /// Uses of a regular file: the kernel swaps to it, or a loop device shows it.
    private func fileReasons(_ path: String, besides loop: String? = nil) -> [FlashReason] {
        let swaps = graph.mounts.swaps.filter { $0 == path }.map { swap in
            DiskUse(chain: [], kind: .swap(path: swap), isSystem: true)
        }
        let loops = graph.devices.values.filter { $0.backingFile == path && $0.name != loop }
            .map(\.name).sorted().map { name in
                DiskUse(chain: [], kind: .loopBacking(device: name), isSystem: false)
            }
        return (swaps + loops).map(FlashReason.inUse)
    }
}
