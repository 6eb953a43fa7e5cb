import Foundation
import Testing

@Suite("The list of disks on the command line")
struct DiskListTests {
    /// A machine with a virtio disk that its root is on, and a USB stick.
    private static let files = [
        "sys/block/vda/dev": "254:0", "sys/block/vda/size": "41943040", "sys/block/vda/ro": "0",
        "sys/block/vda/removable": "0", "sys/block/vda/serial": "root-1",
        "sys/block/vda/vda1/dev": "254:1", "sys/block/vda/vda1/partition": "1",
        "sys/block/vda/vda1/start": "2048", "sys/block/vda/vda1/size": "41940992",
        "sys/block/vda/vda1/ro": "0",
        "sys/block/mmcblk0/dev": "179:0", "sys/block/mmcblk0/size": "62333952",
        "sys/block/mmcblk0/ro": "0", "sys/block/mmcblk0/device/type": "SD",
        "sys/block/mmcblk0/device/name": "SC32G", "sys/block/mmcblk0/device/serial": "0x1d5f3c2a",
        "proc/self/mountinfo": "27 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw",
    ]

    private func makeTree(without missing: String? = nil) throws -> URL {
        let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        for (path, text) in Self.files where path != missing {
            let file = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data((text + "\n").utf8).write(to: file)
        }
        for path in ["vda/holders", "vda/slaves", "vda/vda1/holders", "mmcblk0/holders"] {
            try FileManager.default.createDirectory(
                at: root.appending(path: "sys/block/" + path),
                withIntermediateDirectories: true
            )
        }
        return root
    }

    @Test("the table says which disk may be flashed, and why another may not")
    func table() throws {
        let root = try makeTree()
        defer { try? FileManager.default.removeItem(at: root) }
        let result = try Martlet.run(["disk", "list", "--system-root", root.path()])
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output == """
                DISK          BYTES        CLASS   MODEL  SERIAL      FLASH
                /dev/vda      21474836480  virtio         root-1      with its serial only
                /dev/mmcblk0  31914983424  sd      SC32G  0x1d5f3c2a  allowed
                /dev/vda: the running system uses it: vda1 -> mounted at /
                /dev/vda: it is a disk of this machine (virtio), not a portable medium

                """
        )
    }

    @Test("the JSON form has the same for programs")
    func json() throws {
        let root = try makeTree()
        defer { try? FileManager.default.removeItem(at: root) }
        let result = try Martlet.run(["disk", "list", "--json", "--system-root", root.path()])
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let answer = try #require(object as? [String: Any])
        let disks = try #require(answer["disks"] as? [[String: Any]])
        #expect(disks.map { $0["device"] as? String } == ["/dev/vda", "/dev/mmcblk0"])
        #expect(disks.map { $0["sizeBytes"] as? Int } == [21_474_836_480, 31_914_983_424])
        let verdicts = disks.map { $0["verdict"] as? [String: Any] }
        #expect(verdicts.map { $0?["decision"] as? String } == ["needs-serial", "allowed"])
        let uses = try #require(disks[0]["uses"] as? [[String: Any]])
        #expect(uses.map { $0["text"] as? String } == ["vda1 -> mounted at /"])
        #expect(uses.map { $0["isSystem"] as? Bool } == [true])
    }

    @Test("without the mount table nothing is listed, and the exit status is that of input")
    func unreadable() throws {
        let root = try makeTree(without: "proc/self/mountinfo")
        defer { try? FileManager.default.removeItem(at: root) }
        let result = try Martlet.run(["disk", "list", "--system-root", root.path()])
        #expect(result.status == 7)
        #expect(result.output.isEmpty)
        #expect(
            result.errors.hasPrefix(
                "error: the disks cannot be told: /proc/self/mountinfo cannot be read: error 2"
            )
        )
    }
}
