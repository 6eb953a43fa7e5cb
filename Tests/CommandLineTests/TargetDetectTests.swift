import AgentProtocol
import Foundation
import Testing

@testable import martlet

@Suite("martlet target detect")
struct TargetDetectTests {
    struct Machine: Sendable, CustomTestStringConvertible {
        let folder: String
        let profiles: [String]
        let features: String
        let pageSizeBytes: UInt64
        let memoryKibibytes: UInt64
        let marks: [String]
        var testDescription: String { folder }

        init(
            _ folder: String,
            _ profiles: String,
            _ features: String,
            page: UInt64 = 4_096,
            memory: UInt64,
            _ marks: String
        ) {
            self.folder = folder
            self.profiles = profiles.split(separator: " ").map(String.init)
            self.features = features
            pageSizeBytes = page
            memoryKibibytes = memory
            self.marks = marks.split(separator: " ").map(String.init)
        }
    }

    static let neon = "aarch64-neon generic-aarch64 any"
    static let avx512 = "avx512f avx512bw avx512dq avx512vl avx512_vnni"
    static let recorded: [Machine] = [
        Machine(
            "raspberry-pi-3b",
            "raspberry-pi-3 \(neon)",
            "asimd",
            memory: 929_940,
            "tree=raspberrypi,3-model-b tree=brcm,bcm2837"
        ),
        Machine(
            "raspberry-pi-3b-32-bit",
            "generic-armv7hf any",
            "thumb neon vfpv4",
            memory: 945_512,
            "tree=raspberrypi,3-model-b tree=brcm,bcm2837"
        ),
        Machine(
            "raspberry-pi-4b",
            "raspberry-pi-4 \(neon)",
            "asimd",
            memory: 3_884_396,
            "tree=raspberrypi,4-model-b tree=brcm,bcm2711"
        ),
        Machine(
            "raspberry-pi-5",
            "raspberry-pi-5 aarch64-dotprod \(neon)",
            "asimd asimddp",
            page: 16_384,
            memory: 8_245_312,
            "tree=raspberrypi,5-model-b tree=brcm,bcm2712"
        ),
        Machine(
            "raspberry-pi-zero-2-w",
            "raspberry-pi-zero-2-w \(neon)",
            "asimd",
            memory: 436_620,
            "tree=raspberrypi,model-zero-2-w tree=brcm,bcm2837"
        ),
        Machine(
            "beaglebone-black",
            "beaglebone-black generic-armv7hf any",
            "thumb neon",
            memory: 493_620,
            "tree=ti,am335x-bone-black tree=ti,am335x-bone tree=ti,am33xx"
        ),
        Machine(
            "imx8m-evk",
            "imx8m \(neon)",
            "asimd",
            memory: 2_978_684,
            "tree=fsl,imx8mq-evk tree=fsl,imx8mq"
        ),
        Machine(
            "jetson-orin",
            "jetson-orin aarch64-dotprod \(neon)",
            "asimd asimddp",
            memory: 31_337_520,
            "tree=nvidia,p3737-0000+p3701-0000 tree=nvidia,p3701-0000 tree=nvidia,tegra234"
        ),
        Machine(
            "avx2-laptop",
            "x86_64-avx2 x86_64-sse41 generic-x86_64 any",
            "lm ssse3 sse4_1 avx2 fma",
            memory: 16_180_512,
            "dmi=LENOVO/20N2CTO1WW chassis=10"
        ),
        Machine(
            "avx512-vnni-server",
            "x86_64-avx512-vnni x86_64-avx2 x86_64-sse41 generic-x86_64 any",
            "lm ssse3 sse4_1 avx2 fma \(avx512)",
            memory: 263_735_112,
            "dmi=Dell/PowerEdge chassis=23"
        ),
        Machine(
            "atom-gateway",
            "x86-gateway x86_64-sse41 generic-x86_64 any",
            "lm ssse3 sse4_1",
            memory: 1_934_108,
            "dmi=Dell/Edge chassis=33"
        ),
        Machine(
            "qemu-virt-cortex-a53",
            "qemu-aarch64 \(neon)",
            "asimd",
            memory: 482_876,
            "tree=linux,dummy-virt"
        ),
        Machine(
            "qemu-virt-cortex-a72",
            "qemu-aarch64 \(neon)",
            "asimd",
            memory: 482_876,
            "tree=linux,dummy-virt"
        ),
        Machine(
            "qemu-virt-max",
            "qemu-aarch64 aarch64-i8mm aarch64-dotprod \(neon)",
            "asimd asimddp i8mm",
            memory: 482_876,
            "tree=linux,dummy-virt"
        ),
        Machine(
            "qemu-virt-armv7",
            "qemu-armv7hf generic-armv7hf any",
            "thumb neon vfpv4",
            memory: 246_404,
            "tree=linux,dummy-virt"
        ),
        Machine(
            "qemu-q35",
            "qemu-x86_64 generic-x86_64 any",
            "lm hypervisor",
            memory: 484_396,
            "dmi=QEMU/Standard chassis=1"
        ),
        Machine(
            "visionfive-2",
            "generic-riscv64 any",
            "",
            memory: 8_135_228,
            "tree=starfive,visionfive-2-v1.3b tree=starfive,jh7110"
        ),
    ]

