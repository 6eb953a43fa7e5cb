import AgentProtocol
import Foundation
import Glibc
import Terminal

/// Where the facts of a machine come from; `MachineFacts` reads them, as in the agent.
enum MachineReading {
    /// The largest file of recorded facts; real ones are below 1 KiB.
    private static let factsSizeMax = 65_536

    /// The facts of the machine whose `/proc` and `/sys` lie below a root.
    static func facts(root: String) -> MachineFacts {
        var facts = MachineFacts()
        for file in MachineFile.allCases {
            if let bytes = contents(root + "\(file.path)", sizeMax: file.sizeMax) {
                facts.take(file, bytes)
            }
        }
        let isThisMachine = root.allSatisfy { $0 == "/" }
        if isThisMachine { facts.pageSizeBytes = UInt64(max(0, sysconf(Int32(_SC_PAGESIZE)))) }
        return facts
    }

    /// The first bytes of an ordinary file; `nil` when there is none that can be read.
    private static func contents(_ path: String, sizeMax: Int) -> [UInt8]? {
        // Opening a pipe that nobody writes to would wait for ever.
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard attributes?[.type] as? FileAttributeType == .typeRegular,
            let file = try? FileHandle(forReadingFrom: URL(filePath: path)),
            let data = try? file.read(upToCount: sizeMax)
        else { return nil }
        return [UInt8](data)
    }

    /// The facts that `martletd target` printed on a machine.
    ///
    /// - Throws: `Failure` when the text is not what the agent prints.
    static func recorded(_ path: String) throws -> MachineFacts {
        let bytes = try InputFile.read(path, limitBytes: factsSizeMax)
        var facts = MachineFacts()
        for (index, line) in bytes.split(separator: 0x0A).enumerated() {
            let words = line.split(separator: 0x20, maxSplits: 1, omittingEmptySubsequences: false)
            let value = words.count == 2 ? [UInt8](words[1]) : []
            let key = String(decoding: words[0], as: UTF8.self)
            guard line.allSatisfy({ (0x20...0x7E).contains($0) }), facts.record(key, value) else {
                throw Failure(
                    .usage,
                    "line \(index + 1) is not one that 'martletd target' prints",
                    place: path
                )
            }
        }
        return facts
    }
}

extension ProcessorFeatures {
    /// The names, separated by spaces.
    var text: String { String(decoding: words, as: UTF8.self) }
}

extension MachineFacts {
    /// Takes in one recorded fact; whether it is one.
    fileprivate mutating func record(_ key: String, _ value: [UInt8]) -> Bool {
        let words = value.split(separator: 0x20).map([UInt8].init)
        switch key {
        case "architecture":
            architecture = MachineArchitecture(word: value)
            return architecture != nil || value.isEmpty
        case "features":
            // A later agent may know more of them.
            features.bits = words.reduce(0) { $0 | (ProcessorFeatures.bit(of: $1) ?? 0) }
        case "page-size":
            guard let number = Decimal.read(value[...]) else { return false }
            pageSizeBytes = number
        case "memory":
            guard let number = Decimal.read(value[...]) else { return false }
            memoryBytes = number
        case "model":
            model = [UInt8](value.prefix(MachineFacts.textSizeMax))
        case "marks":
            guard words.count <= MachineFacts.markCountMax else { return false }
            marks = words
        case "profiles": break
        default: return false
        }
        return true
    }
}
