public import BootControl

/// One thing that is wrong with a firmware profile.
public enum FirmwareProblem: Sendable, Hashable {
    // The disk and its partitions.
    /// There are partitions, but no disk.
    case partitionsWithoutDisk(count: Int)
    /// There is a disk, but no partition.
    case diskWithoutPartitions
    /// The image is smaller than the table and a sector.
    case imageTooSmall(sizeBytes: Int64, neededBytes: Int64)
    /// A size is no multiple of 4,096 bytes; without a partition, the image's.
    case sizeNotBlocks(partition: String?, sizeBytes: Int64)
    /// The smallest media are smaller than the image.
    case mediaBelowImage(mediaBytes: Int64, imageBytes: Int64)
    /// No media are allowed.
    case noMediaClass
    /// More partitions than the table holds.
    case tooManyPartitions(count: Int, limit: Int)
    /// The image is larger than an MBR reaches.
    case beyondMBR(sizeBytes: Int64, limitBytes: Int64)
    /// Two partitions have one name.
    case duplicateName(partition: String)
    /// A partition does not start on the alignment.
    case misaligned(partition: String, startBytes: Int64, alignmentBytes: Int64)
    /// Two partitions share bytes.
    case overlap(first: String, second: String)
    /// A partition starts in the table, or ends beyond the image or in the backup table.
    case outOfBounds(partition: String, startBytes: Int64, endBytes: Int64, usable: Range<Int64>)
    /// A partition that grows is not the last.
    case growNotLast(partition: String)

    // File systems.
    /// A kind of partition with a file system that its user cannot read.
    case wrongFilesystem(partition: String, PartitionKind, FileSystemKind, [FileSystemKind])
    /// A file system does not come in this size.
    case unusableSize(
        partition: String,
        FileSystemKind,
        sizeBytes: Int64,
        allowed: ClosedRange<Int64>
    )
    /// The two copies of the U-Boot environment do not fit.
    case environmentTooSmall(partition: String, sizeBytes: Int64, neededBytes: Int64)

    // Slots and boot control.
    /// A partition of a slot has no partner in the other one.
    case slotPartnerMissing(partition: String, missing: Slot)
    /// Two partitions claim one slot.
    case slotTwice(first: String, second: String)
    /// The partitions of a pair have different sizes.
    case slotSizesDiffer(a: String, aBytes: Int64, b: String, bBytes: Int64)
    /// The partitions of a pair have different file systems.
    case slotFilesystemsDiffer(a: String, FileSystemKind, b: String, FileSystemKind)
    /// A kind of partition that has no slots has one.
    case slotRefused(partition: String, PartitionKind)
    /// A system or root partition says no slot, although slots are chosen.
    case slotMissing(partition: String)
    /// There are slots, but nothing chooses between them.
    case slotsWithoutBootControl
    /// Slots are chosen, but there are none.
    case bootControlWithoutSlots(FirmwareProfile.BootControlKind)
    /// The choice has no place on the disk.
    case bootControlWithoutPlace(FirmwareProfile.BootControlKind, needed: String)
    /// There is an environment partition that nothing uses.
    case environmentUnused(partition: String)

    // Content.
    /// A source is neither a built-in artifact nor a declared input.
    case unknownSource(place: String, source: String, inputs: [String])
    /// An input is declared and never used.
    case unusedInput(String)
    /// A system slot lacks the kernel or the initial file system.
    case systemFileMissing(partition: String, source: String)
    /// A system slot holds the initial file system, which the profile does not describe.
    case initramfsMissing
    /// Two files of one place have one path.
    case duplicatePath(place: String, path: String)
    /// A named file, or more than one, where there is no file system.
    case pathRefused(partition: String, path: String)
    /// A partition holds what the builder makes, and takes no files.
    case filesRefused(partition: String, PartitionKind)
    /// A squashfs has no source.
    case contentMissing(partition: String)
    /// The known content is larger than the partition.
    case contentDoesNotFit(partition: String, contentBytes: Int64, capacityBytes: Int64)

    // The rest.
    /// The target is none of the known ones.
    case unknownTarget(String, known: [String])
    /// There is a disk, but no single partition of kind `data`.
    case dataPartitionMissing
    /// There is a disk, and the data area has a size besides its partition's.
    case dataSizeTwice
    /// There is no disk, and the data area has no size.
    case dataSizeMissing
    /// The data area cannot hold two bundles, the spool and the state.
    case noRoom(neededBytes: Int64, availableBytes: Int64)
    /// The network's settings do not fit each other.
    case network(NetworkProblem)
    /// The network asks a DHCP server, but the initial file system has no client.
    case dhcpClientMissing
}

/// What is wrong with the settings of the network.
public enum NetworkProblem: Sendable, Hashable {
    /// A static network without an address.
    case addressMissing
    /// A setting that only a static network has.
    case needsStatic(key: String)
    /// A text that is no address of IP version 4, or lacks its prefix length.
    case malformed(key: String, value: String)
    /// An address that no machine can have.
    case unusable(key: String, value: String)
    /// The gateway is not in the network of the address.
    case gatewayElsewhere(gateway: String, address: String)
}
