import Foundation
import Testing

@testable import Firmware

@Suite("Block maps and the composing of disks")
struct BlockMapTests {
    /// An image of 10 blocks and a bit, of which blocks 0, 3, 4 and the last are mapped.
    private func compose(_ workshop: ImageWorkshop) throws -> (path: String, map: BlockMap) {
        let path = workshop.path("image")
        var composer = try DiskComposer(path, sizeBytes: 10 * 4_096 + 512)
        try composer.put(ImageWorkshop.noise(100), at: 17)
        try composer.put([UInt8](repeating: 0, count: 5_000), at: 3 * 4_096)
        try composer.put([1], at: 10 * 4_096 + 511)
        return (path, try composer.finish(cancellation: Cancellation()))
    }

    @Test("case 62: bmaptool copies by our map, and takes its checksums for right")
    func bmaptoolCopies() throws {
        let workshop = try ImageWorkshop()
        let (path, map) = try compose(workshop)
        #expect(map.ranges.map(\.firstBlock) == [0, 3, 10])
        #expect(map.ranges.map(\.lastBlock) == [0, 4, 10])
        try workshop.write("image.bmap", map.text())
        let copy = workshop.path("copy")
        let result = try ImageWorkshop.run("bmaptool", "copy", path, copy)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try workshop.read(copy) == workshop.read(path))
    }

    @Test("case 63: bmaptool notices a block that is not the map's")
    func bmaptoolRefuses() throws {
        let workshop = try ImageWorkshop()
        let (path, map) = try compose(workshop)
        try workshop.write("image.bmap", map.text())
        var bytes = [UInt8](try workshop.read(path))
        bytes[4 * 4_096 + 9] ^= 1
        try workshop.write("image", bytes)
        #expect(try ImageWorkshop.run("bmaptool", "copy", path, workshop.path("copy")).status != 0)
    }

    @Test("case 64: maps that bmaptool made are read, and equal ours where the holes are")
    func bmaptoolCreates() throws {
        let workshop = try ImageWorkshop()
        let (path, map) = try compose(workshop)
        let result = try ImageWorkshop.run("bmaptool", "create", "-o", path + ".bmap", path)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try BlockMap(text: [UInt8](workshop.read(path + ".bmap"))) == map)
        #expect(try BlockMap(text: map.text()) == map)
    }

    @Test(
        "case 65: a map that breaks one rule is refused",
        arguments: [
            ("version=\"2.0\"", "version=\"1.4\""), ("sha256", "sha1"),
            ("<BlocksCount> 11 ", "<BlocksCount> 12 "), ("> 3-4 <", "> 4-3 <"),
            ("> 10 <", "> 11 <"), ("> 3-4 <", "> 0-4 <"), ("> 3-4 <", "> 3-99999999999999999999 <"),
            ("<BlockSize> 4096 ", "<BlockSize> 4097 "), ("<ImageSize> 41472 ", "<ImageSize> 0 "),
            ("<MappedBlocksCount> 4 ", "<MappedBlocksCount> 5 "), ("</bmap>", "</bmap><x>"),
            ("</BlockMap>", ""), ("chksum=\"", "chksum=\"zz"), ("-->", "--"),
        ]
    )
    func refusedMaps(old: String, new: String) throws {
        let workshop = try ImageWorkshop()
        let text = String(decoding: try compose(workshop).map.text(), as: UTF8.self)
        let changed = text.replacingOccurrences(of: old, with: new)
        #expect(changed != text)
        // With its own checksum made right, so that the rule itself must refuse.
        #expect(throws: BlockMapError.self) { try BlockMap(text: Self.resealed(changed)) }
        #expect(throws: BlockMapError.self) { try BlockMap(text: [UInt8](changed.utf8)) }
    }

    /// A map with its own checksum computed by sha256sum.
    private static func resealed(_ text: String) throws -> [UInt8] {
        let workshop = try ImageWorkshop()
        let zeros = String(repeating: "0", count: 64)
        guard let start = text.range(of: "<BmapFileChecksum> ")?.upperBound else {
            return [UInt8](text.utf8)
        }
        let end = text.index(start, offsetBy: 64)
        let empty = text.replacingCharacters(in: start..<end, with: zeros)
        let path = try workshop.write("map", empty)
        let sum = try ImageWorkshop.run("sha256sum", path).output.prefix(64)
        return [UInt8](empty.replacingCharacters(in: start..<end, with: String(sum)).utf8)
    }

    @Test("case 66: every flipped byte of a map is noticed, or changes nothing in it")
    func flippedMaps() throws {
        let workshop = try ImageWorkshop()
        let map = try compose(workshop).map
        let text = map.text()
        for index in text.indices {
            var changed = text
            changed[index] ^= 0x15
            #expect(throws: BlockMapError.self, "byte \(index)") { try BlockMap(text: changed) }
            #expect(throws: BlockMapError.self, "cut at \(index)") {
                try BlockMap(text: Array(text[..<index]))
            }
        }
    }

    @Test("case 67: a disk of 5 TiB with a file system beyond 4 TiB is a small sparse file")
    func hugeDisk() throws {
        let workshop = try ImageWorkshop()
        let profile = try FirmwareProfile(
            yaml: """
                name: huge
                description: a disk beyond what 32 bits of sectors reach
                target: generic-aarch64
                disk:
                  table: gpt
                  seed: martlet/huge
                  size-bytes: 5497558138880
                  minimum-media-bytes: 5497558138880
                  media-classes: [sata]
                partitions:
                  - {name: space, kind: raw, size-bytes: 4398050705408}
                  - {name: config, kind: config, size-bytes: 8388608, filesystem: fat16}
                  - {name: data, kind: data, size-bytes: 67108864, filesystem: ext4}
                inputs: {}
                boot: {control: none, tries: 3, confirm: serving}
                data:
                  path: /var/lib/martlet
                  bundle-quota-bytes: 1048576
                  spool-quota-bytes: 1048576
                  state-quota-bytes: 1048576
                configuration: {hostname: martlet, network: {interface: eth0, method: none}}
                """
        )
        let base = try workshop.recipe()
        let recipe = ImageRecipe(
            profile: profile,
            agent: base.agent,
            inputs: [:],
            bundle: base.bundle,
            configuration: base.configuration
        )
        let image = try ImageBuilder(recipe).build(to: workshop.path("huge.img"))
        let data = try #require(image.partitions.last)
        #expect(data.startBytes > 4 << 40)
        #expect(try SparseFile(reading: image.path).allocatedBytes < 32 << 20)
        let check = try ImageWorkshop.run("sgdisk", "-v", image.path)
        #expect(check.output.contains("No problems found"), "\(check.output)")
        let system = try ImageWorkshop.run(
            "e2fsck",
            "-fn",
            "\(image.path)?offset=\(data.startBytes)"
        )
        #expect(system.status == 0, "\(system.output)\(system.errors)")
        let map = try BlockMap(text: [UInt8](workshop.read(image.path + ".bmap")))
        #expect(map.imageSizeBytes == 5 << 40)
    }
}
