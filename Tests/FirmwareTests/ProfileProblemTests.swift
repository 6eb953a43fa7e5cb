import BootControl
import Firmware
import Foundation
import Testing

/// One change of the sound profile, and what must be said of it.
struct ProblemCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let expected: [FirmwareProblem]
    let edit: @Sendable (inout FirmwareProfile) -> Void

    init(
        _ testDescription: String,
        _ expected: FirmwareProblem...,
        edit: @escaping @Sendable (inout FirmwareProfile) -> Void
    ) {
        self.testDescription = testDescription
        self.expected = expected
        self.edit = edit
    }
}

@Suite("Problems of firmware profiles")
struct ProfileProblemTests {
    static let diskCases: [ProblemCase] = [
        ProblemCase("partitions without a disk", .partitionsWithoutDisk(count: 6)) {
            $0.disk = nil
            $0.data.sizeBytes = 1 << 30
        },
        ProblemCase(
            "media smaller than the image",
            .mediaBelowImage(mediaBytes: 1 << 20, imageBytes: 256 << 20)
        ) { $0.disk?.minimumMediaBytes = 1 << 20 },
        ProblemCase("no media", .noMediaClass) { $0.disk?.mediaClasses = [] },
        ProblemCase(
            "an odd image size",
            .sizeNotBlocks(partition: nil, sizeBytes: (256 << 20) + 512)
        ) {
            $0.disk?.sizeBytes += 512
            $0.disk?.minimumMediaBytes += 512
        },
        ProblemCase("six partitions in an MBR", .tooManyPartitions(count: 6, limit: 4)) {
            $0.disk?.table = .mbr
        },
        ProblemCase("one name twice", .duplicateName(partition: "boot")) {
            $0.partitions[4].name = "boot"
        },
        ProblemCase(
            "a start off the alignment",
            .misaligned(partition: "config", startBytes: 130_027_520, alignmentBytes: 4 << 20)
        ) { $0.partitions[4].startBytes = 124 * (1 << 20) + 4_096 },
        ProblemCase("an overlap", .overlap(first: "system-b", second: "config")) {
            $0.partitions[4].startBytes = 116 << 20
        },
        ProblemCase(
            "a start in the table",
            .outOfBounds(
                partition: "boot",
                startBytes: 0,
                endBytes: 16 << 20,
                usable: 17_408..<(256 << 20) - 16_896
            )
        ) { $0.partitions[0].startBytes = 0 },
        ProblemCase("a partition that grows in the middle", .growNotLast(partition: "config")) {
            $0.partitions[4].size = .grow
        },
    ]

    static let systemCases: [ProblemCase] = [
        ProblemCase(
            "FAT16 with too many clusters for its kind",
            .unusableSize(
                partition: "config",
                .fat16,
                sizeBytes: 1 << 20,
                allowed: 2_128_384...2_147_090_432
            )
        ) { $0.partitions[4].size = .bytes(1 << 20) },
        ProblemCase(
            "data on FAT",
            .wrongFilesystem(partition: "data", .data, .fat32, [.ext4])
        ) { $0.partitions[5].filesystem = .fat32 },
        ProblemCase(
            "an environment for one copy",
            .environmentTooSmall(partition: "environment", sizeBytes: 65_536, neededBytes: 81_920)
        ) { $0.partitions[1].size = .bytes(65_536) },
        ProblemCase(
            "slots of different sizes",
            .slotSizesDiffer(a: "system-a", aBytes: 48 << 20, b: "system-b", bBytes: 44 << 20)
        ) { $0.partitions[3].size = .bytes(44 << 20) },
        ProblemCase(
            "slots of different file systems",
            .slotFilesystemsDiffer(a: "system-a", .fat32, b: "system-b", .ext4)
        ) { $0.partitions[3].filesystem = .ext4 },
        ProblemCase(
            "a slot without partner",
            .slotPartnerMissing(partition: "system-a", missing: .b)
        ) { $0.partitions.remove(at: 3) },
        ProblemCase(
            "one slot twice",
            .slotTwice(first: "system-a", second: "system-b"),
            .slotPartnerMissing(partition: "system-a", missing: .b)
        ) { $0.partitions[3].slot = .a },
        ProblemCase("a slot where there is none", .slotRefused(partition: "config", .config)) {
            $0.partitions[4].slot = .a
        },
        ProblemCase(
            "no boot control",
            .slotsWithoutBootControl,
            .environmentUnused(partition: "environment")
        ) { $0.boot.control = .none },
        ProblemCase(
            "boot control without its partition",
            .bootControlWithoutPlace(
                .ubootEnvironment,
                needed: "one partition of kind 'environment'"
            )
        ) { $0.partitions.remove(at: 1) },
        ProblemCase(
            "boot control without its script",
            .bootControlWithoutPlace(
                .ubootEnvironment,
                needed: "a file of the source 'boot-script'"
            )
        ) { $0.partitions[0].files = [] },
        ProblemCase(
            "GRUB without its partition",
            .environmentUnused(partition: "environment"),
            .bootControlWithoutPlace(
                .grubEnvironment,
                needed: "one partition of kind 'efi-system'"
            )
        ) { $0.boot.control = .grubEnvironment },
        ProblemCase(
            "tryboot without autoboot.txt",
            .environmentUnused(partition: "environment"),
            .bootControlWithoutPlace(
                .raspberryTryboot,
                needed: "a FAT as partition 1 with 'tryboot-config' at 'autoboot.txt'"
            )
        ) { $0.boot.control = .raspberryTryboot },
    ]

