import Foundation
import Glibc

@testable import AgentProtocol

/// A client that may misbehave: it sends and receives bytes, and knows the protocol when asked.
final class AgentClient: Sendable {
    struct Answer: Equatable {
        var kind: UInt8
        var status: AnswerStatus
        var id: UInt32
        var payload: [UInt8]
    }

    enum Fault: Error, Equatable {
        case cannotConnect, closed, timedOut, malformed
    }

    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Fault.cannotConnect }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Fault.closed }
            rest = rest.dropFirst(count)
        }
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func receive(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count {
            let received = recv(descriptor, &part, min(part.count, count - bytes.count), 0)
            if received < 0, errno == EAGAIN { throw Fault.timedOut }
            guard received > 0 else { throw Fault.closed }
            bytes += part[..<received]
        }
        return bytes
    }

    /// Whether the agent closes the connection before a time-out, sending nothing more.
    func isClosedByAgent() -> Bool {
        do {
            _ = try receive(1)
            return false
        } catch {
            return error as? Fault == .closed
        }
    }

    static func request(
        _ kind: UInt8,
        flags: UInt8 = 0,
        id: UInt32 = 7,
        size: Int? = nil,
        _ payload: [UInt8] = []
    ) -> [UInt8] {
        var writer = RecordBytes(bytes: [UInt8]("MLTQ".utf8) + [kind, 0, flags, 0])
        writer.append(UInt64(id), size: 4)
        writer.append(UInt64(size ?? payload.count), size: 4)
        return writer.bytes + payload
    }

    func answer() throws -> Answer {
        guard let head = AnswerHeader(decoding: try receive(AnswerHeader.sizeBytes)) else {
            throw Fault.malformed
        }
        let payload = try receive(Int(head.payloadSizeBytes))
        return Answer(kind: head.kind, status: head.status, id: head.id, payload: payload)
    }

    func infer(_ input: [UInt8]) throws -> [UInt8] {
        try send(Self.request(1, input))
        let answer = try answer()
        guard answer.status == .ok, answer.id == 7, answer.kind == 1 else { throw Fault.malformed }
        return answer.payload
    }

    /// The agent's status as JSON.
    func status() throws -> Status {
        try send(Self.request(2, flags: 1))
        let answer = try answer()
        guard answer.status == .ok,
            let object = try JSONSerialization.jsonObject(with: Data(answer.payload))
                as? [String: Any]
        else { throw Fault.malformed }
        return Status(fields: object)
    }

    struct Status {
        let fields: [String: Any]

        /// A number; -1 when there is none.
        subscript(_ key: String) -> Int { (fields[key] as? NSNumber)?.intValue ?? -1 }

        func text(_ key: String) -> String? { fields[key] as? String }
    }
}
