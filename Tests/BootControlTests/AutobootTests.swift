import BootControl
import Testing

/// The examples follow "autoboot.txt" and "boot_partition" of Raspberry Pi's documentation.
@Suite("autoboot.txt")
struct AutobootTests {
    @Test("the text of a new device starts from A and tries B")
    func initial() throws {
        let text = try Autoboot.initial(a: 2, b: 3)
        #expect(
            text.bytes
                == bytes("[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n")
        )
        #expect(text.confirmed == .a)
        #expect(text.normal == 2)
        #expect(text.trial == 3)
    }

    @Test("a swap changes the two numbers and nothing else, and a second one takes it back")
    func swap() throws {
        let text = bytes(
            "# ours\r\ntryboot_a_b=1\r\nboot_partition=12\r\n[tryboot]\r\nboot_partition=11"
        )
        let autoboot = try Autoboot(decoding: text)
        #expect(autoboot.confirmed == .b)
        let expected = bytes(
            "# ours\r\ntryboot_a_b=1\r\nboot_partition=11\r\n[tryboot]\r\nboot_partition=12"
        )
        #expect(autoboot.swapped() == expected)
        let swapped = try Autoboot(decoding: expected)
        #expect(swapped.confirmed == .a)
        #expect(swapped.swapped() == text)
    }

    @Test("settings of other sections are passed over")
    func otherSections() throws {
        let text =
            "boot_partition=2\n[pi4]\nboot_partition=7\n[tryboot]\nboot_partition=3\n[none]\n"
        let autoboot = try Autoboot(decoding: bytes(text))
        #expect(autoboot.normal == 2)
        #expect(autoboot.trial == 3)
    }

    @Test(
        "a text that cannot be swapped safely is refused",
        arguments: [
            ("", .partitionMissing(isTrial: false)),
            ("boot_partition=2\n", .partitionMissing(isTrial: true)),
            ("[tryboot]\nboot_partition=2\n", .partitionMissing(isTrial: false)),
            ("boot_partition=2\nboot_partition=2\n", .partitionRepeated(line: 2)),
            ("boot_partition=0\n", .partitionMalformed(line: 1)),
            ("boot_partition=\n", .partitionMalformed(line: 1)),
            ("boot_partition=100\n", .partitionMalformed(line: 1)),
            ("[all]\nboot_partition=2 \n", .partitionMalformed(line: 2)),
            ("boot_partition=2x\n", .partitionMalformed(line: 1)),
            (
                "boot_partition=2\n[tryboot]\nboot_partition=2\n",
                .partitionsUnswappable(normal: 2, trial: 2)
            ),
            (
                "boot_partition=2\n[tryboot]\nboot_partition=10\n",
                .partitionsUnswappable(normal: 2, trial: 10)
            ),
        ] as [(String, BootControlError)]
    )
    func refused(text: String, error: BootControlError) {
        #expect(throws: error) { try Autoboot(decoding: bytes(text)) }
    }

    @Test("a text longer than the firmware's sector is refused")
    func tooLong() throws {
        let start = bytes("boot_partition=2\n[tryboot]\nboot_partition=3\n")
        let full = start + [UInt8](repeating: 0x0A, count: 512 - start.count)
        #expect(try Autoboot(decoding: full).normal == 2)
        #expect(throws: BootControlError.autobootTooLong(sizeBytes: 513, limitBytes: 512)) {
            try Autoboot(decoding: full + [0x0A])
        }
    }

    @Test("mutated texts are refused or keep their length when swapped")
    func mutated() throws {
        let text = try Autoboot.initial(a: 2, b: 3).bytes
        for seed in UInt64(1)...2_000 {
            var generator = SeededGenerator(seed: seed)
            var changed = text
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: changed.indices, using: &generator)
                changed[index] = UInt8.random(in: .min ... .max, using: &generator)
            }
            guard let autoboot = try? Autoboot(decoding: changed) else { continue }
            let swapped = try Autoboot(decoding: autoboot.swapped())
            #expect(swapped.bytes.count == changed.count, "seed \(seed)")
            #expect(swapped.normal == autoboot.trial, "seed \(seed)")
        }
    }
}
