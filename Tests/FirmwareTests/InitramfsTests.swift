import Foundation
import Testing

@testable import Firmware

@Suite("The initial RAM file system and its modules")
struct InitramfsTests {
    /// A folder of modules as depmod leaves it.
    private func modules(_ workshop: ImageWorkshop) throws -> String {
        for (index, name) in ["a/virtio", "a/virtio_ring", "b/virtio-blk", "jbd2", "ext4"]
            .enumerated()
        {
            let noise = ImageWorkshop.noise(3_000 + index, seed: UInt64(index))
            try workshop.write("m/kernel/\(name).ko", noise)
        }
        try workshop.write("m/kernel/crc32c_generic.ko", "generic")
        try workshop.write("m/kernel/crc32c-intel.ko", "intel")
        try workshop.write(
            "m/modules.dep",
            """
            kernel/a/virtio.ko:
            kernel/a/virtio_ring.ko: kernel/a/virtio.ko
            kernel/b/virtio-blk.ko: kernel/a/virtio_ring.ko kernel/a/virtio.ko
            kernel/jbd2.ko:
            kernel/ext4.ko: kernel/jbd2.ko
            kernel/crc32c_generic.ko:
            kernel/crc32c-intel.ko:

            """
        )
        try workshop.write("m/modules.builtin", "kernel/fs/fat/vfat.ko\nkernel/nls/nls-ascii.ko\n")
        try workshop.write("m/modules.softdep", "# soft\nsoftdep ext4 pre: crc32c post: late\n")
        try workshop.write(
            "m/modules.alias",
            "alias crc32c crc32c_intel\nalias crc32c crc32c_generic\nalias pci:v*d* virtio\n"
        )
        return workshop.path("m")
    }

    private func initial(
        _ workshop: ImageWorkshop,
        modules: String?,
        wanted: [String]
    ) throws -> InitialFileSystem {
        var files = FileTree()
        try files.add("bin/busybox", .bytes([UInt8]("box".utf8)), mode: 0o755)
        return InitialFileSystem(
            agent: try workshop.write("agent", "agent"),
            modules: modules,
            wanted: wanted,
            systemLines: [UInt8]("tries 3\n".utf8),
            files: files
        )
    }

    /// The unpacked archive, by GNU cpio.
    private func unpacked(_ archive: String, in workshop: ImageWorkshop) throws -> String {
        let folder = try workshop.makeFolder("unpacked")
        let script = "cd '\(folder)' && zcat '\(archive)' | cpio -id --quiet 2>/dev/null; true"
        try ImageWorkshop.run("sh", "-c", script)
        return folder
    }

