import Glibc

/// A program of the system that makes or reads file systems.
///
/// It is started without a shell, with a clean environment, in its own process group, and is killed
/// when the work is cancelled, when it takes too long or when it says too much.
struct ExternalTool: Sendable {
    /// The program's name, such as `mke2fs`.
    let name: String
    /// The Debian package that holds it.
    let package: String

    static let mke2fs = ExternalTool(name: "mke2fs", package: "e2fsprogs")
    static let debugfs = ExternalTool(name: "debugfs", package: "e2fsprogs")
    static let dumpe2fs = ExternalTool(name: "dumpe2fs", package: "e2fsprogs")
    static let mkfsFAT = ExternalTool(name: "mkfs.fat", package: "dosfstools")
    static let mmd = ExternalTool(name: "mmd", package: "mtools")
    static let mcopy = ExternalTool(name: "mcopy", package: "mtools")
    static let mksquashfs = ExternalTool(name: "mksquashfs", package: "squashfs-tools")
    static let unsquashfs = ExternalTool(name: "unsquashfs", package: "squashfs-tools")

    /// What a program left behind.
    struct Result: Sendable {
        let status: Int32
        let output: [UInt8]
        let errors: String
    }

    /// Listings of large file systems take a few MiB.
    static let outputSizeMax = 64 << 20
    /// Messages beyond this are cut off.
    static let errorsSizeMax = 65_536
    /// The longest run: compressing a root file system of a few GiB on a slow machine.
    static let timeoutSeconds = 3_600
    /// 1980-01-01, the first moment that every file system can hold.
    static let epochSeconds = 315_532_800

    /// The program's path; the search goes beyond PATH because Debian hides `sbin` from users.
    func path() throws(ImageError) -> String {
        let search = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        for folder in search.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"] {
            let candidate = folder + "/" + name
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw .toolMissing(tool: name, package: package)
    }

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - arguments: without the program's name; no shell reads them.
    ///   - environment: added to the clean one.
    ///   - input: a file for its standard input; without it, there is none.
    ///   - cancellation: looked at ten times a second.
    ///   - accepted: the statuses that are no failure.
    /// - Returns: What it said.
    /// - Throws: `ImageError` with the tool's name and its last words.
    @discardableResult
    func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        input: String = "/dev/null",
        cancellation: Cancellation,
        accepted: Set<Int32> = [0]
    ) throws(ImageError) -> Result {
        try cancellation.check()
        var settings = [
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC",
            "HOME": "/nonexistent", "SOURCE_DATE_EPOCH": "\(Self.epochSeconds)",
        ]
        settings.merge(environment) { $1 }
        var process = try ToolProcess(
            path: path(),
            arguments: [name] + arguments,
            // An empty value takes a variable out of the clean environment.
            environment: settings.filter { !$0.value.isEmpty }.map { "\($0.key)=\($0.value)" },
            input: input
        )
        let result = try process.finish(name: name, cancellation: cancellation)
        guard accepted.contains(result.status) else {
            throw .toolFailed(
                tool: name,
                status: result.status,
                message: Self.lastWords(result.errors)
            )
        }
        return result
    }

    /// The last lines of what a program complained, on one line.
    static func lastWords(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).suffix(4)
        let joined = lines.joined(separator: "; ")
        let words = joined.isEmpty ? "it said nothing" : joined
        return words.unicodeScalars.prefix(400).map {
            $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0)
        }.joined()
    }
}

/// A started program, whose two outputs are read together.
private struct ToolProcess {
    private let identifier: pid_t
    private let output: Int32
    private let errors: Int32

    init(
        path: String,
        arguments: [String],
        environment: [String],
        input: String
    ) throws(ImageError) {
        var out: [Int32] = [-1, -1]
        var err: [Int32] = [-1, -1]
        // Not pipes: only sockets can be closed-on-exec from their first moment without pipe2.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &out) == 0 else {
            throw .writeFailed(path: path, code: errno)
        }
        guard socketpair(AF_UNIX, kind, 0, &err) == 0 else {
            let code = errno
            out.forEach { close($0) }
            throw .writeFailed(path: path, code: code)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, out[1], 1)
        posix_spawn_file_actions_adddup2(&actions, err[1], 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Its own group: an interrupt from the keyboard reaches us, and we stop it in order.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var words = arguments.map { strdup($0) } + [nil]
        var settings = environment.sorted().map { strdup($0) } + [nil]
        defer { (words + settings).forEach { free($0) } }
        var identifier: pid_t = 0
        let code = posix_spawn(&identifier, path, &actions, &attributes, &words, &settings)
        close(out[1])
        close(err[1])
        guard code == 0 else {
            close(out[0])
            close(err[0])
            throw .unreadable(path: path, code: code)
        }
        self.identifier = identifier
        output = out[0]
        errors = err[0]
    }

    mutating func finish(
        name: String,
        cancellation: Cancellation
    ) throws(ImageError) -> ExternalTool.Result {
        defer {
            close(output)
            close(errors)
        }
        var said: [UInt8] = []
        var complained: [UInt8] = []
        do {
            try readBoth(&said, &complained, name: name, cancellation: cancellation)
        } catch {
            kill(-identifier, SIGKILL)
            _ = wait()
            throw error
        }
        return ExternalTool.Result(
            status: wait(),
            output: said,
            errors: String(decoding: complained, as: UTF8.self)
        )
    }

    private func readBoth(
        _ said: inout [UInt8],
        _ complained: inout [UInt8],
        name: String,
        cancellation: Cancellation
    ) throws(ImageError) {
        var waited = [pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
        waited.append(pollfd(fd: errors, events: Int16(POLLIN), revents: 0))
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let start = Self.seconds()
        while waited.contains(where: { $0.fd >= 0 }) {
            try cancellation.check()
            guard Self.seconds() - start < ExternalTool.timeoutSeconds else {
                throw .toolRunaway(tool: name, limit: "\(ExternalTool.timeoutSeconds) seconds")
            }
            guard poll(&waited, 2, 100) > 0 else { continue }
            for index in waited.indices where waited[index].revents != 0 {
                let count = Glibc.read(waited[index].fd, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    waited[index].fd = -1
                    continue
                }
                if index == 0 {
                    guard said.count + count <= ExternalTool.outputSizeMax else {
                        let limit = "\(ExternalTool.outputSizeMax) bytes of output"
                        throw .toolRunaway(tool: name, limit: limit)
                    }
                    said += buffer[..<count]
                } else {
                    complained += buffer[..<count]
                    // The last words count.
                    complained.removeFirst(max(0, complained.count - ExternalTool.errorsSizeMax))
                }
            }
        }
    }

    private func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
        // As a shell says it: the exit status, or 128 and the signal's number.
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }

    private static func seconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec
    }
}
