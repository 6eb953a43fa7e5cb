import BootControl
import Foundation
import Testing

@Suite("U-Boot's environment")
struct UBootEnvironmentTests {
    private static let size = 512

    /// One file with both copies, as the environment's partition holds them, and fw_printenv's
    /// configuration for it.
    private struct Medium {
        let file: URL
        let configuration: URL
        let size: Int
        let second: Int

        init(_ directory: URL, size: Int, second: Int) throws {
            file = directory.appending(path: "environment")
            configuration = directory.appending(path: "fw_env.config")
            self.size = size
            self.second = second
            let name = file.path()
            // It takes the size as hexadecimal.
            let hexadecimal = String(size, radix: 16)
            try "\(name) 0 \(hexadecimal)\n\(name) \(second) \(hexadecimal)\n"
                .write(to: configuration, atomically: false, encoding: .utf8)
            try Data(count: second + size).write(to: file)
        }

        func write(_ bytes: [UInt8], at offset: Int) throws {
            let handle = try FileHandle(forUpdating: file)
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: bytes)
            try handle.close()
        }

        func copies() throws -> (first: [UInt8], second: [UInt8]) {
            let all = [UInt8](try Data(contentsOf: file))
            return ([UInt8](all[..<size]), [UInt8](all[second..<second + size]))
        }

        func environment() throws -> UBootEnvironment {
            let (first, second) = try copies()
            return try UBootEnvironment(first: first, second: second, sizeBytes: size)
        }

