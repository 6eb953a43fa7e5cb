import Foundation
import Testing

@Suite("martletd target")
struct TargetCommandTests {
    static let machines = Stand.root.appending(path: "Tests/Vectors/machines").path()

    static func run(_ arguments: [String]) throws -> (status: ChildProcess.Ending?, output: String)
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let log = folder.appending(path: "log")
        let child = try ChildProcess([Stand.binary, "target"] + arguments, log: log)
        return (child.wait(), child.output)
    }

    @Test("prints the facts of a recorded machine and the profiles that fit")
    func recorded() throws {
        let result = try Self.run(["--system-root", Self.machines + "/raspberry-pi-5"])
        #expect(result.status == .exit(0))
        #expect(
            result.output == """
                architecture aarch64
                features asimd asimddp
                page-size 16384
                memory 8443199488
                model Raspberry Pi 5 Model B Rev 1.0
                marks tree=raspberrypi,5-model-b tree=brcm,bcm2712
                profiles raspberry-pi-5 aarch64-dotprod aarch64-neon generic-aarch64 any

                """
        )
    }

    @Test("prints JSON with the same keys")
    func json() throws {
        let result = try Self.run(["--json", "--system-root", Self.machines + "/qemu-q35"])
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let fields = try #require(object as? [String: Any])
        #expect(fields["profiles"] as? String == "qemu-x86_64 generic-x86_64 any")
        #expect(fields["marks"] as? String == "dmi=QEMU/Standard chassis=1")
        #expect(fields["memory"] as? Int == 496_021_504)
    }

    @Test("knows the machine that it runs on")
    func here() throws {
        let result = try Self.run([])
        #expect(result.status == .exit(0))
        #expect(result.output.contains("page-size \(sysconf(Int32(_SC_PAGESIZE)))\n"))
        #expect(result.output.contains(" any\n"))
    }

    @Test("without a usable cpuinfo nothing fits: exit 9, also when pipes and folders stand there")
    func nothing() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        let proc = root.appending(path: "proc")
        try FileManager.default.createDirectory(
            at: proc.appending(path: "meminfo"),
            withIntermediateDirectories: true
        )
        #expect(mkfifo(proc.appending(path: "cpuinfo").path(), 0o600) == 0)
        let result = try Self.run(["--system-root", root.path()])
        #expect(result.status == .exit(9))
        #expect(result.output.hasPrefix("architecture \n"))
        #expect(result.output.hasSuffix("profiles \n"))
    }

    @Test("refuses other words", arguments: [["--surprise"], ["--system-root"]])
    func usage(arguments: [String]) throws {
        #expect(try Self.run(arguments).status == .exit(2))
    }
}
