import Firmware
import Foundation
import Testing

/// SplitMix64 (Steele, Lea, Flood 2014).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

@Suite("Mutated trees")
struct DiskMutationTests {
    static let seed: UInt64 = 20_260_731
    static let mutationCount = 15

    @Test(
        "one mutated file never traps, and other disks' files never free one of the system",
        arguments: try DiskTree.names()
    )
    func mutations(name: String) throws {
        let tree = try DiskTree(name)
        let original = try DiskInventory(systemRoot: tree.root)
        let held = original.disks.filter { $0.uses.contains(where: \.isSystem) }
        let related = Set(
            held.flatMap { disk in
                [disk.name] + disk.uses.flatMap { $0.chain.map(\.name) }
                    + disk.partitions.map(\.name)
            }
        )
        let files = try Self.files(below: tree.root)
        var generator = SeededGenerator(state: Self.seed)
        for index in 0..<Self.mutationCount {
            let path = try #require(files.randomElement(using: &generator))
            let before = try Data(contentsOf: tree.url(path))
            let mutant = Self.mutant(of: [UInt8](before), using: &generator)
            try Data(mutant).write(to: tree.url(path))
            defer { try? before.write(to: tree.url(path)) }
            guard let inventory = try? DiskInventory(systemRoot: tree.root) else { continue }
            for disk in inventory.disks { _ = inventory.verdict(for: disk) }
            guard Self.isUnrelated(path, to: related, inventory: original) else { continue }
            for disk in held {
                #expect(
                    inventory.verdict(for: disk.devicePath) != .allowed,
                    "seed \(Self.seed), mutation \(index) of \(path)"
                )
            }
        }
    }

    /// Whether a file is of another disk, and so says nothing about those that are held.
    private static func isUnrelated(
        _ path: String,
        to related: Set<String>,
        inventory: DiskInventory
    ) -> Bool {
        if path.hasPrefix("/run/udev/data/b") {
            let number = path.dropFirst(16)
            return inventory.disks.contains { disk in
                "\(disk.number)" == number && !related.contains(disk.name)
            }
        }
        let parts = path.split(separator: "/").map(String.init)
        guard path.hasPrefix("/sys/devices/"), let block = parts.lastIndex(of: "block")
        else { return false }
        return block + 1 < parts.count && related.isDisjoint(with: parts[(block + 1)...])
    }

    private static func files(below root: String) throws -> [String] {
        let names = FileManager.default.subpaths(atPath: root) ?? []
        return names.sorted().map { "/" + $0 }.filter { path in
            let type = try? FileManager.default.attributesOfItem(atPath: root + path)[.type]
            return type as? FileAttributeType == .typeRegular
        }
    }

    private static func mutant(
        of bytes: [UInt8],
        using generator: inout some RandomNumberGenerator
    ) -> [UInt8] {
        var bytes = bytes
        let index = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes.removeAll()
        case 1: bytes.removeSubrange(index...)
        case 2: bytes.insert(contentsOf: Array("18446744073709551616".utf8), at: index)
        case 3: bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
        case 4: bytes = Array("8:2\n".utf8)
        default:
            guard !bytes.isEmpty else { break }
            bytes[index] ^= UInt8.random(in: 1...255, using: &generator)
        }
        return bytes
    }
}