    static func root(_ folder: String) -> String {
        Martlet.root.appending(path: "Tests/Vectors/machines/\(folder)").path()
    }

    @Test("every recorded machine has a row here")
    func complete() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root(""))
        #expect(Set(folders).subtracting(["README.md"]) == Set(Self.recorded.map(\.folder)))
    }

    @Test(
        "a recorded machine has its facts, its profile and the others in order",
        arguments: recorded
    )
    func detects(machine: Machine) throws {
        let facts = MachineReading.facts(root: Self.root(machine.folder))
        #expect(facts.features.text == machine.features)
        #expect(facts.pageSizeBytes == machine.pageSizeBytes)
        #expect(facts.memoryBytes == machine.memoryKibibytes * 1_024)
        #expect(facts.marks.map { String(decoding: $0, as: UTF8.self) } == machine.marks)
        let result = try Martlet.run(
            ["target", "detect", "--json", "--system-root", Self.root(machine.folder)]
        )
        #expect(result.status == 0, "\(result.errors)")
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let fields = try #require(object as? [String: Any])
        let best = try #require(fields["profile"] as? String)
        let others = try #require(fields["candidates"] as? [String])
        #expect([best] + others == machine.profiles)
    }

    @Test("the agent finds the same, and what it prints serves for --facts", arguments: recorded)
    func agent(machine: Machine) throws {
        let agent = Process()
        agent.executableURL = Martlet.binary.deletingLastPathComponent().appending(path: "martletd")
        agent.arguments = ["target", "--system-root", Self.root(machine.folder)]
        let pipe = Pipe()
        agent.standardOutput = pipe
        try agent.run()
        let printed = pipe.fileHandleForReading.readDataToEndOfFile()
        agent.waitUntilExit()
        #expect(agent.terminationStatus == 0)
        let text = String(decoding: printed, as: UTF8.self)
        #expect(text.hasSuffix("\nprofiles \(machine.profiles.joined(separator: " "))\n"))
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try printed.write(to: file)
        let facts = try MachineReading.recorded(file.path())
        #expect(facts == MachineReading.facts(root: Self.root(machine.folder)))
    }

    @Test("people read the profile, why, the facts, and what does not fit")
    func text() throws {
        let result = try Martlet.run(
            ["target", "detect", "--system-root", Self.root("raspberry-pi-4b")]
        )
        let lines = result.output.split(separator: "\n").map { line in
            line.split(separator: " ").joined(separator: " ")
        }
        #expect(lines.first == "profile raspberry-pi-4")
        #expect(lines.contains("why the board is tree=raspberrypi,4-model-b"))
        #expect(lines.contains("page size 4096 bytes"))
        #expect(lines.contains("does not fit aarch64-dotprod: the processor lacks asimddp"))
    }

    @Test("this machine has a profile")
    func here() throws {
        let result = try Martlet.run(["target", "detect", "--json"])
        #expect(result.status == 0)
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let machine = (object as? [String: Any])?["machine"] as? [String: Any]
        #expect(machine?["pageSizeBytes"] as? Int == sysconf(Int32(_SC_PAGESIZE)))
    }

    @Test("with less memory than its board's profile asks for, a machine gets a smaller class")
    func smallBoard() {
        var facts = MachineReading.facts(root: Self.root("imx8m-evk"))
        facts.memoryBytes = 512 << 20
        let profiles = ProfileChoice.builtIn()
        let best = ProfileChoice.fitting(profiles, facts).first.map { profiles[$0].name }
        #expect(best == [UInt8]("aarch64-neon".utf8))
    }

    @Test(
        "a root without a usable cpuinfo exits with 9, a missing root with 7, both options with 2"
    )
    func refusals() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        let proc = root.appending(path: "proc")
        try FileManager.default.createDirectory(at: proc, withIntermediateDirectories: true)
        #expect(mkfifo(proc.appending(path: "cpuinfo").path(), 0o600) == 0)
        let pipe = try Martlet.run(["target", "detect", "--system-root", root.path()])
        #expect(pipe.status == 9)
        #expect(pipe.errors.contains("no usable /proc/cpuinfo"))
        let missing = try Martlet.run(["target", "detect", "--system-root", root.path() + "/no"])
        #expect(missing.status == 7)
        let both = try Martlet.run(["target", "detect", "--system-root", "/", "--facts", "x"])
        #expect(both.status == 2)
    }

    @Test(
        "a file of facts that the agent did not print is refused with its line",
        arguments: [
            "surprise 1\n", "architecture toaster\n", "memory lots\n", "page-size -1\n",
            "model \u{1B}[2J\n", "marks \(String(repeating: "a ", count: 17))\n", "\u{0}\n",
        ]
    )
    func hostileFacts(text: String) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(("architecture aarch64\n" + text).utf8).write(to: file)
        let result = try Martlet.run(["target", "detect", "--facts", file.path()])
        #expect(result.status == 2)
        #expect(result.errors.contains("line 2 is not one"))
        #expect(result.output.isEmpty)
    }
}
