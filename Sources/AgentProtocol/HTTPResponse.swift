/// Why a collector's answer cannot be read.
public enum HTTPFault: Error, Sendable {
    /// Status line and headers are longer than any collector's.
    case headTooLong
    /// This is not an HTTP/1.1 answer.
    case malformed
    /// The body's size is not told beforehand.
    case lengthMissing
    /// The body is longer than any collector's.
    case bodyTooLong
}

/// An HTTP/1.1 answer that arrives in pieces.
///
/// Only what a collector sends is understood: one answer a connection, with Content-Length. An
/// answer other than 200 counts as whole after its head; its body is not looked at.
public struct HTTPResponse: Sendable {
    /// Bytes of status line and headers: proxies add a few, no more.
    public static let headSizeMax = 8_192
    /// Bytes of a body: acknowledgements and receipts have 192.
    public static let bodySizeMax = 4_096

    /// What counts of the received bytes.
    private var bytes: [UInt8] = []
    /// The status code, when the head is whole.
    public private(set) var status = 0
    /// The seconds that the collector asks to wait, if it does.
    public private(set) var retryAfterSeconds: UInt64?
    private var bodyStart = 0
    private var bodySize: Int?
    /// Whether the body is in chunks or compressed.
    private var isTransformed = false

    /// Makes an answer of which nothing has arrived.
    public init() {}

    /// Whether the answer is whole.
    public var isComplete: Bool {
        guard status != 0 else { return false }
        guard status == 200, let bodySize else { return true }
        return bytes.count >= bodyStart + bodySize
    }

    /// The body of a whole answer of status 200.
    public var body: [UInt8] { [UInt8](bytes.dropFirst(bodyStart).prefix(bodySize ?? 0)) }

    /// Adds received bytes; what follows the end of the answer is passed over.
    ///
    /// - Throws: `HTTPFault` when this will never be a whole answer; then nothing may be added.
    public mutating func append(_ part: ArraySlice<UInt8>) throws(HTTPFault) {
        guard !isComplete else { return }
        let checked = max(0, bytes.count - 3)
        bytes.append(contentsOf: part)
        if status == 0 {
            guard let end = HTTPResponse.endOfHead(bytes, from: checked) else {
                guard bytes.count <= HTTPResponse.headSizeMax else { throw .headTooLong }
                return
            }
            guard end <= HTTPResponse.headSizeMax else { throw .headTooLong }
            bodyStart = end
            try readHead([UInt8](bytes[..<(end - 4)]))
        }
        let size = bodyStart + (status == 200 ? bodySize ?? 0 : 0)
        if bytes.count > size { bytes.removeLast(bytes.count - size) }
    }

    private static func endOfHead(_ bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + 4 <= bytes.count {
            if bytes[index] == 0x0D, bytes[index + 1] == 0x0A, bytes[index + 2] == 0x0D,
                bytes[index + 3] == 0x0A
            {
                return index + 4
            }
            index += 1
        }
        return nil
    }

    private mutating func readHead(_ head: [UInt8]) throws(HTTPFault) {
        var lines = head.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
        guard let first = lines.popFirst() else { throw .malformed }
        let found = try HTTPResponse.statusCode([UInt8](first))
        for line in lines {
            guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex else {
                throw .malformed
            }
            let name = line[..<colon].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            try readField(name, HTTPResponse.trimmed(line[(colon + 1)...]))
        }
        if found == 200 {
            guard let bodySize, !isTransformed else { throw .lengthMissing }
            guard bodySize <= HTTPResponse.bodySizeMax else { throw .bodyTooLong }
        }
        status = found
    }

    /// Reads `HTTP/1.x NNN ...`.
    private static func statusCode(_ line: [UInt8]) throws(HTTPFault) -> Int {
        guard line.count >= 12, line.starts(with: TextLine("HTTP/1.").bytes), line[8] == 0x20,
            line.count == 12 || line[12] == 0x20 || line[12] == 0x0D,
            let code = Decimal.read(line[9..<12]), (200...599).contains(code)
        else { throw .malformed }
        return Int(code)
    }

    private mutating func readField(_ name: [UInt8], _ value: [UInt8]) throws(HTTPFault) {
        if name == TextLine("content-length").bytes {
            guard bodySize == nil, let size = Decimal.read(value[...]) else { throw .malformed }
            bodySize = Int(min(size, UInt64(Int32.max)))
        } else if name == TextLine("transfer-encoding").bytes {
            isTransformed = true
        } else if name == TextLine("retry-after").bytes {
            retryAfterSeconds = Decimal.read(value[...])
        }
    }

    private static func trimmed(_ value: ArraySlice<UInt8>) -> [UInt8] {
        var value = value
        while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 || last == 0x0D {
            value.removeLast()
        }
        return [UInt8](value)
    }
}