    static let contentCases: [ProblemCase] = [
        ProblemCase(
            "an unknown source",
            .unknownSource(
                place: "boot",
                source: "splash",
                inputs: ["busybox", "kernel", "modules"]
            )
        ) { $0.partitions[0].files.append(.init(source: "splash", path: "splash.bmp")) },
        ProblemCase("an input that nothing uses", .unusedInput("dtb")) { $0.inputs["dtb"] = "x" },
        ProblemCase(
            "no kernel in a slot",
            .systemFileMissing(partition: "system-b", source: "kernel")
        ) { $0.partitions[3].files.removeFirst() },
        ProblemCase(
            "no initial file system described",
            .initramfsMissing,
            .unusedInput("busybox"),
            .unusedInput("modules"),
            .dhcpClientMissing
        ) { $0.initramfs = nil },
        ProblemCase(
            "one path twice in the eyes of FAT",
            .duplicatePath(place: "boot", path: "BOOT.SCR")
        ) { $0.partitions[0].files.append(.init(source: "kernel", path: "BOOT.SCR")) },
        ProblemCase(
            "files in the environment",
            .filesRefused(partition: "environment", .environment)
        ) { $0.partitions[1].files = [.init(source: "kernel", path: "/")] },
        ProblemCase(
            "no room for two bundles",
            .noRoom(neededBytes: (2 * 64 + 17) << 20, availableBytes: 108_806_144)
        ) { $0.data.bundleQuotaBytes = 64 << 20 },
        ProblemCase("no data", .dataPartitionMissing) { $0.partitions.removeLast() },
        ProblemCase("two sizes of the data", .dataSizeTwice) { $0.data.sizeBytes = 1 << 30 },
        ProblemCase("no DHCP client", .dhcpClientMissing) {
            $0.initramfs?.files[0].path = "bin/sh"
        },
    ]

    static let allCases = diskCases + systemCases + contentCases

    @Test("case 34: each thing that is wrong is found, named and explained", arguments: allCases)
    func problem(_ problem: ProblemCase) throws {
        var profile = try FirmwareProfile(yaml: ProfileSample().yaml)
        #expect(profile.problems() == [])
        problem.edit(&profile)
        let found = profile.problems()
        for expected in problem.expected {
            #expect(found.contains(expected), "\(expected) is not among \(found)")
        }
        #expect(found.allSatisfy { $0.description.count > 20 })
    }

