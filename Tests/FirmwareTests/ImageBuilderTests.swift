import BundleFormat
import Foundation
import Testing

@testable import Firmware

@Suite("Images as a whole")
struct ImageBuilderTests {
    private func text(_ bytes: Data) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("case 68: sgdisk, sfdisk and every checker accept an image, whose content is the input")
    func image() throws {
        let workshop = try ImageWorkshop()
        let recipe = try workshop.recipe()
        let image = try ImageBuilder(recipe).build(to: workshop.path("disk.img"))
        let table = try ImageWorkshop.run("sgdisk", "-v", image.path)
        #expect(table.output.contains("No problems found"), "\(table.output)")
        #expect(try ImageWorkshop.run("sfdisk", "-V", image.path).status == 0)
        let files = try image.partitions.map { try workshop.extract($0, of: image) }
        for index in [0, 2, 3, 4] {
            #expect(try ImageWorkshop.run("fsck.fat", "-n", files[index]).status == 0)
        }
        #expect(try ImageWorkshop.run("e2fsck", "-fn", files[5]).status == 0)
        let kernel = try ImageWorkshop.run("mtype", "-i", files[3], "::/vmlinuz")
        #expect([UInt8](kernel.bytes) == ImageWorkshop.noise(300_000))
        let bundle = try ImageWorkshop.run("debugfs", "-R", "cat /bundles/small.eib", files[5])
        #expect([UInt8](bundle.bytes) == recipe.bundle.bytes)
        let agent = try ImageWorkshop.run("mtype", "-i", files[4], "::/agent.conf")
        #expect(agent.output.contains("bundle /var/lib/martlet/bundles/small.eib\n"))
        #expect(agent.output.contains("trust /etc/martlet/release-1.pub\n"))
        let copy = workshop.path("copy.img")
        #expect(try ImageWorkshop.run("bmaptool", "copy", image.path, copy).status == 0)
        #expect(try workshop.read(copy) == workshop.read(image.path))
    }

