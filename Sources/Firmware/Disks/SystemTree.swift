import Glibc

/// Files of the system as they are below a root folder, which may be a recorded tree.
///
/// Links are followed inside the tree only: an absolute link starts again at the root folder, and
/// `..` does not leave it. So a recorded tree cannot make the reader look at the machine's files.
struct SystemTree: Sendable {
    /// The root folder without a slash at its end; empty for `/`.
    let root: String

    init(root: String) {
        var root = root
        while root.hasSuffix("/") { root.removeLast() }
        self.root = root
    }

    /// Follows all links of a path; names that do not exist stay as they are.
    ///
    /// - Parameters:
    ///   - path: from `folder`.
    ///   - folder: a path that has no links.
    /// - Returns: the path without links, from the root folder.
    /// - Throws: `DiskError.tooManyLinks`.
    func resolve(_ path: String, from folder: String = "/") throws(DiskError) -> String {
        var pending = path.split(separator: "/").reversed().map(String.init)
        var done = folder.split(separator: "/").map(String.init)
        var linkCount = 0
        while let name = pending.popLast() {
            if name == "." { continue }
            if name == ".." {
                _ = done.popLast()
                continue
            }
            done.append(name)
            guard let target = linkTarget("/" + done.joined(separator: "/")) else { continue }
            linkCount += 1
            guard linkCount <= Self.linkCountMax else { throw .tooManyLinks(path: path) }
            if target.hasPrefix("/") { done = [] } else { done.removeLast() }
            pending += target.split(separator: "/").reversed().map(String.init)
        }
        return "/" + done.joined(separator: "/")
    }

    /// The text of a link, or `nil` for anything that is no link.
    private func linkTarget(_ path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Self.pathSizeMax)
        let count = readlink(root + path, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Reads a regular file whose path has no links.
    ///
    /// - Returns: the bytes, or `nil` where there is no such file.
    /// - Throws: `DiskError.tooLong`, or `.unreadable` with the code of `errno`.
    func bytes(_ path: String, limitBytes: Int) throws(DiskError) -> [UInt8]? {
        // Not blocking: a pipe in a hostile tree has no writer.
        let descriptor = open(root + path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .unreadable(path: path, code: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG
        else { throw .unreadable(path: path, code: EINVAL) }
        return try bytes(of: descriptor, path: path, limitBytes: limitBytes)
    }

    private func bytes(
        of descriptor: Int32,
        path: String,
        limitBytes: Int
    ) throws(DiskError) -> [UInt8] {
        var result: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = part.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path: path, code: errno) }
            if count == 0 { return result }
            result += part[..<count]
            guard result.count <= limitBytes else {
                throw .tooLong(path: path, limitBytes: limitBytes)
            }
        }
    }

    /// Reads a table that may be absent or may be another user's; its path may have links.
    func table(_ path: String, limitBytes: Int = tableSizeMax) throws(DiskError) -> String? {
        do {
            let bytes = try bytes(resolve(path), limitBytes: limitBytes)
            return bytes.map { String(decoding: $0, as: UTF8.self) }
        } catch .unreadable(_, let code) where [EACCES, EPERM, EINVAL, ESRCH].contains(code) {
            return nil
        }
    }

    /// The value of an attribute, without blanks around it; `nil` when it cannot be read or is
    /// longer than the page that the kernel has for it.
    func attribute(_ path: String) -> String? {
        guard let bytes = try? bytes(path, limitBytes: Self.attributeSizeMax) else { return nil }
        let text = bytes.prefix { $0 != 0 }
        let isBlank: (UInt8) -> Bool = { $0 <= 0x20 }
        guard let first = text.firstIndex(where: { !isBlank($0) }),
            let last = text.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(decoding: text[first...last], as: UTF8.self)
    }

    /// The value of an attribute in a folder below a device's, such as `dm/name`.
    func attribute(_ path: String, below folder: String) -> String? {
        (try? resolve(path, from: folder)).flatMap { attribute($0) }
    }

    /// The names in a folder, sorted; `nil` where there is no such folder.
    func names(in path: String, limit: Int = deviceCountMax) throws(DiskError) -> [String]? {
        let descriptor = open(root + path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0, let folder = fdopendir(descriptor) else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .unreadable(path: path, code: errno)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            names.append(name)
            guard names.count <= limit else { throw .tooMany(path: path, limit: limit) }
        }
        return names.sorted()
    }

    /// What is at a path without links: its mode and device number; `nil` when nothing is.
    func status(_ path: String) -> (kind: mode_t, number: DeviceNumber)? {
        var status = stat()
        guard lstat(root + path, &status) == 0 else { return nil }
        return (status.st_mode & S_IFMT, DeviceNumber(rawDevice: UInt64(status.st_rdev)))
    }

    /// The links that the kernel follows in one path.
    static let linkCountMax = 40
    /// The longest path that the kernel takes.
    static let pathSizeMax = 4_096
    /// sysfs gives an attribute one page of at most 64 KiB; those read here are far below 4 KiB.
    static let attributeSizeMax = 4_096
    /// The mount table of a machine with tens of thousands of containers.
    static let tableSizeMax = 16 << 20
    /// More block devices than any machine that is flashed from has.
    static let deviceCountMax = 4_096
}

extension DiskError {
    /// The name, when it is one that the kernel gives to block devices.
    ///
    /// `!` stands for the slash in names such as `cciss/c0d0`.
    static func checkedName(_ name: String, in folder: String) throws(DiskError) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_.!:+".utf8.contains(byte)
            }
        }
        guard isPlain, (1...64).contains(name.utf8.count), name != ".", name != ".." else {
            throw .nameRefused(folder: folder, name: String(name.prefix(80)))
        }
        return name
    }
}
