import Firmware
import Testing

/// What a verdict says, without its reasons.
enum Word: String {
    case allowed, needsSerial, refused

    init(_ verdict: FlashVerdict) {
        switch verdict {
        case .allowed: self = .allowed
        case .needsSerial: self = .needsSerial
        case .refused: self = .refused
        }
    }
}

/// One row: the tree, the path, the verdict, and a text in one of the reasons.
struct VerdictRow: CustomTestStringConvertible {
    let number: Int
    let claim: String
    let tree: String
    let path: String
    let word: Word
    let reason: String

    init(
        _ number: Int,
        _ claim: String,
        _ tree: String,
        _ path: String,
        _ word: Word,
        _ reason: String = ""
    ) {
        self.number = number
        self.claim = claim
        self.tree = tree
        self.path = path
        self.word = word
        self.reason = reason
    }

    var testDescription: String { "case \(number): \(claim)" }
}

@Suite("Which disk may be flashed")
struct DiskVerdictTests {
    @Test("cases 151-185: the verdict on each kind of disk", arguments: rows)
    func verdict(row: VerdictRow) throws {
        let tree = try DiskTree(row.tree)
        let inventory = try DiskInventory(systemRoot: tree.root)
        let verdict = inventory.verdict(for: row.path)
        #expect(Word(verdict) == row.word, "\(verdict.reasons)")
        #expect(
            row.reason.isEmpty
                ? verdict.reasons.isEmpty
                : verdict.reasons.contains { "\($0)".contains(row.reason) },
            "\(verdict.reasons)"
        )
    }

    static let rows = stackRows + mediaRows + pathRows + idleRows

    /// Disks that the system stands on, through what lies between.
    static let stackRows = [
        VerdictRow(
            151,
            "root, swap and home in LVM in LUKS",
            "laptop-luks-lvm",
            "/dev/nvme0n1",
            .needsSerial,
            "nvme0n1p3 -> dm-0 (LUKS luks-7f1c1c0e) -> dm-1 (LVM vg-root) -> mounted at /"
        ),
        VerdictRow(
            151,
            "swap in LVM in LUKS",
            "laptop-luks-lvm",
            "/dev/nvme0n1",
            .needsSerial,
            "dm-0 (LUKS luks-7f1c1c0e) -> dm-2 (LVM vg-swap_1) -> swap (/dev/dm-2)"
        ),
        VerdictRow(
            152,
            "the first leg of a RAID 1 below LVM",
            "server-md-lvm",
            "/dev/sda",
            .needsSerial,
            "sda3 -> md1 (raid1) -> dm-0 (LVM ubuntu--vg-ubuntu--lv) -> mounted at /"
        ),
        VerdictRow(
            152,
            "the second leg of it",
            "server-md-lvm",
            "/dev/sdb",
            .needsSerial,
            "sdb2 -> md0 (raid1) -> mounted at /boot"
        ),
        VerdictRow(
            153,
            "one disk of ZFS on root",
            "zfs-root",
            "/dev/nvme0n1",
            .needsSerial,
            "nvme0n1p3 -> mounted at /"
        ),
        VerdictRow(
            153,
            "the other disk of the pool",
            "zfs-root",
            "/dev/nvme1n1",
            .needsSerial,
            "nvme1n1p3 -> member of ZFS pool rpool"
        ),
        VerdictRow(
            154,
            "the btrfs disk that the mount table names",
            "btrfs-two-disks",
            "/dev/sda",
            .needsSerial,
            "sda2 -> mounted at /home"
        ),
        VerdictRow(
            154,
            "the btrfs disk that it does not name",
            "btrfs-two-disks",
            "/dev/sdb",
            .needsSerial,
            "the running system uses it: mounted at /"
        ),
        VerdictRow(
            155,
            "the SD card that the board runs from",
            "raspberry-sd",
            "/dev/mmcblk0",
            .needsSerial,
            "mmcblk0p2 -> mounted at /"
        ),
        VerdictRow(
            156,
            "the eMMC that the board runs from",
            "emmc-boot-areas",
            "/dev/mmcblk2",
            .needsSerial,
            "mmcblk2p2 -> mounted at /"
        ),
        VerdictRow(
            157,
            "the stick that a live system runs from",
            "live-usb",
            "/dev/sda",
            .needsSerial,
            "sda1 -> loop0 (shows /run/live/medium/live/filesystem.squashfs) -> layer of the "
                + "overlay at /"
        ),
        VerdictRow(
            158,
            "a path of multipath",
            "multipath",
            "/dev/sdb",
            .refused,
            "dm-0 (multipath mpatha) -> dm-1 (mpatha-part1) -> mounted at /"
        ),
        VerdictRow(
            158,
            "another cable to a mounted disk, without multipath",
            "multipath",
            "/dev/sdd",
            .refused,
            "the same disk as sdc"
        ),
        VerdictRow(
            159,
            "NVMe with native multipath",
            "nvme-multipath",
            "/dev/nvme0n1",
            .needsSerial,
            "nvme0n1p2 -> mounted at /"
        ),
        VerdictRow(
            159,
            "a hidden path of it has no node",
            "nvme-multipath",
            "/dev/nvme0c0n1",
            .refused,
            "there is no /dev/nvme0c0n1"
        ),
        VerdictRow(
            160,
            "swap on a partition",
            "diskless-swap",
            "/dev/sda",
            .needsSerial,
            "sda1 -> swap (/dev/sda1)"
        ),
        VerdictRow(
            160,
            "a swap file on a disk",
            "diskless-swap",
            "/dev/sdb",
            .refused,
            "sdb1 -> swap (/mnt/big/swap file)"
        ),
        VerdictRow(
            160,
            "the log of a mounted XFS",
            "diskless-swap",
            "/dev/sdc",
            .refused,
            "sdc1 -> mounted at /mnt/big"
        ),
        VerdictRow(
            161,
            "bcache below the root",
            "bcache-and-raid-on-disk",
            "/dev/sdb",
            .needsSerial,
            "bcache0 -> mounted at /"
        ),
        VerdictRow(
            161,
            "partitions of a RAID of whole disks",
            "bcache-and-raid-on-disk",
            "/dev/sdd",
            .needsSerial,
            "md0 (raid1) -> md0p1 -> mounted at /srv"
        ),
        VerdictRow(
            161,
            "a RAID that nobody uses",
            "bcache-and-raid-on-disk",
            "/dev/sde",
            .refused,
            "held by md127; stop md127 first"
        ),
        VerdictRow(
            162,
            "layers of containers' overlays",
            "container-host",
            "/dev/sdb",
            .refused,
            "sdb1 -> layer of the overlay at /mnt/docker/overlay2/"
        ),
        VerdictRow(
            162,
            "a bind mount into a home",
            "container-host",
            "/dev/sdb",
            .refused,
            "the running system uses it: sdb1 -> mounted at /home/dev/data"
        ),
        VerdictRow(
            163,
            "any disk, where a container hides the root's",
            "container",
            "/dev/sdb",
            .needsSerial,
            "the system's root (overlay)"
        ),
        VerdictRow(
            163,
            "a stick without serial there",
            "container",
            "/dev/sdd",
            .refused,
            "it has no serial number"
        ),
        VerdictRow(164, "a loop device there", "container", "/dev/loop0", .allowed),
    ]
}
