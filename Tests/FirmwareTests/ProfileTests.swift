import Firmware
import Foundation
import Testing

@Suite("Firmware profiles")
struct ProfileTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func ownNames() throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: root.appending(path: "firmware-profiles").path()
        ).sorted()
    }

    static func ownProfile(_ name: String) throws -> FirmwareProfile {
        let file = root.appending(path: "firmware-profiles/\(name)")
        return try FirmwareProfile(yaml: String(contentsOf: file, encoding: .utf8))
    }

    @Test("the project has a profile for each of its machines")
    func names() throws {
        let expected = [
            "data-only", "generic-x86-gateway", "qemu-aarch64", "qemu-armv7hf", "qemu-x86_64",
            "raspberry-pi-4",
        ]
        #expect(Set(try Self.ownNames()).isSuperset(of: expected.map { $0 + ".yaml" }))
    }

    @Test(
        "case 36: a profile of the project is named like its file and has no problems",
        arguments: try ownNames()
    )
    func ownProfiles(name: String) throws {
        let profile = try Self.ownProfile(name)
        #expect(profile.name + ".yaml" == name)
        let targets = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "targets").path()
        ).filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
        // Debian's largest kernel and an initial file system with every driver that is named.
        let sizes: [String: Int64] = [
            "kernel": name.contains("aarch64") || name.contains("raspberry")
                ? 32_956_352 : 14_186_432,
            "initramfs": 7_000_000, "firmware": 2_400_000, "dtb": 100_000, "grub": 745_472,
            "boot-script": 8_192,
        ]
        #expect(profile.problems(knownTargets: Set(targets), contentSizes: sizes) == [])
    }

    @Test("case 26: a key that is not in the schema is refused with its path")
    func unknownKeys() throws {
        let edits: [(String, String, String)] = [
            ("seed:", "sed:", "disk.sed"), ("    slot: a", "    slut: a", "partitions[2].slut"),
            ("path: boot.scr", "pfad: boot.scr", "partitions[0].files[0].pfad"),
            ("tries:", "trys:", "boot.trys"), ("hostname:", "host:", "configuration.host"),
            ("interface:", "device:", "configuration.network.device"),
            ("bundle-quota-bytes", "bundle-bytes", "data.bundle-bytes"),
            ("modules: [virtio_blk]", "module: [virtio_blk]", "initramfs.module"),
        ]
        for (old, new, path) in edits {
            let yaml = ProfileSample().yaml.replacingOccurrences(of: old, with: new)
            let error = #expect(throws: FirmwareProfileError.self) {
                try FirmwareProfile(yaml: yaml)
            }
            guard case .unknownKey(path, _) = error else {
                Issue.record("\(path): \(String(describing: error))")
                continue
            }
        }
        var sample = ProfileSample()
        sample.more = "extra: 1"
        #expect(throws: FirmwareProfileError.self) { try FirmwareProfile(yaml: sample.yaml) }
    }

    @Test(
        "case 27: YAML that would grow is refused before it is expanded",
        arguments: [
            "a: &x [1,1]\nb: &y [*x,*x]\nc: [*y,*y]\n", "? *x\n: 1\n", "# *alias in a comment\n",
        ]
    )
    func aliases(text: String) {
        let error = #expect(throws: FirmwareProfileError.self) { try FirmwareProfile(yaml: text) }
        guard case .aliasRefused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "case 28: nesting without end is refused",
        arguments: ["[", "{", "- ", "? ", "  ", "[{"]
    )
    func depth(piece: String) {
        for count in [100, 30_000] {
            let text = String(repeating: piece, count: count) + "x"
            #expect(throws: FirmwareProfileError.tooDeep(line: 1)) {
                try FirmwareProfile(yaml: text)
            }
        }
        let steps = (0..<300).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(throws: FirmwareProfileError.tooDeep(line: 66)) {
            try FirmwareProfile(yaml: steps)
        }
    }

    @Test("case 29: text over the limit is refused before it is parsed")
    func oversized() {
        let text = String(repeating: "#", count: FirmwareProfile.textSizeMax + 1)
        #expect(throws: FirmwareProfileError.tooLong(sizeBytes: 65_537, limitBytes: 65_536)) {
            try FirmwareProfile(yaml: text)
        }
    }

    @Test(
        "case 30: a key that looks like a secret is refused, and told where secrets go",
        arguments: ["enrolment-token", "wifi-password", "collector-secret", "private-key"]
    )
    func secrets(key: String) {
        let yaml = ProfileSample().yaml.replacingOccurrences(
            of: "hostname: martlet",
            with: "\(key): abc"
        )
        #expect(throws: FirmwareProfileError.secretKey(path: "configuration.\(key)")) {
            try FirmwareProfile(yaml: yaml)
        }
        #expect(
            FirmwareProfileError.secretKey(path: key).description.contains("give it to the build")
        )
    }

    @Test("case 31: more partitions, files or inputs than the limits are refused")
    func counts() {
        var many = ProfileSample()
        many.partitions = (1...17).map { "  - {name: p\($0), kind: raw, size-bytes: 4096}" }
            .joined(separator: "\n")
        #expect(throws: FirmwareProfileError.tooMany(path: "partitions", count: 17, limit: 16)) {
            try FirmwareProfile(yaml: many.yaml)
        }
        var files = ProfileSample()
        let entries = (1...65).map { "{source: kernel, path: f\($0)}" }.joined(separator: ", ")
        files.partitions =
            "  - {name: p, kind: boot, size-bytes: 4096, files: [\(entries)]}"
        #expect(
            throws: FirmwareProfileError.tooMany(path: "partitions[0].files", count: 65, limit: 64)
        ) { try FirmwareProfile(yaml: files.yaml) }
        var inputs = ProfileSample()
        inputs.inputs = (1...33).map { "  i\($0): x" }.joined(separator: "\n")
        #expect(throws: FirmwareProfileError.tooMany(path: "inputs", count: 33, limit: 32)) {
            try FirmwareProfile(yaml: inputs.yaml)
        }
    }

    static let valueEdits: [(String, String)] = [
        ("table: gpt", "table: apm"), ("size-bytes: 16777216", "size-bytes: -1"),
        ("size-bytes: 16777216", "size-bytes: 0"), ("size-bytes: 16777216", "size-bytes: 1e6"),
        ("size-bytes: 16777216", "size-bytes: 0x1000"),
        ("size-bytes: 16777216", "size-bytes: '16777216'"),
        ("size-bytes: 16777216", "size-bytes: 99999999999999999999"),
        ("name: boot", "name: " + String(repeating: "b", count: 37)),
        ("name: boot", "name: bo_ot"), ("name: boot", "name: bööt"),
        ("kind: boot", "kind: swap"),
        ("path: boot.scr", "path: ../boot.scr"), ("path: boot.scr", "path: /boot.scr"),
        ("path: boot.scr", "path: a//b"), ("path: boot.scr", "path: ./a"),
        ("path: boot.scr", "path: 'a b'"), ("path: boot.scr", "path: -a"),
        ("slot: a", "slot: c"), ("tries: 3", "tries: 0"), ("tries: 3", "tries: 10"),
        ("target: generic-aarch64", "target: ../x"), ("hostname: martlet", "hostname: -x"),
        ("path: /var/lib/martlet", "path: var"), ("path: /var/lib/martlet", "path: //"),
        ("media-classes: [virtio, file]", "media-classes: [tape]"),
        ("method: dhcp", "method: magic"), ("kernel: Linux", "agent: Linux"),
        ("partitions:", "partitions: {}\nx:"), ("name: sample", "name: [a]"),
        ("boot: {control: uboot-environment,", "boot: {control: none, control: none,"),
        ("confirm: serving", "confirm: serving, kernel-arguments: 'a; reset'"),
        ("confirm: serving", "confirm: serving, kernel-arguments: martlet.slot=A"),
    ]

    @Test(
        "case 32: values outside their rule are refused",
        arguments: valueEdits
    )
    func values(old: String, new: String) throws {
        let sound = ProfileSample().yaml
        #expect(throws: Never.self) { try FirmwareProfile(yaml: sound) }
        let changed = try #require(sound.range(of: old)).lowerBound
        let yaml =
            sound[..<changed] + new + sound[sound.index(changed, offsetBy: old.count)...]
        #expect(throws: FirmwareProfileError.self) { try FirmwareProfile(yaml: String(yaml)) }
    }

    @Test(
        "case 33: text that is no profile is refused",
        arguments: ["", "name: [", "name: x\ndescription: y\n", "- a\n- b\n", "a: 1\n---\nb: 2\n"]
    )
    func unreadable(text: String) {
        #expect(throws: FirmwareProfileError.self) { try FirmwareProfile(yaml: text) }
    }
}
