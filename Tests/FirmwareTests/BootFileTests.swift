import BootControl
import Foundation
import Testing

@testable import Firmware

@Suite("Files of the loaders")
struct BootFileTests {
    /// A profile with slots; its partitions are numbered from 1 in the order of the text.
    static func profile(
        first: String,
        control: String,
        initramfsInB: String = "initramfs.img"
    ) throws -> FirmwareProfile {
        try FirmwareProfile(
            yaml: """
                name: test
                description: Two slots
                target: any
                disk:
                  table: gpt
                  seed: martlet/test
                  size-bytes: 268435456
                  minimum-media-bytes: 268435456
                  media-classes: [file]
                  verification: full
                partitions:
                \(first)
                  - {name: system-a, kind: system, slot: a, size-bytes: 50331648,
                     filesystem: fat32, files: [{source: kernel, path: linux/vmlinuz},
                     {source: initramfs, path: initramfs.img}]}
                  - {name: system-b, kind: system, slot: b, size-bytes: 50331648,
                     filesystem: fat32, files: [{source: kernel, path: linux/vmlinuz},
                     {source: initramfs, path: \(initramfsInB)}]}
                  - {name: data, kind: data, size-bytes: grow, filesystem: ext4}
                inputs:
                  kernel: a kernel
                boot:
                  control: \(control)
                  tries: 5
                  confirm: serving
                  kernel-arguments: console=ttyX0 panic=5
                data: {path: /var/lib/martlet, bundle-quota-bytes: 1048576,
                       spool-quota-bytes: 1048576, state-quota-bytes: 1048576}
                configuration:
                  hostname: martlet
                  network: {interface: eth0, method: dhcp}
                  report-interval-ms: 60000
                """
        )
    }

    static let uboot = """
          - {name: boot, kind: boot, size-bytes: 16777216, filesystem: fat16,
             files: [{source: boot-script, path: boot.scr}]}
          - {name: environment, kind: environment, size-bytes: 4194304}
        """
    static let grub = """
          - {name: esp, kind: efi-system, size-bytes: 16777216, filesystem: fat16,
             files: [{source: grub-environment, path: martlet/grubenv}]}
        """
    static let raspberry = """
          - {name: boot, kind: boot, size-bytes: 16777216, filesystem: fat16,
             files: [{source: tryboot-config, path: autoboot.txt}]}
        """

    static func text(of artifact: BuiltInArtifact, in profile: FirmwareProfile) throws -> String {
        let bytes = try #require(try BootFile.bytes(of: artifact, in: profile))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Runs a program on a file with the given content; its status and what it said.
    static func run(
        _ program: String,
        on content: [UInt8],
        arguments: (String) -> [String]
    ) throws -> (status: Int32, output: String) {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(content).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments(file.path())
        process.environment = ["SOURCE_DATE_EPOCH": "0", "TZ": "UTC"]
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test("the U-Boot script names the partitions, paths, attempts and arguments of its profile")
    func scriptNamesParts() throws {
        let profile = try Self.profile(first: Self.uboot, control: "uboot-environment")
        let script = try Self.text(of: .bootScript, in: profile)
        for line in [
            "part start ${devtype} ${devnum} 2 martlet_start",
            "setexpr martlet_block0 ${martlet_start} + 0",
            "setexpr martlet_block1 ${martlet_start} + 80",
            "setenv BOOT_A_LEFT 5", "setenv BOOT_B_LEFT 5",
            "setenv martlet_part 3", "setenv martlet_part 4",
            "setenv bootargs \"console=ttyX0 panic=5 martlet.slot=${martlet_slot}\"",
            "load ${martlet_from} ${kernel_addr_r} linux/vmlinuz",
            "load ${martlet_from} ${ramdisk_addr_r} initramfs.img",
        ] {
            #expect(script.contains(line), "\(line)")
        }
    }

    @Test("mkimage reads the U-Boot script, and makes the same bytes of its text")
    func scriptIsLikeMkimage() throws {
        let profile = try Self.profile(first: Self.uboot, control: "uboot-environment")
        let image = try #require(try BootFile.bytes(of: .bootScript, in: profile))
        let listing = try Self.run("/usr/bin/mkimage", on: image) { ["-l", $0] }
        #expect(listing.status == 0)
        #expect(listing.output.contains("Image Name:   test\n"))
        #expect(listing.output.contains("ARM Linux Script (uncompressed)"))

        let output = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: output) }
        let made = try Self.run("/usr/bin/mkimage", on: Array(image.dropFirst(72))) {
            ["-A", "arm", "-T", "script", "-C", "none", "-n", "test", "-d", $0, output.path()]
        }
        #expect(made.status == 0, "\(made.output)")
        #expect(try Data(contentsOf: output) == Data(image))
    }

