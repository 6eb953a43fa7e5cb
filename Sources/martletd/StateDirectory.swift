// What an agent keeps, in a directory of its own:
//
//   lock         empty; locked while an agent runs
//   device.key   the device's Ed25519 seed, mode 0600 (DeviceKeyFile)
//   record       two copies of the state record (StateRecord)
//   spool        reports that wait for their acknowledgement (Telemetry/SpoolFormat)
//   crash        the 64-byte record of the last crash, or zeros (CrashRecord)
//   images/HEX.img   installed images, named by their content id
//   images/incoming  an image that is being written
//
// Invariants: 1. one process at a time has the lock; nothing below is touched without it. 2. Files
// other than `record`, `spool` and `crash` are written under another name, synchronised, renamed.
// 3. `record`, `spool` and `crash` have all their blocks before they are used, and are written in
// place.

import AgentProtocol
import CPlatform

/// The directory and its lock, held until the end of its life.
struct StateDirectory: ~Copyable {
    let path: Path
    private let lock: OwnedFile

    /// Takes the directory; makes it if it is missing.
    ///
    /// - Throws: `AgentError.stateInUse` when another agent has it.
    init(taking path: Path) throws(AgentError) {
        try Names.makeDirectory(path, in: path.appending("/.."))
        let how = platform_open_read_write | platform_open_create
        let lock = try StateDirectory.lock(path, how: how)
        let images = path.appending(StateDirectory.imagesName)
        try Names.makeDirectory(images, in: path)
        try Names.remove(images.appending("/incoming"))
        self.path = path
        self.lock = lock
    }

    /// Takes a directory that must be there.
    init(existing path: Path) throws(AgentError) {
        lock = try StateDirectory.lock(path, how: platform_open_read_write)
        self.path = path
    }

    private static func lock(_ path: Path, how: Int32) throws(AgentError) -> OwnedFile {
        let lock = try OwnedFile(path.appending("/lock"), how: how)
        let result = platform_lock(lock.descriptor)
        if result == -platform_error_again { throw .stateInUse(path) }
        guard result >= 0 else { throw .system(.lock, code: -result, path: path) }
        return lock
    }

    private static let imagesName: StaticString = "/images"

    var images: Path { path.appending(StateDirectory.imagesName) }
    var key: Path { path.appending("/device.key") }
    var record: Path { path.appending("/record") }
    var spool: Path { path.appending("/spool") }
    var crash: Path { path.appending("/crash") }
}

/// Installed images.
enum ImageDirectory {
    /// The file of a content id.
    static func name(of contentID: [UInt8], in directory: Path) -> Path {
        var name = TextLine("/")
        name.append(hexadecimal: contentID)
        name.append(".img")
        return directory.appending(name.bytes)
    }

    /// Removes every file but the image of a content id, once that one has proved itself.
    static func keepOnly(_ contentID: [UInt8], in directory: Path) throws(AgentError) {
        let path = name(of: contentID, in: directory).text
        let kept = [UInt8](path.dropFirst(directory.text.count + 1))
        for name in try Names.inDirectory(directory) where name != kept {
            try Names.remove(directory.appending("/").appending(name))
        }
    }
}

/// A file of fixed size that is written in place.
enum PreallocatedFile {
    /// Opens a file; makes it of zeros, with all its blocks, if it is missing.
    static func open(
        _ path: Path,
        sizeBytes: UInt64,
        in directory: Path
    ) throws(AgentError) -> OwnedFile {
        if !Names.exists(path) { try make(path, sizeBytes: sizeBytes, in: directory) }
        return try OwnedFile(path, how: platform_open_read_write)
    }

    private static func make(
        _ path: Path,
        sizeBytes: UInt64,
        in directory: Path
    ) throws(AgentError) {
        let temporary = path.appending(".new")
        do throws(AgentError) {
            let how = platform_open_write | platform_open_create | platform_open_truncate
            let file = try OwnedFile(temporary, how: how)
            try file.reserve(sizeBytes)
            try file.synchronize()
            try Names.publish(temporary, as: path, in: directory)
        } catch {
            try? Names.remove(temporary)
            throw error
        }
    }
}
