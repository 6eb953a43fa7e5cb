import BootControl
import Testing

@Suite("The choice of a slot")
struct SlotChoiceTests {
    private func variables(_ order: String, _ a: String, _ b: String) -> BootVariables {
        BootVariables(entries: [
            bytes("BOOT_ORDER=\(order)"), bytes("BOOT_A_LEFT=\(a)"), bytes("BOOT_B_LEFT=\(b)"),
        ])
    }

    /// The life of a slot that never confirms, start by start.
    @Test("a tried slot that never confirms gives way after its tries, and stays away")
    func neverConfirms() {
        var stored = SlotChoice.trying(.b, BootVariables(tries: 3), tries: 3)
        var started: [Slot] = []
        for _ in 0..<6 {
            let (step, saved) = SlotChoice.nextBoot(stored, tries: 3) { _ in true }
            guard case .boot(let slot) = step else { continue }
            started.append(slot)
            stored = slot == .a ? SlotChoice.confirming(.a, saved, tries: 3) : saved
        }
        #expect(started == [.b, .b, .b, .a, .a, .a])
        #expect(SlotChoice.fellBack(running: .a, stored))
        #expect(stored == variables("B A", "3", "0"))
    }

    @Test("a slot that confirms at every start is started for ever")
    func confirms() {
        var stored = SlotChoice.trying(.b, BootVariables(tries: 3), tries: 3)
        for _ in 0..<20 {
            let (step, saved) = SlotChoice.nextBoot(stored, tries: 3) { _ in true }
            #expect(step == .boot(.b))
            #expect(saved == variables("B A", "3", "2"))
            #expect(!SlotChoice.isConfirmed(.b, saved, tries: 3))
            stored = SlotChoice.confirming(.b, saved, tries: 3)
            #expect(SlotChoice.isConfirmed(.b, stored, tries: 3))
        }
        #expect(!SlotChoice.fellBack(running: .b, stored))
    }

    @Test("a slot whose files cannot be loaded loses a try, and the next one is started")
    func unloadable() {
        let (step, saved) = SlotChoice.nextBoot(variables("A B", "3", "3"), tries: 3) { $0 == .b }
        #expect(step == .boot(.b))
        #expect(saved == variables("A B", "2", "2"))
    }

    @Test(
        "where no slot is left, or none is named, the variables of a new device hold again",
        arguments: [("B A", "0", "0"), ("C", "3", "3"), (" ", "1", "1"), ("B", "3", "x")]
    )
    func reset(order: String, a: String, b: String) {
        let (step, saved) = SlotChoice.nextBoot(variables(order, a, b), tries: 3) { _ in true }
        #expect(step == .reset)
        #expect(saved == variables("A B", "3", "3"))
    }

    @Test("confirming a slot that has its tries changes nothing, so nothing is written")
    func nothingToWrite() {
        for stored in [variables("A B", "3", "0"), BootVariables(entries: [bytes("x=1")])] {
            #expect(SlotChoice.confirming(.a, stored, tries: 3) == stored)
        }
    }

    @Test(
        "the meaning of every count and order is the loaders' meaning",
        arguments: [
            ("", "", [Slot.a, .b], 3), ("A B", "0", [.a, .b], 0), ("B", "9", [.b], 9),
            ("  B  A ", "10", [.b, .a], 0), ("AB B", "-1", [.b], 0), ("A A B", "03", [.a, .b], 0),
            ("a B", " 3", [.b], 0),
        ] as [(String, String, [Slot], UInt8)]
    )
    func meanings(order: String, left: String, slots: [Slot], count: UInt8) {
        let stored = variables(order, left, "3")
        #expect(stored.order == slots)
        #expect(stored.left(of: .a, tries: 3) == count)
    }

    @Test("the last of repeated entries counts, and a change leaves one in the first one's place")
    func repeated() {
        var stored = BootVariables(entries: ["BOOT_A_LEFT=1", "x", "BOOT_A_LEFT=2"].map(bytes))
        #expect(stored.left(of: .a, tries: 3) == 2)
        stored.setLeft(of: .a, 200)
        #expect(stored.entries == ["BOOT_A_LEFT=9", "x"].map(bytes))
    }

    @Test("from any variables, with one slot that loads and confirms, that slot soon runs for good")
    func convergence() {
        let orders = ["", "A B", "B A", "A", "B", "C", "B B", "A C B"]
        let counts = ["", "0", "1", "3", "9", "x"]
        for order in orders {
            for a in counts {
                for b in counts {
                    var stored = variables(order, a, b)
                    var last: SlotChoice.LoaderStep?
                    for _ in 0..<24 {
                        let (step, saved) = SlotChoice.nextBoot(stored, tries: 3) { $0 == .b }
                        last = step
                        stored = saved
                        if step == .boot(.b) {
                            stored = SlotChoice.confirming(.b, saved, tries: 3)
                        }
                    }
                    #expect(last == .boot(.b), "order \(order), counts \(a) and \(b)")
                }
            }
        }
    }
}