    @Test("a long name of a script is cut off, and one byte more or less moves nothing")
    func scriptNames() throws {
        for count in [0, 31, 32, 33, 64] {
            let image = ScriptImage.bytes(of: "reset\n", name: String(repeating: "n", count: count))
            #expect(image.count == 64 + 8 + 6)
            let listing = try Self.run("/usr/bin/mkimage", on: image) { ["-l", $0] }
            let name = String(repeating: "n", count: min(count, 32))
            #expect(listing.status == 0)
            #expect(listing.output.contains("Image Name:   \(name)\n"))
        }
    }

    @Test("GRUB's own checker accepts the configuration, which names its profile's parts")
    func configurationIsGRUB() throws {
        let profile = try Self.profile(first: Self.grub, control: "grub-environment")
        let text = try Self.text(of: .grubConfig, in: profile)
        let checked = try Self.run("/usr/bin/grub-script-check", on: Array(text.utf8)) { [$0] }
        #expect(checked.status == 0, "\(checked.output)")
        for line in [
            "set martlet_environment=\"($root)/martlet/grubenv\"",
            "set BOOT_A_LEFT=5", "($martlet_disk,gpt2)", "($martlet_disk,gpt3)",
            "set martlet_kernel=\"$martlet_part/linux/vmlinuz\"",
            "linux \"$martlet_kernel\" console=ttyX0 panic=5 martlet.slot=$martlet_slot",
            "initrd \"$martlet_part/initramfs.img\"",
        ] {
            #expect(text.contains(line), "\(line)")
        }
    }

    @Test("an attempt is saved before the kernel is loaded, in both loaders")
    func attemptIsSavedFirst() throws {
        let script = try Self.text(
            of: .bootScript,
            in: Self.profile(first: Self.uboot, control: "uboot-environment")
        )
        let save = try #require(script.range(of: "    run martlet_save"))
        let load = try #require(script.range(of: "if load ${martlet_from} ${kernel_addr_r}"))
        #expect(save.upperBound < load.lowerBound)

        let text = try Self.text(
            of: .grubConfig,
            in: Self.profile(first: Self.grub, control: "grub-environment")
        )
        let saved = try #require(text.range(of: "    save_env"))
        let loaded = try #require(text.range(of: "if linux"))
        #expect(saved.upperBound < loaded.lowerBound)
    }

    @Test("a Raspberry Pi is told both slots, and each slot its own letter")
    func raspberryFiles() throws {
        let profile = try Self.profile(first: Self.raspberry, control: "raspberry-tryboot")
        #expect(
            try Self.text(of: .trybootConfig, in: profile)
                == "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"
        )
        let configuration = try Self.text(of: .raspberryConfigA, in: profile)
        #expect(configuration.contains("\nkernel=linux/vmlinuz\n"))
        #expect(configuration.contains("\ninitramfs initramfs.img followkernel\n"))
        #expect(try Self.text(of: .raspberryConfigB, in: profile) == configuration)
        let arguments = "console=ttyX0 panic=5 martlet.slot="
        #expect(try Self.text(of: .raspberryCommandLineA, in: profile) == arguments + "A\n")
        #expect(try Self.text(of: .raspberryCommandLineB, in: profile) == arguments + "B\n")
    }

    @Test("a profile without what a loader must name is refused, with the missing part")
    func missingParts() throws {
        let wrong = try Self.profile(first: Self.raspberry, control: "raspberry-tryboot")
        #expect(throws: BootFileError.noPartition("environment")) {
            try BootFile.bytes(of: .bootScript, in: wrong)
        }
        #expect(throws: BootFileError.noSource("grub-environment", partition: "efi-system")) {
            try BootFile.bytes(of: .grubConfig, in: wrong)
        }
        let unequal = try Self.profile(
            first: Self.grub,
            control: "grub-environment",
            initramfsInB: "other.img"
        )
        #expect(
            throws: BootFileError.pathsDiffer("initramfs", a: "initramfs.img", b: "other.img")
        ) {
            try BootFile.bytes(of: .grubConfig, in: unequal)
        }
        var single = wrong
        single.partitions.removeAll { $0.slot == .b }
        #expect(throws: BootFileError.noPartition("system of slot b")) {
            try BootFile.bytes(of: .trybootConfig, in: single)
        }
    }
}
