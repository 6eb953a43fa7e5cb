import BootControl
import Firmware
import Foundation

extension Seeds {
    /// Valid inputs of the targets for firmware: the target's name with the bytes.
    static func firmware(profiles: String) throws -> [(target: String, bytes: [UInt8])] {
        var seeds: [(target: String, bytes: [UInt8])] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: profiles).sorted() {
            let text = try Data(contentsOf: URL(filePath: profiles + "/" + name))
            seeds.append(("profile", [UInt8](text)))
            let profile = try FirmwareProfile(yaml: String(decoding: text, as: UTF8.self))
            guard profile.disk != nil else { continue }
            seeds.append(("partitions", disk(try DiskLayout(profile))))
        }
        let map = try BlockMap(
            imageSizeBytes: 40_960,
            ranges: [
                .init(firstBlock: 0, lastBlock: 1, sha256: [UInt8](repeating: 7, count: 32)),
                .init(firstBlock: 5, lastBlock: 5, sha256: [UInt8](repeating: 8, count: 32)),
            ]
        )
        seeds.append(("block-map", map.text()))
        let variables = BootVariables(tries: 3)
        seeds.append(("boot-environment", try GrubEnvironment(variables).encoded()))
        seeds.append(("boot-environment", try Autoboot.initial(a: 2, b: 3).bytes))
        let copy = try UBootEnvironment.encode(variables, sizeBytes: 256, flag: 1)
        seeds.append(("boot-environment", copy))
        return seeds
    }

    /// The size, the first and the last 32 KiB of a disk with nothing but a table.
    private static func disk(_ layout: DiskLayout) -> [UInt8] {
        var head = [UInt8](repeating: 0, count: 1 << 15)
        var tail = head
        for segment in layout.tableSegments() {
            for (index, byte) in segment.bytes.enumerated() {
                let position = Int(segment.offsetBytes) + index
                let behind = position - (Int(layout.sizeBytes) - tail.count)
                if position < head.count {
                    head[position] = byte
                } else if behind >= 0 {
                    tail[behind] = byte
                }
            }
        }
        return withUnsafeBytes(of: UInt64(layout.sizeBytes).littleEndian, Array.init) + head + tail
    }
}