    @Test("case 35: an unknown target and content that does not fit are found")
    func given() throws {
        let profile = try FirmwareProfile(yaml: ProfileSample().yaml)
        #expect(
            profile.problems(knownTargets: ["b", "a"])
                == [.unknownTarget("generic-aarch64", known: ["a", "b"])]
        )
        let fits = profile.problems(contentSizes: ["kernel": 33 << 20, "initramfs": 8 << 20])
        #expect(fits == [])
        let found = profile.problems(contentSizes: ["kernel": 45 << 20, "initramfs": 8 << 20])
        #expect(
            found.map(\.description).filter { $0.contains("53 ") || $0.contains("55574528") }.count
                == 2
        )
    }

    @Test("case 37: mkfs.fat makes FAT from the smallest size on and with the type that is said")
    func fatSizes() throws {
        for (width, smallest) in [("16", Int64(2_128_384)), ("32", 34_094_592)] {
            // The next whole block of 4,096 bytes.
            let disk = try TableDisk(sizeBytes: (smallest + 4_095) / 4_096 * 4_096)
            try TableTool.run("mkfs.fat", ["-F", width, "-s", "1", disk.path])
            let report = try TableTool.run("fsck.fat", ["-vn", disk.path]).standardOutput
            let line = try #require(
                report.split(separator: "\n").first { $0.contains(" data clusters") }
            )
            let count = try #require(Int(line.split(separator: " ").first ?? ""))
            #expect(width == "16" ? (4_085...65_524).contains(count) : count >= 65_525, "\(report)")
        }
    }

    @Test(
        "case 39: an empty ext4 has at least the room that the check counts on",
        arguments: [16, 64, 131, 512, 1_500] as [Int64],
        [1_024, 4_096]
    )
    func ext4Room(mebibytes: Int64, block: Int) throws {
        let size = mebibytes << 20
        let disk = try TableDisk(sizeBytes: size)
        try TableTool.run("mke2fs", ["-q", "-t", "ext4", "-b", "\(block)", disk.path])
        let report = try TableTool.run("dumpe2fs", ["-h", disk.path]).standardOutput
        let line = try #require(report.split(separator: "\n").first { $0.hasPrefix("Free blocks") })
        let free = try #require(Int64(line.split(separator: " ").last ?? "")) * Int64(block)
        var profile = try FirmwareProfile(yaml: ProfileSample().yaml)
        profile.partitions[5].size = .bytes(size)
        profile.disk?.sizeBytes = 4 << 30
        profile.data.bundleQuotaBytes = 1 << 40
        let available = profile.problems().compactMap { problem in
            if case .noRoom(_, let available) = problem { available } else { nil }
        }
        #expect(available.count == 1)
        #expect(available.allSatisfy { $0 <= free }, "\(available) of \(free)")
    }

    @Test(
        "case 40: network settings that do not fit each other are found",
        arguments: networkCases
    )
    func network(text: String, expected: NetworkProblem?) throws {
        var sample = ProfileSample()
        sample.configuration = "{network: {interface: eth0, \(text)}}"
        let profile = try FirmwareProfile(yaml: sample.yaml)
        #expect(profile.configuration.network.problem == expected)
        #expect(profile.problems() == (expected.map { [.network($0)] } ?? []))
    }

    static let networkCases: [(String, NetworkProblem?)] = [
        ("method: static, address: 10.0.2.15/24, gateway: 10.0.2.2, dns: 9.9.9.9", nil),
        ("method: static", .addressMissing),
        ("method: static, address: 10.0.2.15", .malformed(key: "address", value: "10.0.2.15")),
        (
            "method: static, address: 10.0.2.256/24",
            .malformed(key: "address", value: "10.0.2.256/24")
        ),
        (
            "method: static, address: 10.0.2.15/33",
            .malformed(key: "address", value: "10.0.2.15/33")
        ),
        (
            "method: static, address: 010.0.2.15/24",
            .malformed(key: "address", value: "010.0.2.15/24")
        ),
        ("method: static, address: 127.0.0.1/8", .unusable(key: "address", value: "127.0.0.1/8")),
        ("method: static, address: 10.0.2.0/24", .unusable(key: "address", value: "10.0.2.0/24")),
        (
            "method: static, address: 10.0.2.255/24",
            .unusable(key: "address", value: "10.0.2.255/24")
        ),
        (
            "method: static, address: 10.0.2.15/24, gateway: 10.0.3.1",
            .gatewayElsewhere(gateway: "10.0.3.1", address: "10.0.2.15/24")
        ),
        (
            "method: static, address: 10.0.2.15/24, dns: 224.0.0.1",
            .unusable(key: "dns", value: "224.0.0.1")
        ),
        ("method: none, gateway: 10.0.2.2", .needsStatic(key: "gateway")),
    ]
}
