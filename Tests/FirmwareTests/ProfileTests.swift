import Firmware
import Foundation
import Testing

@Suite("Firmware profiles")
struct ProfileTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "firmware-profiles"
        )

    @Test("every profile of the project can be used and is named like its file")
    func ownProfiles() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path())
        #expect(!names.isEmpty)
        for name in names {
            let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
            let profile = try FirmwareProfile(yaml: text)
            #expect(profile.name + ".yaml" == name)
            #expect(profile.problems() == [])
        }
    }
}
