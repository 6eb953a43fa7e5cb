import Foundation
import Testing

@Suite("Images by command")
struct ImageTests {
    /// A folder with everything that an image of the trial profile wants.
    private struct Bench {
        let workshop: Workshop
        let profile: String
        let inputs: String
        let agent: String
        let output: String

        init(kernelBytes: Int = 200_000, systemBytes: Int = 50_331_648) throws {
            workshop = try Workshop()
            let files = FileManager.default
            inputs = workshop.path("inputs")
            try files.createDirectory(atPath: inputs, withIntermediateDirectories: true)
            _ = try workshop.write("inputs/kernel", [UInt8](repeating: 0x5A, count: kernelBytes))
            // The head of an ELF file for 64-bit ARM.
            var head: [UInt8] =
                [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 11)
            head += [183, 0]
            agent = try workshop.write("martletd", head + [UInt8](repeating: 1, count: 5_000))
            output = workshop.path("out/disk.img")
            try files.createDirectory(
                atPath: workshop.path("out"),
                withIntermediateDirectories: true
            )
            let text = Self.profile(systemBytes: systemBytes)
            profile = try workshop.write("trial.yaml", [UInt8](text.utf8))
        }

        private static func profile(systemBytes: Int) -> String {
            """
            name: trial
            description: a trial
            target: generic-aarch64
            disk:
              table: gpt
              seed: martlet/trial
              size-bytes: 268435456
              minimum-media-bytes: 268435456
              media-classes: [file]
            partitions:
              - name: system
                kind: boot
                size-bytes: \(systemBytes)
                filesystem: fat16
                files: [{source: kernel, path: vmlinuz}, {source: initramfs, path: initramfs}]
              - {name: config, kind: config, size-bytes: 8388608, filesystem: fat16}
              - {name: data, kind: data, size-bytes: grow, filesystem: ext4}
            inputs:
              kernel: Linux kernel image
            boot: {control: none, tries: 3, confirm: serving}
            initramfs: {modules: [], files: []}
            data:
              path: /var/lib/martlet
              bundle-quota-bytes: 1048576
              spool-quota-bytes: 4194304
              state-quota-bytes: 1048576
            configuration: {hostname: martlet, network: {interface: eth0, method: none}}

            """
        }

        func build(_ more: [String] = [], under wrapper: [String] = []) throws -> Martlet.Result {
            try Martlet.run(
                [
                    "image", "build", "--profile", profile, "--inputs", inputs, "--agent", agent,
                    "--bundle", workshop.bundle, "--trust", workshop.trust, "--output", output,
                ] + more,
                under: wrapper
            )
        }

