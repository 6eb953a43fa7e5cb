public import BootControl

extension FirmwareProfile {
    /// The disk as a whole.
    public struct Disk: Sendable, Hashable {
        /// The kind of partition table.
        public var table: TableKind
        /// What all identifiers are derived from, so that two builds give the same disk.
        public var seed: String
        /// The size of the image in bytes.
        public var sizeBytes: Int64
        /// The smallest media that the image may be written to, in bytes.
        public var minimumMediaBytes: Int64
        /// Partitions start on multiples of this; a power of two.
        public var alignmentBytes: Int64
        /// The kinds of media that the image is made for.
        public var mediaClasses: [MediaClass]
        /// What is compared after writing.
        public var verification: Verification
    }

    /// The kinds of partition table.
    public enum TableKind: String, Sendable, Hashable, CaseIterable {
        /// GUID Partition Table (UEFI specification 2.10, section 5).
        case gpt
        /// Master Boot Record with up to four primary partitions.
        case mbr
    }

    /// What the flasher compares after writing.
    public enum Verification: String, Sendable, Hashable, CaseIterable {
        /// Every byte of the image's data is read back and compared.
        case full
        /// Nothing is read back.
        case none
    }

    /// One contiguous area of the disk.
    public struct Partition: Sendable, Hashable {
        /// The name in a GPT, and in messages; at most 36 ASCII letters, digits and `-`.
        public var name: String
        /// What the partition is for.
        public var kind: PartitionKind
        /// The slot that the partition belongs to; absent outside slot pairs.
        public var slot: Slot?
        /// The size.
        public var size: PartitionSize
        /// The first byte on the disk; absent = the next aligned one.
        public var startBytes: Int64?
        /// The file system.
        public var filesystem: FileSystemKind
        /// What is put in.
        public var files: [FileEntry]
    }

    /// One file or folder that is put into a file system.
    public struct FileEntry: Sendable, Hashable {
        /// The name of a built-in artifact or of a declared input.
        public var source: String
        /// The relative path in the file system, or `/`: what is in the source, a folder (or for
        /// a squashfs a tar), is put into the root; in a raw partition, the source is the bytes.
        public var path: String

        /// The path that stands for the whole file system.
        public static let wholePath = "/"

        /// Makes an entry from its parts, which are not checked here.
        public init(source: String, path: String) {
            self.source = source
            self.path = path
        }
    }
}

/// What a partition is for; decides its type identifier in the table.
public enum PartitionKind: String, Sendable, Hashable, CaseIterable {
    /// The EFI system partition, which UEFI firmware starts the loader from.
    case efiSystem = "efi-system"
    /// Files of the loader (a U-Boot script).
    case boot
    /// The redundant U-Boot environment: two copies at 0 and 65,536.
    case environment
    /// Kernel and initial file system of one slot.
    case system
    /// A root file system of one slot.
    case root
    /// The injected configuration, mounted at `/etc/martlet`.
    case config
    /// The data area: bundles, agent state, spool.
    case data
    /// Bytes without a file system, for a loader that reads them from a fixed place.
    case raw
}

/// The size of a partition.
public enum PartitionSize: Sendable, Hashable {
    /// This many bytes.
    case bytes(Int64)
    /// To the end of the disk.
    case grow
}

/// The file systems that the builder makes.
public enum FileSystemKind: String, Sendable, Hashable, CaseIterable {
    /// FAT with 4,085 to 65,524 clusters.
    case fat16
    /// FAT with at least 65,525 clusters.
    case fat32
    /// ext4.
    case ext4
    /// Read-only squashfs.
    case squashfs
    /// No file system.
    case raw

    /// Whether it is one of the FAT kinds.
    public var isFAT: Bool { self == .fat16 || self == .fat32 }
}

/// What the builder makes itself, by the names that a profile's `source` uses.
public enum BuiltInArtifact: String, Sendable, Hashable, CaseIterable {
    /// The static agent of the target's architecture.
    case agent
    /// The initial file system (gzip'd cpio).
    case initramfs
    /// The signed bundle that the device starts with.
    case bundle
    /// The U-Boot script.
    case bootScript = "boot-script"
    /// The GRUB configuration.
    case grubConfig = "grub-config"
    /// The GRUB environment block of 1,024 bytes.
    case grubEnvironment = "grub-environment"
    /// The Raspberry Pi's `autoboot.txt`.
    case trybootConfig = "tryboot-config"
    /// What `config.txt` says in slot A.
    case raspberryConfigA = "raspberry-config-a"
    /// What `config.txt` says in slot B.
    case raspberryConfigB = "raspberry-config-b"
    /// The kernel command line file of slot A.
    case raspberryCommandLineA = "raspberry-cmdline-a"
    /// The kernel command line file of slot B.
    case raspberryCommandLineB = "raspberry-cmdline-b"
}
