/// Makes read-only squashfs file systems with squashfs-tools.
struct SquashFSMaker {
    /// A folder for what is only needed during the build.
    let workFolder: String
    let cancellation: Cancellation

    /// Makes the file system of a tree, all of it owned by root.
    func make(
        _ path: String,
        sizeBytes: Int64,
        label: String,
        tree: FileTree
    ) throws(ImageError) {
        let archive = workFolder + "/root.tar"
        defer { WorkFile.removeAll(in: workFolder) }
        let writer = try ArchiveWriter(archive, format: .tar, filter: .none)
        try writer.write(tree, cancellation: cancellation)
        try writer.finish()
        try make(path, sizeBytes: sizeBytes, label: label, archive: archive)
    }

    /// Makes the file system of a tar archive, whose owners stay.
    func make(
        _ path: String,
        sizeBytes: Int64,
        label: String,
        fromArchive source: String
    ) throws(ImageError) {
        let archive = workFolder + "/root.tar"
        defer { WorkFile.removeAll(in: workFolder) }
        try ArchiveTransfer.rewrite(source, to: archive, cancellation: cancellation)
        try make(path, sizeBytes: sizeBytes, label: label, archive: archive)
    }

    private func make(
        _ path: String,
        sizeBytes: Int64,
        label: String,
        archive: String
    ) throws(ImageError) {
        try ExternalTool.mksquashfs.run(
            [
                "-", path, "-tar", "-noappend", "-quiet", "-no-progress", "-reproducible",
                "-all-time", "\(ExternalTool.epochSeconds)",
                "-mkfs-time", "\(ExternalTool.epochSeconds)",
                "-root-mode", "755", "-root-uid", "0", "-root-gid", "0",
                "-no-xattrs", "-no-exports", "-processors", "1",
                "-comp", "zstd", "-Xcompression-level", "9",
            ],
            // It refuses its own options for times beside this variable.
            environment: ["SOURCE_DATE_EPOCH": ""],
            input: archive,
            cancellation: cancellation
        )
        let used = try SparseFile(reading: path).sizeBytes
        guard used <= sizeBytes else {
            throw .partitionFull(
                partition: label,
                sizeBytes: sizeBytes,
                detail: "it has \(used) bytes"
            )
        }
    }
}
