import Firmware
import Foundation
import Testing

@Suite("What is known of a disk")
struct DiskInventoryTests {
    static func disk(_ path: String, in name: String) throws -> Disk {
        let tree = try DiskTree(name)
        return try #require(try DiskInventory(systemRoot: tree.root).disk(at: path))
    }

    @Test(
        "case 186: each medium has its class and its serial number",
        arguments: [
            ("laptop-luks-lvm", "/dev/nvme0n1", MediaClass.nvme, "S4ENNX0N123456"),
            ("laptop-luks-lvm", "/dev/sda", .usb, "4C530001231120113142"),
            ("server-md-lvm", "/dev/sdc", .sata, "WD-WCC4E0000003"),
            ("raspberry-sd", "/dev/mmcblk0", .sd, "0x1d5f3c2a"),
            ("emmc-boot-areas", "/dev/mmcblk2", .emmc, "0x7d2e9b10"),
            ("vm-virtio", "/dev/vdc", .virtio, "factory-7"),
            ("vm-virtio", "/dev/sda", .virtio, "drive-scsi1"),
            ("vm-virtio", "/dev/vda", .virtio, nil),
            ("gateway-sata-usb", "/dev/sdd", .usb, nil),
            ("card-reader", "/dev/mmcblk0", .sd, nil),
            ("loops", "/dev/loop0", .loop, nil),
            ("vm-virtio", "/dev/sr0", .unknown, nil),
        ] as [(String, String, MediaClass, String?)]
    )
    func identity(tree: String, path: String, mediaClass: MediaClass, serial: String?) throws {
        let disk = try Self.disk(path, in: tree)
        #expect(disk.mediaClass == mediaClass)
        #expect(disk.serial == serial)
    }

    @Test("case 187: a size is in sectors of 512 bytes, whatever the logical block is")
    func size() throws {
        let disk = try Self.disk("/dev/sdb", in: "large-4k")
        #expect(disk.logicalBlockSizeBytes == 4_096)
        #expect(disk.sizeBytes == 9_767_541_160 * 512)
        #expect(try Self.disk("/dev/sda", in: "large-4k").sizeBytes == 18_000_207_937_536)
    }

    @Test("partitions come with place, size, content and mount points")
    func partitions() throws {
        let disk = try Self.disk("/dev/nvme0n1", in: "laptop-luks-lvm")
        #expect(disk.model == "SAMSUNG MZVLB512HBJQ-000L7")
        #expect(disk.partitions.map(\.name) == ["nvme0n1p1", "nvme0n1p2", "nvme0n1p3"])
        #expect(disk.partitions.map(\.number) == [1, 2, 3])
        #expect(disk.partitions.map(\.startBytes) == [1 << 20, 513 << 20, 1537 << 20])
        #expect(disk.partitions.map(\.sizeBytes) == [512 << 20, 1 << 30, 997_064_704 * 512])
        #expect(disk.partitions.map(\.fileSystem) == [nil, nil, "crypto_LUKS"])
        #expect(disk.partitions.map(\.mountPoints) == [["/boot/efi"], ["/boot"], []])
    }

