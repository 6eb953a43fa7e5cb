/// Reads the entries of one FAT folder: 32 bytes each, long names in the entries before.
struct FATFolderReader {
    let bytes: [UInt8]
    /// The folder's path; empty for the root.
    let path: String

    private static let readOnly: UInt8 = 1, volume: UInt8 = 8, folder: UInt8 = 16
    private static let longName: UInt8 = 15

    init(bytes: [UInt8], path: String) {
        self.bytes = bytes
        self.path = path
    }

    mutating func nodes() throws(ImageError) -> [FATReader.Node] {
        var nodes: [FATReader.Node] = []
        var long: [UInt16] = []
        for start in stride(from: 0, to: bytes.count - 31, by: 32) {
            let entry = Array(bytes[start..<start + 32])
            if entry[0] == 0 { break }
            if entry[0] == 0xE5 {
                long = []
                continue
            }
            if entry[11] & 0x3F == Self.longName {
                // Parts come last first; the mark of the last starts a name.
                let part = Self.longPart(entry)
                long = entry[0] & 0x40 != 0 ? part : part + long
                guard long.count <= 255 + 13 else {
                    throw .imageRefused(detail: "FAT: a long name in '\(path)' is too long")
                }
                continue
            }
            defer { long = [] }
            guard entry[11] & Self.volume == 0 else { continue }
            let name = long.isEmpty ? Self.shortName(entry) : Self.text(of: long)
            guard name != ".", name != ".." else { continue }
            let full = path.isEmpty ? name : path + "/" + name
            try FileTree.check(full)
            nodes.append(Self.node(entry, path: full))
        }
        return nodes
    }

    private static func node(_ entry: [UInt8], path: String) -> FATReader.Node {
        func number(_ offset: Int, _ count: Int) -> Int64 {
            (0..<count).reduce(0) { $0 | Int64(entry[offset + $1]) << (8 * $1) }
        }
        let isFolder = entry[11] & folder != 0
        return FATReader.Node(
            path: path,
            isFolder: isFolder,
            sizeBytes: isFolder ? 0 : number(28, 4),
            firstCluster: Int(number(20, 2) << 16 | number(26, 2))
        )
    }

    private static func longPart(_ entry: [UInt8]) -> [UInt16] {
        let places = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30]
        return places.map { UInt16(entry[$0]) | UInt16(entry[$0 + 1]) << 8 }
    }

    private static func text(of long: [UInt16]) -> String {
        String(decoding: long.prefix { $0 != 0 && $0 != 0xFFFF }, as: UTF16.self)
    }

    /// `NAME    EXT`, lower case where the flags of Windows NT say so.
    private static func shortName(_ entry: [UInt8]) -> String {
        func part(_ range: Range<Int>, isLower: Bool) -> String {
            let bytes = entry[range].map { $0 < 0x80 ? $0 : 0x3F }
            let text = String(decoding: bytes, as: UTF8.self)
            let trimmed = String(text.reversed().drop { $0 == " " }.reversed())
            return isLower ? trimmed.lowercased() : trimmed
        }
        let name = part(0..<8, isLower: entry[12] & 8 != 0)
        let suffix = part(8..<11, isLower: entry[12] & 16 != 0)
        return suffix.isEmpty ? name : name + "." + suffix
    }
}