    @Test("case 54: cpio lists the archive, with a console of its own and root as owner")
    func listing() throws {
        let workshop = try ImageWorkshop()
        let archive = workshop.path("initramfs.img")
        try initial(workshop, modules: nil, wanted: []).write(
            archive,
            cancellation: Cancellation()
        )
        let list = try ImageWorkshop.run("sh", "-c", "zcat '\(archive)' | cpio -tvn")
        #expect(list.status == 0, "\(list.errors)")
        let lines = list.output.split(separator: "\n").map {
            $0.split(separator: " ").filter { !$0.isEmpty }.joined(separator: " ")
        }
        #expect(
            lines.contains { $0.hasPrefix("crw------- 1 0 0 5, 1") && $0.hasSuffix("dev/console") }
        )
        #expect(lines.contains { $0.hasPrefix("-rwxr-xr-x 1 0 0 5 ") && $0.hasSuffix(" init") })
        let folder = try unpacked(archive, in: workshop)
        #expect(try workshop.read(folder + "/etc/system.conf") == Data("tries 3\n".utf8))
        let script = try ImageWorkshop.run("sh", "-n", folder + "/etc/udhcpc.script")
        #expect(script.status == 0, "\(script.errors)")
    }

    @Test("case 55: needs are loaded before what needs them, soft ones too, and each once")
    func order() throws {
        let workshop = try ImageWorkshop()
        let archive = workshop.path("initramfs.img")
        let wanted = ["virtio_blk", "ext4", "vfat", "nls_ascii", "virtio"]
        try initial(workshop, modules: modules(workshop), wanted: wanted).write(
            archive,
            cancellation: Cancellation()
        )
        let folder = try unpacked(archive, in: workshop)
        let order = String(
            decoding: try workshop.read(folder + "/lib/modules/order"),
            as: UTF8.self
        )
        #expect(
            order.split(separator: "\n") == [
                "virtio.ko", "virtio_ring.ko", "virtio_blk.ko", "crc32c_generic.ko", "jbd2.ko",
                "ext4.ko",
            ]
        )
        let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/lib/modules")
        #expect(names.count == 7)
        #expect(
            try [UInt8](workshop.read(folder + "/lib/modules/virtio_blk.ko"))
                == ImageWorkshop.noise(3_002, seed: 2)
        )
    }

    @Test(
        "case 56: a module that the kernel lacks is an error with the nearest name",
        arguments: [("virtio_block", "virtio_blk"), ("ext3", "ext4"), ("vfatt", "vfat")]
    )
    func unknownModule(name: String, nearest: String) throws {
        let workshop = try ImageWorkshop()
        let folder = try modules(workshop)
        #expect(throws: ImageError.moduleUnknown(name: name, nearest: nearest)) {
            try ModuleClosure(of: [name], in: folder)
        }
    }

    @Test(
        "case 57: modules that the distribution compressed are unpacked",
        arguments: [
            ["xz", "--check=crc32", ".xz"], ["zstd", "-q", ".zst"], ["gzip", "-n", ".gz"],
        ]
    )
    func compressedModules(tool: [String]) throws {
        let workshop = try ImageWorkshop()
        let content = ImageWorkshop.noise(20_000, seed: 5)
        let plain = try workshop.write("m/kernel/net.ko", content)
        try ImageWorkshop.run(tool[0], tool[1], plain)
        try? FileManager.default.removeItem(atPath: plain)
        try workshop.write("m/modules.dep", "kernel/net.ko\(tool[2]):\n")
        let tree = try initial(workshop, modules: workshop.path("m"), wanted: ["net"]).tree()
        #expect(tree["lib/modules/net.ko"]?.content == .bytes(content))
    }

    @Test(
        "case 58: a folder of modules that leads elsewhere, or is none, is refused",
        arguments: ["../../etc/passwd.ko:\n", "/etc/net.ko:\n", "kernel/net.ko\n"]
    )
    func hostileModules(text: String) throws {
        let workshop = try ImageWorkshop()
        try workshop.write("m/modules.dep", text)
        #expect(throws: ImageError.self) { try ModuleClosure(of: ["net"], in: workshop.path("m")) }
        #expect(throws: ImageError.self) {
            try initial(workshop, modules: workshop.folder, wanted: ["net"]).tree()
        }
    }

    @Test("case 59: modules that need each other in a ring end")
    func ring() throws {
        let workshop = try ImageWorkshop()
        try workshop.write("m/modules.dep", "a.ko: b.ko\nb.ko: a.ko\n")
        let names = try ModuleClosure(of: ["a"], in: workshop.path("m")).modules.map(\.name)
        #expect(names == ["b", "a"])
    }

    @Test("case 60: a root file system as tar keeps owners, links and devices, and loses times")
    func rootArchive() throws {
        let workshop = try ImageWorkshop()
        let folder = try workshop.makeFolder("root/bin")
        try workshop.write("root/bin/tool", "tool")
        try ImageWorkshop.run("ln", folder + "/tool", folder + "/same")
        try ImageWorkshop.run("ln", "-s", "/etc/shadow", folder + "/link")
        try workshop.write("root/größe", "umlaut")
        var images: [Data] = []
        for (round, options) in [["--format=pax"], ["--format=gnu", "--zstd"]].enumerated() {
            let archive = workshop.path("root-\(round).tar")
            let arguments =
                ["tar", "-C", workshop.path("root")] + options
                + ["--owner=7", "--group=8", "--sort=name", "-cf", archive, "."]
            #expect(try ImageWorkshop.run(list: arguments).status == 0)
            try SquashFSMaker(
                workFolder: workshop.makeFolder("work"),
                cancellation: Cancellation()
            ).make(
                workshop.path("root-\(round).squashfs"),
                sizeBytes: 1 << 20,
                label: "root",
                fromArchive: archive
            )
            images.append(try workshop.read(workshop.path("root-\(round).squashfs")))
        }
        #expect(images[0] == images[1])
        let list = try ImageWorkshop.run("unsquashfs", "-lln", workshop.path("root-0.squashfs"))
        #expect(list.output.contains("-rw-r--r-- 7/8"))
        #expect(list.output.contains("bin/link -> /etc/shadow"))
        #expect(list.output.contains("größe"))
    }

    @Test("case 61: an archive whose names leave the tree makes no file system")
    func hostileArchive() throws {
        let workshop = try ImageWorkshop()
        try workshop.write("in/file", "x")
        let transforms = ["s,^,../,", "s,^,/abs/,", "s,file,a/../../b,", "s,file,new\nline,"]
        for (round, transform) in transforms.enumerated() {
            let archive = workshop.path("bad-\(round).tar")
            try ImageWorkshop.run(
                "tar",
                "-P",
                "-C",
                workshop.path("in"),
                "--transform",
                transform,
                "-cf",
                archive,
                "file"
            )
            #expect(throws: ImageError.self, "\(transform)") {
                try ArchiveTransfer.rewrite(
                    archive,
                    to: workshop.path("out-\(round).tar"),
                    cancellation: Cancellation()
                )
            }
        }
        let broken = try workshop.write("broken.tar", ImageWorkshop.noise(4_096))
        #expect(throws: ImageError.self) {
            try ArchiveTransfer.rewrite(
                broken,
                to: workshop.path("out.tar"),
                cancellation: Cancellation()
            )
        }
    }
}
