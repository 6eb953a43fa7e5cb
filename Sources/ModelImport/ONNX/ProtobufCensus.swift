/// Counts the messages of an ONNX file before any of them is decoded.
///
/// A message of two bytes becomes an object of a hundred, so a file of empty messages would take
/// fifty times its size in memory. The census walks the wire format without allocating.
struct ProtobufCensus {
    /// Messages in a file; the largest real models have some hundred thousand.
    static let messageCountMax = 1 << 21
    /// Nesting: a graph in an attribute of a node takes three levels.
    static let depthMax = 64

    /// Which fields of a kind of message hold messages, and of which kind.
    private enum Kind {
        case model, graph, node, attribute, tensor, other

        func field(_ number: UInt64) -> Kind? {
            switch (self, number) {
            case (.model, 7): .graph
            case (.model, 8), (.model, 14), (.model, 20), (.model, 25), (.model, 26): .other
            case (.graph, 1): .node
            case (.graph, 5): .tensor
            case (.graph, 11...16): .other
            case (.node, 5): .attribute
            case (.node, 9), (.node, 10): .other
            case (.attribute, 5), (.attribute, 10): .tensor
            case (.attribute, 6), (.attribute, 11): .graph
            case (.attribute, 14), (.attribute, 15), (.attribute, 22), (.attribute, 23): .other
            case (.tensor, 13), (.tensor, 16): .other
            default: nil
            }
        }
    }

    private let bytes: [UInt8]
    private var position = 0
    private(set) var messageCount = 0

    /// The number of messages, or `nil` when there are too many, too deep, or the wire format
    /// does not hold together.
    static func messageCount(of bytes: [UInt8]) -> Int? {
        var census = ProtobufCensus(bytes)
        guard census.walk(.model, end: bytes.count, depth: 0) else { return nil }
        return census.messageCount
    }

    /// Whether the outermost fields are those of a model with a graph, in whatever order.
    static func isModel(_ bytes: [UInt8]) -> Bool {
        var census = ProtobufCensus(bytes)
        var hasGraph = false
        while census.position < bytes.count {
            guard let tag = census.varint(bytes.count), (1...26).contains(tag >> 3) else {
                return false
            }
            switch tag & 7 {
            case 0: guard census.varint(bytes.count) != nil else { return false }
            case 2:
                guard let length = census.varint(bytes.count),
                    length <= UInt64(bytes.count - census.position)
                else { return false }
                census.position += Int(length)
                if tag >> 3 == 7 { hasGraph = true }
            default: return false
            }
        }
        return hasGraph
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func walk(_ kind: Kind, end: Int, depth: Int) -> Bool {
        messageCount += 1
        guard messageCount <= Self.messageCountMax, depth <= Self.depthMax else { return false }
        while position < end {
            guard let tag = varint(end) else { return false }
            switch tag & 7 {
            case 0: guard varint(end) != nil else { return false }
            case 1: guard skip(8, end) else { return false }
            case 5: guard skip(4, end) else { return false }
            case 2:
                guard let length = varint(end), length <= UInt64(end - position) else {
                    return false
                }
                let stop = position + Int(length)
                if let inner = kind.field(tag >> 3) {
                    guard walk(inner, end: stop, depth: depth + 1) else { return false }
                } else if kind == .other {
                    // Names and dimensions; a message of them has about eight bytes.
                    messageCount += Int(length) / 8
                }
                position = stop
            default: return false
            }
        }
        return position == end
    }

    private mutating func skip(_ count: Int, _ end: Int) -> Bool {
        guard end - position >= count else { return false }
        position += count
        return true
    }

    private mutating func varint(_ end: Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
