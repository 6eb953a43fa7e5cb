import BundleFormat
import Foundation
import Glibc
import Synchronization
import Telemetry

/// A collector's keys, and records that only they can sign.
struct CollectorKeys: Sendable {
    let signing = IdentityKeyPair()
    let sealing = SealingKeyPair()

    var identityLine: [UInt8] {
        CollectorIdentity(
            signingKey: signing.publicKey.bytes,
            sealingKey: sealing.publicKey.bytes
        ).line
    }

    /// The receipt of a sealed enrolment; `nil` when it is none.
    func receipt(_ body: [UInt8]) -> [UInt8]? {
        guard let record = sealing.open([UInt8](body.dropFirst(8))),
            let request = try? EnrolmentRequest(decoding: record)
        else { return nil }
        let signed = EnrolmentReceipt(
            deviceID: [UInt8](Sodium.blake2b(request.publicKey).prefix(16)),
            nonce: request.nonce,
            serverTimeMilliseconds: 1
        ).signedBytes()
        return signed + signing.sign(Wire.receiptDomain + signed)
    }

    /// The acknowledgement of a whole batch, or of a part of it.
    func acknowledgement(
        _ batch: [UInt8],
        sequence: UInt64? = nil,
        hash: [UInt8]? = nil
    ) -> [UInt8] {
        guard let header = try? BatchHeader(decoding: batch) else { return [] }
        let signed = Acknowledgement(
            status: .stored,
            deviceID: header.deviceID,
            epoch: header.epoch,
            sequence: sequence ?? header.lastSequence,
            serverTimeMilliseconds: 1,
            batchHash: hash ?? Sodium.blake2b(batch)
        ).signedBytes()
        return signed + signing.sign(Wire.acknowledgementDomain + signed)
    }

    /// The reports in a batch; `nil` when it is not sealed to these keys.
    func reports(_ batch: [UInt8]) -> [Report]? {
        guard let header = try? BatchHeader(decoding: batch) else { return nil }
        let start = BatchHeader.sizeBytes
        let sealed = [UInt8](batch[start..<start + Int(header.payloadSizeBytes)])
        guard let opened = sealing.open(sealed), let frames = SpoolFrame.decodeAll(opened),
            header.announces(frames)
        else { return nil }
        return frames.compactMap { try? Report(decoding: $0.body) }
    }
}

/// An HTTP server on the loopback that answers each request with whatever a test wants.
final class FakeCollector: Sendable {
    struct Request: Sendable {
        var path: String
        var body: [UInt8]
    }

    let port: UInt16
    private let listener: Int32
    private let seen = Mutex<[Request]>([])
    private let isStopped = Atomic(false)

    /// Begins to answer; an answer of no bytes leaves the client waiting.
    init(_ answer: @escaping @Sendable (Request) -> [UInt8]) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, size)
                listen(listener, 16)
                getsockname(listener, $0, &size)
            }
        }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in serve(answer) }
    }

    /// Ends the server, which else lives as long as the process.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        shutdown(listener, Int32(SHUT_RDWR))
    }

    var requests: [Request] { seen.withLock { $0 } }

    var batches: [[UInt8]] { requests.filter { $0.path == "/d/1/batch" }.map(\.body) }

    static func response(_ body: [UInt8]) -> [UInt8] { response(200, body) }

    static func response(_ status: Int, _ body: [UInt8]) -> [UInt8] {
        let head = "HTTP/1.1 \(status) X\r\nContent-Length: \(body.count)\r\n\r\n"
        return [UInt8](head.utf8) + body
    }

    private func serve(_ answer: (Request) -> [UInt8]) {
        var held: [Int32] = []
        while !isStopped.load(ordering: .relaxed) {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { break }
            var limit = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(16))
            guard let request = read(client) else {
                close(client)
                continue
            }
            seen.withLock { $0.append(request) }
            let bytes = answer(request)
            if bytes.isEmpty {
                held.append(client)
            } else {
                send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                close(client)
            }
        }
        for client in held { close(client) }
        close(listener)
    }

    private func read(_ client: Int32) -> Request? {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(client, &part, part.count, 0)
            guard count > 0 else { return nil }
            bytes += part[..<count]
            guard let end = bytes.firstRange(of: [UInt8]("\r\n\r\n".utf8)) else { continue }
            let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            let lines = head.split(separator: "\r\n")
            let length = lines.first { $0.hasPrefix("Content-Length: ") }?.dropFirst(16)
            guard let size = length.flatMap({ Int($0) }) else { return nil }
            guard bytes.count >= end.upperBound + size else { continue }
            let path = lines[0].split(separator: " ")[1]
            return Request(path: String(path), body: [UInt8](bytes[end.upperBound...]))
        }
    }
}
