import Glibc

/// Makes FAT16 and FAT32 file systems with dosfstools and mtools.
struct FATMaker {
    /// A folder for what is only needed during the build.
    let workFolder: String
    let cancellation: Cancellation

    /// Which table a FAT file system has, by the bits of its entries.
    enum Width: Int {
        case fat16 = 16
        case fat32 = 32

        /// Clusters that such a file system may have (Microsoft's FAT specification, and a margin
        /// that dosfstools keeps).
        var clusterCounts: ClosedRange<Int64> {
            switch self {
            case .fat16: 4_087...65_524
            case .fat32: 65_526...268_435_444
            }
        }
    }

    /// Makes the file system.
    ///
    /// - Parameters:
    ///   - path: the new image file.
    ///   - sizeBytes: its size.
    ///   - width: FAT16 or FAT32.
    ///   - volume: the serial number.
    ///   - label: at most 11 letters, digits and hyphens.
    ///   - tree: the content, without links.
    /// - Throws: `ImageError`, `partitionFull` when the content is too large.
    func make(
        _ path: String,
        sizeBytes: Int64,
        width: Width,
        volume: UInt32,
        label: String,
        tree: FileTree
    ) throws(ImageError) {
        try Self.check(tree)
        let sectors = try Self.sectorsPerCluster(sizeBytes, width: width, label: label)
        try SparseFile(creating: path, sizeBytes: sizeBytes).synchronize()
        try ExternalTool.mkfsFAT.run(
            [
                // The order counts: `--invariant` sets the serial number too.
                "--invariant", "-F", "\(width.rawValue)", "-s", "\(sectors)", "-S", "512",
                "-i", Self.hexadecimal(volume),
                "-n", String(label.uppercased().prefix(11)), path,
            ],
            cancellation: cancellation
        )
        defer { WorkFile.removeAll(in: workFolder) }
        do {
            try fill(path, with: tree)
        } catch .toolFailed(let tool, let status, let message) {
            guard message.contains("Disk full") || message.contains("No free cluster") else {
                throw .toolFailed(tool: tool, status: status, message: message)
            }
            throw .partitionFull(partition: label, sizeBytes: sizeBytes, detail: message)
        }
    }

    private func fill(_ path: String, with tree: FileTree) throws(ImageError) {
        // mtools reads no settings of the user, and asks nothing: without input it fails.
        let settings = ["MTOOLSRC": "/dev/null", "MTOOLS_LOWER_CASE": "0"]
        for (index, entry) in tree.entries.enumerated() {
            let source: String
            switch entry.content {
            case .directory:
                try ExternalTool.mmd.run(
                    ["-i", path, "-D", "s", "::/" + entry.path],
                    environment: settings,
                    cancellation: cancellation
                )
                continue
            case .bytes(let bytes):
                source = try WorkFile.write(bytes, named: "content-\(index)", in: workFolder)
            case .file(let file, _): source = WorkFile.absolute(file)
            case .symlink, .device: continue
            }
            try ExternalTool.mcopy.run(
                ["-i", path, "-D", "s", source, "::/" + entry.path],
                environment: settings,
                cancellation: cancellation
            )
        }
    }

    /// The smallest clusters with which the table holds the whole partition.
    private static func sectorsPerCluster(
        _ sizeBytes: Int64,
        width: Width,
        label: String
    ) throws(ImageError) -> Int {
        // FAT32 of a large partition reads faster with clusters of a page.
        let smallest = width == .fat32 && sizeBytes >= 512 << 20 ? 8 : 1
        var sectors = smallest
        while sectors <= 128 {
            let clusterBytes = Int64(sectors) * 512
            let tableBytes = sizeBytes / clusterBytes * Int64(width.rawValue / 8) * 2
            let clusters = (sizeBytes - tableBytes - 65_536) / clusterBytes
            if width.clusterCounts.contains(clusters) { return sectors }
            sectors *= 2
        }
        throw .partitionFull(
            partition: label,
            sizeBytes: sizeBytes,
            detail: "FAT\(width.rawValue) cannot have this size"
        )
    }

    /// The eight digits of a serial number.
    private static func hexadecimal(_ volume: UInt32) -> String {
        let digits = String(volume, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Refuses what FAT cannot store, or would store under another name.
    private static func check(_ tree: FileTree) throws(ImageError) {
        var names: [String: String] = [:]
        for entry in tree.entries {
            func refused(_ reason: String) -> ImageError {
                .nameRefused(name: entry.path, reason: reason)
            }
            switch entry.content {
            case .symlink: throw refused("FAT holds no links")
            case .device: throw refused("FAT holds no devices")
            case .file(_, let size) where size > 0xFFFF_FFFF:
                throw refused("a file on FAT has less than 4 GiB")
            default: break
            }
            let name = entry.path.split(separator: "/").last ?? ""
            let isStorable = entry.path.utf8.allSatisfy {
                $0 < 0x7F && !Array("\"*:<>?\\|[]".utf8).contains($0)
            }
            guard isStorable else { throw refused("FAT stores ASCII without \"*:<>?\\|[]") }
            guard name.last != ".", name.last != " ", name.first != " " else {
                throw refused("FAT drops spaces and dots at a name's end")
            }
            if let other = names.updateValue(entry.path, forKey: entry.path.lowercased()) {
                throw refused("FAT does not tell it from '\(other)'")
            }
        }
    }
}
