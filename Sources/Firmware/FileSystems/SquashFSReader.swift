import Foundation

/// Reads a squashfs file system out of an image, through squashfs-tools.
struct SquashFSReader {
    /// The image, and where the file system begins in it.
    let path: String
    let offsetBytes: Int64
    let cancellation: Cancellation

    /// Files of one partition that are listed.
    static let nodeCountMax = 400_000
    private static let root = "squashfs-root"

    /// Every entry below the root, sorted by path.
    func files() throws(ImageError) -> [ImageFileSystem.File] {
        let result = try ExternalTool.unsquashfs.run(
            ["-lln", "-UTC", "-offset", "\(offsetBytes)", path],
            environment: ["SOURCE_DATE_EPOCH": ""],
            cancellation: cancellation
        )
        var files: [ImageFileSystem.File] = []
        for line in String(decoding: result.output, as: UTF8.self).split(separator: "\n") {
            guard let file = Self.file(line) else { continue }
            guard files.count < Self.nodeCountMax else {
                throw .tooMuch(what: "files", limit: Int64(Self.nodeCountMax))
            }
            files.append(file)
        }
        return files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// A line `-rwxr-xr-x 0/0      123 1980-01-01 00:00 squashfs-root/path -> target`.
    private static func file(_ line: Substring) -> ImageFileSystem.File? {
        var rest = line
        var words: [Substring] = []
        while words.count < 5 {
            rest = rest.drop { $0 == " " }
            let word = rest.prefix { $0 != " " }
            guard !word.isEmpty else { return nil }
            words.append(word)
            rest = rest.dropFirst(word.count)
        }
        rest = rest.dropFirst()
        guard words[0].count == 10, rest.hasPrefix(root + "/") else { return nil }
        var path = String(rest.dropFirst(root.count + 1))
        let kind = ImageFileSystem.Kind(letter: words[0].first ?? "?")
        // Devices have "major, minor" in the place of a size.
        if kind == .link, let arrow = path.range(of: " -> ") {
            path = String(path[..<arrow.lowerBound])
        }
        let isFile = kind == .file
        return ImageFileSystem.File(
            path: path,
            kind: kind,
            sizeBytes: isFile ? Int64(words[2]) ?? 0 : 0,
            access: "\(words[0]) \(words[1])"
        )
    }

    /// A file's content.
    func content(of path: String) throws(ImageError) -> [UInt8] {
        try ExternalTool.unsquashfs.run(
            ["-no-wildcards", "-offset", "\(offsetBytes)", "-cat", self.path, path],
            environment: ["SOURCE_DATE_EPOCH": ""],
            cancellation: cancellation
        ).output
    }
}
