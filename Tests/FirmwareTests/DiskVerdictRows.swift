extension DiskVerdictTests {
    /// Media that nothing uses, and media that cannot be written.
    static let mediaRows = [
        VerdictRow(165, "an idle USB stick", "gateway-sata-usb", "/dev/sdb", .allowed),
        VerdictRow(165, "an idle stick without serial", "gateway-sata-usb", "/dev/sdd", .allowed),
        VerdictRow(
            166,
            "a USB disk that is mounted",
            "gateway-sata-usb",
            "/dev/sdc",
            .refused,
            "sdc1 -> mounted at /mnt/back up; unmount /mnt/back up first"
        ),
        VerdictRow(167, "a card in a USB reader", "raspberry-sd", "/dev/sda", .allowed),
        VerdictRow(168, "a card in the SD slot", "emmc-boot-areas", "/dev/mmcblk1", .allowed),
        VerdictRow(
            169,
            "an empty slot of a reader",
            "card-reader",
            "/dev/sdb",
            .refused,
            "there is no medium"
        ),
        VerdictRow(
            170,
            "a card with its tab at lock in a reader",
            "card-reader",
            "/dev/sdc",
            .refused,
            "write-protected"
        ),
        VerdictRow(
            170,
            "a card with its tab at lock in the slot",
            "card-reader",
            "/dev/mmcblk0",
            .refused,
            "write-protected"
        ),
        VerdictRow(171, "a USB disk of 5 TB, 4,096 a block", "large-4k", "/dev/sdb", .allowed),
        VerdictRow(
            172,
            "an idle disk inside the machine",
            "server-md-lvm",
            "/dev/sdc",
            .needsSerial,
            "a disk of this machine (sata)"
        ),
        VerdictRow(
            172,
            "an idle disk of 18 TB inside the machine",
            "large-4k",
            "/dev/sda",
            .needsSerial,
            "a disk of this machine (sata)"
        ),
        VerdictRow(
            173,
            "an idle virtio disk with a serial",
            "vm-virtio",
            "/dev/vdc",
            .needsSerial,
            "a disk of this machine (virtio)"
        ),
        VerdictRow(
            173,
            "an idle virtio disk without one",
            "vm-virtio",
            "/dev/vdb",
            .refused,
            "it has no serial number"
        ),
        VerdictRow(
            174,
            "an optical drive",
            "vm-virtio",
            "/dev/sr0",
            .refused,
            "cannot be told"
        ),
    ]

    /// Paths that are not a whole disk, or lead to it by other names.
    static let pathRows = [
        VerdictRow(
            175,
            "a partition",
            "gateway-sata-usb",
            "/dev/sdb1",
            .refused,
            "sdb1 is a partition; name the disk /dev/sdb"
        ),
        VerdictRow(
            175,
            "a link to a partition",
            "laptop-luks-lvm",
            "/dev/disk/by-id/usb-SanDisk_Ultra_4C530001231120113142-0:0-part1",
            .refused,
            "name the disk /dev/sda"
        ),
        VerdictRow(
            176,
            "a link to an idle stick",
            "laptop-luks-lvm",
            "/dev/disk/by-id/usb-SanDisk_Ultra_4C530001231120113142-0:0",
            .allowed
        ),
        VerdictRow(
            176,
            "a link to the system's disk",
            "laptop-luks-lvm",
            "/dev/disk/by-id/nvme-SAMSUNG_MZVLB512HBJQ-000L7_S4ENNX0N123456",
            .needsSerial,
            "mounted at /boot/efi"
        ),
        VerdictRow(
            176,
            "dots in the path",
            "laptop-luks-lvm",
            "/dev/../dev/./nvme0n1",
            .needsSerial,
            "mounted at /"
        ),
        VerdictRow(
            177,
            "a logical volume",
            "laptop-luks-lvm",
            "/dev/vg/root",
            .refused,
            "made of other devices (device-mapper)"
        ),
        VerdictRow(
            177,
            "a RAID",
            "server-md-lvm",
            "/dev/md0",
            .refused,
            "made of other devices (md)"
        ),
        VerdictRow(
            177,
            "a multipath device",
            "multipath",
            "/dev/mapper/mpatha",
            .refused,
            "made of other devices (device-mapper)"
        ),
        VerdictRow(
            178,
            "a boot area of an eMMC",
            "emmc-boot-areas",
            "/dev/mmcblk2boot0",
            .refused,
            "mmcblk2boot0 is a hardware area of /dev/mmcblk2"
        ),
        VerdictRow(
            178,
            "a general-purpose area of it",
            "emmc-boot-areas",
            "/dev/mmcblk2gp0",
            .refused,
            "mmcblk2gp0 is a hardware area of /dev/mmcblk2"
        ),
        VerdictRow(179, "a loop device on a file of the system", "loops", "/dev/loop0", .allowed),
        VerdictRow(
            179,
            "a mounted loop device",
            "loops",
            "/dev/loop1",
            .refused,
            "unmount /mnt/a first"
        ),
        VerdictRow(
            179,
            "one with a mounted partition",
            "loops",
            "/dev/loop2",
            .refused,
            "loop2p1 -> mounted at /mnt/b"
        ),
        VerdictRow(
            180,
            "one that shows a disk",
            "loops",
            "/dev/loop3",
            .refused,
            "made of other devices (loop)"
        ),
        VerdictRow(
            180,
            "the disk that it shows",
            "loops",
            "/dev/sda",
            .refused,
            "detach loop3 first"
        ),
        VerdictRow(180, "one without a file", "loops", "/dev/loop5", .refused, "no medium"),
        VerdictRow(180, "one of two on a file", "loops", "/dev/loop6", .refused, "shown by loop7"),
        VerdictRow(180, "one on a swap file", "loops", "/dev/loop8", .refused, "swapoff"),
        VerdictRow(181, "a file", "loops", "/home/user/free.img", .allowed),
        VerdictRow(181, "a link to a file", "loops", "/home/user/link.img", .allowed),
        VerdictRow(181, "a file in shared memory", "loops", "/dev/shm/image.img", .allowed),
        VerdictRow(
            182,
            "a file that a loop device shows",
            "loops",
            "/home/user/out.img",
            .refused,
            "detach loop0 first"
        ),
        VerdictRow(182, "the swap file", "loops", "/swapfile", .refused, "swapoff on /swapfile"),
        VerdictRow(
            182,
            "a plain file among the devices",
            "loops",
            "/dev/sdx",
            .refused,
            "neither a block device nor a file"
        ),
        VerdictRow(182, "a folder", "loops", "/home/user", .refused, "neither a block device"),
        VerdictRow(182, "nothing", "loops", "/dev/sdz", .refused, "there is no /dev/sdz"),
        VerdictRow(182, "an empty path", "loops", "", .refused, "there is no "),
    ]

    /// Disks that are idle but spoken for.
    static let idleRows = [
        VerdictRow(
            183,
            "a disk that fstab names by UUID",
            "named-but-idle",
            "/dev/sda",
            .needsSerial,
            "sda1 -> named in /etc/fstab for /var/backup"
        ),
        VerdictRow(
            183,
            "a disk that fstab names by LABEL",
            "named-but-idle",
            "/dev/sdb",
            .needsSerial,
            "sdb1 -> named in /etc/fstab for /mnt/archive"
        ),
        VerdictRow(
            183,
            "a disk that the kernel resumes from",
            "named-but-idle",
            "/dev/sdc",
            .needsSerial,
            "named to the kernel as resume=UUID="
        ),
        VerdictRow(
            184,
            "a stick with a closed LUKS container",
            "named-but-idle",
            "/dev/sdd",
            .needsSerial,
            "sdd1 -> LUKS container"
        ),
        VerdictRow(
            184,
            "an inactive physical volume",
            "named-but-idle",
            "/dev/sde",
            .needsSerial,
            "sde1 -> physical volume of LVM"
        ),
        VerdictRow(
            184,
            "a closed LUKS container without serial",
            "named-but-idle",
            "/dev/sdf",
            .refused,
            "it has no serial number"
        ),
        VerdictRow(
            185,
            "a disk of an old RAID",
            "server-md-lvm",
            "/dev/sdd",
            .needsSerial,
            "sdd1 -> member of a RAID"
        ),
        VerdictRow(
            185,
            "a disk of a pool that is not imported",
            "zfs-root",
            "/dev/sda",
            .needsSerial,
            "sda1 -> member of ZFS pool backup"
        ),
        VerdictRow(185, "a stick with an old btrfs", "btrfs-two-disks", "/dev/sdc", .allowed),
    ]
}
