import Testing

@testable import AgentProtocol

@Suite("What the agent reads of a machine")
struct TargetFactsTests {
    static func facts(_ files: [(MachineFile, String)]) -> MachineFacts {
        var facts = MachineFacts()
        for (file, text) in files { facts.take(file, [UInt8](text.utf8)) }
        return facts
    }

    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("a feature counts when every processor has it")
    func intersection() {
        let both = "Features : fp asimd asimddp\n\nFeatures\t: fp asimd\n"
        let facts = Self.facts([(.processors, both)])
        #expect(facts.architecture == .aarch64)
        #expect(Self.text(facts.features.words) == "asimd")
    }

    @Test(
        "the architecture is that of the kernel",
        arguments: [
            ("flags\t\t: fpu sse2 lm\n", MachineArchitecture?.some(.x86_64)),
            ("flags\t\t: fpu sse2\n", nil),  // 32-bit x86
            ("Features : half thumb fastmult vfp edsp neon vfpv3\n", .armv7hf),
            ("Features : half thumb vfp edsp java\n", nil),  // ARMv6
            ("isa\t\t: rv64imafdc\n", .riscv64),
            ("isa\t\t: rv32imac\n", nil),
            ("cpu model\t: Loongson-3A\n", nil),
            ("", nil),
        ]
    )
    func architecture(text: String, expected: MachineArchitecture?) {
        #expect(Self.facts([(.processors, text)]).architecture == expected)
    }

    @Test(
        "a memory size that is no number of kB is unknown",
        arguments: [
            ("MemTotal:       1024 kB\n", UInt64(1_048_576)),
            ("MemTotal:       1024 MB\n", 0), ("MemTotal:       1024 kB", 0),
            ("MemTotal:       -1 kB\n", 0), ("MemTotal:\n", 0), ("MemFree: 5 kB\n", 0),
            ("MemTotal: 18446744073709551615 kB\n", 0),
            ("MemTotal: 18446744073709551616 kB\n", 0),
            ("MemTotal: 18014398509481983 kB\n", 18_446_744_073_709_550_592),
            ("MemTotal: 1 kB\nMemTotal: 2 kB\n", 1_024),
        ]
    )
    func memory(text: String, expected: UInt64) {
        #expect(Self.facts([(.memory, text)]).memoryBytes == expected)
    }

    @Test("a page size that is no power of two is unknown")
    func pageSize() {
        #expect(Self.facts([(.mappings, "KernelPageSize: 16 kB\n")]).pageSizeBytes == 16_384)
        #expect(Self.facts([(.mappings, "KernelPageSize: 12 kB\n")]).pageSizeBytes == 0)
    }

    @Test("a last line that was cut does not count")
    func cutLine() {
        let whole = "Features : asimd asimddp\n"
        let filler = String(repeating: "x", count: MachineFile.processors.sizeMax - 40)
        let facts = Self.facts([(.processors, whole + filler + "\nFeatures : asimd asimddp i8mm")])
        #expect(Self.text(facts.features.words) == "asimd asimddp")
    }

    @Test("marks are bounded in number and length, and hold no blank or control character")
    func marks() {
        let names = (0..<100).map { "maker,board-\($0)\0" }.joined()
        let many = Self.facts([(.compatible, names)])
        #expect(many.marks.count == MachineFacts.markCountMax)
        #expect(many.marks.first.map(Self.text) == "tree=maker,board-0")
        let long = String(repeating: "a", count: MachineFacts.textSizeMax)
        let odd = Self.facts([(.compatible, "a b\0\u{1B}[2J\0é\0\0\0\(long)a\0\(long)\0good")])
        #expect(odd.marks.map(Self.text) == ["tree=\(long)", "tree=good"])
    }

    @Test("a name is cut, ends at NUL or the line's end, and shows no control character")
    func names() {
        #expect(Self.text(Self.facts([(.model, "Pi\u{1B}[31m\"\0rest")]).model) == "Pi?[31m\"")
        let long = String(repeating: "m", count: 5_000)
        #expect(Self.facts([(.model, long)]).model.count == MachineFacts.textSizeMax)
        let product = Self.facts([(.vendor, "QEMU\n"), (.product, "Standard PC (Q35)\nx")])
        #expect(Self.text(product.model) == "QEMU Standard PC (Q35)")
        #expect(product.marks.map(Self.text) == ["dmi=QEMU/Standard"])
    }

    @Test("the same name in sysfs and in proc is one mark")
    func twice() {
        let facts = Self.facts([(.compatible, "a,b\0"), (.compatibleInProc, "a,b\0c,d\0")])
        #expect(facts.marks.map(Self.text) == ["tree=a,b", "tree=c,d"])
    }

