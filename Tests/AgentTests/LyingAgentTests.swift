import Foundation
import Glibc
import Synchronization
import Testing

@testable import AgentProtocol

/// Something at a Unix socket that is no agent: it answers every request with what a test wants.
private final class LyingAgent: Sendable {
    private let listener: Int32

    /// Begins to answer; `answer` makes the bytes from a request's kind and id.
    init(_ path: String, _ answer: @escaping @Sendable (UInt8, [UInt8]) -> [UInt8]) {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        listen(listener, 16)
        self.listener = listener
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { break }
                var head = [UInt8](repeating: 0, count: 16)
                if recv(client, &head, 16, Int32(MSG_WAITALL)) == 16 {
                    let bytes = answer(head[4], [UInt8](head[8..<12]))
                    send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                }
                close(client)
            }
            close(listener)
        }
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }
}

@Suite("Clients before something that is no agent")
struct LyingAgentTests {
    /// An answer's head that says what a test wants.
    static func head(
        _ kind: UInt8,
        _ id: [UInt8],
        status: UInt8 = 0,
        size: UInt32
    ) -> [UInt8] {
        var writer = RecordBytes(bytes: [UInt8]("MLTS".utf8) + [kind, status, 0, 0] + id)
        writer.append(UInt64(size), size: 4)
        return writer.bytes
    }

    /// A description of so many tensors, each of rank 9.
    static func description(count: UInt8) -> [UInt8] {
        var tensor = [UInt8](repeating: 0, count: 72)
        tensor[2] = 9
        let head = [count, 0, 0, 0] + [UInt8](repeating: 0, count: 40)
        return head + (0..<count).flatMap { _ in tensor }
    }

    enum Lie: String, CaseIterable {
        case nothing, noise, otherMagic, otherKind, otherId, refusalWithPayload, unknownStatus
        case hugeSize, cutShort, reserved, descriptionTooShort, descriptionTooLong, badRank

        func answer(_ kind: UInt8, _ id: [UInt8]) -> [UInt8] {
            let right = LyingAgentTests.head(kind, id, size: 8) + [UInt8](repeating: 0, count: 8)
            switch self {
            case .nothing: return []
            case .noise: return [UInt8](repeating: 0xC3, count: 3_000)
            case .otherMagic: return [UInt8]("MLTQ".utf8) + right.dropFirst(4)
            case .otherKind: return LyingAgentTests.head(kind ^ 2, id, size: 0)
            case .otherId: return LyingAgentTests.head(kind, [9, 9, 9, 9], size: 0)
            case .refusalWithPayload: return LyingAgentTests.head(kind, id, status: 3, size: 8)
            case .unknownStatus: return LyingAgentTests.head(kind, id, status: 5, size: 0)
            case .hugeSize: return LyingAgentTests.head(kind, id, size: .max)
            case .cutShort: return [UInt8](right.dropLast(1))
            case .reserved: return [UInt8](right.prefix(6)) + [1] + right.dropFirst(7)
            case .descriptionTooShort: return right
            case .descriptionTooLong:
                return LyingAgentTests.head(kind, id, size: 50) + [255, 255]
                    + [UInt8](repeating: 255, count: 48)
            case .badRank:
                let payload = LyingAgentTests.description(count: 2)
                return LyingAgentTests.head(kind, id, size: UInt32(payload.count)) + payload
            }
        }
    }

    @Test("the C client says so and stays in its memory")
    func cClient() throws {
        let stand = try Stand()
        let source = ClientProgramTests.clients.appending(path: "example.c").path()
        let program = stand.path("c")
        let words = ["clang", "-fsanitize=address,undefined", "-o", program, source]
        let build = try ClientProgramTests.run(stand, words)
        try #require(build.code == 0, "\(build.output)")
        try stand.write("in", [1, 2, 3])
        // One build for all lies.
        for lie in Lie.allCases {
            let socket = stand.path(lie.rawValue)
            let agent = LyingAgent(socket) { lie.answer($0, $1) }
            defer { agent.stop() }
            for verb in [["describe"], ["infer", stand.path("in"), stand.path("out")]] {
                let result = try ClientProgramTests.run(stand, [program, socket] + verb)
                #expect(result.code == 7, "\(lie): \(result.output)")
                #expect(result.output.hasPrefix("error: describe: "), "\(lie): \(result.output)")
            }
        }
    }

    @Test("the Python client says so", arguments: Lie.allCases)
    func pythonClient(lie: Lie) throws {
        let stand = try Stand()
        let agent = LyingAgent(stand.path("s")) { lie.answer($0, $1) }
        defer { agent.stop() }
        let client = ClientProgramTests.clients.appending(path: "martlet_client.py").path()
        for verb in ["describe", "status"] {
            let words = ["python3", client, stand.path("s"), verb]
            let result = try ClientProgramTests.run(stand, words)
            #expect(result.code == 7, "\(result.output)")
            #expect(result.output.hasPrefix("error: "), "\(result.output)")
        }
    }
}
