/// The mounted file systems and the swap areas, as `/proc` tells them.
struct MountTable: Sendable {
    /// One line of `mountinfo` (proc(5)):
    /// `36 35 98:0 /root /mount rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue`.
    struct Mount: Sendable, Hashable {
        let number: DeviceNumber
        let path: String
        let fileSystem: String
        let source: String
        /// The options of the file system, and before them those of the mount.
        let options: [String]
    }

    let mounts: [Mount]
    /// The devices and files of `/proc/swaps`.
    let swaps: [String]
    private let mountsByPath: [String: [Int]]

    /// Reads the table of this process and, where it may be read, that of process 1, which
    /// is another where this process is in a mount namespace of its own.
    init(tree: SystemTree) throws(DiskError) {
        let own = "/proc/self/mountinfo"
        guard let text = try tree.table(own) else { throw .unreadable(path: own, code: 2) }
        var mounts = try Self.mounts(in: text, path: own)
        guard !mounts.isEmpty else { throw .malformed(path: own, line: 1) }
        let first = "/proc/1/mountinfo"
        if let text = try tree.table(first) {
            let known = Set(mounts)
            mounts += try Self.mounts(in: text, path: first).filter { !known.contains($0) }
        }
        self.mounts = mounts
        var byPath: [String: [Int]] = [:]
        for (index, mount) in mounts.enumerated() { byPath[mount.path, default: []].append(index) }
        mountsByPath = byPath
        let swaps = try tree.table("/proc/swaps", limitBytes: 1 << 20) ?? ""
        self.swaps = swaps.split(separator: "\n").dropFirst().compactMap { line in
            line.split(whereSeparator: { $0 == " " || $0 == "\t" }).first.map(Self.unescaped)
        }
    }

    private static func mounts(in text: String, path: String) throws(DiskError) -> [Mount] {
        var mounts: [Mount] = []
        for (index, line) in text.split(separator: "\n").enumerated() {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            guard fields.count >= 9, let number = DeviceNumber(text: fields[2]),
                let dash = fields.dropFirst(6).firstIndex(of: "-"), fields.count > dash + 2
            else { throw .malformed(path: path, line: index + 1) }
            let own = dash + 3 < fields.count ? fields[dash + 3] : ""
            mounts.append(
                Mount(
                    number: number,
                    path: unescaped(fields[4]),
                    fileSystem: String(fields[dash + 1]),
                    source: unescaped(fields[dash + 2]),
                    options: (fields[5].split(separator: ",") + own.split(separator: ","))
                        .map(unescaped)
                )
            )
            guard mounts.count <= mountCountMax else {
                throw .tooMany(path: path, limit: mountCountMax)
            }
        }
        return mounts
    }

    /// The mounts that hold a path: all at the longest mount point above it.
    func mounts(holding path: String) -> [Mount] {
        var path = path[...]
        while true {
            while path.hasSuffix("/") { path.removeLast() }
            let key = path.isEmpty ? "/" : String(path)
            if let indices = mountsByPath[key] { return indices.map { mounts[$0] } }
            guard let slash = path.lastIndex(of: "/") else { return [] }
            path = path[..<slash]
        }
    }

    /// The mount at `/` that the processes see: the last one there.
    var root: Mount? { mountsByPath["/"]?.last.map { mounts[$0] } }

    /// The text with `\040` and its like replaced by the bytes that they stand for.
    static func unescaped(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return String(text) }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let digits = bytes.dropFirst(index + 1).prefix(3)
            if bytes[index] == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                result.append(value)
                index += 4
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Machines full of containers have some thousands.
    static let mountCountMax = 65_536
}

extension MountTable.Mount {
    /// The folders of an overlay's layers.
    var layers: [String] {
        options.flatMap { option -> [String] in
            let pair = option.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { return [] }
            switch pair[0] {
            case "lowerdir", "lowerdir+", "datadir+":
                return pair[1].split(separator: ":").map(String.init)
            case "upperdir", "workdir": return [String(pair[1])]
            default: return []
            }
        }
    }

    /// The devices that the source and the options name, such as `logdev=/dev/sdb1` of XFS.
    var namedDevices: [String] {
        // bcachefs names all its devices in the source, with colons between them.
        let sources = fileSystem == "bcachefs" ? source.split(separator: ":") : [source[...]]
        let values = options.compactMap { $0.split(separator: "=", maxSplits: 1).dropFirst().first }
        return (sources + values).filter { $0.hasPrefix("/dev/") }.map(String.init)
    }
}

/// Which places the running system cannot do without.
enum SystemPlace {
    /// Folders whose loss stops the system, and the media that live systems run from.
    private static let folders = [
        "/boot", "/efi", "/usr", "/home", "/var", "/etc", "/opt", "/root", "/srv", "/bin", "/sbin",
        "/lib", "/lib32", "/lib64", "/nix", "/gnu", "/ostree", "/sysroot", "/snap",
        "/cdrom", "/rofs", "/isodevice", "/run/live", "/lib/live", "/run/initramfs",
        "/run/archiso", "/run/miso", "/run/rootfsbase",
    ]

    static func contains(_ path: String) -> Bool {
        path == "/" || folders.contains { path == $0 || path.hasPrefix($0 + "/") }
    }
}
