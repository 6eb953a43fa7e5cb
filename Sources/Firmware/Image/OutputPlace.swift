import Glibc

/// Where an image appears when it is complete.
struct OutputPlace {
    /// The image's path.
    let path: String
    /// The folder that it is in, which also holds the work.
    let folder: String
    /// Its name in the folder.
    let name: String
    private let isReplacing: Bool

    /// The block map beside the image.
    var blockMapPath: String { path + ".bmap" }

    /// Looks at the place, and changes nothing.
    init(_ path: String, isReplacing: Bool) throws(ImageError) {
        self.path = WorkFile.absolute(path)
        self.isReplacing = isReplacing
        guard let slash = self.path.lastIndex(of: "/") else {
            throw .nameRefused(name: path, reason: "it is empty")
        }
        name = String(self.path[self.path.index(after: slash)...])
        folder = slash == self.path.startIndex ? "/" : String(self.path[..<slash])
        // Room for the suffixes of the map and of the work folder.
        guard !name.isEmpty, name != ".", name != "..", name.utf8.count <= 200 else {
            throw .nameRefused(name: path, reason: "it is not a file's name of 1 to 200 bytes")
        }
        guard case .folder = try InputKind(of: folder) else {
            throw .wrongKind(path: folder, expected: "a folder")
        }
        guard access(folder, W_OK) == 0 else { throw .writeFailed(path: folder, code: errno) }
        var information = stat()
        guard lstat(self.path, &information) == 0 else { return }
        // A disk must never be opened by this door: that is what flashing is for.
        guard information.st_mode & S_IFMT == S_IFREG else {
            throw .wrongKind(path: path, expected: "a file; 'martlet flash' writes to disks")
        }
        guard isReplacing else { throw .outputExists(path: path) }
    }

    /// Refuses early when the file system has less room than is needed.
    func checkRoom(neededBytes: Int64) throws(ImageError) {
        var information = statvfs()
        guard statvfs(folder, &information) == 0 else { return }
        let free = Double(information.f_bavail) * Double(information.f_frsize)
        guard Double(neededBytes) <= free else {
            throw .noSpace(path: folder, neededBytes: neededBytes)
        }
    }

    /// Gives the finished files their names; both are on the disk afterwards.
    func publish(_ image: String, blockMap: String?) throws(ImageError) {
        chmod(image, 0o644)
        guard blockMap != nil || isReplacing else { return try move(image, to: path) }
        // A map of an older image must not stand beside the new one, however this ends.
        unlink(blockMapPath)
        try move(image, to: path)
        if let blockMap { try move(blockMap, to: blockMapPath) }
    }

    private func move(_ source: String, to target: String) throws(ImageError) {
        if isReplacing {
            guard rename(source, target) == 0 else { throw SparseFile.failure(target, errno) }
        } else {
            // Unlike rename, a link never replaces what appeared meanwhile.
            guard link(source, target) == 0 else {
                let code = errno
                guard code != EEXIST else { throw .outputExists(path: target) }
                guard rename(source, target) == 0 else { throw SparseFile.failure(target, errno) }
                return
            }
            unlink(source)
        }
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw SparseFile.failure(folder, errno) }
    }
}