    @Test("the serial number is taken from page 0x80 when udev has not recorded it")
    func vitalProductData() throws {
        let tree = try DiskTree("gateway-sata-usb")
        try tree.remove("/run")
        let page: [UInt8] = [0, 0x80, 0, 12] + Array("  F123450001".utf8)
        try tree.write("/sys/block/sda/device/vpd_pg80", bytes: page)
        #expect(
            try DiskInventory(systemRoot: tree.root).disk(at: "/dev/sda")?.serial == "F123450001"
        )
    }

    @Test("case 188: a class that the profile does not name is refused, and named")
    func classes() throws {
        let tree = try DiskTree("gateway-sata-usb")
        let inventory = try DiskInventory(systemRoot: tree.root)
        #expect(
            inventory.verdict(for: "/dev/sdb", allowedClasses: [.sd, .emmc])
                == .refused([.classNotAllowed(.usb, allowed: [.sd, .emmc])])
        )
        #expect(inventory.verdict(for: "/dev/sdb", allowedClasses: [.sd, .usb]) == .allowed)
        let loops = try DiskTree("loops")
        #expect(
            try DiskInventory(systemRoot: loops.root)
                .verdict(for: "/home/user/free.img", allowedClasses: [.sd])
                == .refused([.classNotAllowed(.file, allowed: [.sd])])
        )
    }

    @Test("case 189: two disks of one serial number cannot be told apart by it")
    func sharedSerial() throws {
        let tree = try DiskTree("server-md-lvm")
        try tree.write("/run/udev/data/b8:48", "E:ID_SERIAL_SHORT=WD-WCC4E0000003\n")
        let inventory = try DiskInventory(systemRoot: tree.root)
        #expect(
            inventory.verdict(for: "/dev/sdc") == .refused([.internalDisk(.sata), .noSerial])
        )
    }

    @Test("without udev's records a pool's disks are unknown, so that every disk needs its serial")
    func poolWithoutRecords() throws {
        let tree = try DiskTree("zfs-root")
        try tree.remove("/run")
        let inventory = try DiskInventory(systemRoot: tree.root)
        #expect(inventory.hiddenRoot == "zfs")
        let reasons = inventory.verdict(for: "/dev/nvme1n1").reasons
        #expect(reasons == [.hiddenRoot(fileSystem: "zfs"), .internalDisk(.nvme)])
    }

    @Test("the opened device must be the disk that was asked about")
    func confirm() throws {
        let tree = try DiskTree("gateway-sata-usb")
        let inventory = try DiskInventory(systemRoot: tree.root)
        let disk = try #require(inventory.disk(at: "/dev/sdb"))
        // 8:16 and 8:32 as `stat` codes them.
        try inventory.confirm(disk, openedAs: 0x810)
        #expect(
            throws: DiskError.otherDevice(
                name: "sdb",
                expected: DeviceNumber(major: 8, minor: 16),
                actual: DeviceNumber(major: 8, minor: 32)
            )
        ) { try inventory.confirm(disk, openedAs: 0x820) }
    }

    @Test(
        "case 190: another stick that came under the same number in the meantime is found",
        arguments: [
            ("/sys/block/sdb/diskseq", "9", "sequence number"),
            ("/sys/block/sdb/size", "15728640", "size"),
            (
                "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/serial", "070B5E0000000002",
                "serial number"
            ),
            ("/sys/block/sdb/device/model", "DataTraveler 2.0", "model"),
            ("/sys/block/sdb/dev", "8:80", "number"),
        ]
    )
    func replaced(path: String, text: String, what: String) throws {
        let tree = try DiskTree("gateway-sata-usb")
        let inventory = try DiskInventory(systemRoot: tree.root)
        let disk = try #require(inventory.disk(at: "/dev/sdb"))
        try tree.write(path, text + "\n")
        #expect(throws: DiskError.changed(name: "sdb", what: what)) {
            try inventory.confirm(disk, openedAs: 0x810)
        }
    }

    @Test("a stick that was pulled is found")
    func pulled() throws {
        let tree = try DiskTree("gateway-sata-usb")
        let inventory = try DiskInventory(systemRoot: tree.root)
        let disk = try #require(inventory.disk(at: "/dev/sdb"))
        try tree.remove("/sys/block/sdb")
        #expect(throws: DiskError.changed(name: "sdb", what: "entry in sysfs")) {
            try inventory.confirm(disk, openedAs: 0x810)
        }
    }

    @Test(
        "a device number is taken apart as stat gives it",
        arguments: [
            (0x810, 8, 16), (0x1_0301, 259, 1), (0xb300, 179, 0), (0x1230_0845, 8, 0x12345),
        ] as [(UInt64, UInt32, UInt32)]
    )
    func deviceNumbers(raw: UInt64, major: UInt32, minor: UInt32) {
        #expect(DeviceNumber(rawDevice: raw) == DeviceNumber(major: major, minor: minor))
    }
}
