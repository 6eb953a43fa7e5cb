import Firmware
import Foundation
import Testing

@Suite("Firmware profiles")
struct FirmwareProfileTests {
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
            #expect(profile.problems().isEmpty)
        }
    }

    static func yaml(secondStart: Int64 = 8 << 20, dataSize: Int64 = 64 << 20) -> String {
        """
        name: test
        description: two partitions
        minimum-media-bytes: \(128 << 20)
        partitions:
          - {name: boot, start-bytes: \(4 << 20), size-bytes: \(4 << 20)}
          - {name: data, start-bytes: \(secondStart), size-bytes: \(dataSize)}
        data:
          path: /data
          size-bytes: \(dataSize)
          bundle-quota-bytes: \(16 << 20)
          spool-quota-bytes: \(16 << 20)
          state-quota-bytes: \(1 << 20)
        """
    }

    @Test("a sound layout has no problems")
    func sound() throws {
        #expect(try FirmwareProfile(yaml: Self.yaml()).problems().isEmpty)
    }

    @Test("overlap, misalignment and lack of room are all found")
    func problems() throws {
        let start: Int64 = (6 << 20) + 512
        let profile = try FirmwareProfile(yaml: Self.yaml(secondStart: start, dataSize: 32 << 20))
        #expect(
            profile.problems() == [
                .misaligned(partition: "data", startBytes: start),
                .overlap(first: "boot", second: "data"),
                .noRoom(neededBytes: 49 << 20, availableBytes: 32 << 20),
            ]
        )
    }

    @Test("a partition beyond the smallest media is found")
    func beyondMedia() throws {
        let profile = try FirmwareProfile(yaml: Self.yaml(dataSize: 256 << 20))
        #expect(
            profile.problems() == [
                .beyondMedia(partition: "data", endBytes: 264 << 20, mediaBytes: 128 << 20)
            ]
        )
    }

    @Test(
        "text that is no profile is refused",
        arguments: ["", "name: [", "name: x\ndescription: y\npartitions: 3\n", "- a\n- b\n"]
    )
    func unreadable(text: String) {
        #expect(throws: FirmwareProfileError.self) { try FirmwareProfile(yaml: text) }
    }

    @Test("an oversized text is refused before it is parsed")
    func oversized() {
        let text = String(repeating: "#", count: FirmwareProfile.textSizeMax + 1)
        #expect(
            throws: FirmwareProfileError.tooLong(sizeBytes: 65_537, limitBytes: 65_536)
        ) { try FirmwareProfile(yaml: text) }
    }
}