    @Test("random bytes in every file end in facts within their bounds", arguments: 0..<200)
    func randomBytes(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        let words = ["flags", "Features", ":", " ", "\t", "\n", "\0", "lm", "asimd", "kB", "9"]
        var facts = MachineFacts()
        for file in MachineFile.allCases {
            var bytes: [UInt8] = []
            while bytes.count < 70_000, random.next() % 500 != 0 {
                if random.next() % 4 == 0 {
                    bytes.append(UInt8(truncatingIfNeeded: random.next()))
                } else {
                    bytes += words[Int(random.next() % UInt64(words.count))].utf8
                }
            }
            facts.take(file, bytes)
        }
        #expect(facts.marks.count <= MachineFacts.markCountMax, "seed \(seed)")
        let allowed = 2 * MachineFacts.textSizeMax + 1
        #expect(facts.model.count <= allowed, "seed \(seed)")
        #expect(facts.model.allSatisfy { (0x20...0x7E).contains($0) }, "seed \(seed)")
        #expect(facts.pageSizeBytes.nonzeroBitCount <= 1, "seed \(seed)")
    }
}

/// A seeded generator: SplitMix64.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("Which profile fits a machine")
struct TargetChoiceTests {
    static func names(_ lines: [String], _ facts: MachineFacts) -> [String] {
        let profiles = lines.compactMap { MachineProfile(line: [UInt8]($0.utf8)) }
        #expect(profiles.count == lines.count)
        return ProfileChoice.fitting(profiles, facts)
            .map { String(decoding: profiles[$0].name, as: UTF8.self) }
    }

    /// A board with two marks, two features, pages of 16 KiB and 1,000 bytes.
    static let board: MachineFacts = {
        var facts = TargetFactsTests.facts([
            (.processors, "Features : asimd asimddp\n"), (.compatible, "maker,one\0maker,chip\0"),
            (.mappings, "KernelPageSize: 16 kB\n"),
        ])
        facts.memoryBytes = 1_000
        return facts
    }()

    @Test("the most specific mark wins, then features, then architectures, then the name")
    func order() {
        let lines = [
            "a aarch64,x86_64 - 65536 1", "b aarch64 - 65536 1", "c aarch64 asimd,asimddp 65536 1",
            "d aarch64 - 65536 1 tree=maker,chip", "e aarch64 - 65536 1 tree=maker,one",
            "f aarch64 - 65536 1",
        ]
        #expect(Self.names(lines, Self.board) == ["e", "d", "c", "b", "f", "a"])
    }

    @Test(
        "a profile that asks for what the machine lacks does not fit, and says the first reason",
        arguments: [
            ("x x86_64 i8mm 4096 2000 tree=no", Misfit.architecture),
            ("x aarch64 i8mm 4096 2000 tree=no", .board),
            ("x aarch64 i8mm 4096 2000 tree=no tree=maker,one", .features),
            ("x aarch64 asimd 4096 2000", .pageSize), ("x aarch64 asimd 16384 1001", .memory),
        ]
    )
    func misfit(line: String, expected: Misfit) throws {
        let profile = try #require(MachineProfile(line: [UInt8](line.utf8)))
        #expect(profile.misfit(Self.board) == expected)
        #expect(Self.names([line], Self.board).isEmpty)
    }

    @Test("an unknown page size or memory rules nothing out, an unknown architecture everything")
    func unknown() {
        var facts = Self.board
        facts.pageSizeBytes = 0
        facts.memoryBytes = 0
        #expect(Self.names(["x aarch64 asimd 4096 2000"], facts) == ["x"])
        facts.architecture = nil
        #expect(Self.names(["x aarch64 - 4096 2000"], facts).isEmpty)
    }

    @Test(
        "a line that breaks the form is no profile",
        arguments: [
            "", "x", "x aarch64 - 4096", "x aarch64 - 4096 many", "x toaster - 4096 1",
            "x aarch64 magic 4096 1", "x aarch64 - 04096 1",
        ]
    )
    func malformed(line: String) {
        #expect(MachineProfile(line: [UInt8](line.utf8)) == nil)
    }

    @Test("every line of the agent's table is a profile, in order of names")
    func table() {
        let lines = "\(MachineProfileTable.text)".split(separator: "\n")
        let profiles = ProfileChoice.builtIn()
        #expect(lines.count > 15 && profiles.count == lines.count)
        let names = profiles.map { String(decoding: $0.name, as: UTF8.self) }
        #expect(names == names.sorted())
    }
}
