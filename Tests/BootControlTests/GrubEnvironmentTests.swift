import BootControl
import Foundation
import Testing

@Suite("GRUB's environment block")
struct GrubEnvironmentTests {
    private let tool = "/usr/bin/grub-editenv"

    @Test("grub-editenv lists what is written")
    func readByOthers() throws {
        try BootTools.inDirectory { directory in
            let file = directory.appending(path: "grubenv")
            let block = try GrubEnvironment(BootVariables(tries: 3)).encoded()
            try Data(block).write(to: file)
            let listed = try BootTools.run(tool, [file.path(), "list"])
            #expect(listed == "BOOT_ORDER=A B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n")
        }
    }

    @Test("what grub-editenv makes is read, and changed in our variables only, byte for byte")
    func writtenByOthers() throws {
        try BootTools.inDirectory { directory in
            let file = directory.appending(path: "grubenv")
            let path = file.path()
            _ = try BootTools.run(tool, [path, "create"])
            #expect(
                try GrubEnvironment(decoding: [UInt8](Data(contentsOf: file))).variables
                    .order == [.a, .b]
            )
            let settings = [
                "saved=a\\b", "BOOT_ORDER=B A", "BOOT_B_LEFT=1", "lines=a\nb", "last=1",
            ]
            _ = try BootTools.run(tool, [path, "set"] + settings)
            let block = [UInt8](try Data(contentsOf: file))
            var environment = try GrubEnvironment(decoding: block)
            #expect(try environment.encoded() == block)
            #expect(environment.variables.order == [.b, .a])
            #expect(environment.variables.left(of: .b, tries: 3) == 1)

            environment.variables = SlotChoice.confirming(.b, environment.variables, tries: 3)
            try Data(environment.encoded()).write(to: file)
            // GRUB's own change to the same value gives the same block.
            let copy = directory.appending(path: "copy")
            try Data(block).write(to: copy)
            _ = try BootTools.run(tool, [copy.path(), "set", "BOOT_B_LEFT=3"])
            #expect(try Data(contentsOf: copy) == Data(contentsOf: file))
        }
    }

    @Test("a new device's variables lie in the first sector")
    func oneSector() throws {
        let block = try GrubEnvironment(BootVariables(tries: 9)).encoded()
        #expect(block.count == 1_024)
        #expect(block[512...].allSatisfy { $0 == UInt8(ascii: "#") })
    }

    @Test("every truncation and every foreign head is refused")
    func damaged() throws {
        let block = try GrubEnvironment(BootVariables(tries: 3)).encoded()
        for count in 0..<block.count {
            #expect(throws: BootControlError.sizeUnsupported(sizeBytes: count)) {
                try GrubEnvironment(decoding: [UInt8](block[..<count]))
            }
        }
        for index in 0..<25 {
            var changed = block
            changed[index] ^= 1
            #expect(throws: BootControlError.grubHeaderMissing) {
                try GrubEnvironment(decoding: changed)
            }
        }
        var open = block
        open[1_023] = UInt8(ascii: "x")
        #expect(throws: BootControlError.lineUnterminated(offset: 68)) {
            try GrubEnvironment(decoding: open)
        }
    }

    @Test("any bytes after the head are refused or written back as they were")
    func hostileContents() throws {
        let head = bytes("# GRUB Environment Block\n")
        for seed in UInt64(1)...500 {
            var generator = SeededGenerator(seed: seed)
            let alphabet = bytes("BOOT_A\\\n#=3")
            let count = Int.random(in: 0...999, using: &generator)
            let text = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let block = head + text + [UInt8](repeating: 0x23, count: 999 - count)
            guard let environment = try? GrubEnvironment(decoding: block) else { continue }
            #expect(try environment.encoded() == block, "seed \(seed)")
        }
    }

    @Test("variables that do not fit, or hold a bare end of line, are refused")
    func refused() {
        let long = [UInt8](repeating: 0x61, count: 998)
        #expect(throws: Never.self) {
            try GrubEnvironment(BootVariables(entries: [long])).encoded()
        }
        #expect(throws: BootControlError.full(neededBytes: 1_025, limitBytes: 1_024)) {
            try GrubEnvironment(BootVariables(entries: [long + [0x61]])).encoded()
        }
        for entry in ["a=\nb", "a=\\"] {
            #expect(throws: BootControlError.variableUnstorable(index: 0)) {
                try GrubEnvironment(BootVariables(entries: [bytes(entry)])).encoded()
            }
        }
    }
}
