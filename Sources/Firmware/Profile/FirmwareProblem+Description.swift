import BootControl

extension FirmwareProblem: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        diskDescription ?? filesystemDescription ?? slotDescription ?? contentDescription
            ?? restDescription
    }

    private var diskDescription: String? {
        switch self {
        case .partitionsWithoutDisk(let count):
            "\(count) partitions without a 'disk'; add it, or take the partitions out"
        case .diskWithoutPartitions: "the disk has no 'partitions'; add them, or take it out"
        case .imageTooSmall(let size, let needed):
            "the image of \(size) bytes is smaller than its table; it needs \(needed) or more"
        case .sizeNotBlocks(let partition, let size):
            "\(partition.map { "partition '\($0)'" } ?? "the image") has \(size) bytes; "
                + "take a multiple of 4096"
        case .mediaBelowImage(let media, let image):
            "media of \(media) bytes cannot hold the image of \(image); raise "
                + "'disk.minimum-media-bytes' to it"
        case .noMediaClass: "'disk.media-classes' is empty; name the media the image is made for"
        case .tooManyPartitions(let count, let limit):
            "\(count) partitions, but the table holds \(limit); take 'gpt' or fewer partitions"
        case .beyondMBR(let size, let limit):
            "the image of \(size) bytes is beyond the \(limit) that an MBR reaches; take 'gpt'"
        case .duplicateName(let partition):
            "two partitions are named '\(partition)'; rename one"
        case .misaligned(let partition, let start, let alignment):
            "partition '\(partition)' starts at \(start), which is no multiple of \(alignment); "
                + "leave 'start-bytes' out or round it up"
        case .overlap(let first, let second):
            "partitions '\(first)' and '\(second)' overlap; move the second or leave its "
                + "'start-bytes' out"
        case .outOfBounds(let partition, let start, let end, let usable):
            "partition '\(partition)' at bytes \(start)..<\(end) is outside the usable "
                + "\(usable.lowerBound)..<\(usable.upperBound); make it smaller or the image larger"
        case .growNotLast(let partition):
            "partition '\(partition)' grows but is not the last; give it a size or move it"
        default: nil
        }
    }

    private var filesystemDescription: String? {
        switch self {
        case .wrongFilesystem(let partition, let kind, let filesystem, let allowed):
            "partition '\(partition)' of kind '\(kind.rawValue)' cannot be "
                + "'\(filesystem.rawValue)'; take one of "
                + allowed.map(\.rawValue).joined(separator: ", ")
        case .unusableSize(let partition, let filesystem, let size, let allowed):
            "partition '\(partition)' has \(size) bytes; \(filesystem.rawValue) needs "
                + "\(allowed.lowerBound)...\(allowed.upperBound)"
        case .environmentTooSmall(let partition, let size, let needed):
            "partition '\(partition)' has \(size) bytes; two copies of the environment need "
                + "\(needed)"
        default: nil
        }
    }

    private var slotDescription: String? {
        switch self {
        case .slotPartnerMissing(let partition, let missing):
            "partition '\(partition)' has no partner in slot \(Self.name(missing)); add it"
        case .slotTwice(let first, let second):
            "partitions '\(first)' and '\(second)' are of one kind and slot; change one"
        case .slotSizesDiffer(let a, let aBytes, let b, let bBytes):
            "the slots '\(a)' of \(aBytes) and '\(b)' of \(bBytes) bytes must have one size"
        case .slotFilesystemsDiffer(let a, let aKind, let b, let bKind):
            "the slots '\(a)' of \(aKind.rawValue) and '\(b)' of \(bKind.rawValue) must have one "
                + "file system"
        case .slotRefused(let partition, let kind):
            "partition '\(partition)' of kind '\(kind.rawValue)' has a slot; only 'system' and "
                + "'root' have one"
        case .slotMissing(let partition):
            "partition '\(partition)' says no slot; add 'slot: a' or 'slot: b'"
        case .slotsWithoutBootControl:
            "there are slots, but 'boot.control' is 'none'; name what chooses, or remove a slot"
        case .bootControlWithoutSlots(let control):
            "'boot.control' is '\(control.rawValue)', but there is no pair of system slots"
        case .bootControlWithoutPlace(let control, let needed):
            "'boot.control' is '\(control.rawValue)', which needs \(needed)"
        case .environmentUnused(let partition):
            "partition '\(partition)' holds an environment, but 'boot.control' is not "
                + "'uboot-environment'; remove it"
        default: nil
        }
    }

    private var contentDescription: String? {
        switch self {
        case .unknownSource(let place, let source, let inputs):
            "'\(place)' takes '\(source)', which is neither built in nor one of 'inputs' "
                + "(\(inputs.joined(separator: ", "))); declare it there"
        case .unusedInput(let name): "the input '\(name)' is never used; remove it from 'inputs'"
        case .systemFileMissing(let partition, let source):
            "system slot '\(partition)' has no file of the source '\(source)'; add it to 'files'"
        case .initramfsMissing:
            "a system slot holds the initial file system; describe it under 'initramfs'"
        case .duplicatePath(let place, let path): "'\(place)' has two files '\(path)'; rename one"
        case .pathRefused(let partition, let path):
            "partition '\(partition)' has no file system for '\(path)'; give it one file of the "
                + "path '/', or a file system"
        case .filesRefused(let partition, let kind):
            "partition '\(partition)' of kind '\(kind.rawValue)' is filled by the builder; remove "
                + "its 'files'"
        case .contentMissing(let partition):
            "partition '\(partition)' is a squashfs of nothing; add 'files'"
        case .contentDoesNotFit(let partition, let content, let capacity):
            "the content of partition '\(partition)' needs \(content) bytes of \(capacity); make "
                + "the partition larger"
        default: nil
        }
    }

    private var restDescription: String {
        switch self {
        case .unknownTarget(let target, let known):
            "the target '\(target)' is unknown; known: \(known.joined(separator: ", "))"
        case .dataPartitionMissing: "there is no single partition of kind 'data'; add one of ext4"
        case .dataSizeTwice:
            "'data.size-bytes' beside a disk; remove it, the partition has the size"
        case .dataSizeMissing:
            "'data.size-bytes' is missing, which says the room where there is no disk"
        case .noRoom(let needed, let available):
            "two bundles, spool and state need \(needed) bytes, but the data area has room for "
                + "\(available); make it larger or the quotas smaller"
        case .network(let problem): "\(problem)"
        case .dhcpClientMissing:
            "'configuration.network' asks a DHCP server, but 'initramfs.files' has no "
                + "'bin/busybox' with the client; add it, or take 'static' or 'none'"
        default: "unusable"
        }
    }

    private static func name(_ slot: Slot) -> String { slot == .a ? "a" : "b" }
}

extension NetworkProblem: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .addressMissing: "a static network has no 'address'; add one such as 10.0.2.15/24"
        case .needsStatic(let key): "'\(key)' without 'method: static'; remove it"
        case .malformed(let key, let value):
            "'\(key)' is '\(value)'; it must be like "
                + (key == "address" ? "10.0.2.15/24" : "10.0.2.2")
        case .unusable(let key, let value): "'\(key)' is \(value), which no machine can have"
        case .gatewayElsewhere(let gateway, let address):
            "the gateway \(gateway) is not in the network of \(address)"
        }
    }
}
