import Glibc

/// Makes ext4 file systems with e2fsprogs.
///
/// The content is written by `debugfs` from a sorted list of commands, not by `mke2fs -d`: that one
/// takes owners, change times and the order of files from the host's folder, and two builds differ.
struct Ext4Maker {
    /// A folder for what is only needed during the build.
    let workFolder: String
    let cancellation: Cancellation

    /// The smallest file system with a journal.
    static let sizeMin: Int64 = 4 << 20

    /// Every feature is named, because the defaults differ between hosts; those that GRUB, U-Boot
    /// and kernels from 4.4 on cannot read are left out.
    private static let features = [
        "has_journal", "ext_attr", "resize_inode", "dir_index", "filetype", "extent", "64bit",
        "flex_bg", "sparse_super", "large_file", "huge_file", "dir_nlink", "extra_isize",
        "metadata_csum",
    ]
    private static let configuration = """
        [defaults]
        \tbase_features = sparse_super,filetype
        [fs_types]
        \text4 = {
        \t\tinode_size = 256
        \t}
        \tfloppy = {
        \t\tinode_size = 256
        \t}
        \tsmall = {
        \t\tinode_size = 256
        \t}
        \tbig = {
        \t\tinode_size = 256
        \t}
        \thuge = {
        \t\tinode_size = 256
        \t}

        """

    /// Makes the file system.
    ///
    /// - Parameters:
    ///   - path: the new image file.
    ///   - sizeBytes: its size.
    ///   - identifier: the UUID and the seed of hashes.
    ///   - label: at most 16 bytes.
    ///   - tree: the content.
    /// - Throws: `ImageError`, `partitionFull` when the content is too large.
    func make(
        _ path: String,
        sizeBytes: Int64,
        identifier: GUID,
        label: String,
        tree: FileTree
    ) throws(ImageError) {
        guard sizeBytes >= Self.sizeMin else {
            throw .partitionFull(
                partition: label,
                sizeBytes: sizeBytes,
                detail: "ext4 with its journal needs \(Self.sizeMin) bytes"
            )
        }
        // Small disks get small blocks: a journal has at least 1,024 of them.
        let isSmall = sizeBytes < 32 << 20
        let blockSize: Int64 = isSmall ? 1_024 : 4_096
        try SparseFile(creating: path, sizeBytes: sizeBytes / blockSize * blockSize).synchronize()
        let settings = try WorkFile.write(Self.configuration, named: "mke2fs.conf", in: workFolder)
        let uuid = "\(identifier)".lowercased()
        try ExternalTool.mke2fs.run(
            [
                "-q", "-F", "-t", "ext4", "-b", "\(blockSize)", "-I", "256",
                "-i", sizeBytes < 1 << 30 ? "16384" : "65536",
                "-O", "none," + Self.features.joined(separator: ","),
                "-J", "size=\(isSmall ? 1 : sizeBytes < 512 << 20 ? 4 : 32)",
                "-m", "0", "-U", uuid, "-L", String(label.prefix(16)),
                "-E",
                "lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0,hash_seed=\(uuid)",
                path,
            ],
            environment: Self.environment(settings),
            cancellation: cancellation
        )
        try fill(path, with: tree, label: label, sizeBytes: sizeBytes, settings: settings)
    }

    private static func environment(_ settings: String) -> [String: String] {
        [
            "E2FSPROGS_FAKE_TIME": "\(ExternalTool.epochSeconds)",
            "MKE2FS_CONFIG": settings,
            // Zeros are written, not left as holes: on a device they must be there.
            "UNIX_IO_NOZEROOUT": "1",
        ]
    }

    private func fill(
        _ path: String,
        with tree: FileTree,
        label: String,
        sizeBytes: Int64,
        settings: String
    ) throws(ImageError) {
        var commands: [String] = []
        for (index, entry) in tree.entries.enumerated() {
            let name = Self.quoted(entry.path)
            var kind = 0o100000
            switch entry.content {
            case .directory:
                commands.append("mkdir \(name)")
                kind = 0o040000
            case .symlink(let target):
                commands.append("symlink \(name) \(Self.quoted(target))")
                continue
            case .bytes(let bytes):
                let file = try WorkFile.write(bytes, named: "content-\(index)", in: workFolder)
                commands.append("write \(Self.quoted(file)) \(name)")
            case .file(let source, _):
                let link = workFolder + "/content-\(index)"
                guard symlink(WorkFile.absolute(source), link) == 0 else {
                    throw SparseFile.failure(link, errno)
                }
                commands.append("write \(Self.quoted(link)) \(name)")
            case .device:
                throw .nameRefused(name: entry.path, reason: "devices belong to an initramfs")
            }
            commands.append("sif \(name) mode 0\(String(kind | Int(entry.mode), radix: 8))")
        }
        let script = try WorkFile.write(
            commands.map { $0 + "\n" }.joined(),
            named: "commands",
            in: workFolder
        )
        defer { WorkFile.removeAll(in: workFolder) }
        guard !commands.isEmpty else { return }
        let result = try ExternalTool.debugfs.run(
            ["-w", "-f", script, path],
            environment: Self.environment(settings),
            cancellation: cancellation
        )
        // It ends with status 0 whatever happened: what it complains of counts.
        let complaints = result.errors.split(separator: "\n").filter {
            !$0.hasPrefix("debugfs ") && !$0.isEmpty
        }
        guard let first = complaints.first else { return }
        if first.contains("Could not allocate") || first.contains("No space left")
            || first.contains("No free space")
        {
            throw .partitionFull(partition: label, sizeBytes: sizeBytes, detail: String(first))
        }
        throw .toolFailed(tool: "debugfs", status: result.status, message: String(first))
    }

    /// A word of a `debugfs` command: in quotes, where a quote is doubled.
    static func quoted(_ text: String) -> String {
        "\""
            + text.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
    }
}
