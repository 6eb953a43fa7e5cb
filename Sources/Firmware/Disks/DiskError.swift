/// Why the disks of a machine cannot be told, so that none may be flashed.
public enum DiskError: Error, Sendable, Hashable {
    /// A file or folder that every system has cannot be read; the code is of `errno`.
    case unreadable(path: String, code: Int32)
    /// A file is longer than anything the kernel writes.
    case tooLong(path: String, limitBytes: Int)
    /// A folder or table has more entries than any machine.
    case tooMany(path: String, limit: Int)
    /// A device has a name that the kernel does not give.
    case nameRefused(folder: String, name: String)
    /// A path has more links than the kernel follows.
    case tooManyLinks(path: String)
    /// A line of a table of the kernel is not in its form.
    case malformed(path: String, line: Int)
    /// The device that was opened is not the disk that was asked about.
    case otherDevice(name: String, expected: DeviceNumber, actual: DeviceNumber)
    /// The disk behind the number is another than before, such as after pulling and plugging.
    case changed(name: String, what: String)
}

extension DiskError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .unreadable(let path, let code): "\(path) cannot be read: error \(code)"
        case .tooLong(let path, let limit): "\(path) is longer than \(limit) bytes"
        case .tooMany(let path, let limit): "\(path) has more than \(limit) entries"
        case .nameRefused(let folder, let name):
            "\(folder) holds a device with the impossible name \(name.debugDescription)"
        case .tooManyLinks(let path): "\(path) is reached through too many links"
        case .malformed(let path, let line): "line \(line) of \(path) is not in its form"
        case .otherDevice(let name, let expected, let actual):
            "the opened device is \(actual), but \(name) is \(expected)"
        case .changed(let name, let what):
            "\(name) is another disk than before: its \(what) differs"
        }
    }
}