        /// What is in the output's folder, hidden names too.
        func outputs() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: workshop.path("out")).sorted()
        }
    }

    private let token = String(repeating: "7e", count: 32)

    private func collectorOptions(_ bench: Bench) throws -> [String] {
        let identity = "martlet-collector-1 " + String(repeating: "ab", count: 64) + "\n"
        let path = try bench.workshop.write("collector.id", [UInt8](identity.utf8))
        return ["--collector", "http://10.0.2.2:8080", "--collector-identity", path]
    }

    @Test("an image is built, inspected, compared and described as JSON")
    func build() throws {
        let bench = try Bench()
        let result = try bench.build(["--json"])
        #expect(result.status == 0, "\(result.errors)")
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        )
        #expect(report["sizeBytes"] as? Int == 268_435_456)
        #expect((report["partitions"] as? [Any])?.count == 3)
        #expect(try bench.outputs() == ["disk.img", "disk.img.bmap"])
        let inspect = try Martlet.run(["image", "inspect", bench.output])
        #expect(inspect.output.contains("bundles/digits.eib"), "\(inspect.output)")
        #expect(inspect.output.contains("block map: matching"))
        #expect(try Martlet.run(["image", "diff", bench.output, bench.output]).status == 0)
        let again = try bench.build()
        #expect(again.status == 3)
        #expect(again.errors.contains("--replace"))
        let renamed = ["--replace", "--hostname", "kitchen", "--output", bench.output + ".2"]
        #expect(try bench.build(renamed).status == 0)
        let diff = try Martlet.run(["image", "diff", bench.output, bench.output + ".2"])
        #expect(diff.status == 6)
        #expect(diff.output.contains("partition 2 config: device.conf: content"))
    }

    @Test("the token reaches the device, and no argument, environment of a tool or output")
    func secretToken() throws {
        let bench = try Bench()
        // Tools that write down how they were started, and then are the real ones.
        let fakes = bench.workshop.path("fakes")
        try FileManager.default.createDirectory(atPath: fakes, withIntermediateDirectories: true)
        let log = bench.workshop.path("log")
        let tools = ["mkfs.fat", "mcopy", "mmd", "mke2fs", "debugfs", "dumpe2fs"]
        for tool in tools {
            let script = """
                #!/bin/sh
                { echo "$0 $@"; env; } >>'\(log)'
                PATH=/usr/sbin:/usr/bin exec \(tool) "$@"

                """
            let path = try bench.workshop.write("fakes/" + tool, [UInt8](script.utf8))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        let file = try bench.workshop.write("token", [UInt8]((token + "\n").utf8))
        let options = try collectorOptions(bench)
        let path = "PATH=\(fakes):/usr/bin:/bin"
        let ways: [([String], [String])] = [
            (["--enrolment-token-file", file], [path]),
            ([], [path, "MARTLET_ENROLMENT_TOKEN=\(token)"]),
            (
                ["--enrolment-token-fd", "7"],
                [path, "sh", "-c", "exec 7<'\(file)'; exec \"$@\"", "sh"]
            ),
        ]
        for (more, wrapper) in ways {
            let result = try bench.build(options + more + ["--json", "--replace"], under: wrapper)
            #expect(result.status == 0, "\(result.errors)")
            #expect(!result.output.contains(token) && !result.errors.contains(token))
            let told = String(decoding: try bench.workshop.read(log), as: UTF8.self)
            #expect(told.contains("mcopy") && told.contains("debugfs"))
            #expect(!told.contains(token))
            let image = Data(try bench.workshop.read(bench.output))
            #expect(image.range(of: Data((token + "\n").utf8)) != nil)
        }
        let both = ["--enrolment-token-file", file, "--enrolment-token-fd", "0"]
        #expect(try bench.build(options + both + ["--replace"]).status == 2)
    }

    @Test(
        "each class of refusal has its exit status, its help, and leaves nothing",
        arguments: [
            ("stranger's key", Int32(4)), ("changed bundle", 4), ("other agent", 9),
            ("no agent", 9), ("missing input", 3), ("unknown profile", 2), ("bad network", 2),
            ("no trust", 4), ("no tool", 7), ("relative service", 2),
        ]
    )
    func refusals(what: String, status: Int32) throws {
        let bench = try Bench()
        var more: [String] = []
        var wrapper: [String] = []
        // Its folder lives as long as it.
        var stranger: Workshop?
        switch what {
        case "stranger's key":
            stranger = try Workshop()
            more = ["--bundle", stranger?.bundle ?? ""]
        case "changed bundle":
            var bytes = try bench.workshop.read(bench.workshop.bundle)
            bytes[bytes.count / 2] ^= 1
            more = ["--bundle", try bench.workshop.write("changed.eib", bytes)]
        case "other agent":
            var bytes = try bench.workshop.read(bench.agent)
            bytes[18] = 62
            more = ["--agent", try bench.workshop.write("other", bytes)]
        case "no agent": more = ["--agent", bench.profile]
        case "missing input": more = ["--inputs", bench.workshop.path("out")]
        case "unknown profile": more = ["--profile", "toaster"]
        case "bad network": more = ["--network", "10.0.2.999/24"]
        case "no trust": more = ["--trust", bench.workshop.path("nowhere.pub")]
        case "no tool": wrapper = ["PATH=/nonexistent"]
        default: more = ["--service", "bin/app"]
        }
        if what == "no trust" { more = ["--trust", bench.profile] }
        let result = try bench.build(more, under: wrapper)
        #expect(result.status == status, "\(result.errors)")
        #expect(result.errors.contains("error:"))
        #expect((stranger != nil) == (what == "stranger's key"))
        if what == "no tool" { #expect(result.errors.contains("Debian package mtools")) }
        #expect(try bench.outputs().isEmpty)
    }

    @Test("a full disk, found early or late, is told as such and leaves nothing")
    func fullDisk() throws {
        let bench = try Bench(kernelBytes: 3_000_000)
        let folder = bench.workshop.path("out")
        // Room for the estimate says no at once; a file size limit breaks off in the middle.
        let mount =
            "mount -t tmpfs -o size=2m none '\(folder)' && \"$@\"; s=$?; ls -A '\(folder)'; exit $s"
        let early = try bench.build(under: ["unshare", "-m", "sh", "-c", mount, "sh"])
        #expect(early.status == 8, "\(early.errors)")
        #expect(early.errors.contains("no space left"))
        #expect(early.output.isEmpty, "left: \(early.output)")
        let late = try bench.build(under: ["prlimit", "--fsize=100000000"])
        #expect(late.status == 8, "\(late.errors)")
        #expect(try bench.outputs().isEmpty)
    }

    @Test("a folder that may not be written to is an input/output error")
    func readOnlyFolder() throws {
        let bench = try Bench()
        let folder = bench.workshop.path("out")
        let mount =
            "mount --bind '\(folder)' '\(folder)' && mount -o remount,ro,bind '\(folder)' && \"$@\""
        let result = try bench.build(under: ["unshare", "-m", "sh", "-c", mount, "sh"])
        #expect(result.status == 7, "\(result.errors)")
        #expect(try bench.outputs().isEmpty)
    }

    @Test("a partition that is too small is named, and nothing is left")
    func smallPartition() throws {
        let bench = try Bench(kernelBytes: 9_000_000, systemBytes: 8_388_608)
        let result = try bench.build()
        #expect([3, 8].contains(result.status), "\(result.errors)")
        #expect(result.errors.contains("system"))
        #expect(try bench.outputs().isEmpty)
    }

    @Test(
        "an archive for an existing distribution has a sound service, and changes no folder of it"
    )
    func dataOnly() throws {
        let bench = try Bench()
        let archive = bench.workshop.path("martlet.tar")
        let more = ["--profile", "data-only", "--output", archive]
        let result = try Martlet.run(
            [
                "image", "build", "--agent", bench.agent, "--bundle", bench.workshop.bundle,
                "--trust", bench.workshop.trust,
            ] + more
        )
        #expect(result.status == 0, "\(result.errors)")
        let root = bench.workshop.path("root")
        let script = """
            mkdir '\(root)' && tar -tf '\(archive)' | grep '/$' | sort && tar -xf '\(archive)' -C '\(root)' \
            && cd '\(root)' && sh -n etc/init.d/martletd && chmod +x usr/bin/martletd \
            && sed -i "s,/usr/bin/martletd,$PWD/usr/bin/martletd," usr/lib/systemd/system/martletd.service \
            && systemd-analyze verify usr/lib/systemd/system/martletd.service 2>&1
            """
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(text == "etc/martlet/\nvar/lib/martlet/\nvar/lib/martlet/bundles/\n")
        let bundle = root + "/var/lib/martlet/bundles/digits.eib"
        #expect(try bench.workshop.read(bundle) == bench.workshop.read(bench.workshop.bundle))
    }

    @Test("inspect refuses what is no image, and check tells every problem of a profile")
    func refusedFiles() throws {
        let bench = try Bench()
        #expect(try Martlet.run(["image", "inspect", bench.agent]).status == 4)
        #expect(try Martlet.run(["image", "inspect", bench.workshop.path("none")]).status == 7)
        #expect(try Martlet.run(["image", "check", "--profile", bench.profile]).status == 0)
        let check = [
            "image", "check", "--profile", bench.profile, "--inputs", bench.agent, "--json",
        ]
        let result = try Martlet.run(check)
        #expect(result.status == 3)
        #expect(result.output.contains("'kernel' (Linux kernel image) is missing"))
    }
}
