/// Bytes of a bundle that nobody has checked.
public protocol BundleSource {
    /// The size of the whole bundle in bytes.
    var sizeBytes: UInt64 { get }
    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// - Throws: `BundleError.readFailed`; a read beyond `sizeBytes` is never asked for.
    mutating func read(
        at offset: UInt64,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(BundleError)
}

/// A bundle in memory.
public struct MemoryBundleSource: BundleSource {
    private let bytes: [UInt8]

    /// Makes a source of a bundle's bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The size of the bundle in bytes.
    public var sizeBytes: UInt64 { UInt64(bytes.count) }

    /// Copies bytes of the array.
    public mutating func read(
        at offset: UInt64,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(BundleError) {
        guard let start = Int(exactly: offset), start <= bytes.count,
            buffer.count <= bytes.count - start
        else { throw .readFailed(code: 0, offsetBytes: offset) }
        // Safe: the range was checked against the array's count above.
        unsafe buffer.copyBytes(from: bytes[start..<start + buffer.count])
    }
}

/// Receives an image's bytes in order, each chunk after it was checked.
public protocol ImageSink {
    /// Takes the next bytes of the image.
    ///
    /// - Throws: `BundleError.writeFailed`.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(BundleError)
}

/// A sink that keeps nothing: for verifying alone.
public struct DiscardingSink: ImageSink {
    /// Makes a sink that keeps nothing.
    public init() {}
    /// Drops the bytes.
    public mutating func write(_: UnsafeRawBufferPointer) throws(BundleError) {}
}

/// A sink that keeps the image in memory: for hosts and tests.
public struct MemoryImageSink: ImageSink {
    /// The image so far.
    public private(set) var bytes: [UInt8] = []
    /// Makes an empty sink.
    public init() {}
    /// Keeps the bytes.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(BundleError) {
        // Safe: the buffer lives as long as the call.
        unsafe self.bytes.append(contentsOf: bytes)
    }
}
