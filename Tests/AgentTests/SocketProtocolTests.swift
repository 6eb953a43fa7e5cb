import Testing

@testable import AgentProtocol

@Suite("The heads of the socket's protocol")
struct SocketProtocolTests {
    @Test("a request's head has the documented bytes")
    func requestBytes() throws {
        let bytes = RequestHeader.encode(.status, flags: RequestHeader.isJSON)
        #expect(bytes == [UInt8]("MLTQ".utf8) + [2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        let whole = [UInt8]("MLTQ".utf8) + [1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
        let header = try #require(RequestHeader(decoding: whole))
        #expect(header.kind == 1)
        #expect(header.flags == 0x0302)
        #expect(header.id == 0x0706_0504)
        #expect(header.payloadSizeBytes == 0x0B0A_0908)
    }

    @Test("bytes that are no request's head are refused")
    func notRequests() {
        let bytes = RequestHeader.encode(.infer, flags: 0)
        for index in [0, 1, 2, 3, 5] {
            var changed = bytes
            changed[index] ^= 1
            #expect(RequestHeader(decoding: changed) == nil)
        }
        #expect(RequestHeader(decoding: [UInt8](bytes.dropLast())) == nil)
        #expect(RequestHeader(decoding: bytes + [0]) == nil)
    }

    @Test("an answer's head has the documented bytes and reads back")
    func answers() {
        let header = AnswerHeader(kind: 1, status: .ok, id: 0x0403_0201, payloadSizeBytes: 258)
        let bytes = header.encoded()
        #expect(bytes == [UInt8]("MLTS".utf8) + [1, 0, 0, 0, 1, 2, 3, 4, 2, 1, 0, 0])
        #expect(AnswerHeader(decoding: bytes) == header)
    }

    @Test("an answer with an unknown status, or a refusal with a payload, is none")
    func notAnswers() {
        let bytes = AnswerHeader(kind: 1, status: .ok, id: 1, payloadSizeBytes: 2).encoded()
        for (index, value) in [(0, UInt8(0)), (5, 1), (5, 5), (6, 1), (7, 1)] {
            var changed = bytes
            changed[index] = value
            #expect(AnswerHeader(decoding: changed) == nil)
        }
        #expect(AnswerHeader(decoding: [UInt8](bytes.dropLast())) == nil)
    }
}
