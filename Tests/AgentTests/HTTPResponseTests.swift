import Testing

@testable import AgentProtocol

@Suite("The collector's answer")
struct HTTPResponseTests {
    /// What became of bytes that arrive in pieces; `nil` for an answer that is not whole yet.
    struct Outcome: Equatable {
        var fault: HTTPFault?
        var status = 0
        var body: [UInt8] = []
        var retryAfterSeconds: UInt64?
    }

    static func outcome(_ pieces: [ArraySlice<UInt8>]) -> Outcome? {
        var response = HTTPResponse()
        for piece in pieces {
            do throws(HTTPFault) {
                try response.append(piece)
            } catch {
                return Outcome(fault: error)
            }
        }
        guard response.isComplete else { return nil }
        return Outcome(
            status: response.status,
            body: response.status == 200 ? response.body : [],
            retryAfterSeconds: response.retryAfterSeconds
        )
    }

    static func outcome(_ text: String) -> Outcome? { outcome([[UInt8](text.utf8)[...]]) }

    static let whole = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello"

    @Test("an answer is read whole")
    func wholeAnswer() {
        #expect(Self.outcome(Self.whole) == Outcome(status: 200, body: [UInt8]("hello".utf8)))
    }

    @Test("names of fields have no case, values have no white space, the reason may be missing")
    func leniency() {
        let text = "HTTP/1.0 200\r\ncOnTeNt-LeNgTh:\t 5 \r\n\r\nhello"
        #expect(Self.outcome(text) == Outcome(status: 200, body: [UInt8]("hello".utf8)))
    }

    @Test("an answer other than 200 is whole after its head, and may ask to wait")
    func otherStatus() {
        let chunked = "HTTP/1.1 503 Busy\r\nRetry-After: 17\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(Self.outcome(chunked) == Outcome(status: 503, retryAfterSeconds: 17))
        let plain = "HTTP/1.1 503 Busy\r\nRetry-After: 17\r\nContent-Length: 9999999\r\n\r\nxx"
        #expect(Self.outcome(plain) == Outcome(status: 503, retryAfterSeconds: 17))
        let date = "HTTP/1.1 429 X\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n"
        #expect(Self.outcome(date) == Outcome(status: 429))
    }

    @Test(
        "byte by byte and split at any place the outcome is the same",
        arguments: [
            whole, whole + "more of it", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 401 No\r\n\r\nbody", "HTTP/1.1 200 OK\r\n\r\n", "garbage\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            whole + String(repeating: "x", count: 9_000),
        ]
    )
    func pieces(text: String) {
        let bytes = [UInt8](text.utf8)
        let expected = Self.outcome([bytes[...]])
        #expect(Self.outcome(bytes.indices.map { bytes[$0...$0] }) == expected)
        for split in bytes.indices {
            #expect(Self.outcome([bytes[..<split], bytes[split...]]) == expected)
        }
    }

    @Test("an answer that is cut short is not whole")
    func cutShort() {
        let bytes = [UInt8](Self.whole.utf8)
        for end in bytes.indices { #expect(Self.outcome([bytes[..<end]]) == nil) }
    }

    @Test(
        "what is not an answer is refused",
        arguments: [
            "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 600 X\r\n\r\n",
            "HTTP/1.1-200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
            "\r\n\r\n", "HTTP/1.1 200 OK\r\n: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 05\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        ]
    )
    func malformed(text: String) {
        #expect(Self.outcome(text)?.fault == .malformed)
    }

    @Test("a body without a size told beforehand is refused, chunks too")
    func lengthMissing() {
        #expect(Self.outcome("HTTP/1.1 200 OK\r\n\r\nhello")?.fault == .lengthMissing)
        let chunked = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(Self.outcome(chunked)?.fault == .lengthMissing)
    }

    @Test("a head and a body have limits")
    func limits() {
        let filler = String(repeating: "x", count: HTTPResponse.headSizeMax)
        #expect(Self.outcome(filler) == nil)
        #expect(Self.outcome(filler + "x")?.fault == .headTooLong)
        let head = "HTTP/1.1 200 OK\r\nX: \(filler)\r\nContent-Length: 0\r\n\r\n"
        #expect(Self.outcome(head)?.fault == .headTooLong)
        let most = HTTPResponse.bodySizeMax
        let body = String(repeating: "b", count: most)
        let large = "HTTP/1.1 200 OK\r\nContent-Length: \(most)\r\n\r\n\(body)"
        #expect(Self.outcome(large)?.body.count == most)
        let larger = "HTTP/1.1 200 OK\r\nContent-Length: \(most + 1)\r\n\r\n"
        #expect(Self.outcome(larger)?.fault == .bodyTooLong)
    }
}
