public import BundleFormat

/// Why an image cannot be built or read, grouped by who must act.
public enum ImageError: Error, Sendable, Equatable {
    // What was given.
    /// Everything that the checks before a build found.
    case problems([String])
    /// A name would leave its folder, or cannot be stored.
    case nameRefused(name: String, reason: String)
    /// There is more than the limit.
    case tooMuch(what: String, limit: Int64)
    /// An input is neither a file nor a folder that can be read.
    case unreadable(path: String, code: Int32)
    /// An input is of the wrong kind, such as a pipe.
    case wrongKind(path: String, expected: String)
    /// The kernel has no such module.
    case moduleUnknown(name: String, nearest: String?)
    /// An archive is damaged, or of a kind that is not read.
    case archive(path: String, detail: String)
    /// A line of the device's configuration breaks its rules.
    case configuration(what: String)
    /// The output exists, and nobody said that it may be replaced.
    case outputExists(path: String)
    /// An image is damaged or not of the form that we write.
    case imageRefused(detail: String)

    // The bundle.
    /// The bundle was refused by `Verifier`, or is for other devices.
    case bundle(BundleError, path: String)
    /// The bundle is larger than the profile's quota.
    case bundleOverQuota(sizeBytes: Int64, quotaBytes: Int64)

    // Room.
    /// The content is larger than its partition.
    case partitionFull(partition: String, sizeBytes: Int64, detail: String)
    /// The folder's file system lacks room.
    case noSpace(path: String, neededBytes: Int64?)

    // The environment.
    /// A program is not installed.
    case toolMissing(tool: String, package: String)
    /// A program failed; the message is the last that it said.
    case toolFailed(tool: String, status: Int32, message: String)
    /// A program took too long, or said too much.
    case toolRunaway(tool: String, limit: String)
    /// A file cannot be written.
    case writeFailed(path: String, code: Int32)
    /// Somebody asked to stop.
    case cancelled
}

extension ImageError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .problems(let problems):
            "the image cannot be built: " + problems.joined(separator: "; ")
        case .nameRefused(let name, let reason):
            "the name '\(ImageError.visible(name))' is refused: \(reason)"
        case .tooMuch(let what, let limit): "there are more than \(limit) \(what)"
        case .unreadable(let path, let code): "'\(path)' cannot be read: error \(code)"
        case .wrongKind(let path, let expected): "'\(path)' is not \(expected)"
        case .moduleUnknown(let name, let nearest):
            "the kernel has no module '\(name)'"
                + (nearest.map { "; the nearest name is '\($0)'" } ?? "")
        case .archive(let path, let detail): "the archive '\(path)' is refused: \(detail)"
        case .configuration(let what): "the device's configuration is refused: \(what)"
        case .outputExists(let path): "'\(path)' exists"
        case .imageRefused(let detail): "the image is refused: \(detail)"
        case .bundle(let error, let path): "the bundle '\(path)' is refused: \(error)"
        case .bundleOverQuota(let size, let quota):
            "the bundle needs \(size) bytes, packed and installed, of a quota of \(quota)"
        case .partitionFull(let partition, let size, let detail):
            "the content of '\(partition)' does not fit its \(size) bytes: \(detail)"
        case .noSpace(let path, let needed):
            "no space left in '\(path)'" + (needed.map { "; \($0) bytes are needed" } ?? "")
        case .toolMissing(let tool, let package):
            "the program '\(tool)' is not installed (Debian package \(package))"
        case .toolFailed(let tool, let status, let message):
            "'\(tool)' failed with status \(status): \(message)"
        case .toolRunaway(let tool, let limit): "'\(tool)' was stopped after \(limit)"
        case .writeFailed(let path, let code): "'\(path)' cannot be written: error \(code)"
        case .cancelled: "the work was cancelled"
        }
    }

    /// A foreign name without control characters, and not longer than a line.
    static func visible(_ name: String) -> String {
        let text = name.unicodeScalars.prefix(80).map { scalar -> Character in
            scalar.value < 0x20 || scalar.value == 0x7F ? "?" : Character(scalar)
        }
        return String(text) + (name.unicodeScalars.count > 80 ? "..." : "")
    }
}