        func printed() throws -> String {
            try BootTools.run("/usr/bin/fw_printenv", ["-c", configuration.path()])
        }
    }

    @Test("libubootenv reads the copies of a new device and every successor", arguments: [300, 3])
    func readByOthers(changeCount: Int) throws {
        try BootTools.inDirectory { directory in
            let medium = try Medium(directory, size: 16_384, second: 65_536)
            var variables = BootVariables(tries: 3)
            let initial = try UBootEnvironment.initial(variables, sizeBytes: 16_384)
            try medium.write(initial.first, at: 0)
            try medium.write(initial.second, at: 65_536)
            #expect(try medium.printed() == "BOOT_A_LEFT=3\nBOOT_B_LEFT=3\nBOOT_ORDER=A B\n")
            // Past 255 changes the flag wraps.
            for number in 0..<changeCount {
                let environment = try medium.environment()
                variables.setLeft(of: .b, UInt8(number % 10))
                variables.setOrder(number % 2 == 0 ? [.b, .a] : [.a, .b])
                let next = try environment.successor(variables)
                try medium.write(next.bytes, at: next.copy * 65_536)
                guard number > changeCount - 50 else { continue }
                let order = number % 2 == 0 ? "B A" : "A B"
                #expect(
                    try medium.printed()
                        == "BOOT_A_LEFT=3\nBOOT_B_LEFT=\(number % 10)\nBOOT_ORDER=\(order)\n"
                )
            }
        }
    }

    @Test("what fw_setenv writes is read, and written on without losing a foreign variable")
    func writtenByOthers() throws {
        try BootTools.inDirectory { directory in
            let medium = try Medium(directory, size: 16_384, second: 65_536)
            let defaults = directory.appending(path: "defaults")
            try "bootdelay=0\nempty_is=\n".write(to: defaults, atomically: false, encoding: .utf8)
            let arguments = ["-c", medium.configuration.path(), "-f", defaults.path()]
            for (name, value) in [("BOOT_ORDER", "B A"), ("BOOT_B_LEFT", "2"), ("note", "a=b\\\"")]
            {
                _ = try BootTools.run("/usr/bin/fw_setenv", arguments + [name, value])
            }
            let environment = try medium.environment()
            let variables = try #require(environment.variables)
            #expect(variables.order == [.b, .a])
            #expect(variables.left(of: .b, tries: 3) == 2)
            #expect(variables.left(of: .a, tries: 3) == 3)
            #expect(variables.value(of: bytes("note")) == bytes("a=b\\\""))

            let confirmed = SlotChoice.confirming(.b, variables, tries: 3)
            let next = try environment.successor(confirmed)
            try medium.write(next.bytes, at: next.copy * 65_536)
            let printed = try medium.printed()
            #expect(printed.contains("BOOT_B_LEFT=3\n"))
            #expect(printed.contains("note=a=b\\\"\n"))
            #expect(printed.contains("bootdelay=0\n"))
        }
    }

    /// Two copies that differ: the one with count 1 counts, the one with count 2 is older.
    private func pair(newer: Int) throws -> [[UInt8]] {
        var old = BootVariables(tries: 3)
        var new = old
        old.setLeft(of: .a, 2)
        new.setLeft(of: .a, 1)
        let copies = [
            try UBootEnvironment.encode(new, sizeBytes: Self.size, flag: 8),
            try UBootEnvironment.encode(old, sizeBytes: Self.size, flag: 7),
        ]
        return newer == 0 ? copies : copies.reversed()
    }

    private func left(_ copies: [[UInt8]]) throws -> UInt8? {
        try UBootEnvironment(first: copies[0], second: copies[1], sizeBytes: Self.size)
            .variables?.left(of: .a, tries: 3)
    }

    @Test("any flipped bit of the copy that counts makes the other one count", arguments: [0, 1])
    func flippedBits(newer: Int) throws {
        let whole = try pair(newer: newer)
        #expect(try left(whole) == 1)
        // The flag is outside of the checksum: its flips may change the order, no more.
        for index in whole[newer].indices where index != 4 {
            for bit in 0..<8 {
                var copies = whole
                copies[newer][index] ^= 1 << bit
                #expect(try left(copies) == 2, "byte \(index), bit \(bit)")
            }
        }
        for bit in 0..<8 {
            var copies = whole
            copies[newer][4] ^= 1 << bit
            let found = try left(copies)
            #expect(found == 1 || found == 2)
        }
    }

    @Test("a write of the other copy that ends at any byte leaves the state before or after")
    func powerCuts() throws {
        let before = try pair(newer: 1)
        let environment = try UBootEnvironment(
            first: before[0],
            second: before[1],
            sizeBytes: Self.size
        )
        var variables = try #require(environment.variables)
        variables.setLeft(of: .a, 5)
        let next = try environment.successor(variables)
        #expect(next.copy == 0)
        for count in 0...Self.size {
            var copies = before
            copies[0].replaceSubrange(..<count, with: next.bytes[..<count])
            let found = try left(copies)
            // The rest of both copies is equal zeros, so the last bytes may change nothing.
            #expect(found == 1 || found == 5, "\(count) bytes written")
            if count == Self.size { #expect(found == 5) }
            if count < 5 { #expect(found == 1) }
        }
    }

    @Test(
        "the newer of two flags is U-Boot's: the greater, but 0 after 255, the first of equals",
        arguments: [
            (1, 0, 0), (0, 1, 1), (255, 254, 0), (254, 255, 1), (255, 0, 1), (0, 255, 0), (7, 7, 0),
            (255, 1, 0), (128, 0, 0), (0, 0, 0),
        ] as [(UInt8, UInt8, Int)]
    )
    func flags(first: UInt8, second: UInt8, current: Int) throws {
        let variables = BootVariables(tries: 3)
        let environment = try UBootEnvironment(
            first: UBootEnvironment.encode(variables, sizeBytes: Self.size, flag: first),
            second: UBootEnvironment.encode(variables, sizeBytes: Self.size, flag: second),
            sizeBytes: Self.size
        )
        #expect(environment.current == current)
        let next = try environment.successor(variables)
        #expect(next.copy == 1 - current)
        #expect(next.bytes[4] == (current == 0 ? first : second) &+ 1)
    }

    @Test("with both copies damaged nothing is known, and the first write makes one whole")
    func bothDamaged() throws {
        let noise = [UInt8](repeating: 0xFF, count: Self.size)
        let environment = try UBootEnvironment(first: noise, second: [], sizeBytes: Self.size)
        #expect(environment.variables == nil)
        #expect(environment.current == nil)
        let next = try environment.successor(BootVariables(tries: 3))
        #expect(next.copy == 0)
        #expect(try left([next.bytes, noise]) == 3)
    }

    @Test("hostile contents under a right checksum are read as what they are")
    func hostileContents() throws {
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            let alphabet = bytes("BOOT_ORDERAB_LEFT=3 ") + [0, 0, 0xFF]
            let entry = (0..<200).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let entries = entry.split(separator: 0).map([UInt8].init)
            let copy = try UBootEnvironment.encode(
                BootVariables(entries: entries),
                sizeBytes: Self.size,
                flag: 1
            )
            let environment = try UBootEnvironment(first: copy, second: [], sizeBytes: Self.size)
            let variables = try #require(environment.variables, "seed \(seed)")
            #expect(variables.entries == entries, "seed \(seed)")
            #expect(variables.left(of: .a, tries: 3) <= 9, "seed \(seed)")
        }
    }

    @Test("sizes outside of the limits, a full environment and zero bytes are refused")
    func refused() throws {
        let variables = BootVariables(tries: 3)
        for size in [0, 127, 65_537, -1] {
            #expect(throws: BootControlError.sizeUnsupported(sizeBytes: size)) {
                try UBootEnvironment(first: [], second: [], sizeBytes: size)
            }
        }
        let long = BootVariables(entries: [bytes("a=") + [UInt8](repeating: 0x61, count: 120)])
        #expect(throws: BootControlError.full(neededBytes: 124, limitBytes: 123)) {
            try UBootEnvironment.encode(long, sizeBytes: 128, flag: 0)
        }
        let exact = BootVariables(entries: [bytes("a=") + [UInt8](repeating: 0x61, count: 119)])
        #expect(try UBootEnvironment.encode(exact, sizeBytes: 128, flag: 0).count == 128)
        for entry in [[], [0x61, 0]] as [[UInt8]] {
            let entries = BootVariables(entries: variables.entries + [entry])
            #expect(throws: BootControlError.variableUnstorable(index: 3)) {
                try UBootEnvironment.encode(entries, sizeBytes: 128, flag: 0)
            }
        }
    }
}
