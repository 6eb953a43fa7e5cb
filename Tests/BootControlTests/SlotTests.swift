import BootControl
import Testing

@Suite("Slots")
struct SlotTests {
    @Test("a slot is named by its letter, and the other one is the other letter")
    func letters() {
        #expect(Slot.a.rawValue == UInt8(ascii: "A"))
        #expect(Slot.a.other == .b)
        #expect(Slot.b.other == .a)
    }
}
