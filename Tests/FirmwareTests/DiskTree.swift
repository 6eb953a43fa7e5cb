import Foundation
import Testing

/// A recorded tree of system files, unpacked into a folder of its own and removed with the test.
///
/// ```
/// # a comment
/// /sys/block                          the folder of the indented lines below
///   sda -> ../devices/...             a link
///   sda/size = 1000                   a file of one line
///   slaves/                           a folder
///   mountinfo |                       a file of the lines below
///     | 21 1 8:1 / / rw - ext4 /dev/sda1 rw
/// ```
final class DiskTree {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tree-" + UUID().uuidString)
    var root: String { folder.path() }

    static let vectors = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors/disks")

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: vectors.path())
            .filter { $0.hasSuffix(".tree") }.map { String($0.dropLast(5)) }.sorted()
    }

    convenience init(_ name: String) throws {
        let file = Self.vectors.appending(path: name + ".tree")
        try self.init(text: String(contentsOf: file, encoding: .utf8))
    }

    init(text: String) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var base = ""
        var open: (path: String, lines: [String])?
        func close() throws {
            if let file = open { try write(file.path, file.lines.joined(separator: "\n") + "\n") }
            open = nil
        }
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix("    | ") {
                open?.lines.append(String(line.dropFirst(6)))
                continue
            }
            try close()
            guard line.hasPrefix("  ") else {
                base = String(line)
                try makeFolder(base)
                continue
            }
            let item = line.dropFirst(2)
            if item.hasSuffix(" |") {
                open = ("\(base)/\(item.dropLast(2))", [])
            } else if let arrow = item.firstRange(of: " -> ") {
                try link(
                    "\(base)/\(item[..<arrow.lowerBound])",
                    to: String(item[arrow.upperBound...])
                )
            } else if let equals = item.firstRange(of: " = ") {
                try write(
                    "\(base)/\(item[..<equals.lowerBound])",
                    item[equals.upperBound...] + "\n"
                )
            } else if item.hasSuffix("/") {
                try makeFolder("\(base)/\(item.dropLast())")
            } else {
                Issue.record("the tree has the line \(line)")
            }
        }
        try close()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func url(_ path: String) -> URL { folder.appending(path: String(path.drop { $0 == "/" })) }

    private var made: Set<String> = []

    func makeFolder(_ path: String) throws {
        guard made.insert(path).inserted else { return }
        try FileManager.default.createDirectory(at: url(path), withIntermediateDirectories: true)
    }

    func write(_ path: String, _ text: some StringProtocol) throws {
        try write(path, bytes: Array(text.utf8))
    }

    func write(_ path: String, bytes: [UInt8]) throws {
        let url = url(path)
        try makeFolder(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)))
        try Data(bytes).write(to: url)
    }

    func read(_ path: String) throws -> String {
        try String(contentsOf: url(path), encoding: .utf8)
    }

    func link(_ path: String, to target: String) throws {
        let url = url(path)
        try makeFolder(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)))
        let place = url.path(percentEncoded: false)
        try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: target)
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(at: url(path)) }
}
