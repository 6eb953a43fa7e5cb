import AgentProtocol
import Foundation
import Testing

@testable import martlet

@Suite("Target profiles")
struct TargetProfileTests {
    static let folder = Martlet.root.appending(path: "targets").path()
    static let names =
        (try? FileManager.default.contentsOfDirectory(atPath: folder))?
        .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted() ?? []

    static func profile(_ name: String) throws -> TargetProfileFile {
        try TargetProfileFile.read("\(folder)/\(name).yaml")
    }

    @Test("every class that is promised is there")
    func classes() {
        let promised: Set = [
            "any", "generic-x86_64", "generic-aarch64", "generic-armv7hf", "generic-riscv64",
            "x86_64-sse41", "x86_64-avx2", "x86_64-avx512-vnni", "aarch64-neon", "aarch64-dotprod",
            "aarch64-i8mm", "raspberry-pi-3", "raspberry-pi-4", "raspberry-pi-5",
            "raspberry-pi-zero-2-w", "beaglebone-black", "imx8m", "jetson-orin", "x86-gateway",
            "qemu-x86_64", "qemu-aarch64", "qemu-armv7hf",
        ]
        #expect(promised.isSubset(of: Self.names))
    }

    @Test("a profile can be used, is named as its file, and its numbers are sane", arguments: names)
    func isSane(name: String) throws {
        let profile = try Self.profile(name)
        #expect(profile.name == name)
        #expect(!profile.description.isEmpty)
        // tools/build-device and tools/check-memory fail above these.
        #expect(profile.budgets.agentBytes == 524_288)
        #expect(profile.budgets.residentOverheadBytes == 1_048_576)
        #expect((64 << 20...16 << 30).contains(profile.memoryBytes))
        #expect([4_096, 16_384, 65_536].contains(profile.pageSizeBytes))
        if profile.architectures == ["x86_64"] { #expect(profile.pageSizeBytes == 4_096) }
    }

    @Test("a profile says where memory, page size and marks come from", arguments: names)
    func hasSources(name: String) throws {
        let profile = try Self.profile(name)
        let sources = try #require(profile.sources)
        for subject in ["memory-bytes: ", "page-size-bytes: ", "budgets: "] {
            #expect(sources.contains { $0.hasPrefix(subject) && $0.count > 30 }, "\(subject)")
        }
        if profile.recognisedBy != nil {
            #expect(sources.contains { $0.hasPrefix("recognised-by: ") })
        }
    }

    @Test("the agent carries the same profiles")
    func table() throws {
        let lines = try Self.names.map { try Self.profile($0).machineLine }
        let table = "\(MachineProfileTable.text)"
        #expect(table == lines.joined(separator: "\n"), "run tools/target-table")
    }

    @Test("no two profiles claim the same mark of one architecture")
    func marks() throws {
        var seen: Set<String> = []
        for name in Self.names {
            let profile = try Self.profile(name)
            for mark in profile.recognisedBy?.marks ?? [] {
                for architecture in profile.architectures {
                    #expect(seen.insert("\(architecture) \(mark)").inserted, "\(name): \(mark)")
                }
            }
        }
    }

    @Test(
        "a profile that cannot be used is refused with the reason",
        arguments: [
            ("", "", Int32(2), "is not a target profile"),
            ("memory-bytes: 67108864", "memory-bytes: -1", 2, "is not a target profile"),
            ("memory-bytes: 67108864", "memory-byte: 1", 2, "unknown key 'memory-byte'"),
            ("scalar", "turbo", 9, "avx512-vnni"), ("[x86_64]", "[]", 9, "architectures:"),
            ("[x86_64]", "[toaster]", 9, "architectures:"), ("scalar", "avx2", 9, "needs avx2"),
            ("4096", "4097", 9, "powers of two"), ("4096", "131072", 9, "powers of two"),
            ("features: []", "features: [magic]", 9, "asimddp"),
            ("budgets:", "recognised-by: {device-tree: [a b]}\nbudgets:", 9, "has a space"),
        ]
    )
    func refused(old: String, new: String, status: Int32, words: String) throws {
        let text = try String(contentsOfFile: "\(Self.folder)/generic-x86_64.yaml", encoding: .utf8)
        let changed = old.isEmpty ? "[1, 2" : text.replacing(old, with: new)
        #expect(changed != text)
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(changed.utf8).write(to: file)
        let result = try Martlet.run(["target", "show", file.path()])
        #expect(result.status == status)
        #expect(result.errors.contains(words), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test("a profile with the keys of before, and no other, is still one")
    func plain() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        let text = """
            name: own
            description: My board
            architectures: [aarch64]
            kernel-tier: scalar
            memory-bytes: 1048576
            page-size-bytes: 4096
            budgets: {agent-bytes: 524288, resident-overhead-bytes: 1048576}
            """
        try Data(text.utf8).write(to: file)
        #expect(try Martlet.run(["target", "show", file.path()]).status == 0)
    }

    @Test("show says which kernels a tier uses today")
    func tierInUse() throws {
        let shown = try Martlet.run(["target", "show", "raspberry-pi-5"])
        #expect(shown.output.contains("dotprod (it has no kernels yet: the scalar ones are used"))
        let result = try Martlet.run(["target", "show", "raspberry-pi-5", "--json"])
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let fields = try #require(object as? [String: Any])
        #expect(fields["kernel-tier"] as? String == "dotprod")
        #expect(fields["kernel-tier-in-use"] as? String == "scalar")
    }

    @Test("a bundle for a board names its architecture and the kernels in use, as the agent checks")
    func build() throws {
        let workshop = try Workshop()
        let output = workshop.path("board.eib")
        let built = try workshop.build(to: output, with: ["--target", "raspberry-pi-4"])
        #expect(built.status == 0, "\(built.errors)")
        let result = try Martlet.run(["inspect", output, "--trust", workshop.trust, "--json"])
        #expect(result.status == 0)
        #expect(result.output.contains("aarch64"))
        #expect(!result.output.contains("neon"))
        let any = try workshop.build(to: workshop.path("any.eib"))
        #expect(any.status == 0)
    }
}
