/// A file's name: bytes and a NUL, as the system wants it.
public struct Path: Sendable, Equatable {
    /// The name and its NUL.
    public let bytes: [UInt8]

    /// Makes a path; `nil` when it is empty, too long or holds a NUL.
    public init?(_ text: [UInt8]) {
        guard !text.isEmpty, text.count < Path.sizeMax, !text.contains(0) else { return nil }
        bytes = text + [0]
    }

    /// Makes a path for messages about something without a file.
    @inline(never)
    package init(fixed text: StaticString) {
        bytes = TextLine(text).bytes + [0]
    }

    /// PATH_MAX of Linux.
    package static let sizeMax = 4_096

    /// The name without its NUL.
    package var text: [UInt8] {
        @inline(never) get { [UInt8](bytes.dropLast()) }
    }

    @inline(never)
    package func appending(_ part: StaticString) -> Path { appending(TextLine(part).bytes) }

    @inline(never)
    package func appending(_ part: [UInt8]) -> Path {
        Path(joined: text + part + [0])
    }

    private init(joined bytes: [UInt8]) { self.bytes = bytes }
}
