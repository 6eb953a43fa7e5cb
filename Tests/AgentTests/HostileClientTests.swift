import Foundation
import Glibc
import Testing

@testable import AgentProtocol

@Suite("Clients that misbehave")
struct HostileClientTests {
    static let input = [UInt8](repeating: 0, count: DigitsBundle.inputSize)

    @Test(
        "a request that the agent cannot serve is refused, and the next one is served",
        arguments: [
            (1, [UInt8](repeating: 0, count: 63), .wrongSize), (1, [], .wrongSize),
            (1, [UInt8](repeating: 0, count: 65), .wrongSize),
            (1, [UInt8](repeating: 0, count: 1_000_000), .wrongSize), (2, [0], .wrongSize),
            (3, [UInt8](repeating: 0, count: 2_000), .wrongSize), (0, [], .unknownKind),
            (4, [1, 2, 3], .wrongSize), (5, [1, 2, 3], .unknownKind), (255, [], .unknownKind),
        ] as [(UInt8, [UInt8], AnswerStatus)]
    )
    func refusals(kind: UInt8, payload: [UInt8], expected: AnswerStatus) throws {
        let stand = try Stand()
        let agent = try stand.start()
        let client = try stand.client()
        try client.send(AgentClient.request(kind, id: 99, payload))
        let answer = try client.answer()
        #expect(answer == .init(kind: kind, status: expected, id: 99, payload: []))
        #expect(try client.infer(Self.input).count == DigitsBundle.outputSize)
        let status = try client.status()
        #expect(status["bad-inputs"] == (expected == .wrongSize ? 1 : 0))
        #expect(status["bad-requests"] == (expected == .unknownKind ? 1 : 0))
        #expect(agent.endingNow == nil)
    }

    @Test(
        "bytes that are no request are answered once, and the connection is closed",
        arguments: [
            [UInt8](repeating: 0, count: 16), [UInt8]("GET / HTTP/1.1\r\n\r\n".utf8),
            [UInt8]("MLTQ".utf8) + [1, 1] + [UInt8](repeating: 0, count: 10),
            [UInt8](repeating: 0xFF, count: 5_000),
        ]
    )
    func badMagic(bytes: [UInt8]) throws {
        let stand = try Stand()
        let agent = try stand.start()
        let client = try stand.client()
        try client.send(bytes)
        #expect(try client.answer() == .init(kind: 0, status: .badRequest, id: 0, payload: []))
        #expect(client.isClosedByAgent() || bytes.count > 16)
        #expect(try stand.status()["bad-requests"] == 1)
        #expect(agent.endingNow == nil)
    }

    @Test("a client that stalls in a request delays nobody and is cut off")
    func stall() throws {
        let stand = try Stand(["request-timeout-ms": "300"])
        let agent = try stand.start()
        let begin = ContinuousClock.now
        let stalled = try (0..<4).map { _ in try stand.client() }
        try stalled[0].send([UInt8]("ML".utf8))
        try stalled[1].send(AgentClient.request(1))
        try stalled[2].send(AgentClient.request(1, size: 64, [1, 2, 3]))
        try stalled[3].send(AgentClient.request(9, size: 4_294_967_295, [1, 2, 3]))
        let client = try stand.client()
        _ = try client.infer(Self.input)
        #expect(ContinuousClock.now - begin < .seconds(5))
        for (index, client) in stalled.enumerated() {
            if index == 1 {
                #expect(try client.answer().status == .wrongSize)
            } else {
                #expect(client.isClosedByAgent())
            }
        }
        #expect(ContinuousClock.now - begin >= .milliseconds(300))
        #expect(try client.status()["bad-requests"] == 3)
        #expect(agent.endingNow == nil)
    }

    @Test("a client that says nothing is sent away after the idle time")
    func idle() throws {
        let stand = try Stand(["idle-timeout-ms": "200"])
        let agent = try stand.start()
        let silent = try stand.client()
        #expect(silent.isClosedByAgent())
        #expect(try stand.status()["bad-requests"] == 0)
        #expect(agent.endingNow == nil)
    }

    @Test("a client that takes no answers is cut off, and others are served meanwhile")
    func takesNothing() throws {
        let stand = try Stand(["request-timeout-ms": "300"])
        let agent = try stand.start()
        let greedy = try stand.client()
        let request = AgentClient.request(2)
        // Requests until the answers fill the socket and the agent reads no more.
        let flood = Thread { while (try? greedy.send(request)) != nil {} }
        flood.start()
        let client = try stand.client()
        let isSeen = try eventually {
            _ = try client.infer(Self.input)
            return flood.isFinished
        }
        #expect(isSeen)
        #expect(try client.status()["bad-requests"] == 1)
        #expect(agent.endingNow == nil)
    }

    @Test("a client that has no place is told so, and gets one when another leaves")
    func busy() throws {
        let stand = try Stand(["clients": "2"])
        let agent = try stand.start()
        var clients = try (0..<2).map { _ in try stand.client() }
        for client in clients { _ = try client.infer(Self.input) }
        let third = try stand.client()
        #expect(try third.answer() == .init(kind: 0, status: .busy, id: 0, payload: []))
        #expect(third.isClosedByAgent())
        let status = try stand.spawn(["status", "--socket", stand.path("s")])
        #expect(status.wait() == .exit(7))
        #expect(status.errors.hasPrefix("error: all places of the agent are taken"))
        #expect(try clients[0].status()["refused-connections"] == 2)
        clients.removeLast()
        #expect(eventually { (try? stand.client().infer(Self.input)) != nil })
        #expect(agent.endingNow == nil)
    }

    @Test("a client that closes its side after asking still gets its answer")
    func halfClosed() throws {
        let stand = try Stand()
        let agent = try stand.start()
        let client = try stand.client()
        try client.send(AgentClient.request(1, Self.input))
        client.finishSending()
        #expect(try client.answer().status == .ok)
        #expect(client.isClosedByAgent())
        #expect(agent.endingNow == nil)
    }

    @Test("clients that leave at any byte of a request leave the agent serving")
    func leavers() throws {
        let stand = try Stand()
        let agent = try stand.start()
        let request = AgentClient.request(1, Self.input)
        for count in 0...request.count {
            let client = try stand.client()
            // The agent may have no place for a moment.
            try? client.send([UInt8](request.prefix(count)))
        }
        #expect(eventually { (try? stand.client().infer(Self.input)) != nil })
        #expect(agent.endingNow == nil)
    }
}
