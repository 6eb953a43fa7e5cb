import BootControl
import Foundation
import Testing

@testable import AgentProtocol
@testable import martletd

@Suite("The boot loader's choice on the device")
struct LoaderChoiceTests {
    private let path = Path(fixed: "/place")

    /// A file with the given content, as the agent opens it.
    private func choice(
        _ content: [UInt8],
        _ place: SystemSettings.BootControlPlace
    ) throws -> LoaderChoice {
        let file = URL(filePath: "/tmp/martlet-\(UUID().uuidString.prefix(13))")
        try Data(content).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let path = try #require(Path([UInt8](file.path().utf8)))
        return try LoaderChoice.read(place, tries: 3, from: OwnedFile(path, how: 0))
    }

    private func text(_ choice: LoaderChoice, running: Slot, isJSON: Bool = false) -> String {
        let status = SlotCommand.status(choice, running: running, tries: 3, isJSON: isJSON)
        return String(decoding: status, as: UTF8.self)
    }

    private let uboot = SystemSettings.BootControlPlace.uboot(
        partition: 2,
        sizeBytes: 512,
        first: 0,
        second: 1_024
    )

    @Test("of U-Boot's two copies the older is overwritten, at its own offset")
    func ubootCopies() throws {
        var variables = BootVariables(tries: 3)
        variables.setLeft(of: .a, 2)
        let copies = try UBootEnvironment.initial(variables, sizeBytes: 512)
        let medium = copies.first + [UInt8](repeating: 0, count: 512) + copies.second
        let choice = try choice(medium, uboot)
        let change = try #require(try choice.confirming(.a, tries: 3, at: path))
        #expect(change.offset == 1_024)
        #expect(change.bytes.count == 512)
        #expect(try choice.confirming(.b, tries: 3, at: path) == nil)
        #expect(
            text(choice, running: .a)
                == "running A\nfirst A\nleft-a 2\nleft-b 3\ntries 3\ndamaged false\n"
                + "confirmed false\nfell-back false\n"
        )
        let trial = try #require(try choice.trying(.b, tries: 3, at: path))
        let after = try self.choice(medium[..<1_024] + trial.bytes, uboot)
        #expect(after.variables?.order == [.b, .a])
        #expect(!after.needsTrialRestart(.b))
        #expect(text(after, running: .a).hasSuffix("fell-back false\n"))
    }

    @Test("a partition that is too short or damaged is written anew by the next change")
    func damagedUboot() throws {
        for medium in [[], [UInt8](repeating: 0xA5, count: 2_048)] {
            let choice = try choice(medium, uboot)
            #expect(choice.variables == nil)
            let change = try #require(try choice.confirming(.a, tries: 3, at: path))
            #expect(change.offset == 0)
            #expect(text(choice, running: .a).contains("damaged true\n"))
        }
    }

    @Test("a block of GRUB's is written in place, a damaged one anew, one of another size never")
    func grub() throws {
        let place = SystemSettings.BootControlPlace.grub(partition: 1, path: [0x67])
        var variables = BootVariables(tries: 3)
        variables.setLeft(of: .b, 0)
        let block = try GrubEnvironment(variables).encoded()
        let whole = try choice(block, place)
        let change = try #require(try whole.confirming(.b, tries: 3, at: path))
        #expect(change.offset == 0)
        #expect(try GrubEnvironment(decoding: change.bytes).variables == BootVariables(tries: 3))
        let damaged = try choice([UInt8](repeating: 0, count: 1_024), place)
        #expect(damaged.variables == nil)
        #expect(try damaged.confirming(.a, tries: 3, at: path)?.bytes.count == 1_024)
        for size in [0, 1_023, 1_025, 4_096] {
            #expect(throws: AgentError.self) {
                try choice([UInt8](repeating: 0x23, count: size), place)
            }
        }
    }

    @Test("a trial of the Raspberry Pi is confirmed by the swap, and asked for at the restart")
    func tryboot() throws {
        let place = SystemSettings.BootControlPlace.tryboot(partition: 1, path: [0x61])
        let choice = try choice(try Autoboot.initial(a: 2, b: 3).bytes, place)
        #expect(choice.needsTrialRestart(.b))
        #expect(!choice.needsTrialRestart(.a))
        #expect(try choice.trying(.b, tries: 3, at: path) == nil)
        #expect(try choice.confirming(.a, tries: 3, at: path) == nil)
        let change = try #require(try choice.confirming(.b, tries: 3, at: path))
        #expect(try Autoboot(decoding: change.bytes).confirmed == .b)
        #expect(
            text(choice, running: .b, isJSON: true)
                == "{\"running\":\"B\",\"first\":\"A\",\"confirmed\":false}\n"
        )
    }
}