    @Test("case 69: fw_printenv reads both copies of the first U-Boot environment")
    func environment() throws {
        let workshop = try ImageWorkshop()
        let image = try ImageBuilder(workshop.recipe()).build(to: workshop.path("disk.img"))
        let file = try workshop.extract(image.partitions[1], of: image)
        let settings = try workshop.write(
            "fw_env.config",
            "\(file) 0x0 0x4000\n\(file) 0x10000 0x4000\n"
        )
        let variables = try ImageWorkshop.run("fw_printenv", "-c", settings)
        #expect(variables.status == 0, "\(variables.errors)")
        #expect(
            Set(variables.output.split(separator: "\n"))
                == ["BOOT_A_LEFT=3", "BOOT_B_LEFT=3", "BOOT_ORDER=A B"]
        )
    }

    @Test("case 70: the initial file system names the disk and its partitions as they are")
    func systemDescription() throws {
        let workshop = try ImageWorkshop()
        let image = try ImageBuilder(workshop.recipe()).build(to: workshop.path("disk.img"))
        let system = try workshop.extract(image.partitions[2], of: image)
        let archive = try workshop.write(
            "initramfs",
            [UInt8](ImageWorkshop.run("mtype", "-i", system, "::/initramfs.img").bytes)
        )
        let script = "zcat '\(archive)' | cpio -i --to-stdout --quiet etc/system.conf"
        let lines = try ImageWorkshop.run("sh", "-c", script).output
        let header = [UInt8](try workshop.read(image.path))[512 + 56..<512 + 72]
        let disk = header.map { String(format: "%02x", $0) }.joined()
        #expect(
            lines == """
                disk gpt \(disk)
                config 5 vfat
                data 6 ext4 /var/lib/martlet
                boot-control uboot-environment 2 16384 0 65536
                tries 3
                confirm serving

                """
        )
    }

    @Test("case 71: two builds in two folders give the same image and the same map")
    func reproducible() throws {
        let (first, second) = (try ImageWorkshop(), try ImageWorkshop())
        let one = try ImageBuilder(first.recipe()).build(to: first.path("one.img"))
        try ImageWorkshop.run("touch", "-d", "2001-01-01", second.path(""))
        let inputs = try second.writeInputs()
        for path in inputs.values { try ImageWorkshop.run("chmod", "-R", "u=rwX,go=", path) }
        let two = try ImageBuilder(second.recipe(inputs: inputs)).build(to: second.path("two.img"))
        #expect(try first.read(one.path) == second.read(two.path))
        #expect(try first.read(one.path + ".bmap") == second.read(two.path + ".bmap"))
    }

    @Test("case 72: a missing input is told with its purpose, and nothing is written")
    func missingInput() throws {
        let workshop = try ImageWorkshop()
        var inputs = try workshop.writeInputs()
        inputs["kernel"] = nil
        inputs["busybox"] = workshop.path("nowhere")
        inputs["stranger"] = workshop.path("inputs/kernel")
        let error = #expect(throws: ImageError.self) {
            try ImageBuilder(workshop.recipe(inputs: inputs)).build(to: workshop.path("disk.img"))
        }
        let problems = "\(try #require(error))"
        #expect(problems.contains("'kernel' (Linux kernel image) is missing"), "\(problems)")
        #expect(problems.contains("there is no '\(workshop.path("nowhere"))'"))
        #expect(problems.contains("no input 'stranger'"))
        #expect(try workshop.names() == ["inputs", "agent"])
    }

    @Test("case 73: an output that exists is kept, unless it may be replaced")
    func outputExists() throws {
        let workshop = try ImageWorkshop()
        let output = try workshop.write("disk.img", "precious")
        let builder = ImageBuilder(try workshop.recipe())
        #expect(throws: ImageError.outputExists(path: output)) { try builder.build(to: output) }
        #expect(try text(workshop.read(output)) == "precious")
        #expect(try workshop.names() == ["inputs", "agent", "disk.img"])
        let built = try builder.build(to: output, isReplacing: true)
        #expect(try workshop.read(output).count == built.sizeBytes)
        #expect(try workshop.names() == ["inputs", "agent", "disk.img", "disk.img.bmap"])
    }

    @Test(
        "case 74: an output that is a folder, a device, a link or nowhere is refused",
        arguments: ["folder", "link", "nowhere/disk.img", "agent/disk.img", "a..", "long"]
    )
    func wrongOutput(name: String) throws {
        let workshop = try ImageWorkshop()
        let recipe = try workshop.recipe()
        _ = try workshop.makeFolder("folder")
        try FileManager.default.createSymbolicLink(
            atPath: workshop.path("link"),
            withDestinationPath: "/dev/null"
        )
        let path =
            name == "long" ? String(repeating: "x", count: 300) : name == "a.." ? ".." : name
        #expect(throws: ImageError.self) {
            try ImageBuilder(recipe).build(to: workshop.path(path), isReplacing: true)
        }
        #expect(try workshop.names() == ["inputs", "agent", "folder", "link"])
    }

    @Test(
        "case 75: a build that is cancelled at any step leaves nothing",
        arguments: 0..<8
    )
    func cancelled(step: Int) throws {
        let workshop = try ImageWorkshop()
        let cancellation = Cancellation()
        var steps = 0
        let builder = ImageBuilder(try workshop.recipe(), cancellation: cancellation) { _ in
            if steps == step { cancellation.cancel() }
            steps += 1
        }
        #expect(throws: ImageError.cancelled) { try builder.build(to: workshop.path("disk.img")) }
        #expect(steps > step)
        #expect(try workshop.names() == ["inputs", "agent"])
    }

    @Test(
        "case 76: what the device would refuse is refused before anything is written",
        arguments: [
            "hostname", "long hostname", "interface", "address", "gateway", "collector",
            "identity missing", "identity", "token", "token without collector", "service",
            "many services", "interval", "dns with dhcp",
        ]
    )
    func refusedConfiguration(what: String) throws {
        let workshop = try ImageWorkshop()
        let identity = [UInt8](("martlet-collector-1 " + String(repeating: "ab", count: 64)).utf8)
        let recipe = try workshop.recipe { configuration in
            let network = FirmwareProfile.Network(
                interface: "eth0",
                method: .static,
                address: "10.0.2.15/24"
            )
            switch what {
            case "hostname": configuration.hostname = "two words"
            case "long hostname": configuration.hostname = String(repeating: "h", count: 64)
            case "interface": configuration.network.interface = "eth0\nnetwork none"
            case "address":
                configuration.network = network
                configuration.network.address = "10.0.2.256/24"
            case "gateway":
                configuration.network = network
                configuration.network.gateway = "gateway.example"
            case "dns with dhcp": configuration.network.dns = "10.0.0.1"
            case "collector":
                configuration.collector = "http://collector.example:8080"
                configuration.collectorIdentity = identity
            case "identity missing": configuration.collector = "http://10.0.2.2:8080"
            case "identity":
                configuration.collector = "http://10.0.2.2:8080"
                configuration.collectorIdentity = [UInt8]("martlet-collector-1 12".utf8)
            case "token":
                configuration.collector = "http://10.0.2.2:8080"
                configuration.collectorIdentity = identity
                configuration.enrolmentToken = [UInt8]("secret".utf8)
            case "token without collector":
                configuration.enrolmentToken = [UInt8](String(repeating: "a", count: 64).utf8)
            case "service": configuration.services = ["relative/program"]
            case "many services":
                configuration.services = Array(repeating: "/bin/true", count: 9)
            default: configuration.reportIntervalMilliseconds = 1
            }
        }
        let error = #expect(throws: ImageError.self) {
            try ImageBuilder(recipe).build(to: workshop.path("disk.img"))
        }
        guard case .configuration(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!reason.contains("secret"))
        #expect(try workshop.names() == ["inputs", "agent"])
    }

    @Test("case 77: a bundle over its quota, or signed by a stranger, gets into no image")
    func bundles() throws {
        let workshop = try ImageWorkshop()
        var sample = ProfileSample()
        sample.data = sample.data.replacingOccurrences(
            of: "bundle-quota-bytes: 16777216",
            with: "bundle-quota-bytes: 4096"
        )
        let error = #expect(throws: ImageError.self) {
            try ImageBuilder(workshop.recipe(sample)).build(to: workshop.path("disk.img"))
        }
        guard case .bundleOverQuota(_, 4_096) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let stranger = try #require(PublicKey([UInt8](repeating: 9, count: 32)))
        let trusted = try #require(TrustedKeys(releaseKeys: [stranger]))
        #expect(throws: BundleError.self) {
            try ImageBundle(
                ImageWorkshop.bundleBytes(),
                trusted: trusted,
                architecture: "aarch64",
                runtimeAbi: 1
            )
        }
    }

    @Test("case 78: inspect tells partitions, files, environment and the state of the map")
    func inspection() throws {
        let workshop = try ImageWorkshop()
        let path = try ImageBuilder(workshop.recipe()).build(to: workshop.path("disk.img")).path
        let inspection = try ImageInspection(path)
        #expect(inspection.table == "gpt" && inspection.blockMap == .matching)
        #expect(
            inspection.partitions.map(\.fileSystem)
                == ["fat16", "raw", "fat32", "fat32", "fat16", "ext4"]
        )
        #expect(inspection.partitions[5].files.map(\.path) == ["bundles", "bundles/small.eib"])
        let listed = try ImageWorkshop.run(
            "mdir",
            "-b",
            "-/",
            "-i",
            "\(path)@@\(inspection.partitions[2].startBytes)",
            "::"
        )
        #expect(
            Set(inspection.partitions[2].files.map { "::/" + $0.path })
                == Set(listed.output.split(separator: "\n").map(String.init))
        )
        #expect(Set(inspection.bootEnvironment).contains("BOOT_ORDER=A B"))
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.seek(toOffset: UInt64(inspection.partitions[4].startBytes) + 20)
        try handle.write(contentsOf: [0xFF])
        try handle.close()
        #expect(try ImageInspection(path).blockMap == .wrong)
    }

    @Test("case 79: damaged images are told of or refused, whatever byte is wrong")
    func hostileImages() throws {
        let workshop = try ImageWorkshop()
        let path = try ImageBuilder(workshop.recipe()).build(to: workshop.path("disk.img")).path
        let image = try ImageInspection(path)
        var generator = ImageNoise(seed: 79)
        let starts = [0] + image.partitions.map(\.startBytes)
        for round in 0..<24 {
            let copy = workshop.path("copy-\(round)")
            try ImageWorkshop.run("cp", "--sparse=always", path, copy)
            let handle = try #require(FileHandle(forUpdatingAtPath: copy))
            for _ in 0..<6 {
                let start = starts[Int(generator.next() % UInt64(starts.count))]
                try handle.seek(toOffset: UInt64(start) + generator.next() % 4_096)
                try handle.write(contentsOf: [UInt8(truncatingIfNeeded: generator.next())])
            }
            try handle.close()
            do {
                let inspection = try ImageInspection(copy)
                #expect(inspection.partitions.count <= 128, "seed 79, round \(round)")
            } catch {
                #expect(!"\(error)".isEmpty)
            }
            try FileManager.default.removeItem(atPath: copy)
        }
        for bytes in [[], [0], ImageWorkshop.noise(600), ImageWorkshop.noise(100_000)] {
            let name = try workshop.write("junk", bytes)
            #expect(throws: ImageError.self) { try ImageInspection(name) }
        }
    }

    @Test("case 80: diff names the file that differs, and is empty for the same image")
    func difference() throws {
        let workshop = try ImageWorkshop()
        let one = try ImageBuilder(workshop.recipe()).build(to: workshop.path("one.img")).path
        let changed = try workshop.recipe { $0.hostname = "kitchen" }
        let two = try ImageBuilder(changed).build(to: workshop.path("two.img")).path
        #expect(try ImageDifference(one, one).isEmpty)
        let difference = try ImageDifference(one, two)
        #expect(difference.table.isEmpty && difference.byteRanges.isEmpty)
        #expect(difference.partitions.map(\.name) == ["config"])
        // `martlet` and `kitchen` have seven letters.
        #expect(
            difference.partitions[0].files.map { "\($0.path): \($0.difference)" }
                == ["agent.conf: content", "device.conf: content"]
        )
        let place = try #require(ImageInspection(one).partitions.first { $0.name == "config" })
        let ranges = difference.partitions[0].byteRanges
        #expect(!ranges.isEmpty)
        for range in ranges {
            let bounds = range.split(separator: "-").compactMap { Int64($0) }
            #expect(bounds.count == 2 && bounds[0] >= place.startBytes)
            #expect(bounds[1] < place.startBytes + place.sizeBytes)
        }
    }
}
